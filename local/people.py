"""Who may use a deployed system: local users for every role, and tokens for people and machines."""

from __future__ import annotations

import json
import secrets
from pathlib import Path
from typing import Any

import urllib3

from local.outputs import Outputs

LETTERS = "abcdefghijkmnpqrstuvwxyz"


class NoSuchCaller(Exception):
    """Neither a role nor a machine client has that name; the message lists those that are."""


def hire(cognito: Any, outputs: Outputs, roles: list[str], passwords_file: Path) -> None:
    """Makes a user for every role, named like it, with a password that only `passwords_file` knows.

    Done again it changes nothing. These users exist on the local cloud only.
    """
    passwords = _passwords(passwords_file)
    known = {
        user["Username"]
        for page in cognito.get_paginator("list_users").paginate(UserPoolId=outputs.user_pool_id)
        for user in page["Users"]
    }
    for role in roles:
        passwords.setdefault(role, _new_password())
    passwords_file.touch(mode=0o600)
    passwords_file.write_text(json.dumps(passwords, indent=2) + "\n")
    for role in roles:
        if role not in known:
            cognito.admin_create_user(UserPoolId=outputs.user_pool_id, Username=role, MessageAction="SUPPRESS")
        cognito.admin_set_user_password(
            UserPoolId=outputs.user_pool_id, Username=role, Password=passwords[role], Permanent=True
        )
        cognito.admin_add_user_to_group(UserPoolId=outputs.user_pool_id, Username=role, GroupName=role)


def token_of(caller: str, cognito: Any, outputs: Outputs, passwords_file: Path) -> str:
    """An access token (JWT) of the local user of that role, or of the machine client of that name."""
    passwords = _passwords(passwords_file)
    if caller in passwords:
        return person_token(cognito, outputs, caller, passwords[caller])
    if caller in outputs.clients and caller != "people":
        return machine_token(cognito, outputs, caller)
    machines = sorted(set(outputs.clients) - {"people"} - set(passwords))
    raise NoSuchCaller(
        f"nobody is called {caller!r}; roles: {', '.join(passwords)}; machines: {', '.join(machines)}"
    )


def person_token(cognito: Any, outputs: Outputs, name: str, password: str) -> str:
    """Signs a person in; the pre-token trigger gives the token the scopes of the person's roles."""
    answer = cognito.initiate_auth(
        ClientId=outputs.clients["people"],
        AuthFlow="USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": name, "PASSWORD": password},
    )
    return str(answer["AuthenticationResult"]["AccessToken"])


def machine_token(cognito: Any, outputs: Outputs, name: str) -> str:
    """The client credentials grant; the client's secret is read from Cognito, where alone it is kept."""
    client_id = outputs.clients[name]
    described = cognito.describe_user_pool_client(UserPoolId=outputs.user_pool_id, ClientId=client_id)
    answer = urllib3.request(
        "POST",
        outputs.token_url,
        body="grant_type=client_credentials",
        headers={
            "Content-Type": "application/x-www-form-urlencoded",
            **urllib3.make_headers(basic_auth=f"{client_id}:{described['UserPoolClient']['ClientSecret']}"),
        },
        timeout=10.0,
    )
    if answer.status != 200:
        raise RuntimeError(f"no token for {name}: {outputs.token_url} answered {answer.status} {answer.data!r}")
    return str(answer.json()["access_token"])


def _passwords(file: Path) -> dict[str, str]:
    return json.loads(file.read_text()) if file.exists() else {}


def _new_password() -> str:
    """Random, and with one of each kind of character that the pool's policy asks for."""
    return f"{''.join(secrets.choice(LETTERS) for _ in range(16))}-{secrets.randbelow(10**6):06}-A"
