"""The payment provider that this deployment uses."""

from functools import cache

from payments.provider import PaymentProvider
from payments.sandbox import Sandbox
from shared import aws
from shared.environment import MisconfiguredError, required


@cache
def provider() -> PaymentProvider:
    """The payment provider that the environment names."""
    match required("payment_provider"):
        case "sandbox":
            return Sandbox(aws.dynamodb(), required("sandbox_ledger_table"))
        case unknown:
            raise MisconfiguredError(f"environment: PAYMENT_PROVIDER {unknown!r} is unknown; there is 'sandbox'")
