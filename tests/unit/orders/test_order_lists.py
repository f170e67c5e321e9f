"""One order with everything known of it, and the lists of orders, page by page."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.landscape import landscape
from tests.unit.orders.counter import Counter, answer, authorized, reserved, short

Busy = tuple[Counter, list[dict[str, str]]]
CHANNELS = ("webshop", "market", "phone")
ONLY_FIXTURE = [HealthCheck.function_scoped_fixture]


def reserve(counter: Counter, order_id: str) -> None:
    counter.tell(authorized(order_id))
    counter.tell(reserved(order_id, 1))


def backorder(counter: Counter, order_id: str) -> None:
    counter.tell(authorized(order_id))
    counter.tell(short(order_id, 1))


def decline(counter: Counter, order_id: str) -> None:
    counter.tell(answer("payments.PaymentDeclined", order_id, reason="card_declined"))


def leave(_: Counter, __: str) -> None:
    """The order stays as it was placed."""


FATES: dict[str, Callable[[Counter, str], None]] = {
    "placed": leave,
    "reserved": reserve,
    "backordered": backorder,
    "cancelled": decline,
}


@pytest.fixture(scope="module")
def busy() -> Iterator[Busy]:
    """60 orders of three channels in four states, and what is to be listed of them, the latest first."""
    with landscape() as deployed:
        counter = Counter(deployed)
        sku, placed = counter.sku(), []
        for number in range(60):
            channel, status = CHANNELS[number % 3], list(FATES)[number * 7 % 11 % 4]
            order_id = counter.place((sku, 1), channel=channel)
            FATES[status](counter, order_id)
            received = counter.commits(order_id)[0].at
            placed.append({"order_id": order_id, "channel": channel, "status": status, "received_at": received})
        deployed.project("orders")
        yield counter, sorted(placed, key=lambda one: (one["received_at"], one["order_id"]), reverse=True)


def pages(counter: Counter, limit: int, **query: str) -> list[list[dict[str, Any]]]:
    """Every page of the list."""
    found: list[list[dict[str, Any]]] = []
    cursor: dict[str, str] = {}
    while True:
        answer = counter.get("/orders", limit=str(limit), **query, **cursor)
        assert answer.status == 200, answer
        found.append(answer.body["items"])
        if "cursor" not in answer.body:
            return found
        assert len(found) < 100, "the list does not end"
        cursor = {"cursor": answer.body["cursor"]}


@settings(max_examples=40, deadline=None, suppress_health_check=ONLY_FIXTURE)
@given(
    limit=st.integers(1, 70),
    status=st.sampled_from([None, *FATES, "reserving"]),
    channel=st.sampled_from([None, *CHANNELS, "nobody"]),
)
def test_pages_hold_every_wanted_order_once_the_latest_first(
    busy: Busy, limit: int, status: str | None, channel: str | None
) -> None:
    counter, placed = busy
    query = {name: value for name, value in (("status", status), ("channel", channel)) if value}
    wanted = [one for one in placed if all(one[name] == value for name, value in query.items())]
    found = [{name: item[name] for name in placed[0]} for page in pages(counter, limit, **query) for item in page]
    assert found == wanted


@pytest.mark.parametrize("cursor", ["?", "bm9uZQ", "W10", "WyIiXQ", "WyJhIiwiYiJd", "ä"])
@pytest.mark.parametrize("query", [{}, {"status": "placed"}, {"channel": "webshop"}], ids=str)
def test_a_cursor_that_is_none_of_ours_is_refused(busy: Busy, query: dict[str, str], cursor: str) -> None:
    refused = busy[0].get("/orders", cursor=cursor, **query)
    assert (refused.status, refused.field) == (400, "cursor")


@pytest.mark.parametrize(
    ("query", "field"),
    [({"status": "lost"}, "status"), ({"channel": "A b"}, "channel"), ({"limit": "0"}, "limit")],
)
def test_a_query_that_makes_no_sense_is_refused(busy: Busy, query: dict[str, str], field: str) -> None:
    refused = busy[0].get("/orders", **query)
    assert (refused.status, refused.field) == (400, field)


def test_an_order_is_shown_as_its_history_has_it(busy: Busy) -> None:
    counter = busy[0]
    mug, cup = counter.sku(), counter.sku()
    order_id = counter.place((mug, 2), (cup, 1), reference="WS-7", customer="C-1")
    counter.tell(authorized(order_id))
    counter.tell(reserved(order_id, 1), short(order_id, 2))
    shown, order = counter.details(order_id), counter.order(order_id)
    assert (shown["status"], shown["reference"], shown["customer"]) == ("backordered", "WS-7", "C-1")
    assert shown["deadline"] == order.deadline
    assert shown["payment"] == {
        "status": "authorized",
        "authorization": f"auth_{order_id}",
        "captured": 0,
        "refunded": 0,
        "due": 0,
        "refund_due": 0,
    }
    assert [
        (line["sku"], line["quantity"], line["amount"]["amount"], line["status"]) for line in shown["lines"]
    ] == [
        (mug, 2, 1990, "reserved"),
        (cup, 1, 995, "backordered"),
    ]
    assert [entry["type"].removeprefix("orders.") for entry in shown["history"]] == counter.happened(order_id)
    assert shown["correlation_id"] == counter.commits(order_id)[0].commands[0].correlation_id
    assert counter.get(f"/orders/{order_id}").headers["etag"] == f'"{len(counter.commits(order_id))}"'


@pytest.mark.parametrize(
    ("order_id", "status"), [("7d0c3a3e-1f0b-8a52-9c58-6f2f1f4b7a10", 404), ("WS-7", 400)], ids=["unknown", "odd"]
)
def test_an_order_that_does_not_exist_is_not_found(busy: Busy, order_id: str, status: int) -> None:
    refused = busy[0].get(f"/orders/{order_id}")
    assert (refused.status, refused.field) == (status, "id")
