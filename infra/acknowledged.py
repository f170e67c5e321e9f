"""Findings of cdk-nag's AwsSolutions rules that we looked at and accept, each with its reason.

They are acknowledged on the construct they are about, so that the same finding anywhere else still fails.
"""

from __future__ import annotations

from enum import Enum

from aws_cdk import Acknowledgment, Validations
from constructs import IConstruct


class Accepted(Enum):
    """A rule of cdk-nag, and why we do otherwise."""

    OPEN_ROUTE = (
        "AwsSolutions-APIG4",
        "Health and the API's description hold no business data and must answer before anyone can sign in; "
        "webhooks of others prove themselves by a signature over their body.",
    )
    PYTHON_3_13 = (
        "AwsSolutions-L1",
        "Python 3.13 is supported by Lambda until 2029 and is what the wheels in the dependency layer are for; "
        "the runtime moves together with them.",
    )
    PARKING_QUEUE = (
        "AwsSolutions-SQS3",
        "It is the dead-letter queue of a stream reader (its on-failure destination), which the rule cannot see.",
    )
    LOCAL_HTTP = (
        "AwsSolutions-SQS4",
        "Only on the local target, whose endpoint speaks plain HTTP on this machine; on AWS TLS is enforced.",
    )
    NO_ACCESS_LOG = (
        "AwsSolutions-S1",
        "Every attachment is announced in the history before its address is signed; a log of requests would be a "
        "second bucket that says less.",
    )
    LOCAL_HTTP_BUCKET = (
        "AwsSolutions-S10",
        "Only on the local target, whose endpoint speaks plain HTTP on this machine; on AWS TLS is enforced.",
    )
    ATTACHED_FILES = (
        "AwsSolutions-IAM5",
        "The names of files are made while the Lambda runs; the wildcard covers one prefix of the service's own "
        "bucket and nothing else.",
    )
    OPTIONAL_MFA = (
        "AwsSolutions-COG2",
        "Scanners on the floor are shared within a shift and their users carry no authenticator; "
        "whoever has one can use it.",
    )
    ESSENTIALS_PLAN = (
        "AwsSolutions-COG8",
        "The Plus plan's threat protection costs per user and guards self-service sign-up, which is switched off.",
    )

    @property
    def rule(self) -> str:
        """The rule's id."""
        return self.value[0]

    @property
    def reason(self) -> str:
        """Why the finding is accepted."""
        return self.value[1]


def accept(construct: IConstruct, finding: Accepted, of: str = "") -> None:
    """Marks the finding on this construct as looked at; `of` narrows it to what cdk-nag names behind the rule."""
    rule = f"{finding.rule}[{of}]" if of else finding.rule
    Validations.of(construct).acknowledge(Acknowledgment(id=rule, reason=finding.reason))
