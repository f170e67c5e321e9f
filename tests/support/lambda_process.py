"""A process as Lambda starts it: with its environment, and with nothing remembered from another test."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from shared import aws, resources
from shared.environment import Environment, environment

_AWS = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_REGION": "us-east-1",
}


def forget_process() -> None:
    """Make the next use of the environment, the clients and the tables a first one."""
    clients = (aws.dynamodb, aws.eventbridge, aws.sqs, aws.secretsmanager)
    for once in (environment, *clients, resources.history, resources.views):
        once.cache_clear()


@contextmanager
def lambda_process(service: str, capability: str, **variables: str) -> Iterator[None]:
    """Run the block as the Lambda `capability` of `service`, with `variables` (as fields of Environment)."""
    before = dict(os.environ)
    foreign = {name for name in os.environ if name.startswith("AWS_ENDPOINT_URL")}
    for name in foreign | set(Environment.__struct_encode_fields__):
        os.environ.pop(name, None)
    os.environ.update(_AWS, SERVICE=service, CAPABILITY=capability)
    os.environ.update({name.upper(): value for name, value in variables.items()})
    forget_process()
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
        forget_process()
