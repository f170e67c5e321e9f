"""The summary counts right, gives reasons, and complains about everything that is not as it must be."""

from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import replace

from local.seed import Placed
from local.summary import (
    EventCount,
    HistoryEntry,
    Line,
    Order,
    Report,
    Shipment,
    Stock,
    complaints,
    disagreements,
    lines,
    percentile,
    reasons,
    reserved_by_orders,
    seconds_to_reserved,
)

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)


def an_order(number: str, status: str, *wanted: tuple[str, int, str], reason: str = "") -> Order:
    history: tuple[HistoryEntry, ...] = (HistoryEntry("orders.OrderPlaced", NOON),)
    if status == "reserved":
        history += (HistoryEntry("orders.OrderReserved", NOON + timedelta(seconds=int(number))),)
    return Order(number, status, "MAIN", tuple(Line(*line) for line in wanted), history, reason)


def placed(*numbers: str) -> tuple[Placed, ...]:
    return tuple(Placed(f"WEB-{number}", number, NOON) for number in numbers)


WELL = Report(
    orders=(
        an_order("1", "reserved", ("MUG", 2, "reserved"), ("PAN", 1, "reserved")),
        an_order("2", "backordered", ("MUG", 3, "reserved"), ("TENT", 90, "backordered")),
        an_order("3", "cancelled", ("MUG", 1, "pending"), reason="payment-declined: card_declined"),
        an_order("4", "cancelled", ("MUG", 7, "released"), reason="payment-declined: card_declined"),
    ),
    stock=(Stock("MUG", "MAIN", 10, 5, 5), Stock("PAN", "MAIN", 4, 1, 3), Stock("TENT", "MAIN", 30, 0, 30, 90)),
    events=(EventCount("orders", 12, 5), EventCount("inventory", 7, 0)),
    dead_letters={"orders-fulfilment-dlq": 0},
    placed=placed("1", "2", "3", "4"),
)


def test_units_are_reserved_by_reserved_lines_only_also_those_of_backordered_orders() -> None:
    assert reserved_by_orders(WELL.orders) == {("MAIN", "MUG"): 5, ("MAIN", "PAN"): 1}


def test_books_that_agree_are_no_cause_for_complaint() -> None:
    assert disagreements(WELL.orders, WELL.stock) == {}
    assert complaints(WELL) == []


def test_products_whose_difference_cancels_out_in_the_sum_still_differ() -> None:
    stock = (Stock("MUG", "MAIN", 10, 4, 6), Stock("PAN", "MAIN", 4, 2, 2))
    assert disagreements(WELL.orders, stock) == {("MAIN", "MUG"): (4, 5), ("MAIN", "PAN"): (2, 1)}


@pytest.mark.parametrize(
    ("report", "complaint"),
    [
        (replace(WELL, orders=(*WELL.orders, an_order("5", "reserving"))), "1 orders have not settled"),
        (replace(WELL, placed=placed("1", "9")), "1 sample orders are in no list: WEB-9"),
        (replace(WELL, stock=WELL.stock[1:]), "MAIN MUG: 0 units reserved in inventory, 5 in order lines"),
        (replace(WELL, dead_letters={"orders-fulfilment-dlq": 2}), "orders-fulfilment-dlq holds 2 messages"),
    ],
)
def test_what_is_not_as_it_must_be_is_complained_about(report: Report, complaint: str) -> None:
    assert [complaint in one for one in complaints(report)] == [True]


def test_each_group_of_orders_has_its_reason() -> None:
    groups = reasons(WELL.orders)
    assert groups["cancelled"] == {"payment-declined: card_declined": 2}
    assert groups["backordered"] == {"short of TENT": 1}


def test_an_order_that_is_short_of_much_names_a_few_products_and_counts_the_others() -> None:
    order = an_order("5", "backordered", *((f"MUG-{n}", 1, "backordered") for n in range(1, 8)))
    assert list(reasons([order])["backordered"]) == ["short of MUG-1, MUG-2, MUG-3, MUG-4 and 3 more products"]


def test_the_time_to_reserved_runs_from_the_post_and_counts_only_orders_of_the_sample() -> None:
    orders = (*WELL.orders, an_order("7", "reserved"), an_order("6", "reserved"))
    assert seconds_to_reserved(orders, placed("7", "1", "2")) == [1.0, 7.0]


@pytest.mark.parametrize(("percent", "value"), [(50, 50.0), (99, 99.0), (100, 100.0)])
def test_a_percentile_is_one_of_the_values(percent: float, value: float) -> None:
    assert percentile([float(n) for n in range(1, 101)], percent) == value
    assert percentile([3.0], percent) == 3.0


def test_the_summary_tells_sums_counts_and_times() -> None:
    said = {" ".join(line.split()) for line in lines(WELL)}
    assert {
        "orders 4",
        "cancelled 2",
        "2 payment-declined: card_declined",
        "units on hand 44",
        "reserved 6",
        "waited for 90 by backordered lines",
        "reserved lines 6 units of the orders' reserved lines, against reserved: OK, for every product",
        "orders 12 and 5 that it keeps for itself",
        "dead letters 0 in 1 queues for what failed",
        "p99 1.00 seconds",
    } <= said


def test_what_came_and_what_is_still_to_be_put_away_is_told() -> None:
    shipments = (Shipment("closed", 40, 2, 6, 3), Shipment("arrived", 10))
    told = list(lines(replace(WELL, shipments=shipments, tasks={"confirmed": 7, "open": 2, "undirected": 1})))
    assert [" ".join(line.split()) for line in told[:6]] == [
        "shipments 2 1 of them closed",
        "units received 50",
        "short 6 than announced",
        "over 3 than announced, or not announced",
        "damaged 2 brought to quarantine",
        "put-away tasks 7 done, 3 to be done",
    ]
