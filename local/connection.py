"""The way from a command line to the API of the running local cloud."""

from local.client import ApiClient
from local.cloud import local_client
from local.environment import ROOT
from local.outputs import Outputs
from local.people import machine_token, token_of

MACHINE = "integrator"
"""The machine client that loads data. An Idempotency-Key belongs to its caller, so it is always this one."""
PASSWORDS = ROOT / ".local" / "passwords.json"


def outputs() -> Outputs:
    """What the deployment has written down about the running system. Raises FileNotFoundError."""
    return Outputs.read(ROOT / ".local" / "outputs.json")


def connect() -> ApiClient:
    """A client with a machine's token. Raises FileNotFoundError when nothing is deployed."""
    where = outputs()
    cognito = local_client("cognito-idp", where.endpoint_url)
    return ApiClient(where.api_url, lambda: machine_token(cognito, where, MACHINE))


def connect_as(role: str) -> ApiClient:
    """A client with the token of the local user of a role. Raises FileNotFoundError when nothing is deployed."""
    where = outputs()
    cognito = local_client("cognito-idp", where.endpoint_url)
    return ApiClient(where.api_url, lambda: token_of(role, cognito, where, PASSWORDS))
