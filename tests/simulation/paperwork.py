"""What reports and lists say of the warehouse once all is quiet, and that it is what the log says."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from inventory.domain.location import Location
from receiving.domain.shipment import CLOSED, Shipment
from tests.simulation.ledger import Ledger
from tests.simulation.population import Population
from tests.simulation.violation import Violation

WAREHOUSES = ("MAIN", "NORTH")
PERIOD = {"from": "2026-01-01", "to": "2026-12-31"}
THE_END = "2030-01-01T00:00:00.000Z"


@dataclass
class Paperwork:
    """What was read."""

    shipments: list[dict[str, Any]] = field(default_factory=list)
    received: list[dict[str, Any]] = field(default_factory=list)
    scores: list[dict[str, Any]] = field(default_factory=list)
    stock: dict[tuple[str, str], dict[str, int]] = field(default_factory=dict)
    then: dict[tuple[str, str], dict[str, int]] = field(default_factory=dict)

    def read(self, people: Population) -> None:
        """Called inside a task: read every page."""
        self.shipments = people.pages("/receiving/shipments", limit="2")
        self.received = people.pages("/receiving/reports/received", limit="2", **PERIOD)
        self.scores = people.pages("/receiving/reports/suppliers", **PERIOD)
        for sku in sorted(people.tally.book.wares):
            for warehouse in WAREHOUSES:
                shown = people.get(f"/inventory/stock/{sku}", warehouse=warehouse)
                self.stock[sku, warehouse] = shown["statuses"]
                past = people.get(f"/inventory/stock/{sku}/as-of", warehouse=warehouse, at=THE_END, limit="200")
                self.then[sku, warehouse] = past["statuses"]

    def check(self, states: Mapping[str, Any], book: Ledger) -> None:
        """Every number is that of the log."""
        shipments = {key: one for key, one in _of(states, "Shipment").items() if isinstance(one, Shipment)}
        if Counter(one["shipment_id"] for one in self.shipments) != Counter(list(shipments)):
            raise Violation("a list is not what there is", "/receiving/shipments", *shipments)
        closed = {key for key, one in shipments.items() if one.status == CLOSED and one.return_id is None}
        if Counter(one["shipment_id"] for one in self.received) != Counter(closed):
            raise Violation("a report is not what happened", "received", *closed)
        for one in self.received:
            key = one["shipment_id"]
            logged = sum(units for (of, _, _), units in book.logged.items() if of == key)
            if one.get("received_units", 0) + one.get("damaged_units", 0) != logged:
                raise Violation("a report is not what operators were told", key, logged)
        if sum(one["receipts"] for one in self.scores) != len(closed):
            raise Violation("a report is not what happened", "suppliers", *self.scores)
        there = _by_status(states)
        for what, shown in (("stock", self.stock), ("stock as of the end", self.then)):
            for place, statuses in shown.items():
                units = {status: units for status, units in statuses.items() if units}
                if units != there.get(place, {}):
                    raise Violation("a report is not what lies there", what, *place, units, there.get(place, {}))


def _by_status(states: Mapping[str, Any]) -> dict[tuple[str, str], dict[str, int]]:
    """By product and warehouse: units by status."""
    found: dict[tuple[str, str], dict[str, int]] = {}
    for name, holding in _of(states, "Holding").items():
        location: Location | None = states.get(f"Location#{name}")
        warehouse = location.warehouse if location else holding.warehouse
        for item in holding.items.values():
            units = found.setdefault((item.sku, warehouse), {})
            units[item.status] = units.get(item.status, 0) + item.units
    return found


def _of(states: Mapping[str, Any], category: str) -> dict[str, Any]:
    parts = ((stream.partition("#"), state) for stream, state in states.items())
    return {key: state for (name, _, key), state in parts if name == category}
