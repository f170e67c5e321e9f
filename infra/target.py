"""Where the system is deployed to, and what that changes."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path

from aws_cdk import RemovalPolicy
from constructs import Node

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Target:
    """AWS or the local cloud.

    The local cloud gets the same tables, queues, roles and routes. It does without what it has no model of or what
    would stand in the way of a cloud that is thrown away every evening: deletion protection, TLS-only policies (it
    speaks plain HTTP), SnapStart, and it runs the host's Python instead of Lambda's.
    """

    local: bool
    functions: Path
    endpoint: str | None = None
    alarm_email: str | None = None

    @staticmethod
    def of(node: Node) -> Target:
        """The target named by the CDK context: `target`, `endpoint`, `functions`, `alarm_email`."""
        name = node.try_get_context("target") or "aws"
        if name not in ("aws", "local"):
            raise ValueError(f"context target={name!r}: it must be aws or local")
        endpoint = node.try_get_context("endpoint")
        if name == "local" and not endpoint:
            raise ValueError("target=local needs the local cloud's address: -c endpoint=http://localhost:4566")
        functions = Path(node.try_get_context("functions") or ROOT / "functions").resolve()
        return Target(name == "local", functions, endpoint, node.try_get_context("alarm_email"))

    @property
    def removal(self) -> RemovalPolicy:
        """What becomes of data when its stack is deleted."""
        return RemovalPolicy.DESTROY if self.local else RemovalPolicy.RETAIN

    @property
    def python(self) -> str:
        """Version of the Python that runs the Lambdas, as `3.13`."""
        return f"{sys.version_info.major}.{sys.version_info.minor}" if self.local else "3.13"

    @property
    def account(self) -> str | None:
        """Account to deploy to, when the CDK CLI knows it."""
        return os.environ.get("CDK_DEFAULT_ACCOUNT")

    @property
    def region(self) -> str | None:
        """Region to deploy to, when the CDK CLI knows it."""
        return os.environ.get("CDK_DEFAULT_REGION")
