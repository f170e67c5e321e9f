"""One capability's Lambda: function, role of its own, log group, error alarm."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from aws_cdk import Duration, Stack
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_sns as sns
from constructs import Construct

from infra.acknowledged import Accepted, accept
from infra.declaration import MUCH_MEMORY_MB, function_name, log_group_name
from infra.packaging import dependencies, requirements, service_code
from infra.target import Target

LOG_RETENTION = logs.RetentionDays.ONE_MONTH


class Package:
    """The code of one service, and the layers of what it depends on, shared by all Lambdas of a stack.

    Every stack holds layer versions of its own, so that it deploys alone.
    """

    def __init__(self, scope: Construct, service: str, target: Target) -> None:
        self.service = service
        self.code = service_code(target, service)
        self._scope = scope
        self._target = target
        self._layers: dict[str | None, lambda_.LayerVersion] = {}

    def layers(self, libraries: str | None) -> list[lambda_.ILayerVersion]:
        """The packages of requirements.txt, and those of requirements-<libraries>.txt for who needs more."""
        return [self._layer(name) for name in dict.fromkeys((None, libraries))]

    def _layer(self, libraries: str | None) -> lambda_.LayerVersion:
        if libraries not in self._layers:
            name = f"{libraries}-dependencies" if libraries else "dependencies"
            self._layers[libraries] = lambda_.LayerVersion(
                self._scope,
                f"{(libraries or '').title()}Dependencies",
                layer_version_name=f"stowage-{self.service}-{name}",
                description=f"The packages of {requirements(libraries).name}",
                code=lambda_.Code.from_asset(str(dependencies(self._target, libraries))),
                compatible_runtimes=[lambda_.Runtime.PYTHON_3_13],
                compatible_architectures=[lambda_.Architecture.ARM_64],
                removal_policy=self._target.removal,
            )
        return self._layers[libraries]


class CapabilityFunction(Construct):
    """A Lambda that may do what `permissions` say and write its own log: nothing more."""

    def __init__(
        self,
        scope: Construct,
        name: str,
        *,
        target: Target,
        package: Package,
        permissions: Sequence[iam.PolicyStatement],
        environment: Mapping[str, str],
        timeout: Duration,
        alarms: sns.ITopic | None,
        answers_people: bool = False,
        libraries: str | None = None,
        memory_mb: int = MUCH_MEMORY_MB,
    ) -> None:
        super().__init__(scope, name)
        self.service = package.service
        self.timeout = timeout
        physical_name = function_name(package.service, name)
        log_group = logs.LogGroup(
            self,
            "Log",
            log_group_name=log_group_name(package.service, name),
            retention=LOG_RETENTION,
            removal_policy=target.removal,
        )
        self.role = iam.Role(
            self,
            "Role",
            description=f"What {package.service} {name} may do",
            assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"),
            inline_policies={
                "permissions": iam.PolicyDocument(
                    statements=[
                        *permissions,
                        iam.PolicyStatement(
                            sid="WriteLog",
                            actions=["logs:CreateLogStream", "logs:PutLogEvents"],
                            resources=[log_group.log_group_arn],
                        ),
                    ]
                )
            },
        )
        self.function = lambda_.Function(
            self,
            "Function",
            function_name=physical_name,
            runtime=lambda_.Runtime.PYTHON_3_13,
            architecture=lambda_.Architecture.ARM_64,
            handler=f"{package.service}.{name}.handler",
            code=package.code,
            layers=package.layers(libraries),
            role=self.role.without_policy_updates(),
            memory_size=memory_mb,
            timeout=timeout,
            environment={"SERVICE": package.service, "CAPABILITY": name, "LOG_LEVEL": "INFO", **environment},
            log_group=log_group,
            snap_start=lambda_.SnapStartConf.ON_PUBLISHED_VERSIONS
            if answers_people and not target.local
            else None,
        )
        accept(self.function, Accepted.PYTHON_3_13)
        self.invoked: lambda_.IFunction = self.function
        if answers_people and not target.local:
            self.invoked = lambda_.Alias(self, "Live", alias_name="live", version=self.function.current_version)
        alarm_on(
            self,
            "Errors",
            self.function.metric_errors(period=Duration.minutes(5), statistic="Sum"),
            threshold=1,
            says=f"{physical_name} failed: read {log_group_name(package.service, name)}",
            to=alarms,
        )


def alarm_on(
    scope: Construct, name: str, metric: cloudwatch.Metric, *, threshold: float, says: str, to: sns.ITopic | None
) -> cloudwatch.Alarm:
    """Rings when one period of the metric reaches the threshold; silence means nothing happened."""
    alarm = cloudwatch.Alarm(
        scope,
        f"{name}Alarm",
        metric=metric,
        threshold=threshold,
        evaluation_periods=1,
        comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
        treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
        alarm_description=says,
    )
    if to is not None:
        alarm.add_alarm_action(actions.SnsAction(to))
        alarm.add_ok_action(actions.SnsAction(to))
    return alarm


def alarm_topic_arn(stack: Stack) -> str:
    """Address of the alarm topic, which the platform stack makes under a fixed name."""
    return stack.format_arn(service="sns", resource="stowage-alarms")
