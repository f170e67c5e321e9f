"""One service, from its declaration: tables, Lambdas, what starts them, and what watches over them."""

from __future__ import annotations

import json
from typing import TypeVar

from aws_cdk import ArnFormat, Duration, Environment, Stack
from aws_cdk import aws_apigatewayv2 as api
from aws_cdk import aws_apigatewayv2_integrations as integrations
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_servicediscovery as discovery
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs
from aws_cdk import aws_ssm as ssm
from constructs import Construct

from infra.acknowledged import Accepted, accept
from infra.declaration import (
    MAX_CONCURRENT_CONSUMERS,
    MAX_RECEIVES,
    PATIENCE_S,
    SYSTEM_NAME,
    TIMEOUT_S,
    Capability,
    Grant,
    Kind,
    Service,
    Signal,
    System,
)
from infra.lambdas import CapabilityFunction, Package, alarm_on, alarm_topic_arn
from infra.platform_stack import LOCAL_API_ID, PARAMETERS
from infra.target import Target

T = TypeVar("T")

METRICS = "Stowage"
"""The namespace that `shared.telemetry` counts in."""
FILE_ACTIONS = {
    Grant.ATTACH: "s3:PutObject",
    Grant.FETCH_ATTACHED: "s3:GetObject",
    Grant.REMOVE_ATTACHED: "s3:DeleteObject",
}
ATTACHED = "attached"
"""The prefix of every file: what a Lambda may read and write in the bucket."""
PARKED_FOR = Duration.days(14)
STREAM_RETRIES = 10_000  # the most there is: age decides
STREAM_LAG_ALARM = Duration.minutes(1)
COMMITS_ONLY = {"eventName": ["INSERT"], "dynamodb": {"Keys": {"sk": {"S": [{"prefix": "C#"}]}}}}


class ServiceStack(Stack):
    """Deploys alone: what it needs of the platform it looks up by name."""

    def __init__(
        self, scope: Construct, system: System, service: Service, target: Target, environment: Environment
    ) -> None:
        super().__init__(
            scope,
            service.stack,
            env=environment,
            description=f"Stowage: {service.name}",
            termination_protection=not target.local,
        )
        self._service = service
        self._target = target
        self._alarms = sns.Topic.from_topic_arn(self, "Alarms", alarm_topic_arn(self))
        self._bus = events.EventBus.from_event_bus_name(self, "Bus", system.bus)
        self._api = api.HttpApi.from_http_api_attributes(self, "Api", http_api_id=self._platform("api-id"))
        self._authorizer = api.HttpAuthorizer.from_http_authorizer_attributes(
            self, "Authorizer", authorizer_id=self._platform("authorizer-id"), authorizer_type="JWT"
        )
        self._events_table = self._table(
            "Events", service.events_table, sorted_by="sk", stream=dynamodb.StreamViewType.NEW_IMAGE
        )
        self._views_table = self._table("Views", service.views_table, sorted_by="sk")
        for index in service.indexes:
            self._views_table.add_global_secondary_index(
                index_name=index.name,
                partition_key=_text(index.partition),
                sort_key=_text(index.sort),
                projection_type=dynamodb.ProjectionType.KEYS_ONLY
                if index.keys_only
                else dynamodb.ProjectionType.ALL,
            )
        self._ledger = self._table("Ledger", service.ledger_table) if service.ledger_table else None
        self._attachments = self._bucket() if service.attachments_kept_days else None
        self._package = Package(self, service.name, target)
        for capability in service.capabilities:
            self._capability(capability)
        for signal in service.signals:
            self._signal(signal)
        self._register()

    def _signal(self, signal: Signal) -> None:
        """Somebody is called when the service counts what its Lambdas cannot settle alone."""
        alarm_on(
            self,
            signal.metric,
            cloudwatch.Metric(
                namespace=METRICS,
                metric_name=signal.metric,
                dimensions_map={"service": self._service.name},
                period=Duration.minutes(5),
                statistic="Sum",
            ),
            threshold=1,
            says=signal.says,
            to=self._alarms,
        )

    def _capability(self, capability: Capability) -> None:
        """The Lambda and whatever starts it."""
        queue = self._queue(capability)
        failures = self._failures_queue(capability)
        grants = sorted(capability.grants, key=lambda grant: grant.value)
        permissions = [self._statement(grant, queue) for grant in grants]
        if failures is not None:
            permissions.append(_allow("ParkFailures", ["sqs:SendMessage"], failures.queue_arn))
        function = CapabilityFunction(
            self,
            capability.name,
            target=self._target,
            package=self._package,
            permissions=permissions,
            environment=self._environment(capability, queue),
            timeout=Duration.seconds(TIMEOUT_S[capability.kind]),
            alarms=self._alarms,
            answers_people=capability.kind in (Kind.COMMAND, Kind.QUERY),
            libraries=capability.libraries,
            memory_mb=capability.memory_mb,
        )
        if self._attachments is not None and capability.grants & FILE_ACTIONS.keys():
            bucket = self.resolve(self._attachments.bucket_arn)["Fn::GetAtt"][0]
            accept(function.role, Accepted.ATTACHED_FILES, of=f"Resource::<{bucket}.Arn>/{ATTACHED}/*")
        self._routes(capability, function)
        if queue is not None:
            self._consume(capability, function, queue)
        if failures is not None:
            self._follow_history(capability, function, failures)
        if capability.every_minutes is not None:
            self._schedule(capability.every_minutes, capability, function)

    # --- what a Lambda may do, and what it is told ---

    def _statement(self, grant: Grant, queue: sqs.Queue | None) -> iam.PolicyStatement:
        history, views = self._events_table.table_arn, self._views_table.table_arn
        match grant:
            case Grant.READ_HISTORY:
                return _allow(grant.value, ["dynamodb:GetItem", "dynamodb:Query"], history)
            case Grant.WRITE_HISTORY:
                return _allow(grant.value, ["dynamodb:DeleteItem", "dynamodb:PutItem"], history)
            case Grant.READ_VIEWS:
                indexes = [f"{views}/index/{index.name}" for index in self._service.indexes]
                return _allow(
                    grant.value, ["dynamodb:BatchGetItem", "dynamodb:GetItem", "dynamodb:Query"], views, *indexes
                )
            case Grant.WRITE_VIEWS:
                return _allow(grant.value, ["dynamodb:DeleteItem", "dynamodb:PutItem"], views)
            case Grant.FOLLOW_HISTORY:
                stream = _present(self._events_table.table_stream_arn, "the events table has a stream")
                return _allow(
                    grant.value,
                    [
                        f"dynamodb:{action}"
                        for action in ("DescribeStream", "GetRecords", "GetShardIterator", "ListStreams")
                    ],
                    stream,
                )
            case Grant.PUBLISH:
                return _allow(grant.value, ["events:PutEvents"], self._bus.event_bus_arn)
            case Grant.CONSUME_QUEUE:
                return _allow(
                    grant.value,
                    [
                        f"sqs:{action}"
                        for action in (
                            "ChangeMessageVisibility",
                            "DeleteMessage",
                            "GetQueueAttributes",
                            "ReceiveMessage",
                        )
                    ],
                    _present(queue, "who consumes a queue subscribes to something").queue_arn,
                )
            case Grant.KEEP_LEDGER:
                return _allow(
                    grant.value,
                    ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"],
                    _present(self._ledger, "who keeps a ledger belongs to a service that declares one").table_arn,
                )
            case Grant.AUDIT_LEDGER:
                ledger = _present(self._ledger, "who audits a ledger belongs to a service that declares one")
                return _allow(grant.value, ["dynamodb:Scan"], ledger.table_arn)
            case Grant.READ_KEYS:
                name = _present(self._service.keys, "who reads keys belongs to a service that has some")
                arn = self.format_arn(
                    service="secretsmanager",
                    resource="secret",
                    resource_name=f"{name}-??????",  # Secrets Manager ends every address with six characters
                    arn_format=ArnFormat.COLON_RESOURCE_NAME,
                )
                return _allow(grant.value, ["secretsmanager:GetSecretValue"], arn)
            case Grant.ATTACH | Grant.FETCH_ATTACHED | Grant.REMOVE_ATTACHED:
                bucket = _present(self._attachments, "who attaches files belongs to a service that keeps some")
                return _allow(grant.value, [FILE_ACTIONS[grant]], bucket.arn_for_objects(f"{ATTACHED}/*"))

    def _environment(self, capability: Capability, queue: sqs.Queue | None) -> dict[str, str]:
        grants = capability.grants
        told = dict(capability.environment)
        if grants & {Grant.READ_HISTORY, Grant.WRITE_HISTORY}:
            told["EVENTS_TABLE"] = self._service.events_table
        if grants & {Grant.READ_VIEWS, Grant.WRITE_VIEWS}:
            told["VIEWS_TABLE"] = self._service.views_table
        if queue is not None:
            told["QUEUE_URL"] = queue.queue_url
        if Grant.PUBLISH in grants:
            told["BUS_NAME"] = self._bus.event_bus_name
        if Grant.READ_KEYS in grants and self._service.keys:
            told["KEYS_NAME"] = self._service.keys
        if Grant.KEEP_LEDGER in grants and self._service.ledger_table:
            told["PROVIDERS_TABLE"] = self._service.ledger_table
        if grants & FILE_ACTIONS.keys() and self._attachments is not None:
            told["ATTACHMENTS_BUCKET"] = self._attachments.bucket_name
        return told

    # --- what starts a Lambda ---

    def _routes(self, capability: Capability, function: CapabilityFunction) -> None:
        integration = integrations.HttpLambdaIntegration(capability.name, function.invoked)
        for route in capability.routes:
            added = api.HttpRoute(
                self,
                f"Route {route.key}",
                http_api=self._api,
                route_key=api.HttpRouteKey.with_(route.path, api.HttpMethod[route.method]),
                integration=integration,
                authorizer=self._authorizer if route.scope else None,
                authorization_scopes=[route.scope] if route.scope else None,
            )
            if route.scope is None:
                accept(added, Accepted.OPEN_ROUTE)

    def _consume(self, capability: Capability, function: CapabilityFunction, queue: sqs.Queue) -> None:
        """Rule, queue, Lambda: what the bus cannot deliver goes where failed messages go."""
        dead_letters = _present(queue.dead_letter_queue, "every queue has dead letters")
        sources = sorted({name.partition(".")[0] for name in capability.subscribes})
        events.Rule(
            self,
            f"{capability.name}Rule",
            event_bus=self._bus,
            rule_name=f"{SYSTEM_NAME}-{queue.node.id}",
            description=f"What {self._service.name} {capability.name} reacts to",
            event_pattern=events.EventPattern(
                source=[f"{SYSTEM_NAME}.{source}" for source in sources],
                detail_type=list(capability.subscribes),
            ),
            targets=[
                targets.SqsQueue(
                    queue,
                    message=events.RuleTargetInput.from_event_path("$.detail"),
                    dead_letter_queue=dead_letters.queue,
                )
            ],
        )
        lambda_.CfnEventSourceMapping(
            self,
            f"{capability.name}Messages",
            function_name=function.function.function_name,
            event_source_arn=queue.queue_arn,
            batch_size=capability.batch,
            maximum_batching_window_in_seconds=capability.window_s,
            function_response_types=["ReportBatchItemFailures"],
            scaling_config=lambda_.CfnEventSourceMapping.ScalingConfigProperty(
                maximum_concurrency=MAX_CONCURRENT_CONSUMERS
            ),
        )

    def _follow_history(self, capability: Capability, function: CapabilityFunction, failures: sqs.Queue) -> None:
        lambda_.CfnEventSourceMapping(
            self,
            f"{capability.name}Stream",
            function_name=function.function.function_name,
            event_source_arn=self._events_table.table_stream_arn,
            starting_position="TRIM_HORIZON",
            batch_size=capability.batch,
            maximum_batching_window_in_seconds=capability.window_s,
            parallelization_factor=1,
            bisect_batch_on_function_error=True,
            maximum_retry_attempts=STREAM_RETRIES,
            maximum_record_age_in_seconds=PATIENCE_S[capability.kind],
            destination_config=lambda_.CfnEventSourceMapping.DestinationConfigProperty(
                on_failure=lambda_.CfnEventSourceMapping.OnFailureProperty(destination=failures.queue_arn)
            ),
            filter_criteria=lambda_.CfnEventSourceMapping.FilterCriteriaProperty(
                filters=[lambda_.CfnEventSourceMapping.FilterProperty(pattern=json.dumps(COMMITS_ONLY))]
            ),
        )
        alarm_on(
            self,
            f"{capability.name}Lag",
            function.function.metric("IteratorAge", period=Duration.minutes(1), statistic="Maximum"),
            threshold=STREAM_LAG_ALARM.to_milliseconds(),
            says=f"{self._service.function(capability)} lags behind the history",
            to=self._alarms,
        )

    def _schedule(self, minutes: int, capability: Capability, function: CapabilityFunction) -> None:
        function.function.configure_async_invoke(retry_attempts=0)  # the next tick is the retry
        events.Rule(
            self,
            f"{capability.name}Clock",
            rule_name=self._service.function(capability),
            description=f"Starts {self._service.name} {capability.name}",
            schedule=events.Schedule.rate(Duration.minutes(minutes)),
            targets=[targets.LambdaFunction(function.function)],
        )

    # --- what it keeps ---

    def _table(
        self,
        scope_id: str,
        name: str,
        *,
        sorted_by: str | None = None,
        stream: dynamodb.StreamViewType | None = None,
    ) -> dynamodb.Table:
        return dynamodb.Table(
            self,
            scope_id,
            table_name=name,
            partition_key=_text("pk"),
            sort_key=_text(sorted_by) if sorted_by else None,
            billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
            encryption=dynamodb.TableEncryption.AWS_MANAGED,
            point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
                point_in_time_recovery_enabled=True
            ),
            stream=stream,
            deletion_protection=not self._target.local,
            removal_policy=self._target.removal,
        )

    def _bucket(self) -> s3.Bucket:
        """Photos and documents, reached by signed addresses only; an upload never finished goes after a week."""
        bucket = s3.Bucket(
            self,
            "Attachments",
            encryption=s3.BucketEncryption.S3_MANAGED,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            enforce_ssl=not self._target.local,
            versioned=not self._target.local,
            lifecycle_rules=[
                s3.LifecycleRule(
                    abort_incomplete_multipart_upload_after=Duration.days(7),
                    expiration=Duration.days(self._service.attachments_kept_days),
                    noncurrent_version_expiration=None if self._target.local else Duration.days(30),
                )
            ],
            removal_policy=self._target.removal,
        )
        accept(bucket, Accepted.NO_ACCESS_LOG)
        if self._target.local:
            accept(bucket, Accepted.LOCAL_HTTP_BUCKET)
        return bucket

    def _queue(self, capability: Capability) -> sqs.Queue | None:
        """The capability's queue, and beside it the queue of what it failed at ten times."""
        name = self._service.queue(capability)
        if name is None:
            return None
        dead_letters = self._parking_queue(f"{name}-dlq", f"{name} could not handle")
        return self._encrypted_queue(
            name,
            kept_for=Duration.days(4),
            visibility_timeout=Duration.seconds(capability.visibility_timeout_s),
            dead_letters=sqs.DeadLetterQueue(queue=dead_letters, max_receive_count=MAX_RECEIVES),
        )

    def _failures_queue(self, capability: Capability) -> sqs.Queue | None:
        name = self._service.failures_queue(capability)
        if name is None:
            return None
        queue = self._parking_queue(name, f"{self._service.function(capability)} gave up on")
        accept(queue, Accepted.PARKING_QUEUE)
        return queue

    def _parking_queue(self, name: str, whose: str) -> sqs.Queue:
        """Keeps what failed until a person has looked at it; the first message rings the alarm."""
        queue = self._encrypted_queue(name, kept_for=PARKED_FOR)
        alarm_on(
            self,
            name,
            queue.metric_approximate_number_of_messages_visible(period=Duration.minutes(1), statistic="Maximum"),
            threshold=1,
            says=f"{name} holds what {whose}: see docs/operations.md",
            to=self._alarms,
        )
        return queue

    def _encrypted_queue(
        self,
        name: str,
        *,
        kept_for: Duration,
        visibility_timeout: Duration | None = None,
        dead_letters: sqs.DeadLetterQueue | None = None,
    ) -> sqs.Queue:
        queue = sqs.Queue(
            self,
            name,
            queue_name=name,
            retention_period=kept_for,
            visibility_timeout=visibility_timeout,
            dead_letter_queue=dead_letters,
            encryption=sqs.QueueEncryption.SQS_MANAGED,
            enforce_ssl=not self._target.local,
            removal_policy=self._target.removal,
        )
        if self._target.local:
            accept(queue, Accepted.LOCAL_HTTP)
        return queue

    # --- how others find it ---

    def _register(self) -> None:
        """An entry in Cloud Map: where the service answers, and where its health does."""
        namespace_id = self._platform("namespace-id")
        namespace = discovery.HttpNamespace.from_http_namespace_attributes(
            self,
            "Namespace",
            namespace_id=namespace_id,
            namespace_name=SYSTEM_NAME,
            namespace_arn=self.format_arn(
                service="servicediscovery", resource="namespace", resource_name=namespace_id
            ),
        )
        api_url = (
            f"{self._target.endpoint}/_aws/execute-api/{LOCAL_API_ID}/$default"
            if self._target.local
            else f"https://{self._api.api_id}.execute-api.{self.region}.{self.url_suffix}"
        )
        url = f"{api_url}/{self._service.name}"
        entry = discovery.Service(
            self,
            "Discovery",
            namespace=namespace,
            name=self._service.name,
            description=f"Stowage's {self._service.name} service",
        )
        entry.register_non_ip_instance(
            "Endpoint",
            instance_id="api",
            custom_attributes={"url": url, "live": f"{url}/health/live", "ready": f"{url}/health/ready"},
        )

    def _platform(self, name: str) -> str:
        """A value of the platform stack, read from SSM at deployment time."""
        return ssm.StringParameter.value_for_string_parameter(self, f"{PARAMETERS}/{name}")


def _present(value: T | None, rule: str) -> T:
    """The value, which the map must provide. Raises ValueError with the rule that it breaks."""
    if value is None:
        raise ValueError(f"the map breaks a rule: {rule}")
    return value


def _allow(sid: str, actions: list[str], *resources: str) -> iam.PolicyStatement:
    return iam.PolicyStatement(sid=sid, actions=actions, resources=list(resources))


def _text(name: str) -> dynamodb.Attribute:
    return dynamodb.Attribute(name=name, type=dynamodb.AttributeType.STRING)
