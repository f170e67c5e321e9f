"""What is deployed: routes and who may call them, queues and where failures go, tables, streams, alarms."""

from __future__ import annotations

import json

import pytest
from aws_cdk import App
from aws_cdk import aws_sqs as sqs

from infra.app import SYSTEM
from infra.declaration import Grant, Kind
from infra.stacks import build
from orders import stalls
from shared import telemetry
from tests.support.templates import Resource, Templates

FOLLOWERS = {f"stowage-{service.name}-{who}" for service in SYSTEM.services for who in ("outbox", "views")}


def _mapping(templates: Templates, function: str) -> Resource:
    (found,) = [
        mapping
        for mapping in templates.of_type("Lambda::EventSourceMapping")
        if mapping.refers_to("FunctionName") == function
    ]
    return found


def _alarms_on(templates: Templates, metric: str, dimension: str) -> set[str]:
    return {
        alarm.template.readable(found["Value"])
        for alarm in templates.of_type("CloudWatch::Alarm")
        if alarm["MetricName"] == metric
        for found in alarm["Dimensions"]
        if found["Name"] == dimension
    }


# --- routes ---


def test_every_route_of_the_map_is_deployed(either: Templates) -> None:
    deployed = sorted(route["RouteKey"] for route in either.of_type("ApiGatewayV2::Route"))
    assert deployed == sorted(route.key for route in SYSTEM.routes)


def test_every_route_needs_a_token_with_its_scope_except_health_and_the_description(either: Templates) -> None:
    open_routes = set()
    scopes = {route.key: route.scope for route in SYSTEM.routes}
    for route in either.of_type("ApiGatewayV2::Route"):
        key = route["RouteKey"]
        if route.properties.get("AuthorizationType") != "JWT":
            open_routes.add(key)
            continue
        assert route["AuthorizationScopes"] == [scopes[key]]
        assert "authorizerid" in route.template.readable(route["AuthorizerId"])
    assert open_routes == {
        "GET /health",
        "GET /openapi.json",
        "POST /payments/webhooks/stripe",
        "POST /shipping/webhooks/easypost",
        *(f"GET /{service.name}/health/{kind}" for service in SYSTEM.services for kind in ("live", "ready")),
    }


def test_a_route_that_changes_something_needs_the_write_scope() -> None:
    for service in SYSTEM.services:
        for capability in service.capabilities:
            changes = Grant.WRITE_HISTORY in capability.grants
            for route in capability.routes:
                if route.scope is not None:
                    acts = {"write", "substitute", "supervise"} if changes else {"read"}
                    assert route.scope in {f"{service.name}/{act}" for act in acts}
                assert changes or route.method == "GET" or capability.kind is Kind.QUERY


def test_a_service_adds_its_own_routes_to_the_api_that_it_looks_up(either: Templates) -> None:
    for template in either.all:
        if template.stack != SYSTEM.platform_stack:
            assert "Fn::ImportValue" not in json.dumps(template.content)
            parameters = {body["Default"] for body in template.content["Parameters"].values()}
            assert {"/stowage/platform/api-id", "/stowage/platform/authorizer-id"} <= parameters


def test_the_api_limits_its_callers_and_logs_their_requests(either: Templates) -> None:
    (stage,) = either.of_type("ApiGatewayV2::Stage")
    assert stage["DefaultRouteSettings"]["ThrottlingRateLimit"] > 0
    assert stage["DefaultRouteSettings"]["ThrottlingBurstLimit"] > 0
    assert "$context.authorizer.error" in stage["AccessLogSettings"]["Format"]


def test_tokens_of_people_and_of_every_machine_client_are_let_in(either: Templates) -> None:
    (authorizer,) = either.of_type("ApiGatewayV2::Authorizer")
    clients = {client.logical_id for client in either.of_type("Cognito::UserPoolClient")}
    assert {audience["Ref"] for audience in authorizer["JwtConfiguration"]["Audience"]} == clients


def test_people_cannot_ask_for_scopes_and_machines_get_only_theirs(either: Templates) -> None:
    for client in either.of_type("Cognito::UserPoolClient"):
        if client["ClientName"] == "people":
            assert client["AllowedOAuthFlowsUserPoolClient"] is False
            assert "AllowedOAuthScopes" not in client.properties
            assert client.properties.get("GenerateSecret", False) is False
        else:
            (machine,) = [known for known in SYSTEM.machine_clients if known.name == client["ClientName"]]
            assert client["AllowedOAuthFlows"] == ["client_credentials"]
            assert len(client["AllowedOAuthScopes"]) == len(machine.scopes)


def test_the_claims_lambda_knows_the_scopes_of_every_role(either: Templates) -> None:
    known = either.function("stowage-edge-claims")["Environment"]["Variables"]["ROLE_SCOPES"]
    assert {role: tuple(scopes) for role, scopes in json.loads(known).items()} == SYSTEM.roles


def test_no_secret_is_an_output(either: Templates) -> None:
    for template in either.all:
        assert "ClientSecret" not in json.dumps(template.content)


def test_passwords_are_never_sent_to_aws_in_clear(aws: Templates) -> None:
    for client in aws.of_type("Cognito::UserPoolClient"):
        assert "ALLOW_USER_PASSWORD_AUTH" not in client.properties.get("ExplicitAuthFlows", [])


# --- queues ---


def test_every_queue_has_dead_letters_after_ten_tries_or_is_where_failures_go(either: Templates) -> None:
    for queue in either.of_type("SQS::Queue"):
        if queue.name.endswith(("-dlq", "-failures")):
            assert "RedrivePolicy" not in queue.properties
            assert queue["MessageRetentionPeriod"] == 14 * 24 * 3600
        else:
            redrive = queue["RedrivePolicy"]
            assert queue.template.readable(redrive["deadLetterTargetArn"]) == f"{queue.name}-dlq"
            assert redrive["maxReceiveCount"] == 10


def test_every_queue_is_encrypted(either: Templates) -> None:
    assert all(queue["SqsManagedSseEnabled"] is True for queue in either.of_type("SQS::Queue"))


def test_every_queue_refuses_unencrypted_connections_on_aws(aws: Templates) -> None:
    refusing = {
        policy.template.readable(queue)
        for policy in aws.of_type("SQS::QueuePolicy")
        for queue in policy["Queues"]
        for statement in policy["PolicyDocument"]["Statement"]
        if statement["Effect"] == "Deny" and statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    }
    queues = {
        queue["QueueUrl"] if "QueueUrl" in queue.properties else queue.name for queue in aws.of_type("SQS::Queue")
    }
    assert refusing == queues


def test_a_message_stays_hidden_for_twice_the_time_its_lambda_has(either: Templates) -> None:
    for mapping in either.of_type("Lambda::EventSourceMapping"):
        source = mapping.template.resource(mapping["EventSourceArn"]["Fn::GetAtt"][0])
        if source is not None and source.kind == "SQS::Queue":
            timeout = either.function(mapping.refers_to("FunctionName"))["Timeout"]
            assert source["VisibilityTimeout"] == 2 * timeout + mapping["MaximumBatchingWindowInSeconds"]


def test_consumers_report_single_failures_and_take_a_bounded_share_of_the_machine(either: Templates) -> None:
    for service in SYSTEM.services:
        for capability in service.capabilities:
            if capability.subscribes:
                mapping = _mapping(either, service.function(capability))
                assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
                assert mapping["ScalingConfig"] == {"MaximumConcurrency": 5}
                assert mapping["BatchSize"] == capability.batch
                assert mapping.refers_to("EventSourceArn") == f"{service.name}-{capability.name}"


def test_every_subscription_of_the_map_reaches_its_queue_as_the_bare_event(either: Templates) -> None:
    rules = {rule.name: rule for rule in either.of_type("Events::Rule")}
    for service in SYSTEM.services:
        for capability in service.capabilities:
            if not capability.subscribes:
                continue
            rule = rules[f"stowage-{service.name}-{capability.name}"]
            pattern = rule["EventPattern"]
            assert pattern["detail-type"] == list(capability.subscribes)
            assert pattern["source"] == sorted({f"stowage.{name.split('.')[0]}" for name in capability.subscribes})
            (target,) = rule["Targets"]
            assert rule.template.readable(target["Arn"]) == f"{service.name}-{capability.name}"
            assert target["InputPath"] == "$.detail"
            dead_letters = rule.template.readable(target["DeadLetterConfig"]["Arn"])
            assert dead_letters == f"{service.name}-{capability.name}-dlq"


def test_every_subscription_is_to_an_event_of_a_service_in_the_map() -> None:
    names = {service.name for service in SYSTEM.services}
    for service in SYSTEM.services:
        for capability in service.capabilities:
            assert {event.split(".")[0] for event in capability.subscribes} <= names


# --- files ---


def test_files_are_encrypted_private_owned_by_us_and_gone_when_nobody_may_need_them(either: Templates) -> None:
    buckets = either.of_type("S3::Bucket")
    assert {bucket.template.stack for bucket in buckets} == {"stowage-receiving", "stowage-shipping"}
    for bucket in buckets:
        assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
        [rule] = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
        assert rule["ServerSideEncryptionByDefault"] == {"SSEAlgorithm": "AES256"}
        [ownership] = bucket["OwnershipControls"]["Rules"]
        assert ownership == {"ObjectOwnership": "BucketOwnerEnforced"}
        [life] = bucket["LifecycleConfiguration"]["Rules"]
        days = {"stowage-receiving": 5 * 365, "stowage-shipping": 90}[bucket.template.stack]
        assert life["ExpirationInDays"] == days
        assert life["AbortIncompleteMultipartUpload"] == {"DaysAfterInitiation": 7}


def test_files_travel_by_tls_only_on_aws(aws: Templates) -> None:
    policies = aws.of_type("S3::BucketPolicy")
    assert len(policies) == len(aws.of_type("S3::Bucket"))
    for policy in policies:
        [statement] = policy["PolicyDocument"]["Statement"]
        assert (statement["Effect"], statement["Action"]) == ("Deny", "s3:*")
        assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


# --- tables and their streams ---


def test_every_table_is_on_demand_encrypted_and_can_be_restored_to_any_second(either: Templates) -> None:
    tables = either.of_type("DynamoDB::Table")
    assert {table.name for table in tables} == {
        *(f"{service.name}-{kind}" for service in SYSTEM.services for kind in ("events", "views")),
        "payments-sandbox",
        "shipping-circuits",
    }
    for table in tables:
        assert table["BillingMode"] == "PAY_PER_REQUEST"
        assert table["SSESpecification"] == {"SSEEnabled": True}
        assert table["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}


def test_data_outlives_its_stack_on_aws_only(aws: Templates, local: Templates) -> None:
    for kind in ("DynamoDB::Table", "SQS::Queue", "Cognito::UserPool"):
        assert {found.body["DeletionPolicy"] for found in aws.of_type(kind)} == {"Retain"}
        assert {found.body["DeletionPolicy"] for found in local.of_type(kind)} == {"Delete"}
    assert all(table["DeletionProtectionEnabled"] is True for table in aws.of_type("DynamoDB::Table"))
    assert not any(table["DeletionProtectionEnabled"] for table in local.of_type("DynamoDB::Table"))
    assert [pool["DeletionProtection"] for pool in aws.of_type("Cognito::UserPool")] == ["ACTIVE"]


def test_only_histories_have_a_stream(either: Templates) -> None:
    streams = {
        table.name: table["StreamSpecification"]["StreamViewType"]
        for table in either.of_type("DynamoDB::Table")
        if "StreamSpecification" in table.properties
    }
    assert streams == {f"{service.name}-events": "NEW_IMAGE" for service in SYSTEM.services}


@pytest.mark.parametrize("function", sorted(FOLLOWERS))
def test_a_stream_reader_sees_commits_in_order_and_loses_none(either: Templates, function: str) -> None:
    mapping = _mapping(either, function)
    (only,) = mapping["FilterCriteria"]["Filters"]
    assert json.loads(only["Pattern"]) == {
        "eventName": ["INSERT"],
        "dynamodb": {"Keys": {"sk": {"S": [{"prefix": "C#"}]}}},
    }
    assert mapping["StartingPosition"] == "TRIM_HORIZON"
    assert mapping["ParallelizationFactor"] == 1
    assert mapping["BisectBatchOnFunctionError"] is True
    assert mapping.refers_to("EventSourceArn") == f"{function.split('-')[1]}-events/stream"
    parked = mapping.template.readable(mapping["DestinationConfig"]["OnFailure"]["Destination"])
    assert parked == f"{function.removeprefix('stowage-')}-failures"
    # Retries end by age, and before the stream lets go of the record after 24 hours.
    assert mapping["MaximumRetryAttempts"] == 10_000
    assert 3_600 <= mapping["MaximumRecordAgeInSeconds"] <= 12 * 3_600


def test_a_stream_reader_raises_instead_of_reporting_single_failures(either: Templates) -> None:
    """Order: what comes after a failed commit of a stream must wait for it."""
    for function in FOLLOWERS:
        assert "FunctionResponseTypes" not in _mapping(either, function).properties


# --- Lambdas ---


def test_every_lambda_runs_its_capability_on_arm_with_a_time_limit(either: Templates) -> None:
    for service in SYSTEM.services:
        for capability in service.capabilities:
            function = either.function(service.function(capability))
            assert function["Handler"] == f"{service.name}.{capability.name}.handler"
            assert function["Architectures"] == ["arm64"]
            assert function["Runtime"] == "python3.13"
            assert function["Timeout"] <= 50


def test_a_lambda_is_told_only_what_it_needs(either: Templates) -> None:
    outbox = either.function("stowage-orders-outbox")["Environment"]["Variables"]
    assert set(outbox) == {"SERVICE", "CAPABILITY", "LOG_LEVEL", "BUS_NAME"}
    catalog = either.function("stowage-inventory-catalog")["Environment"]["Variables"]
    assert set(catalog) == {"SERVICE", "CAPABILITY", "LOG_LEVEL", "EVENTS_TABLE"}
    authorization = either.function("stowage-payments-authorization")["Environment"]["Variables"]
    assert authorization["PROVIDERS_TABLE"] == "payments-sandbox"
    assert authorization["PAYMENT_PROVIDER"] == "sandbox"


def test_people_wait_for_no_cold_start_on_aws(aws: Templates, local: Templates) -> None:
    snapshots = {
        function.name for function in aws.of_type("Lambda::Function") if "SnapStart" in function.properties
    }
    assert snapshots == {
        service.function(capability)
        for service in SYSTEM.services
        for capability in service.capabilities
        if capability.routes and capability.name != "health"
    }
    assert len(aws.of_type("Lambda::Alias")) == len(snapshots)
    assert local.of_type("Lambda::Alias") == []


def test_every_log_is_kept_for_a_month(either: Templates) -> None:
    groups = either.of_type("Logs::LogGroup")
    assert all(group["RetentionInDays"] == 30 for group in groups)
    named = {function["LoggingConfig"]["LogGroup"]["Ref"] for function in either.of_type("Lambda::Function")}
    assert named == {group.logical_id for group in groups if group.name.startswith("/stowage/")}


def test_what_starts_by_the_clock_starts_as_often_as_the_map_says(either: Templates) -> None:
    rules = [rule for rule in either.of_type("Events::Rule") if "ScheduleExpression" in rule.properties]
    assert {rule.template.readable(rule["Targets"][0]["Arn"]): rule["ScheduleExpression"] for rule in rules} == {
        service.function(capability): _rate(capability.every_minutes)
        for service in SYSTEM.services
        for capability in service.capabilities
        if capability.every_minutes is not None
    }


def _rate(minutes: int) -> str:
    """A schedule's rate in the largest unit that fits, as EventBridge wants it."""
    number, unit = next(
        (minutes // size, unit)
        for size, unit in ((24 * 60, "day"), (60, "hour"), (1, "minute"))
        if minutes % size == 0
    )
    return f"rate({number} {unit}{'s' if number > 1 else ''})"


def test_what_nobody_waits_for_has_little_memory_unless_it_calculates(either: Templates) -> None:
    for service in SYSTEM.services:
        for capability in service.capabilities:
            memory = 512 if capability.kind in (Kind.COMMAND, Kind.QUERY) or capability.calculates else 256
            assert either.function(service.function(capability))["MemorySize"] == memory


def test_every_service_can_be_found(either: Templates) -> None:
    found = {service["Name"] for service in either.of_type("ServiceDiscovery::Service")}
    assert found == {service.name for service in SYSTEM.services}
    for instance in either.of_type("ServiceDiscovery::Instance"):
        assert set(instance["InstanceAttributes"]) == {"url", "live", "ready"}


# --- alarms ---


def test_every_queue_of_failures_rings_at_the_first_message(either: Templates) -> None:
    parking = {queue.name for queue in either.of_type("SQS::Queue") if queue.name.endswith(("-dlq", "-failures"))}
    assert _alarms_on(either, "ApproximateNumberOfMessagesVisible", "QueueName") == parking


def test_every_lambda_rings_when_it_fails(either: Templates) -> None:
    functions = {function.name for function in either.of_type("Lambda::Function")}
    assert _alarms_on(either, "Errors", "FunctionName") == functions


def test_every_stream_reader_rings_when_it_lags(either: Templates) -> None:
    assert _alarms_on(either, "IteratorAge", "FunctionName") == FOLLOWERS


def test_somebody_is_called_by_the_metrics_that_services_count_in(either: Templates) -> None:
    rings = {
        (alarm["Namespace"], found["Value"], alarm["MetricName"], alarm["Statistic"], alarm["Threshold"])
        for alarm in either.of_type("CloudWatch::Alarm")
        for found in alarm.properties.get("Dimensions", ())
        if found["Name"] == "service"
    }
    assert rings == {(telemetry.METRICS, "orders", stalls.STALLED, "Sum", 1)}


def test_every_alarm_tells_somebody(either: Templates) -> None:
    for alarm in either.of_type("CloudWatch::Alarm"):
        (action,) = alarm["AlarmActions"]
        assert "alarms" in alarm.template.readable(action).lower()
        assert alarm["TreatMissingData"] == "notBreaching"


def test_alarm_messages_are_encrypted_with_a_key_that_cloudwatch_may_use(either: Templates) -> None:
    (topic,) = either.of_type("SNS::Topic")
    (key,) = either.of_type("KMS::Key")
    assert topic["KmsMasterKeyId"] == {"Fn::GetAtt": [key.logical_id, "Arn"]}
    users = [
        statement
        for statement in key["KeyPolicy"]["Statement"]
        if statement["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
    ]
    assert [statement["Action"] for statement in users] == [["kms:Decrypt", "kms:GenerateDataKey"]]


# --- cdk-nag ---


def test_cdk_nag_finds_nothing_that_nobody_looked_at(either: Templates) -> None:
    """Synthesis fails on a finding that is not acknowledged, so having templates says there is none."""
    assert [template.stack for template in either.all] == sorted(
        [SYSTEM.platform_stack, *(service.stack for service in SYSTEM.services)]
    )


def test_cdk_nag_is_awake(tmp_path_factory: pytest.TempPathFactory) -> None:
    app = App(context={"target": "aws"}, outdir=str(tmp_path_factory.mktemp("careless")))
    stacks = build(app, SYSTEM)
    sqs.Queue(stacks[0], "Careless", encryption=sqs.QueueEncryption.UNENCRYPTED)
    with pytest.raises(RuntimeError, match="AwsSolutions-SQS2"):
        app.synth()
