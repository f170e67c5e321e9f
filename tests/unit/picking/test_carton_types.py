"""Carton types over HTTP: described, described anew, listed by warehouse."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.landscape import Answer, Landscape, landscape

BOX: dict[str, Any] = {
    "inner": {"length_mm": 300, "width_mm": 200, "height_mm": 100},
    "outer": {"length_mm": 310, "width_mm": 210, "height_mm": 110},
    "max_weight_g": 10_000,
    "tare_g": 200,
}


@pytest.fixture
def system() -> Iterator[Landscape]:
    with landscape() as deployed:
        yield deployed


def put(system: Landscape, name: str, body: object = BOX) -> Answer:
    return system.call("PUT", f"/picking/carton-types/{name}", body)


def test_a_kind_is_described_changed_and_listed_with_its_warehouse(system: Landscape) -> None:
    made = put(system, "BOX-M")
    assert (made.status, made.body["tolerance_percent"], made.body["active"]) == (200, 5, True)
    put(system, "BOX-S", {**BOX, "active": False})
    put(system, "BOX-S", {**BOX, "warehouse": "NORTH"})
    changed = put(system, "BOX-M", {**BOX, "max_weight_g": 12_000})
    assert changed.body["max_weight_g"] == 12_000
    listed = system.call("GET", "/picking/carton-types").body["items"]
    assert [(one["id"], one["max_weight_g"], one["active"]) for one in listed] == [
        ("BOX-M", 12_000, True),
        ("BOX-S", 10_000, False),
    ]
    north = system.call("GET", "/picking/carton-types", query={"warehouse": "NORTH"}).body["items"]
    assert [one["id"] for one in north] == ["BOX-S"]


def test_saying_the_same_again_changes_nothing(system: Landscape) -> None:
    first = put(system, "BOX-M")
    assert put(system, "BOX-M").headers["etag"] == first.headers["etag"]


def test_who_has_seen_an_older_range_is_told(system: Landscape) -> None:
    first = put(system, "BOX-M")
    put(system, "BOX-L")
    changed = {**BOX, "tare_g": 1}
    late = system.call("PUT", "/picking/carton-types/BOX-M", changed, if_match=first.headers["etag"])
    assert (late.status, late.problem) == (412, "precondition-failed")


def test_measures_that_cannot_be_are_refused(system: Landscape) -> None:
    wrong = {**BOX, "inner": {"length_mm": 400, "width_mm": 200, "height_mm": 100}}
    assert (put(system, "BOX-M", wrong).field, put(system, "BOX-M", wrong).status) == ("inner", 422)
    assert put(system, "BOX-M", {**BOX, "max_weight_g": 0}).field == "max_weight_g"
    assert put(system, "bad name!").status == 400
