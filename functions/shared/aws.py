"""AWS clients: one of each kind per process, with timeouts and bounded retries."""

from functools import cache
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_sqs import SQSClient

_CONFIG = Config(
    connect_timeout=2,
    read_timeout=5,
    retries={"mode": "standard", "total_max_attempts": 4},
    max_pool_connections=16,
)


@cache
def dynamodb() -> "DynamoDBClient":
    """The process's DynamoDB client."""
    return boto3.client("dynamodb", config=_CONFIG)


@cache
def eventbridge() -> "EventBridgeClient":
    """The process's EventBridge client."""
    return boto3.client("events", config=_CONFIG)


@cache
def sqs() -> "SQSClient":
    """The process's SQS client."""
    return boto3.client("sqs", config=_CONFIG)


@cache
def s3() -> "S3Client":
    """The process's S3 client: for signing, and for small documents of ours. Uploads pass through no Lambda."""
    return boto3.client(
        "s3", config=_CONFIG.merge(Config(signature_version="s3v4", s3={"addressing_style": "auto"}))
    )


@cache
def secretsmanager() -> "SecretsManagerClient":
    """The process's Secrets Manager client."""
    return boto3.client("secretsmanager", config=_CONFIG)
