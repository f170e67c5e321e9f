"""Orders through the whole machine, over HTTP, on a local cloud that the CDK deployed with IAM enforced."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import pytest

from tests.support.shop import Answer, Shop, order

pytestmark = pytest.mark.cloud


def test_an_order_is_paid_for_and_reserved(shop: Shop) -> None:
    sku = shop.product(units=10)
    placed = shop.settled(shop.place({sku: 4}), "reserved")
    assert placed["payment"]["status"] == "authorized"
    assert [line["status"] for line in placed["lines"]] == ["reserved"]
    assert placed["total"] == {"amount": 3980, "currency": "EUR"}
    facts = [entry["type"] for entry in placed["history"]]
    assert facts[0] == "orders.OrderPlaced"
    assert facts[-1] == "orders.OrderReserved"
    stock = shop.stock(sku)
    assert (stock["on_hand"], stock["reserved"], stock["available"]) == (10, 4, 6)
    payment = shop.get(f"/payments/{placed['order_id']}")
    assert (payment["status"], payment["amount"]) == ("authorized", {"amount": 3980, "currency": "EUR"})


def test_sixty_four_orders_get_exactly_the_forty_units_that_there_are_and_the_rest_when_they_arrive(
    shop: Shop,
) -> None:
    sku = shop.product(units=40)
    orders = shop.place_many([{sku: 1}] * 64, clients=32)
    assert len(set(orders)) == 64
    shop.until(
        lambda: shop.statuses(orders) == {"reserved": 40, "backordered": 24}, "40 reserved, 24 waiting", 120
    )
    stock = shop.stock(sku)
    assert (stock["reserved"], stock["available"], stock["backordered"]) == (40, 0, 24)
    shop.receive_more(sku, 24)
    shop.until(lambda: shop.statuses(orders) == {"reserved": 64}, "all 64 reserved", 120)
    stock = shop.stock(sku)
    assert (stock["on_hand"], stock["reserved"], stock["available"], stock["backordered"]) == (64, 64, 0, 0)


def test_the_oldest_promise_is_served_first(shop: Shop) -> None:
    sku = shop.product(units=1)
    orders = []
    for _ in range(3):
        orders.append(shop.place({sku: 2}))
        shop.settled(orders[-1], "backordered")
    shop.receive_more(sku, 1)
    shop.settled(orders[0], "reserved")
    shop.receive_more(sku, 2)
    shop.settled(orders[1], "reserved")
    assert shop.settled(orders[2], "backordered")["lines"][0]["status"] == "backordered"


def test_one_idempotency_key_makes_one_order_however_often_it_is_sent(shop: Shop) -> None:
    sku, key = shop.product(units=5), str(uuid4())
    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(lambda _: shop.call("POST", "/orders", order({sku: 1}), key=key), range(10)))
    assert {answer.status for answer in answers} == {201}
    assert len({str(answer.body) for answer in answers}) == 1
    shop.settled(answers[0].body["order_id"], "reserved")
    assert shop.stock(sku)["reserved"] == 1
    other = shop.call("POST", "/orders", order({sku: 2}), key=key)
    assert (other.status, other.body["type"]) == (422, "urn:stowage:problem:idempotency-key-reused")


def test_an_adjustment_sent_again_is_made_once_and_gets_its_first_answer(shop: Shop) -> None:
    sku, key = shop.product(units=5), str(uuid4())
    place = shop.stock(sku)["locations"][0]["location"]
    body = {"sku": sku, "location": place, "quantity": 3, "reason": "found"}
    first = shop.call("POST", "/inventory/stock/adjustments", body, key=key)
    shop.adjust(sku, place, 4)
    again = shop.call("POST", "/inventory/stock/adjustments", body, key=key)
    assert again.body == first.body
    assert (first.body["on_hand"], again.headers["idempotent-replayed"]) == (8, "true")
    shop.until(lambda: shop.stock(sku)["on_hand"] == 12, "12 on hand")


@pytest.mark.parametrize(
    ("token", "reason"), [("tok_declined", "card_declined"), ("tok_insufficient_funds", "insufficient_funds")]
)
def test_a_declined_card_cancels_the_order_and_leaves_the_stock_untouched(
    shop: Shop, token: str, reason: str
) -> None:
    sku = shop.product(units=5)
    cancelled = shop.settled(shop.place({sku: 2}, method=token), "cancelled")
    assert reason in cancelled["reason"]
    assert cancelled["payment"]["status"] == "declined"
    assert "orders.ReservationRequested" not in [entry["type"] for entry in cancelled["history"]]
    assert shop.stock(sku)["reserved"] == 0


def test_a_provider_that_times_out_once_is_asked_again_and_the_order_goes_on(shop: Shop) -> None:
    sku = shop.product(units=5)
    shop.settled(shop.place({sku: 2}, method="tok_timeout_once"), "reserved")


def test_a_provider_that_never_answers_parks_the_order_until_its_customer_gives_it_up(shop: Shop) -> None:
    sku = shop.product(units=5)
    order_id = shop.place({sku: 2}, method="tok_timeout_always")
    shop.until(lambda: shop.order(order_id).get("waiting_for") == "the payment provider", "parked", 180)
    assert shop.order(order_id)["status"] == "placed"
    assert shop.get(f"/payments/{order_id}")["parked"]
    assert shop.stock(sku)["reserved"] == 0
    shop.call("POST", f"/orders/{order_id}/cancellation", {"reason": "waited long enough"})
    assert shop.settled(order_id, "cancelled")["payment"]["status"] == "voided"
    assert shop.stock(sku)["reserved"] == 0


def test_a_cancelled_order_frees_its_stock_for_those_who_wait_and_its_money(shop: Shop) -> None:
    sku = shop.product(units=3)
    first = shop.place({sku: 3})
    shop.settled(first, "reserved")
    second = shop.place({sku: 2})
    shop.settled(second, "backordered")
    answer = shop.call("POST", f"/orders/{first}/cancellation", {"reason": "changed my mind"})
    assert (answer.status, answer.body["status"]) == (202, "cancelling")
    cancelled = shop.settled(first, "cancelled")
    assert cancelled["payment"]["status"] == "voided"
    assert shop.get(f"/payments/{first}")["status"] == "voided"
    shop.settled(second, "reserved")
    assert shop.stock(sku)["reserved"] == 2


def test_stock_that_turns_out_to_be_missing_breaks_the_youngest_promise(shop: Shop) -> None:
    sku = shop.product(units=4)
    older, younger = shop.place({sku: 2}), None
    shop.settled(older, "reserved")
    younger = shop.place({sku: 2})
    shop.settled(younger, "reserved")
    shop.receive_more(sku, -1)
    shop.settled(younger, "backordered")
    assert shop.order(older)["status"] == "reserved"
    stock = shop.stock(sku)
    assert (stock["on_hand"], stock["reserved"], stock["available"], stock["backordered"]) == (3, 2, 1, 2)


def test_orders_are_listed_by_status_and_channel_page_by_page(shop: Shop) -> None:
    sku = shop.product(units=2)
    mine = [shop.place({sku: 1}) for _ in range(3)]
    shop.until(lambda: shop.statuses(mine) == {"reserved": 2, "backordered": 1}, "settled")

    def listed(query: str) -> list[str]:
        found: list[str] = []
        cursor = ""
        while True:
            page = shop.get(f"/orders?{query}&limit=2{cursor}")
            found += [item["order_id"] for item in page["items"]]
            if "cursor" not in page:
                return found
            cursor = f"&cursor={page['cursor']}"

    everything = listed("")
    assert len(everything) == len(set(everything))
    assert set(mine) <= set(everything)
    assert set(mine) <= set(listed("channel=webshop"))
    backordered = set(listed("status=backordered&channel=webshop"))
    assert len(backordered & set(mine)) == 1
    assert len(set(listed("status=reserved")) & set(mine)) == 2
    assert shop.get("/orders?channel=nowhere")["items"] == []


def _order(**changes: object) -> dict[str, Any]:
    return {**order({"NOT-THERE": 1}), **changes}


@pytest.mark.parametrize(
    ("request_", "status", "field"),
    [
        ({"body": {k: v for k, v in _order().items() if k != "lines"}}, 422, "lines"),
        ({"body": _order(lines=[{"sku": "X", "quantity": -1, "unit_price": 5}])}, 422, "lines[0].quantity"),
        ({"body": _order(lines=[{"sku": "X", "quantity": 1.5, "unit_price": 5}])}, 422, "lines[0].quantity"),
        ({"body": _order()}, 422, "lines[0].sku"),
        ({"body": _order(gift_wrap=True)}, 422, "gift_wrap"),
        ({"body": _order(lines=[])}, 422, "lines"),
        ({"raw": b'{"channel": "web'}, 400, "body"),
        ({"raw": b"\xff\xfe"}, 400, "body"),
        ({"raw": b"[]"}, 422, "body"),
        ({"body": _order(reference="x" * 2_000_000)}, 413, "body"),
        ({"raw": b"channel=web", "Content_Type": "application/x-www-form-urlencoded"}, 415, "Content-Type"),
    ],
)
def test_a_bad_body_is_answered_with_a_problem_that_names_the_field(
    shop: Shop, request_: dict[str, Any], status: int, field: str
) -> None:
    answer: Answer = shop.call("POST", "/orders", request_.pop("body", None), **request_)
    assert answer.status == status, answer
    assert answer.headers["content-type"] == "application/problem+json"
    [error] = answer.body["errors"]
    assert error["field"] == field
    assert error["message"]
    assert error["remedy"]


def test_adjustments_name_what_is_wrong(shop: Shop) -> None:
    sku = shop.product(units=5)
    place = shop.stock(sku)["locations"][0]["location"]
    wrong = {
        "quantity": ({"sku": sku, "location": place, "quantity": -6, "reason": "lost"}, 409),
        "sku": ({"sku": "NOT-THERE", "location": place, "quantity": 6, "reason": "found"}, 422),
        "location": ({"sku": sku, "location": "NOWHERE", "quantity": 6, "reason": "found"}, 422),
    }
    for field, (body, status) in wrong.items():
        answer = shop.call("POST", "/inventory/stock/adjustments", body)
        assert (answer.status, answer.body["errors"][0]["field"]) == (status, field)
    assert shop.stock(sku)["on_hand"] == 5


def test_a_product_changed_by_somebody_else_is_not_overwritten(shop: Shop) -> None:
    sku = shop.product()
    tag = shop.call("GET", f"/inventory/products/{sku}").headers["etag"]
    mine = shop.call("PUT", f"/inventory/products/{sku}", {"name": "Mine"}, If_Match=tag)
    theirs = shop.call("PUT", f"/inventory/products/{sku}", {"name": "Theirs"}, If_Match=tag)
    assert (mine.status, theirs.status) == (200, 412)
    assert shop.get(f"/inventory/products/{sku}")["name"] == "Mine"


def test_an_order_of_a_thousand_lines_is_an_ordinary_case(shop: Shop) -> None:
    sku = shop.product(units=1_000)
    line = {"sku": sku, "quantity": 1, "unit_price": 1}
    answer = shop.call("POST", "/orders", _order(lines=[line] * 1_000))
    assert answer.status == 201, answer
    placed = shop.settled(answer.body["order_id"], "reserved", within=120)
    assert {one["status"] for one in placed["lines"]} == {"reserved"}
    assert shop.stock(sku)["reserved"] == 1_000


def test_the_contract_and_health_are_open_to_everybody(shop: Shop) -> None:
    assert "/orders/{id}" in shop.call("GET", "/openapi.json", caller=None).body["paths"]
    for path in ("/health", "/inventory/health/live", "/orders/health/ready", "/payments/health/ready"):
        answer = shop.call("GET", path, caller=None)
        assert (answer.status, answer.body["status"]) == (200, "pass")
