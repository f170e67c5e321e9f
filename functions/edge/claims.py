"""Gives a person's access token the scopes of the person's groups: Cognito's pre-token trigger (V2_0)."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from typing import Any

from shared import telemetry

ROLE_SCOPES: Mapping[str, list[str]] = json.loads(os.environ.get("ROLE_SCOPES", "{}"))


def scopes_of(groups: Iterable[str], role_scopes: Mapping[str, list[str]]) -> list[str]:
    """The scopes of all the groups together, sorted; a group that is no role has none."""
    return sorted({scope for group in groups for scope in role_scopes.get(group, ())})


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Adds the scopes of the person's roles, and takes away service scopes that were asked for beyond them."""
    request = event["request"]
    granted = scopes_of(request["groupConfiguration"]["groupsToOverride"], ROLE_SCOPES)
    of_services = {scope for scopes in ROLE_SCOPES.values() for scope in scopes}
    beyond = sorted((of_services - set(granted)) & set(request.get("scopes", ())))
    event["response"] = {
        "claimsAndScopeOverrideDetails": {
            "accessTokenGeneration": {"scopesToAdd": granted, "scopesToSuppress": beyond}
        }
    }
    telemetry.info("token issued", user=event.get("userName"), scopes=granted)
    return event
