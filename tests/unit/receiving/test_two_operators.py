"""Whatever two operators, repeats and dying workers do: received is the sum of what was logged."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from receiving.aggregates import SHIPMENT
from receiving.domain.shipment import (
    AnnounceShipment,
    CloseShipment,
    Entry,
    ExpectedGoods,
    LogGoods,
    RecordArrival,
    Shipment,
    Terms,
    discrepancies_of,
    totals_of,
)
from shared import aws
from shared.events import Event
from tests.support.faults import Died, at_moment, counting, die
from tests.unit.receiving.dock import Dock, Json

AT = "2026-01-31T09:30:00.000Z"
ID = "5b0c7a52-0d0e-8f7b-9a55-2f8a1d6b7c3e"


def test_of_two_operators_at_once_both_are_counted(dock: Dock) -> None:
    shipment = dock.arrived({"sku": "MUG", "units": 10})
    answers: list[int] = []

    def meanwhile() -> None:
        answers.append(dock.log(shipment, {"sku": "MUG", "units": 3}, key="second").status)

    # After each call to DynamoDB of the first operator's worker, the second one's does all of its work.
    for moment in range(4):
        with at_moment(aws.dynamodb(), moment, meanwhile):
            answers.append(dock.log(shipment, {"sku": "MUG", "units": 1}, key=f"first-{moment}").status)
    assert set(answers) == {200}
    assert dock.get(f"/shipments/{shipment}")["totals"]["received"] == 4 + 3


def test_a_worker_that_dies_anywhere_is_repeated_without_counting_twice(dock: Dock) -> None:
    dock.plan("sku.MUG")
    shipment = dock.arrived({"sku": "MUG", "units": 100})
    moment = 0
    while True:
        key = f"log-{moment}"
        try:
            with at_moment(aws.dynamodb(), moment, die) as passed:
                dock.log(shipment, {"sku": "MUG", "units": 1}, key=key)
        except Died:
            pass
        assert dock.log(shipment, {"sku": "MUG", "units": 1}, key=key).status == 200
        if len(passed) <= moment:
            break
        moment += 1
    assert moment > 2
    assert dock.get(f"/shipments/{shipment}")["totals"]["received"] == moment + 1


def test_closing_that_dies_anywhere_closes_once(dock: Dock) -> None:
    dock.plan("sku.MUG")
    for moment in range(6):
        shipment = dock.arrived({"sku": "MUG", "units": 9}, reference=f"ASN-{moment}")
        dock.log(shipment, {"sku": "MUG", "units": 5})
        try:
            with at_moment(aws.dynamodb(), moment, die):
                dock.close(shipment)
        except Died:
            pass
        assert dock.close(shipment).status == 200
    dock.settle()
    assert len(dock.published("ShipmentClosed")) == 6
    assert [len(lots["lots"]) for lots in dock.published("InspectionLotsCompleted")] == [1] * 6


def test_a_thousand_lines_are_one_write(dock: Dock) -> None:
    lines: list[Json] = [{"sku": "PAINT", "units": 10, "lot": f"LOT-2026-{number:06d}"} for number in range(1_000)]
    shipment = dock.announce(*lines)
    dock.arrive(shipment)
    with counting(aws.dynamodb()) as traffic:
        answer = dock.log(shipment, *lines)
    assert {result["outcome"] for result in answer.body["results"]} == {"matched"}
    assert traffic.asked("PutItem") == 1
    assert traffic.asked("Query") <= 2
    assert len(traffic.operations) <= 6
    received = dock.published("GoodsReceived")
    assert [event["receipt"] for event in received] == [1, 2, 3, 4, 5]
    assert [len(event["lines"]) for event in received] == [200] * 5
    with counting(aws.dynamodb()) as traffic:
        assert dock.close(shipment).body["discrepancies"] == []
    assert traffic.asked("PutItem") == 1


def test_a_thousand_short_lines_close_in_one_write(dock: Dock) -> None:
    dock.plan("sku.PAINT")
    shipment = dock.arrived(*({"sku": "PAINT", "units": 10, "lot": f"L{number}"} for number in range(1_000)))
    dock.log(shipment, *({"sku": "PAINT", "units": 9, "lot": f"L{number}"} for number in range(500)))
    dock.log(shipment, *({"sku": "PAINT", "units": 9, "lot": f"L{number}"} for number in range(500, 1_000)))
    report = dock.close(shipment)
    assert report.status == 200
    assert len(report.body["discrepancies"]) == 1_000


SKUS = ("MUG", "MILK", "PAINT")
LOTS = ("L1", "L2", None)
entries = st.builds(
    Entry,
    sku=st.sampled_from(SKUS),
    units=st.integers(1, 9),
    condition=st.sampled_from(("ok", "damaged")),
    lot=st.sampled_from(LOTS[:2]),
    expires_on=st.sampled_from(("2026-01-01", "2026-02-10", "2030-01-01")),
)
announced = st.lists(
    st.tuples(st.sampled_from(SKUS[:2]), st.integers(1, 9), st.sampled_from(LOTS)), min_size=1, max_size=5
)
TERMS = {
    "MUG": Terms(),
    "MILK": Terms("lot_expiry", minimum_shelf_life_days=30),
    "PAINT": Terms("lot", plan="sku.PAINT", aql="1.0"),
}


def arrived(lines: list[tuple[str, int, str | None]]) -> Shipment:
    expected = tuple(ExpectedGoods(n, sku, units, lot) for n, (sku, units, lot) in enumerate(lines, start=1))
    state = after(Shipment(), AnnounceShipment(ID, "ACME", "R", "MAIN", expected))
    return after(state, RecordArrival("DOCK-1", AT))


def after(state: Shipment, command: object) -> Shipment:
    events: list[Event] = list(SHIPMENT.decide(command, state))
    for event in events:
        state = SHIPMENT.evolve(state, SHIPMENT.catalog.decode(SHIPMENT.catalog.encode(event, 0)))
    return state


@settings(deadline=None, suppress_health_check=list(HealthCheck))
@given(announced, st.lists(st.lists(entries, min_size=1, max_size=4), max_size=6), st.randoms())
def test_received_is_the_sum_of_what_was_logged_in_any_order(lines, requests, chance) -> None:  # type: ignore[no-untyped-def]
    shuffled = list(requests)
    chance.shuffle(shuffled)
    ends = []
    for order in (requests, shuffled):
        state = arrived(lines)
        for request in order:
            state = after(state, LogGoods(tuple(request), TERMS, AT, "2026-01-31"))
        state = after(state, CloseShipment(AT))
        totals = totals_of(state)
        logged = [entry for request in order for entry in request]
        assert totals.received == sum(entry.units for entry in logged if entry.condition == "ok")
        assert totals.damaged == sum(entry.units for entry in logged if entry.condition == "damaged")
        assert totals.received + totals.damaged == totals.expected - totals.short + totals.over
        rows = list(discrepancies_of(state))
        assert sum(row.short for row in rows) == totals.short
        assert sum(row.over for row in rows) == totals.over
        assert all(one.complete for one in state.inspections.values())
        by_sku = {
            sku: sum(line.received + line.damaged for line in state.lines.values() if line.sku == sku)
            for sku in SKUS[:2]
        }
        ends.append((totals.received, totals.damaged, totals.expected, by_sku))
    assert ends[0] == ends[1]
