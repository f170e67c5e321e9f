"""Intake: an order is taken once, whatever the client repeats, and refused with the field that is wrong."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial
from typing import TYPE_CHECKING

import pytest

from shared import aws
from tests.support.faults import Died, at_moment, die, losing_answers, refusing
from tests.unit.orders.counter import ASSORTMENT, Counter, answer, authorized, registered, reserved, unused

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

Fault = Callable[["DynamoDBClient"], AbstractContextManager[object]]
MOMENTS = 3
"""Taking an order: read which SKUs are known, read the order's stream, write."""


class TestPlacing:
    def test_an_order_is_taken_with_its_total_and_its_address(self, counter: Counter) -> None:
        answer = counter.post((counter.sku(), 2), (counter.sku(), 3))
        order_id = answer.body["order_id"]
        assert (answer.status, answer.headers["location"]) == (201, f"/orders/{order_id}")
        assert (answer.body["status"], answer.body["total"]) == ("placed", {"amount": 4975, "currency": "EUR"})
        assert counter.happened(order_id) == ["OrderPlaced", "PaymentAuthorizationRequested"]
        assert len(counter.commits(order_id)) == 1

    def test_a_repeat_gets_the_first_answer_and_takes_no_second_order(self, counter: Counter) -> None:
        sku = counter.sku()
        first = counter.post((sku, 1), key="O-1")
        again = [counter.post((sku, 1), key="O-1") for _ in range(3)]
        assert all(answer.body == first.body for answer in again)
        assert all(answer.headers["idempotent-replayed"] == "true" for answer in again)
        assert len(counter.commits(first.body["order_id"])) == 1

    def test_a_repeat_gets_the_first_answer_however_far_the_order_has_come(self, counter: Counter) -> None:
        sku, lines = counter.sku(), 240
        first = counter.post(*([(sku, 1)] * lines), key="O-2")
        order_id = first.body["order_id"]
        counter.tell(authorized(order_id))
        for start in range(1, lines + 1, 60):
            assert counter.tell(*(reserved(order_id, line, line) for line in range(start, start + 60))) == []
        assert counter.order(order_id).status == "reserved"
        again = counter.post(*([(sku, 1)] * lines), key="O-2")
        assert (again.status, again.body) == (201, first.body)
        assert counter.post((sku, 1), key="O-2").problem == "idempotency-key-reused"

    def test_one_key_for_two_orders_is_refused(self, counter: Counter) -> None:
        sku = counter.sku()
        counter.post((sku, 1), key="O-3")
        other = counter.post((sku, 2), key="O-3")
        assert (other.status, other.problem, other.field) == (422, "idempotency-key-reused", "Idempotency-Key")

    @pytest.mark.parametrize("moment", range(MOMENTS))
    def test_one_key_from_two_clients_at_once_is_one_order(self, counter: Counter, moment: int) -> None:
        again = partial(counter.post, (counter.sku(), 1), key=unused("twice"))
        with at_moment(aws.dynamodb(), moment, again) as passed:
            interrupted = again()
        assert passed
        assert interrupted.body == again().body
        assert len(counter.commits(interrupted.body["order_id"])) == 1

    @pytest.mark.parametrize("moment", range(MOMENTS))
    def test_one_key_for_two_orders_at_once_takes_one_of_them(self, counter: Counter, moment: int) -> None:
        sku, key = counter.sku(), unused("rivals")
        with at_moment(aws.dynamodb(), moment, partial(counter.post, (sku, 2), key=key)):
            interrupted = counter.post((sku, 1), key=key)
        winner = 1 if interrupted.status == 201 else 2
        assert counter.post((sku, winner), key=key).status == 201
        assert counter.post((sku, 3 - winner), key=key).problem == "idempotency-key-reused"

    @pytest.mark.parametrize("moment", range(MOMENTS))
    def test_a_worker_that_dies_takes_the_order_once_when_it_is_sent_again(
        self, counter: Counter, moment: int
    ) -> None:
        again = partial(counter.post, (counter.sku(), 1), key=unused("dead"))
        with at_moment(aws.dynamodb(), moment, die), pytest.raises(Died):
            again()
        answer = again()
        assert (answer.status, len(counter.commits(answer.body["order_id"]))) == (201, 1)

    @pytest.mark.parametrize(
        "fault",
        [
            lambda client: losing_answers(client, "PutItem"),
            lambda client: refusing(client, "PutItem", "ThrottlingException"),
            lambda client: refusing(client, "Query", "ProvisionedThroughputExceededException"),
            lambda client: refusing(client, "BatchGetItem", "ThrottlingException"),
        ],
        ids=["lost write", "refused write", "refused read", "refused view"],
    )
    def test_a_table_that_does_not_answer_now_is_told_and_the_repeat_is_taken_once(
        self, counter: Counter, fault: Fault
    ) -> None:
        again = partial(counter.post, (counter.sku(), 1), key=unused("busy"))
        with fault(aws.dynamodb()):
            busy = again()
        assert (busy.status, busy.problem) == (503, "unavailable")
        answer = again()
        assert (answer.status, len(counter.commits(answer.body["order_id"]))) == (201, 1)


class TestWhatIsRefused:
    def test_an_unknown_sku_is_named_by_its_line(self, counter: Counter) -> None:
        answer = counter.post((counter.sku(), 1), ("NOWHERE", 1))
        assert (answer.status, answer.problem, answer.field) == (422, "unknown-sku", "lines[1].sku")
        assert answer.body["errors"][0]["value"] == "NOWHERE"

    def test_a_sku_can_be_ordered_as_soon_as_inventory_has_announced_it(self, counter: Counter) -> None:
        sku, key = unused("LATER"), unused("key")
        assert counter.post((sku, 1), key=key).status == 422
        for _ in range(2):
            assert counter.landscape.deliver(ASSORTMENT, registered(sku)) == []
        assert counter.post((sku, 1), key=key).status == 201

    def test_a_poison_announcement_fails_alone(self, counter: Counter) -> None:
        sku = unused("SKU")
        assert counter.landscape.deliver(ASSORTMENT, "poison", registered(sku), registered("a#b")) == [0, 2]
        assert counter.post((sku, 1)).status == 201

    def test_1500_lines_are_taken_and_one_more_is_not(self, counter: Counter) -> None:
        lines = [(counter.sku(), 1) for _ in range(150)] * 10
        order_id = counter.place(*lines)
        assert len(counter.details(order_id)["lines"]) == 1500
        assert counter.tell(authorized(order_id)) == []
        assert counter.order(order_id).status == "reserving"
        answer = counter.post(*lines, lines[0])
        assert (answer.status, answer.field) == (422, "lines")

    def test_the_longest_names_and_greatest_numbers_still_fit_in_one_decision(self, counter: Counter) -> None:
        sku = unused("S".ljust(34, "-"))[:40]
        counter.landscape.deliver(ASSORTMENT, registered(sku))
        line = {"sku": sku, "quantity": 1_000_000_000, "unit_price": 0}
        answer = counter.post(lines=[line] * 1500)
        assert answer.status == 201
        assert counter.order(answer.body["order_id"]).status == "reserving"

    @pytest.mark.parametrize("price", [1_001, 1_000_000_000_000])
    def test_an_order_that_no_money_can_express_is_refused_and_leaves_no_trace(
        self, counter: Counter, price: int
    ) -> None:
        key = unused("dear")
        line = {"sku": counter.sku(), "quantity": 1_000_000_000, "unit_price": price}
        answer = counter.post(lines=[line], key=key)
        assert (answer.status, answer.problem, answer.field) == (422, "order-too-expensive", "lines")
        assert counter.post(lines=[{**line, "unit_price": 1000}], key=key).status == 201

    @pytest.mark.parametrize(
        ("change", "field"),
        [
            ({"lines": []}, "lines"),
            ({"lines": [{"sku": "A", "quantity": -1, "unit_price": 1}]}, "lines[0].quantity"),
            ({"lines": [{"sku": "A", "quantity": 0, "unit_price": 1}]}, "lines[0].quantity"),
            ({"lines": [{"sku": "A", "quantity": 1.5, "unit_price": 1}]}, "lines[0].quantity"),
            ({"lines": [{"sku": "A", "quantity": 1}]}, "lines[0].unit_price"),
            ({"lines": [{"sku": "", "quantity": 1, "unit_price": 1}]}, "lines[0].sku"),
            ({"channel": "Web Shop"}, "channel"),
            ({"currency": "euro"}, "currency"),
            ({"payment": {"method": "4111111111111111"}}, "payment.method"),
            ({"payment": {}}, "payment.method"),
            ({"placed_at": "2026-01-31"}, "placed_at"),
            ({"customer_name": "Ada"}, "customer_name"),
        ],
    )
    def test_an_order_that_makes_no_sense_is_refused_and_the_field_named(
        self, counter: Counter, change: dict[str, object], field: str
    ) -> None:
        body: dict[str, object] = {"lines": [{"sku": counter.sku(), "quantity": 1, "unit_price": 1}], **change}
        answer = counter.post(**body)  # type: ignore[arg-type]
        assert (answer.status, answer.field) == (422, field)


class TestCancelling:
    def test_a_cancellation_starts_and_a_second_changes_nothing(self, counter: Counter) -> None:
        order_id = counter.place()
        first = counter.cancel(order_id, key="C-1")
        assert (first.status, first.body["status"]) == (202, "cancelling")
        assert counter.cancel(order_id, key="C-1").headers["idempotent-replayed"] == "true"
        other = counter.cancel(order_id)
        assert (other.status, other.body) == (202, first.body)
        assert counter.happened(order_id).count("CancellationStarted") == 1

    def test_an_order_that_does_not_exist_cannot_be_cancelled(self, counter: Counter) -> None:
        answer = counter.cancel("7d0c3a3e-1f0b-8a52-9c58-6f2f1f4b7a10")
        assert (answer.status, answer.problem, answer.field) == (404, "unknown-order", "id")

    def test_a_long_reason_of_the_payment_provider_still_ends_the_order(self, counter: Counter) -> None:
        for kind, status in (("PaymentDeclined", "cancelled"), ("PaymentAbandoned", "cancelling")):
            order_id = counter.place()
            assert counter.tell(answer(f"payments.{kind}", order_id, reason="x" * 500)) == []
            assert counter.details(order_id)["status"] == status
            assert len(counter.details(order_id)["reason"]) == 200
