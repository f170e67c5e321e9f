"""An order whose money is no longer set aside: it is stopped, and goes on once it is set aside again."""

from contextlib import suppress
from functools import partial
from itertools import permutations

import pytest

from orders.aggregates import ORDER
from orders.contracts import PaymentRenewalRequested, PaymentVoidRequested, ShipmentRequested
from orders.domain.commands import (
    CancelOrder,
    ChangePaymentMethod,
    NoteAuthorization,
    NoteDeclinedCapture,
    NoteLapse,
    NoteRenewal,
    NoteVoid,
    ReleaseHold,
    ReleaseOrder,
)
from orders.domain.facts import HoldReleased, OrderHeld, PaymentLapsed, PaymentRenewed
from shared import aws
from shared.envelope import CloudEvent
from tests.support.faults import Died, at_moment, die
from tests.support.scenarios import Given, given
from tests.unit.orders.counter import Counter, answer
from tests.unit.orders.journey import (
    FIRST,
    ID,
    NOW,
    closed,
    collected,
    labels,
    left,
    only,
    paid,
    place,
    reserved,
    told,
)
from tests.unit.orders.journey import dispatched as sent
from tests.unit.orders.journey import packed as packed_order


def lapse(answer: int = 7) -> NoteLapse:
    return NoteLapse(answer, "insufficient_funds", NOW)


def renewal(answer: int = 9) -> NoteRenewal:
    return NoteRenewal(answer, NOW)


LAPSED = PaymentLapsed(answer=7, reason="insufficient_funds")
HELD = OrderHeld(kind="payment", reason="no longer authorized: insufficient_funds")


def test_an_order_whose_authorization_lapsed_is_held() -> None:
    Given(ORDER, reserved()).when(lapse()).then(LAPSED, HELD)
    held = told(reserved(), lapse())
    assert (held.payment, list(held.holds)) == ("lapsed", ["payment"])
    refused = Given(ORDER, held).when(ReleaseOrder(NOW)).rejection
    assert refused is not None
    assert refused.code == "order-held"
    Given(ORDER, held).when(lapse()).then()


def test_lifting_the_hold_asks_for_the_money_again_and_ends_when_it_is_there() -> None:
    held = told(reserved(), lapse())
    asked = Given(ORDER, held).when(ReleaseHold("payment", NOW)).then(PaymentRenewalRequested(order_id=ID))
    assert list(asked.holds) == ["payment"]
    again = told(asked, lapse(8))
    assert list(again.holds) == ["payment"]
    on = Given(ORDER, again).when(renewal(9)).then(PaymentRenewed(answer=9), HoldReleased(kind="payment"))
    assert (on.payment, list(on.holds)) == ("authorized", [])
    assert told(on, ReleaseOrder(NOW)).status == "allocating"


@pytest.mark.parametrize("news", list(permutations((lapse(7), renewal(9), lapse(5)))))
def test_of_what_payments_says_the_latest_counts_whenever_it_comes(news: tuple[NoteLapse, ...]) -> None:
    order = told(reserved(), *news, *news)
    assert (order.payment, list(order.holds)) == ("authorized", [])


def test_a_lapse_that_overtakes_its_authorization_does_not_stop_the_reservation() -> None:
    order = told(given(ORDER).when(place()).state, lapse(), NoteAuthorization("auth_1", NOW))
    assert (order.status, order.payment, list(order.holds)) == ("reserving", "lapsed", ["payment"])


def test_nothing_that_is_packed_is_requested_before_the_money_is_there() -> None:
    held = told(collected(), lapse(), packed_order())
    assert not held.shipments[FIRST].requested
    assert held.waiting_for == "release of a hold"
    outcome = Given(ORDER, held).when(renewal())
    assert only(ShipmentRequested, outcome.events).shipment_id == FIRST


def test_another_means_of_payment_is_taken_once_the_first_has_lapsed() -> None:
    refused = Given(ORDER, reserved()).when(ChangePaymentMethod("tok_other", NOW)).rejection
    assert refused is not None
    assert refused.code == "payment-stands"
    held = told(reserved(), lapse())
    wanted = PaymentRenewalRequested(order_id=ID, method="tok_other")
    Given(ORDER, held).when(ChangePaymentMethod("tok_other", NOW)).then(wanted)


def test_what_has_left_can_still_be_paid_by_another_means() -> None:
    owing = told(sent(), lapse(), NoteDeclinedCapture(FIRST, "insufficient_funds", NOW))
    assert (owing.payment, list(owing.holds), len(owing.in_debt)) == ("lapsed", [], 1)
    wanted = PaymentRenewalRequested(order_id=ID, method="tok_other")
    Given(ORDER, owing).when(ChangePaymentMethod("tok_other", NOW)).then(wanted)
    settled = told(owing, paid())
    refused = Given(ORDER, settled).when(ChangePaymentMethod("tok_other", NOW)).rejection
    assert refused is not None
    assert refused.code == "order-left"


def test_what_has_left_and_is_paid_is_not_held() -> None:
    assert not told(closed(), lapse()).holds


def test_an_order_that_lapsed_is_called_off_with_its_money() -> None:
    held = told(reserved(), lapse(), ReleaseHold("payment", NOW))
    outcome = Given(ORDER, held).when(CancelOrder("no more", NOW))
    assert only(PaymentVoidRequested, outcome.events).order_id == ID
    freed = told(outcome.state, NoteVoid(NOW))
    assert freed.payment == "voided"
    Given(ORDER, freed).when(renewal()).then()


def test_a_held_order_that_leaves_nevertheless_is_noted_and_asked_for() -> None:
    order = told(collected(), packed_order(), labels(), lapse(), left())
    assert (order.status, order.shipments[FIRST].capture) == ("dispatched", "requested")


# --- as messages and requests bring it ---


def lapsed(order_id: str, place: int = 7) -> CloudEvent:
    return answer("payments.ReauthorizationDeclined", order_id, place, reason="insufficient_funds", amount=1990)


def test_people_see_the_hold_and_lift_it(counter: Counter) -> None:
    order_id = counter.ready(2)
    assert counter.tell(lapsed(order_id), lapsed(order_id)) == []
    details = counter.details(order_id)
    assert (details["payment"]["status"], list(details["holds"])) == ("lapsed", ["payment"])
    counter.landscape.project("orders")
    listed = counter.get("/orders", status="reserved", limit="200").body["items"]
    assert next(one for one in listed if one["order_id"] == order_id)["holds"] == ["payment"]
    first, again = (counter.post_to(order_id, "holds/payment/release", key=f"lift-{order_id}") for _ in range(2))
    assert (first.status, first.body["held"], first.body) == (200, True, again.body)
    assert counter.happened(order_id).count("PaymentRenewalRequested") == 1
    assert counter.tell(answer("payments.PaymentReauthorized", order_id, 9, amount=1990)) == []
    assert counter.details(order_id)["holds"] == {}
    assert counter.post_to(order_id, "release").status == 202


def test_a_hold_for_its_payment_is_not_placed_by_hand(counter: Counter) -> None:
    refused = counter.post_to(counter.ready(1), "holds", {"kind": "payment", "reason": "look"})
    assert refused.status == 422


def test_another_means_of_payment_comes_by_http(counter: Counter) -> None:
    order_id = counter.ready(1)
    refused = counter.put(order_id, "payment-method", {"method": "tok_other"})
    assert (refused.status, refused.problem) == (409, "payment-stands")
    counter.tell(lapsed(order_id))
    assert counter.put(order_id, "payment-method", {"method": "4242"}).status == 422
    taken = counter.put(order_id, "payment-method", {"method": "tok_other"})
    assert (taken.status, taken.body["method"]) == (202, "tok_other")


def test_wherever_a_worker_dies_the_lapse_counts_once(counter: Counter) -> None:
    for moment in range(8):
        order_id = counter.ready(1)
        with at_moment(aws.dynamodb(), moment, die) as passed, suppress(Died):
            counter.tell(lapsed(order_id))
        assert counter.tell(lapsed(order_id)) == []
        assert counter.happened(order_id).count("PaymentLapsed") == 1
        if moment >= len(passed):
            break
    assert moment >= 1


def test_a_lapse_at_the_moment_of_release_leaves_the_order_held_or_released_and_held(counter: Counter) -> None:
    for moment in range(6):
        order_id = counter.ready(1)
        with at_moment(aws.dynamodb(), moment, partial(counter.tell, lapsed(order_id))) as passed:
            counter.post_to(order_id, "release")
        counter.tell(lapsed(order_id))
        assert list(counter.order(order_id).holds) == ["payment"]
        if moment >= len(passed):
            break
