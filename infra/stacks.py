"""From the map to stacks: the platform, and one stack per service."""

from __future__ import annotations

from aws_cdk import App, Environment, Stack, Tags, Validations
from cdk_nag import AwsSolutionsChecks

from infra.declaration import SYSTEM_NAME, System
from infra.platform_stack import PlatformStack
from infra.service_stack import ServiceStack
from infra.target import Target


def build(app: App, system: System) -> list[Stack]:
    """Adds every stack of the system to the app, checked by cdk-nag's AwsSolutions rules."""
    target = Target.of(app.node)
    environment = Environment(account=target.account, region=target.region)
    platform = PlatformStack(app, system, target, environment)
    stacks: list[Stack] = [platform]
    for service in system.services:
        stack = ServiceStack(app, system, service, target, environment)
        stacks.append(stack)
        stack.add_stack_dependency(platform)  # it holds the API, the bus and the parameters that name them
    Tags.of(app).add("system", SYSTEM_NAME)
    Validations.of(app).add_plugins(AwsSolutionsChecks(app))
    return stacks


def synthesize(system: System) -> None:
    """Writes the cloud assembly; the CDK CLI calls this through `infra/app.py`."""
    app = App(analytics_reporting=False)
    build(app, system)
    app.synth()
