"""What a Lambda is told by its environment, as a typed model that fails at once and by name."""

import os
from functools import cache

from msgspec import Struct, ValidationError, convert


class Environment(Struct, frozen=True, rename=lambda name: name.upper()):
    """The variables that the deployment sets; empty where a Lambda has no business with the thing named.

    `providers_table` keeps what is known of services that are not ours: their circuits, and what the sandbox of
    payments has done. `easypost_files` are the addresses, by commas, under which EasyPost keeps documents.
    """

    service: str
    capability: str
    events_table: str = ""
    views_table: str = ""
    bus_name: str = ""
    queue_url: str = ""
    providers_table: str = ""
    payment_provider: str = ""
    keys_name: str = ""
    easypost_url: str = ""
    easypost_files: str = ""
    stripe_url: str = ""
    gs1_company_prefix: str = "0614141"
    attachments_bucket: str = ""
    log_level: str = "INFO"


class MisconfiguredError(RuntimeError):
    """A variable is missing or malformed: a mistake of the deployment, not of a request."""


@cache
def environment() -> Environment:
    """This process's environment. Raises MisconfiguredError naming the variable."""
    try:
        return convert(dict(os.environ), Environment, strict=False)
    except ValidationError as error:
        raise MisconfiguredError(f"environment: {error}") from error


def required(name: str) -> str:
    """The value of variable `name` (as a field of Environment). Raises MisconfiguredError when it is not set."""
    value = getattr(environment(), name)
    if not isinstance(value, str) or not value:
        raise MisconfiguredError(f"environment: {name.upper()} is not set for this Lambda")
    return value
