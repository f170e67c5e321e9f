"""What all services stand on: the bus, the HTTP API and who may call it, service discovery, alarms."""

from __future__ import annotations

import json
from typing import cast

from aws_cdk import CfnOutput, Duration, Environment, Stack, Tags
from aws_cdk import aws_apigatewayv2 as api
from aws_cdk import aws_apigatewayv2_integrations as integrations
from aws_cdk import aws_cognito as cognito
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from aws_cdk import aws_servicediscovery as discovery
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from aws_cdk import aws_ssm as ssm
from constructs import Construct

from infra.acknowledged import Accepted, accept
from infra.declaration import SYSTEM_NAME, System
from infra.lambdas import LOG_RETENTION, CapabilityFunction, Package
from infra.target import Target

LOCAL_API_ID = "570a6e01"
BURST_REQUESTS = 500
REQUESTS_PER_SECOND = 250
PARAMETERS = f"/{SYSTEM_NAME}/platform"
ACTS = {
    "read": "See",
    "write": "Change",
    "substitute": "Replace products in",
    "supervise": "Decide what needs a supervisor in",
}
"""What a scope `<service>/<act>` lets its holder do."""

ACCESS_LOG_FORMAT = json.dumps(
    {
        "requestId": "$context.requestId",
        "time": "$context.requestTime",
        "method": "$context.httpMethod",
        "path": "$context.path",
        "route": "$context.routeKey",
        "status": "$context.status",
        "latencyMs": "$context.responseLatency",
        "responseBytes": "$context.responseLength",
        "client": "$context.authorizer.claims.client_id",
        "subject": "$context.authorizer.claims.sub",
        "authorizerError": "$context.authorizer.error",
        "integrationError": "$context.integrationErrorMessage",
        "sourceIp": "$context.identity.sourceIp",
    }
)


class PlatformStack(Stack):
    """Deployed before the services, and rarely afterwards."""

    def __init__(self, scope: Construct, system: System, target: Target, environment: Environment) -> None:
        super().__init__(
            scope,
            system.platform_stack,
            env=environment,
            description="Stowage: event bus, HTTP API, sign-in, service discovery, alarms",
            termination_protection=not target.local,
        )
        self._system = system
        self._target = target
        self._package = Package(self, "edge", target)
        self._alarms = self._alarm_topic()
        self._bus()
        self._api = self._http_api()
        authorizer = self._sign_in()
        self._entry()
        namespace = discovery.HttpNamespace(
            self, "Namespace", name=SYSTEM_NAME, description="Where Stowage's services find each other"
        )
        for name, value in {
            "api-id": self._api.api_id,
            "authorizer-id": authorizer.authorizer_id,
            "namespace-id": namespace.namespace_id,
        }.items():
            ssm.StringParameter(
                self, f"Parameter-{name}", parameter_name=f"{PARAMETERS}/{name}", string_value=value
            )

    def _alarm_topic(self) -> sns.Topic:
        """An encrypted topic. CloudWatch can only publish to one whose key says so, hence a key of its own."""
        cloudwatch = iam.ServicePrincipal(
            "cloudwatch.amazonaws.com", conditions={"StringEquals": {"aws:SourceAccount": self.account}}
        )
        key = kms.Key(
            self,
            "AlarmKey",
            description="Encrypts Stowage's alarm messages",
            enable_key_rotation=True,
            removal_policy=self._target.removal,
        )
        key.add_to_resource_policy(
            iam.PolicyStatement(
                sid="AlarmsEncrypt",
                principals=[cloudwatch],
                actions=["kms:Decrypt", "kms:GenerateDataKey"],
                resources=["*"],  # in a key's own policy: this key
            )
        )
        topic = sns.Topic(
            self,
            "Alarms",
            topic_name=f"{SYSTEM_NAME}-alarms",
            display_name="Stowage alarms",
            master_key=key,
            enforce_ssl=not self._target.local,
        )
        topic.add_to_resource_policy(
            iam.PolicyStatement(
                sid="AlarmsPublish",
                principals=[cloudwatch],
                actions=["sns:Publish"],
                resources=[topic.topic_arn],
            )
        )
        if self._target.alarm_email:
            topic.add_subscription(subscriptions.EmailSubscription(self._target.alarm_email))
        return topic

    def _bus(self) -> None:
        bus = events.EventBus(
            self, "Bus", event_bus_name=self._system.bus, description="What the services publish"
        )
        CfnOutput(self, "BusName", value=bus.event_bus_name)

    def _http_api(self) -> api.HttpApi:
        http_api = api.HttpApi(
            self,
            "Api",
            api_name=SYSTEM_NAME,
            description="Stowage's one door; every service adds its own routes",
            create_default_stage=False,
        )
        if self._target.local:
            Tags.of(http_api).add("ms-custom-id", LOCAL_API_ID)  # the same address after every deployment
        access_log = logs.LogGroup(
            self,
            "AccessLog",
            log_group_name=f"/aws/vendedlogs/{SYSTEM_NAME}/api",
            retention=LOG_RETENTION,
            removal_policy=self._target.removal,
        )
        stage = api.HttpStage(
            self,
            "Stage",
            http_api=http_api,
            stage_name="$default",
            auto_deploy=True,
            throttle=api.ThrottleSettings(burst_limit=BURST_REQUESTS, rate_limit=REQUESTS_PER_SECOND),
            detailed_metrics_enabled=True,
        )
        settings = cast(api.CfnStage, stage.node.default_child)
        settings.access_log_settings = api.CfnStage.AccessLogSettingsProperty(
            destination_arn=access_log.log_group_arn, format=ACCESS_LOG_FORMAT
        )
        CfnOutput(self, "ApiId", value=http_api.api_id)
        return http_api

    def _sign_in(self) -> api.HttpAuthorizer:
        """Users, groups, scopes and clients; the authorizer that lets their tokens in."""
        claims = CapabilityFunction(
            self,
            "claims",
            target=self._target,
            package=self._package,
            permissions=[],
            environment={"ROLE_SCOPES": json.dumps(dict(self._system.roles), sort_keys=True)},
            timeout=Duration.seconds(5),
            alarms=self._alarms,
        )
        pool = cognito.UserPool(
            self,
            "Users",
            user_pool_name=SYSTEM_NAME,
            feature_plan=cognito.FeaturePlan.ESSENTIALS,
            self_sign_up_enabled=False,
            sign_in_aliases=cognito.SignInAliases(username=True),
            sign_in_case_sensitive=False,
            password_policy=cognito.PasswordPolicy(
                min_length=12,
                require_digits=True,
                require_lowercase=True,
                require_symbols=True,
                require_uppercase=True,
            ),
            mfa=cognito.Mfa.OPTIONAL,
            mfa_second_factor=cognito.MfaSecondFactor(otp=True, sms=False),
            account_recovery=cognito.AccountRecovery.NONE,
            deletion_protection=not self._target.local,
            removal_policy=self._target.removal,
        )
        accept(pool, Accepted.OPTIONAL_MFA)
        accept(pool, Accepted.ESSENTIALS_PLAN)
        pool.add_trigger(
            cognito.UserPoolOperation.PRE_TOKEN_GENERATION_CONFIG,
            claims.function,
            cognito.LambdaVersion.V2_0,
        )
        for role in self._system.roles:
            cognito.CfnUserPoolGroup(
                self,
                f"Group-{role}",
                user_pool_id=pool.user_pool_id,
                group_name=role,
                description=f"People who work as {role}",
            )
        self._domain(pool)
        clients = self._clients(pool)
        CfnOutput(self, "UserPoolId", value=pool.user_pool_id)
        return api.HttpAuthorizer(
            self,
            "Authorizer",
            http_api=self._api,
            authorizer_name="tokens",
            type=api.HttpAuthorizerType.JWT,
            identity_source=["$request.header.Authorization"],
            jwt_issuer=f"https://cognito-idp.{self.region}.{self.url_suffix}/{pool.user_pool_id}",
            jwt_audience=[client.user_pool_client_id for client in clients],
        )

    def _domain(self, pool: cognito.UserPool) -> None:
        """The address where machine clients get their tokens."""
        prefix = f"{SYSTEM_NAME}-{self.account}"
        pool.add_domain("Domain", cognito_domain=cognito.CognitoDomainOptions(domain_prefix=prefix))
        base = self._target.endpoint or f"https://{prefix}.auth.{self.region}.amazoncognito.com"
        CfnOutput(self, "TokenUrl", value=f"{base}/oauth2/token")

    def _clients(self, pool: cognito.UserPool) -> list[cognito.UserPoolClient]:
        """One client for people, whose scopes come from their groups, and one per machine.

        Their secrets stay in Cognito: whoever may call DescribeUserPoolClient reads them there.
        """
        scopes = self._scopes(pool)
        people = pool.add_client(
            "Client-people",
            user_pool_client_name="people",
            auth_flows=cognito.AuthFlow(user_srp=True, user_password=self._target.local),
            disable_o_auth=True,
            prevent_user_existence_errors=True,
            access_token_validity=Duration.hours(1),
            refresh_token_validity=Duration.hours(12),  # a shift
        )
        machines = [
            pool.add_client(
                f"Client-{machine.name}",
                user_pool_client_name=machine.name,
                generate_secret=True,
                auth_flows=cognito.AuthFlow(),
                o_auth=cognito.OAuthSettings(
                    flows=cognito.OAuthFlows(client_credentials=True),
                    scopes=[scopes[scope] for scope in machine.scopes],
                ),
                access_token_validity=Duration.hours(1),
            )
            for machine in self._system.machine_clients
        ]
        CfnOutput(self, "ClientPeople", value=people.user_pool_client_id)
        for machine, client in zip(self._system.machine_clients, machines, strict=True):
            CfnOutput(self, f"Client{machine.name.title()}", value=client.user_pool_client_id)
        return [people, *machines]

    def _scopes(self, pool: cognito.UserPool) -> dict[str, cognito.OAuthScope]:
        """`<service>/read` and `<service>/write` of every service, and what else its routes ask for."""
        scopes = {}
        for service in self._system.services:
            asked = {route.scope.partition("/")[2] for route in service.routes if route.scope}
            own = {
                act: cognito.ResourceServerScope(scope_name=act, scope_description=f"{said} {service.name}")
                for act, said in ACTS.items()
                if act in asked | {"read", "write"}
            }
            server = pool.add_resource_server(
                f"Scopes-{service.name}", identifier=service.name, scopes=list(own.values())
            )
            for act, scope in own.items():
                scopes[f"{service.name}/{act}"] = cognito.OAuthScope.resource_server(server, scope)
        return scopes

    def _entry(self) -> None:
        """The routes that belong to no service: the platform's own health, and the API's description."""
        entry = CapabilityFunction(
            self,
            "entry",
            target=self._target,
            package=self._package,
            permissions=[],
            environment={},
            timeout=Duration.seconds(5),
            alarms=self._alarms,
        )
        integration = integrations.HttpLambdaIntegration("entry", entry.invoked)
        for route in self._system.edge_routes:
            open_route = api.HttpRoute(
                self,
                f"Route {route.key}",
                http_api=self._api,
                route_key=api.HttpRouteKey.with_(route.path, api.HttpMethod[route.method]),
                integration=integration,
            )
            accept(open_route, Accepted.OPEN_ROUTE)
