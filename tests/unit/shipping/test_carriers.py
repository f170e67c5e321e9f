"""Carriers are registered, described anew, and refused when their zones and rates make no sense."""

from copy import deepcopy
from typing import Any

import pytest

from tests.unit.shipping.desk import FLEET, Desk


def fleet_with(path: str, value: object) -> dict[str, Any]:
    """Our fleet with one value changed."""
    fleet = deepcopy(FLEET)
    *way, last = path.split(".")
    place: Any = fleet
    for step in way:
        place = place[int(step) if step.isdigit() else step]
    place[int(last) if last.isdigit() else last] = value
    return fleet


def test_a_carrier_is_registered_and_listed(desk: Desk) -> None:
    assert desk.put_carrier().status == 200
    [listed] = desk.get("/shipping/carriers").body["items"]
    assert (listed["carrier"], listed["name"], listed["fleet"]["rates"]) == (
        "own-fleet",
        "Own Fleet",
        FLEET["rates"],
    )
    assert desk.get("/shipping/carriers/own-fleet").body == listed


def test_a_carrier_described_anew_is_as_it_was_described_last(desk: Desk) -> None:
    first = desk.put_carrier()
    assert desk.put_carrier().headers["etag"] == first.headers["etag"]
    assert desk.put_carrier(active=False, warehouses=["MAIN"]).status == 200
    shown = desk.get("/shipping/carriers/own-fleet").body
    assert (shown["active"], shown["warehouses"]) == (False, ["MAIN"])


def test_a_carrier_is_not_described_over_what_somebody_else_has_changed(desk: Desk) -> None:
    seen = desk.put_carrier().headers["etag"]
    desk.put_carrier(name="Fleet of Ours")
    body = {"name": "Fleet", "fleet": FLEET}
    answer = desk.landscape.call("PUT", "/shipping/carriers/own-fleet", body, if_match=seen)
    assert answer.status == 412


def test_an_unknown_carrier_is_named(desk: Desk) -> None:
    answer = desk.get("/shipping/carriers/nobody")
    assert (answer.status, answer.problem, answer.body["errors"][0]["value"]) == (404, "unknown-carrier", "nobody")


@pytest.mark.parametrize(
    ("path", "value", "field"),
    [
        ("rates.0.zone", "moon", "fleet.rates[0].zone"),
        ("rates.1.up_to_g", 5_000, "fleet.rates[1]"),
        ("zones.1.zone", "city", "fleet.zones[1].zone"),
        ("zones.1.postal_prefixes", ["12"], "fleet.zones[1].postal_prefixes"),
        ("zones.2.country", "DE", "fleet.zones[2].postal_prefixes"),
        ("zones.2.country", "Austria", "fleet.zones[2].country"),
        ("rates.0.amount", -1, "fleet.rates[0].amount"),
    ],
)
def test_zones_and_rates_that_do_not_fit_together_are_refused_by_name(
    desk: Desk, path: str, value: object, field: str
) -> None:
    answer = desk.put_carrier(fleet=fleet_with(path, value))
    assert (answer.status, answer.field) == (422, field)


def test_a_fleet_without_rates_is_refused(desk: Desk) -> None:
    answer = desk.put_carrier(fleet=None)
    assert (answer.status, answer.field) == (422, "fleet")
