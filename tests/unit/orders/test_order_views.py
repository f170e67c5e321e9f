"""The list of orders while orders change, and however its projector is fed."""

from collections.abc import Sequence
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orders.domain import CATALOG
from orders.views import SUMMARIES, OrderSummary
from shared.events import Commit
from tests.support.deliveries import stream_batch
from tests.unit.orders.counter import Counter, answer, authorized, reserved, short


def listed(
    counter: Counter, cursor: str | None, limit: int, query: dict[str, str]
) -> tuple[list[str], str | None]:
    """The ids on one page, and the next page's cursor."""
    page = counter.get("/orders", limit=str(limit), **({"cursor": cursor} if cursor else {}), **query).body
    return [item["order_id"] for item in page["items"]], page.get("cursor")


@pytest.mark.parametrize("query", [{}, {"channel": "webshop"}, {"status": "reserved"}], ids=str)
def test_orders_that_arrive_while_somebody_turns_pages_shift_nothing(
    new_counter: Counter, query: dict[str, str]
) -> None:
    sku = new_counter.sku()

    def take() -> str:
        order_id = new_counter.place((sku, 1))
        new_counter.tell(authorized(order_id))
        new_counter.tell(reserved(order_id, 1))
        new_counter.landscape.project("orders")
        return order_id

    before = [take() for _ in range(9)]
    found, cursor = listed(new_counter, None, 4, query)
    while cursor:
        take()
        page, cursor = listed(new_counter, cursor, 4, query)
        found += page
    received = {order_id: new_counter.commits(order_id)[0].at for order_id in before}
    assert found == sorted(before, key=lambda order_id: (received[order_id], order_id), reverse=True)


def test_a_page_that_a_filter_leaves_short_still_goes_on(
    new_counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.views._BATCH_GET_KEYS", 3)
    monkeypatch.setattr("shared.views._INDEX_PAGES_AT_MOST", 2)
    sku, query = new_counter.sku(), {"status": "placed", "channel": "phone"}
    wanted = new_counter.place((sku, 1), channel="phone")
    for _ in range(14):
        new_counter.place((sku, 1))
    new_counter.landscape.project("orders")
    found, cursor = listed(new_counter, None, 5, query)
    pages = [found]
    while cursor:
        found, cursor = listed(new_counter, cursor, 5, query)
        pages.append(found)
    assert pages[:2] == [[], []]
    assert [order_id for page in pages for order_id in page] == [wanted]


steps = st.sampled_from(["authorized", "declined", "reserved", "short", "released", "voided", "cancel"])


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(happened=st.lists(steps, max_size=7), data=st.data())
def test_the_list_equals_the_history_whatever_was_delivered_twice_or_late(
    new_counter: Counter, happened: list[str], data: st.DataObject
) -> None:
    order_id, places = new_counter.place((new_counter.sku(), 2), reference="WS-7"), count(1)
    for step in happened:
        match step:
            case "authorized":
                new_counter.tell(authorized(order_id))
            case "declined":
                new_counter.tell(answer("payments.PaymentDeclined", order_id, reason="card_declined"))
            case "reserved":
                new_counter.tell(reserved(order_id, 1, next(places)))
            case "short":
                new_counter.tell(short(order_id, 1, next(places)))
            case "released":
                new_counter.tell(answer("inventory.ReservationReleased", order_id, next(places), line_id="1"))
            case "voided":
                new_counter.tell(answer("payments.PaymentVoided", order_id))
            case _:
                new_counter.cancel(order_id)
    commits = new_counter.commits(order_id)
    batches = data.draw(st.lists(st.lists(st.sampled_from(commits), min_size=1, max_size=4), max_size=4))
    for batch in data.draw(st.permutations([*batches, commits[-1:]])):
        new_counter.landscape.invoke("orders", "views", stream_batch(batch))
    shown = new_counter.landscape.views("orders").get(
        f"Order#{order_id}", "Summary", OrderSummary, consistent=True
    )
    assert shown is not None
    assert (shown[0], shown[1]) == (folded(order_id, commits), len(commits))
    order = new_counter.order(order_id)
    assert (shown[0].status, shown[0].reason, shown[0].deadline) == (order.status, order.reason, order.deadline)


def folded(order_id: str, commits: Sequence[Commit]) -> OrderSummary:
    """The summary as its events make it, one after the other."""
    summary = SUMMARIES.start(f"Order#{order_id}")
    for commit in commits:
        for recorded in commit.events:
            summary = SUMMARIES.show(summary, CATALOG.decode(recorded), commit.at)
    return summary


def test_every_order_in_the_list_says_where_it_stands(new_counter: Counter) -> None:
    order_id = new_counter.place(reference="WS-7")
    new_counter.landscape.project("orders")
    [item] = new_counter.get("/orders").body["items"]
    received = new_counter.commits(order_id)[0].at
    assert item == {
        "order_id": order_id,
        "status": "placed",
        "channel": "webshop",
        "reference": "WS-7",
        "warehouse": "MAIN",
        "total": {"amount": 995, "currency": "EUR"},
        "placed_at": item["placed_at"],
        "received_at": received,
        "changed_at": received,
        "lines": 1,
        "units": 1,
        "deadline": new_counter.order(order_id).deadline,
    }
