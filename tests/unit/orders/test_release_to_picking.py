"""An order is released to picking: its lines get concrete units, lose them, get others, or give them back."""

from collections.abc import Callable

import pytest

from shared.envelope import CloudEvent
from tests.support.landscape import Answer
from tests.unit.orders.counter import Counter, answer, authorized, reserved, short, unused

PICK = {"holding": "A-1", "place": "A-1", "sku": "X", "units": 1, "lot": "L1"}


def allocated(order_id: str, line: int = 1, place: int = 1) -> CloudEvent:
    return answer("inventory.LineAllocated", order_id, place, line_id=str(line), picks=[PICK])


def unallocated(order_id: str, line: int = 1, place: int = 1) -> CloudEvent:
    return answer("inventory.LineUnallocated", order_id, place, line_id=str(line), missing=1)


def broken(order_id: str, line: int, place: int) -> CloudEvent:
    return answer("inventory.LineBroken", order_id, place, line_id=str(line))


def release(counter: Counter, order_id: str, key: str = "") -> Answer:
    return counter.landscape.call("POST", f"/orders/{order_id}/release", key=key or unused("key"))


def ready(counter: Counter, lines: int = 2) -> str:
    """An order that is reserved."""
    order_id = counter.place(*((counter.sku(), 1) for _ in range(lines)))
    counter.tell(authorized(order_id))
    counter.tell(*(reserved(order_id, line) for line in range(1, lines + 1)))
    assert counter.order(order_id).status == "reserved"
    return order_id


def test_a_reserved_order_is_released_once_and_asks_for_its_units(counter: Counter) -> None:
    order_id = ready(counter)
    first, again, other = (
        release(counter, order_id, "k-1"),
        release(counter, order_id, "k-1"),
        release(counter, order_id),
    )
    assert [one.status for one in (first, again, other)] == [202] * 3
    assert [one.body["status"] for one in (first, again, other)] == ["allocating"] * 3
    assert counter.happened(order_id).count("AllocationRequested") == 1


def test_an_order_is_allocated_once_every_line_is(counter: Counter) -> None:
    order_id = ready(counter)
    release(counter, order_id)
    counter.tell(allocated(order_id, 2))
    assert counter.order(order_id).status == "allocating"
    counter.tell(allocated(order_id, 1), allocated(order_id, 1))
    details = counter.details(order_id)
    assert (details["status"], details["lines"][0]["status"]) == ("allocated", "allocated")
    assert details["lines"][0]["picks"] == [{"holding": "A-1", "place": "A-1", "units": 1, "lot": "L1"}]
    assert counter.happened(order_id).count("OrderAllocated") == 1


@pytest.mark.parametrize(
    ("prepare", "says"),
    [
        (lambda counter: counter.place(), "payment"),
        (lambda counter: _short(counter), "wait for stock"),
        (lambda counter: _cancelled(counter), "given up"),
    ],
)
def test_only_a_reserved_order_is_released(counter: Counter, prepare: Callable[[Counter], str], says: str) -> None:
    order_id = prepare(counter)
    refused = release(counter, order_id)
    assert (refused.status, refused.problem) == (409, "not-reserved")
    assert says in refused.body["detail"]
    assert refused.body["errors"][0]["remedy"]


def test_an_order_that_never_was_is_not_released(counter: Counter) -> None:
    assert release(counter, "00000000-0000-8000-8000-000000000000").status == 404


def test_units_that_are_lost_are_waited_for_and_found_again(counter: Counter) -> None:
    order_id = ready(counter, 1)
    release(counter, order_id)
    counter.tell(allocated(order_id, place=3))
    counter.tell(unallocated(order_id, place=2))
    assert counter.order(order_id).status == "allocated", "that is old news"
    counter.tell(unallocated(order_id, place=4))
    details = counter.details(order_id)
    assert (details["status"], details["lines"][0]["missing"]) == ("allocating", 1)
    counter.tell(allocated(order_id, place=5))
    assert counter.order(order_id).status == "allocated"


def test_a_promise_that_breaks_after_the_release_puts_the_order_back(counter: Counter) -> None:
    order_id = ready(counter)
    release(counter, order_id)
    counter.tell(allocated(order_id, 1), allocated(order_id, 2))
    counter.tell(broken(order_id, 1, 5))
    assert counter.order(order_id).status == "backordered"
    counter.tell(allocated(order_id, 1, 9))
    assert counter.order(order_id).status == "backordered"
    counter.tell(reserved(order_id, 1, 6))
    order = counter.order(order_id)
    assert (order.status, order.lines["1"].status, order.lines["2"].status) == (
        "allocating",
        "reserved",
        "allocated",
    )
    assert counter.happened(order_id).count("AllocationRequested") == 2, "nobody has to release it again"
    counter.tell(allocated(order_id, 1, 10))
    assert counter.order(order_id).status == "allocated"


def test_a_line_promised_anew_while_the_order_is_allocated_is_asked_for_again(counter: Counter) -> None:
    """The news that its promise was broken in between may come late, or never count."""
    order_id = ready(counter, 1)
    release(counter, order_id)
    counter.tell(allocated(order_id))
    counter.tell(reserved(order_id, 1, 9))
    order = counter.order(order_id)
    assert (order.status, counter.happened(order_id).count("AllocationRequested")) == ("allocating", 2)
    counter.tell(allocated(order_id, place=2))
    assert counter.order(order_id).status == "allocated"


def test_a_cancelled_order_gives_back_what_was_set_aside(counter: Counter) -> None:
    order_id = ready(counter, 1)
    release(counter, order_id)
    counter.tell(allocated(order_id))
    counter.cancel(order_id)
    assert counter.happened(order_id)[-2:] == ["PaymentVoidRequested", "ReservationReleaseRequested"]
    counter.tell(allocated(order_id, place=7))
    counter.tell(answer("payments.PaymentVoided", order_id))
    counter.tell(answer("inventory.ReservationReleased", order_id, 8, line_id="1"))
    details = counter.details(order_id)
    assert (details["status"], details["lines"][0].get("picks")) == ("cancelled", None)


def _short(counter: Counter) -> str:
    order_id = counter.place()
    counter.tell(authorized(order_id))
    counter.tell(short(order_id, 1))
    return order_id


def _cancelled(counter: Counter) -> str:
    order_id = counter.place()
    counter.cancel(order_id)
    return order_id
