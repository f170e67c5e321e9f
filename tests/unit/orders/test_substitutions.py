"""Another product is sent instead of what an order lacks, where the customer allows it."""

from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from functools import partial
from itertools import count

import pytest
from msgspec import Struct

from orders.aggregates import ORDER
from orders.contracts import (
    AllocationRequested,
    CaptureRequested,
    LineSubstituted,
    OrderLine,
    Pick,
    PickingRequested,
    ReleasedLine,
    RequestedLine,
    ReservationReleaseRequested,
    ReservationRequested,
    ShipmentRefused,
    ShipmentRequested,
    UnitsOfLine,
    WithdrawnLine,
)
from orders.domain.commands import (
    CancelOrder,
    CheckDeadline,
    NoteAllocatedLine,
    NoteAuthorization,
    NotePacked,
    NotePicked,
    NotePickingStarted,
    NoteReleasedLine,
    NoteReservedLine,
    NoteUnallocatedLine,
    NoteWaitingLine,
    ReleaseOrder,
    SubstituteLine,
)
from orders.domain.order import Order
from orders.domain.states import ALLOCATION_TIME
from shared import aws
from tests.simulation.dynamodb import Database
from tests.support.faults import Died, at_moment, die
from tests.support.landscape import Answer, landscape
from tests.support.scenarios import Given, given
from tests.unit.orders.counter import ASSORTMENT, Counter, answer, authorized, described, reserved, short, unused
from tests.unit.orders.journey import (
    CARTONS,
    FIRST,
    NOW,
    SECOND,
    VALUE,
    allocated,
    allocated_line,
    arrived,
    labels,
    left,
    only,
    packed,
    paid,
    place,
    released,
    told,
)

JUG_OR_BOWL = ("JUG", "BOWL")
TROLLEY = "0190f3c2-9f33-8c1f-9a55-000000000001"


def instead(
    units: int | None = None, sku: str | None = None, line: str = "1", may: tuple[str, ...] = JUG_OR_BOWL
) -> SubstituteLine:
    """Replace mugs, by the first product that may be sent instead unless another is named."""
    return SubstituteLine(line, sku, units, may, NOW)


def lacking(missing: int = 5) -> Order:
    """The order, released; cups are there, of five mugs `missing` are not found."""
    order = released(substitutes_allowed=True)
    return told(order, allocated_line("2"), NoteUnallocatedLine("1", 1, missing, NOW, 5))


def in_part() -> Order:
    """The order, with three of its five mugs and two cups in a trolley; the other two mugs are not found."""
    order = told(allocated(substitutes_allowed=True), NotePickingStarted(NOW))
    return told(order, NoteUnallocatedLine("1", 2, 2, NOW, 5))


def trolley(units: int = 3, answer: int = 3, quantity: int = 3) -> NoteAllocatedLine:
    return NoteAllocatedLine("1", answer, (Pick(TROLLEY, TROLLEY, units),), NOW, quantity)


class TestAWholeLine:
    def test_what_is_not_found_is_let_go_of_and_the_other_product_asked_for(self) -> None:
        outcome = Given(ORDER, lacking()).when(instead())
        substituted, release, ask, *_ = outcome.events
        assert substituted == LineSubstituted(
            order_id=outcome.state.order_id,
            line_id="1",
            sku="MUG",
            units=5,
            substitute=OrderLine("3", "JUG", 5, 895),
        )
        assert isinstance(release, ReservationReleaseRequested)
        assert release.lines == (ReleasedLine("1", "MUG"),)
        assert isinstance(ask, ReservationRequested)
        assert ask.lines == (RequestedLine("3", "JUG", 5),)
        assert (outcome.state.status, outcome.state.lines["1"].status) == ("allocating", "released")
        assert outcome.state.total.amount == VALUE

    def test_it_goes_the_way_of_any_line_to_the_customer_and_costs_what_was_ordered(self) -> None:
        order = told(lacking(), instead(), NoteReservedLine("3", 1, NOW))
        assert [line.line_id for line in order.lines_in("reserved")] == ["3"]
        outcome = Given(ORDER, order).when(NoteAllocatedLine("3", 1, (Pick("J-1", "J-1", 5),), NOW, 5))
        wanted = only(PickingRequested, outcome.events)
        assert ([line.line_id for line in wanted.lines], wanted.total_lines) == (["3"], 2)
        lines = (UnitsOfLine("2", "CUP", 2), UnitsOfLine("3", "JUG", 5))
        sent = Given(ORDER, told(outcome.state, NotePacked(FIRST, CARTONS[FIRST], lines, NOW), labels())).when(
            left()
        )
        assert only(CaptureRequested, sent.events).amount == VALUE
        order = told(sent.state, paid(), arrived())
        assert (order.status, order.captured) == ("closed", VALUE)

    def test_a_substitute_without_stock_waits_like_any_line(self) -> None:
        order = told(lacking(), instead(), NoteWaitingLine("3", 1, 0, NOW))
        assert (order.status, order.waiting_for) == ("backordered", "stock")

    def test_it_is_replaced_in_turn_and_what_was_ordered_may_come_back(self) -> None:
        order = told(lacking(), instead(), NoteWaitingLine("3", 1, 0, NOW))
        substituted = only(LineSubstituted, Given(ORDER, order).when(instead(line="3", sku="BOWL")).events)
        assert substituted.substitute == OrderLine("4", "BOWL", 5, 895)
        order = told(order, instead(line="3", sku="BOWL"))
        assert order.ordered(order.lines["4"]).sku == "MUG"

    def test_before_the_release_the_order_waits_no_longer_for_what_there_is_not(self) -> None:
        order = given(ORDER).when(place(substitutes_allowed=True)).state
        answers = (NoteWaitingLine("1", 1, 0, NOW), NoteReservedLine("2", 1, NOW))
        order = told(order, NoteAuthorization("auth_1", NOW), *answers)
        assert order.status == "backordered"
        order = told(order, instead())
        assert (order.status, order.waiting_for) == ("reserving", "")
        order = told(order, NoteReservedLine("3", 1, NOW))
        assert order.status == "reserved"
        asked = only(AllocationRequested, Given(ORDER, order).when(ReleaseOrder(NOW)).events)
        assert [line.sku for line in asked.lines] == ["CUP", "JUG"]

    def test_an_unanswered_promise_is_asked_for_again(self) -> None:
        later = CheckDeadline(NOW + ALLOCATION_TIME + timedelta(minutes=1))
        outcome = Given(ORDER, told(lacking(), instead())).when(later)
        again = only(ReservationRequested, outcome.events)
        assert (again.lines, again.attempt) == ((RequestedLine("3", "JUG", 5),), 2)
        assert outcome.state.deadline > later.at.isoformat()[:19]

    def test_a_cancelled_order_lets_go_of_the_substitute_too(self) -> None:
        order = told(lacking(), instead(), NoteReservedLine("3", 1, NOW))
        freed = only(ReservationReleaseRequested, Given(ORDER, order).when(CancelOrder("enough", NOW)).events)
        assert [line.line_id for line in freed.lines] == ["2", "3"]


class TestPartOfALine:
    def test_only_what_is_missing_is_replaced(self) -> None:
        outcome = Given(ORDER, in_part()).when(instead())
        assert only(LineSubstituted, outcome.events).substitute == OrderLine("3", "JUG", 2, 895)
        assert only(ReservationReleaseRequested, outcome.events).lines == (ReleasedLine("1", "MUG", 3),)
        told_picking = only(PickingRequested, outcome.events)
        assert (told_picking.lines, told_picking.total_lines) == ((), 3), "picking waits for the other line"
        line = outcome.state.lines["1"]
        assert (line.status, line.open, line.missing) == ("reserved", 3, 0)

    def test_less_than_is_missing_may_be_replaced_and_the_rest_later(self) -> None:
        order = told(in_part(), instead(1), instead(sku="BOWL"))
        assert [(line.sku, line.open) for line in order.lines_in("pending")] == [("JUG", 1), ("BOWL", 1)]
        assert order.lines["1"].open == 3

    def test_the_line_goes_on_with_what_lies_in_the_trolley(self) -> None:
        order = told(in_part(), instead())
        late = Given(ORDER, order).when(trolley(5, quantity=5))
        late.then()
        wanted = only(PickingRequested, Given(ORDER, order).when(trolley(answer=4)).events)
        [line] = wanted.lines
        assert (line.quantity, line.in_all, line.answer) == (3, 3, 4)

    def test_what_is_captured_never_exceeds_what_was_ordered(self) -> None:
        order = told(in_part(), instead(), trolley(), packed(_1=3, _2=2), labels())
        first = Given(ORDER, order).when(left())
        assert only(CaptureRequested, first.events).amount == VALUE - 2 * 895
        order = told(first.state, NoteReservedLine("3", 1, NOW), paid(amount=VALUE - 2 * 895))
        assert order.status == "partially_dispatched"
        rest = NotePacked(SECOND, CARTONS[SECOND], (UnitsOfLine("3", "JUG", 2),), NOW)
        second = Given(ORDER, told(order, rest, labels(SECOND))).when(left(SECOND))
        assert only(CaptureRequested, second.events).amount == 2 * 895
        assert second.state.all_sent

    def test_a_broken_promise_is_replaced_as_far_as_is_wished(self) -> None:
        order = told(in_part(), NoteWaitingLine("1", 2, 0, NOW), instead(2))
        assert order.lines["1"].status == "backordered"
        asked = only(AllocationRequested, Given(ORDER, order).when(NoteReservedLine("1", 3, NOW)).events)
        assert [(line.line_id, line.quantity) for line in asked.lines] == [("1", 3)]

    def test_what_is_packed_is_not_replaced(self) -> None:
        order = told(in_part(), packed(_1=3), NoteWaitingLine("1", 2, 0, NOW))
        Given(ORDER, order).when(instead(3)).then_rejected("too-many-units")
        assert only(LineSubstituted, Given(ORDER, order).when(instead()).events).units == 2

    def test_news_of_what_was_given_up_free_no_line(self) -> None:
        order = told(in_part(), instead(), CancelOrder("enough", NOW), NoteReleasedLine("1", 9, NOW, 3))
        assert order.lines["1"].status == "reserved"


class TestUnitsThatTurnUpAgain:
    """What was given up is packed all the same: it never leaves besides what replaces it."""

    def given_up(self, units: int) -> Order:
        """The order, all in a trolley; its mugs lose their promise, and `units` of them are replaced."""
        order = told(allocated(substitutes_allowed=True), NotePickingStarted(NOW), NotePicked(True, NOW))
        return told(order, NoteWaitingLine("1", 2, 0, NOW), instead(units), NoteReservedLine("3", 1, NOW))

    @pytest.mark.parametrize(("units", "surplus"), [(5, 5), (2, 2)])
    def test_a_shipment_with_more_than_is_wanted_is_refused_and_not_labelled(
        self, units: int, surplus: int
    ) -> None:
        outcome = Given(ORDER, self.given_up(units)).when(packed())
        refused = only(ShipmentRefused, outcome.events)
        assert refused.cartons == tuple(carton.sscc for carton in CARTONS[FIRST])
        assert refused.surplus == (UnitsOfLine("1", "MUG", surplus),)
        asked = only(PickingRequested, outcome.events)
        assert (asked.refused, [line.line_id for line in asked.lines]) == ((FIRST,), ["2"]), (
            "its cups are picked anew"
        )
        assert not any(isinstance(event, ShipmentRequested) for event in outcome.events)
        assert outcome.state.shipments[FIRST].status == "withdrawn"
        Given(ORDER, outcome.state).when(packed()).then()

    def test_units_in_several_shipments_are_counted_together(self) -> None:
        order = told(self.given_up(2), packed(_1=3, _2=2))
        assert [one.shipment_id for one in order.undecided] == [FIRST]
        late = Given(ORDER, order).when(packed(SECOND, _1=2))
        assert only(ShipmentRefused, late.events).shipment_id == SECOND
        assert [one.shipment_id for one in late.state.undecided] == [FIRST], "what was enough leaves"

    def test_what_is_picked_anew_leaves_with_the_substitute_at_the_old_price(self) -> None:
        order = told(self.given_up(2), packed(), NoteReservedLine("1", 3, NOW))
        order = told(order, NoteAllocatedLine("1", 2, (Pick("A-9", "A-9", 3),), NOW, 3), allocated_line("2", 2))
        order = told(order, NoteAllocatedLine("3", 1, (Pick("J-1", "J-1", 2),), NOW, 2))
        lines = (UnitsOfLine("1", "MUG", 3), UnitsOfLine("2", "CUP", 2), UnitsOfLine("3", "JUG", 2))
        order = told(order, NotePacked(SECOND, CARTONS[SECOND], lines, NOW), labels(SECOND))
        sent = Given(ORDER, order).when(left(SECOND))
        assert only(CaptureRequested, sent.events).amount == VALUE
        order = told(sent.state, paid(SECOND), arrived(SECOND))
        assert (order.status, order.captured) == ("closed", VALUE)

    def test_when_all_else_has_left_it_stays_behind(self) -> None:
        order = told(self.given_up(5), NoteAllocatedLine("3", 1, (Pick("J-1", "J-1", 5),), NOW, 5))
        lines = (UnitsOfLine("2", "CUP", 2), UnitsOfLine("3", "JUG", 5))
        order = told(order, NotePacked(SECOND, CARTONS[SECOND], lines, NOW), labels(SECOND), left(SECOND))
        late = Given(ORDER, order).when(packed(_1=5))
        assert only(ShipmentRefused, late.events).shipment_id == FIRST
        order = told(late.state, paid(SECOND), arrived(SECOND))
        assert (order.status, order.captured) == ("closed", VALUE)

    def test_a_cancelled_order_puts_everything_back_anyway(self) -> None:
        order = told(self.given_up(5), CancelOrder("enough", NOW))
        assert not [one for one in Given(ORDER, order).when(packed()).events if isinstance(one, ShipmentRefused)]


class TestLinesThatLoseTheirUnits:
    def test_picking_is_told_at_once_and_again_when_there_are_others(self) -> None:
        lost = Given(ORDER, allocated()).when(NoteWaitingLine("1", 2, 0, NOW))
        said = only(PickingRequested, lost.events)
        assert (said.number, said.lines, said.withdrawn) == (2, (), (WithdrawnLine("1", "MUG", 1, 5),))
        back = told(lost.state, NoteReservedLine("1", 3, NOW))
        again = only(PickingRequested, Given(ORDER, back).when(allocated_line("1", 2)).events)
        assert ([line.answer for line in again.lines], again.withdrawn) == ([2], ())

    def test_it_is_told_once_and_not_of_lines_that_it_never_heard_of(self) -> None:
        lost = told(allocated(), NoteWaitingLine("1", 2, 0, NOW))
        assert not [e for e in Given(ORDER, lost).when(NoteWaitingLine("1", 3, 0, NOW)).events
                    if isinstance(e, PickingRequested)]  # fmt: skip
        unheard = Given(ORDER, released()).when(NoteWaitingLine("1", 2, 0, NOW))
        assert not [event for event in unheard.events if isinstance(event, PickingRequested)]

    def test_it_is_told_when_a_lost_line_is_given_up(self) -> None:
        lost = told(allocated(substitutes_allowed=True), NoteWaitingLine("1", 2, 0, NOW))
        said = only(PickingRequested, Given(ORDER, lost).when(instead()).events)
        assert (said.withdrawn, said.total_lines) == ((WithdrawnLine("1", "MUG", 1, 0),), 3)


REFUSED: list[tuple[Order, Struct, str]] = [
    (told(released(), NoteUnallocatedLine("1", 1, 5, NOW, 5)), instead(), "substitutes-not-allowed"),
    (lacking(), instead(line="7"), "unknown-line"),
    (lacking(), instead(line="2"), "not-short"),
    (allocated(substitutes_allowed=True), instead(), "not-short"),
    (lacking(), instead(may=()), "no-substitute"),
    (lacking(), instead(sku="HAT"), "not-a-substitute"),
    (lacking(2), instead(3), "too-many-units"),
    (told(lacking(), CancelOrder("enough", NOW)), instead(), "order-left"),
    (told(lacking(), instead()), instead(), "not-short"),
]


@pytest.mark.parametrize(("order", "wish", "code"), REFUSED)
def test_what_cannot_be_replaced_is_refused_and_why(order: Order, wish: Struct, code: str) -> None:
    assert Given(ORDER, order).when(wish).then_rejected(code).remedy


class TestByHttp:
    def order(self, counter: Counter, units: int = 5) -> tuple[str, str, str]:
        """An order that lacks `units`, its product, and the one that may be sent instead."""
        sku, other = counter.sku(), counter.sku()
        counter.landscape.deliver(ASSORTMENT, described(sku, 2, other, unused("UNKNOWN")))
        order_id = counter.place((sku, units), substitutes_allowed=True)
        counter.tell(authorized(order_id), short(order_id, 1))
        return order_id, sku, other

    def ask(self, counter: Counter, order_id: str, key: str = "", **body: object) -> tuple[int, dict[str, object]]:
        answered = counter.post_to(order_id, "lines/1/substitutions", body, key=key)
        return answered.status, dict(answered.body)

    def test_the_first_that_inventory_names_is_sent_instead_and_shown(self, counter: Counter) -> None:
        order_id, sku, other = self.order(counter)
        status, body = self.ask(counter, order_id)
        assert status == 202
        assert body == {"order_id": order_id, "line_id": "1", "units": 5, "substitute": "2", "sku": other}
        first, second = counter.details(order_id)["lines"]
        assert (first["sku"], first["status"], first["cancelled"]) == (sku, "released", 5)
        assert (second["sku"], second["status"], second["substitute_for"]) == (other, "pending", "1")
        counter.tell(reserved(order_id, 2))
        assert counter.details(order_id)["status"] == "reserved"

    def test_the_same_request_again_gets_the_first_answer(self, counter: Counter) -> None:
        order_id, key = self.order(counter)[0], unused("key")
        assert self.ask(counter, order_id, key, units=2) == self.ask(counter, order_id, key, units=2)
        assert [line["quantity"] for line in counter.details(order_id)["lines"]] == [5, 2]

    def test_what_inventory_does_not_name_any_more_or_never_registered_is_refused(self, counter: Counter) -> None:
        order_id, sku, other = self.order(counter)
        assert self.ask(counter, order_id, sku=sku)[0] == 422
        counter.landscape.deliver(ASSORTMENT, described(sku, 3))
        counter.landscape.deliver(ASSORTMENT, described(sku, 2, other))
        status, body = self.ask(counter, order_id)
        assert (status, str(body["type"]).rpartition(":")[2]) == (409, "no-substitute")

    def test_a_worker_that_dies_anywhere_has_replaced_all_or_nothing(self, counter: Counter) -> None:
        for moment in count():
            order_id, key = self.order(counter)[0], unused("key")
            with at_moment(aws.dynamodb(), moment, die) as passed, suppress(Died):
                self.ask(counter, order_id, key)
            assert self.ask(counter, order_id, key)[0] == 202
            assert [line.get("cancelled", 0) for line in counter.details(order_id)["lines"]] == [5, 0]
            if moment >= len(passed):
                break
        assert moment > 2

    def test_the_list_keeps_the_status_of_a_released_order(self, counter: Counter) -> None:
        sku, other = counter.sku(), counter.sku()
        counter.landscape.deliver(ASSORTMENT, described(sku, 2, other))
        order_id = counter.place((sku, 5), substitutes_allowed=True)
        counter.tell(authorized(order_id), reserved(order_id, 1))
        assert counter.post_to(order_id, "release").status == 202
        counter.tell(answer("inventory.LineUnallocated", order_id, line_id="1", missing=5, quantity=5))
        assert self.ask(counter, order_id)[0] == 202
        counter.landscape.project("orders")
        [shown] = [one for one in counter.get("/orders", status="allocating").body["items"]
                   if one["order_id"] == order_id]  # fmt: skip
        assert (shown["lines"], shown["units"]) == (2, 5)


@pytest.fixture(scope="module")
def busy() -> Iterator[Counter]:
    with landscape(database=Database()) as deployed:
        yield Counter(deployed)


class TestAtTheSameMoment:
    """Two people see what is short, or one of them asks twice: each unit is replaced once."""

    def order(self, busy: Counter) -> str:
        """An order of five and two units of which there is nothing."""
        skus = busy.sku(), busy.sku()
        busy.landscape.deliver(ASSORTMENT, *(described(sku, 2, busy.sku()) for sku in skus))
        order_id = busy.place((skus[0], 5), (skus[1], 2), substitutes_allowed=True)
        busy.tell(authorized(order_id), short(order_id, 1), short(order_id, 2))
        return order_id

    @pytest.mark.parametrize(
        ("first", "second", "answers", "replaced"),
        [
            pytest.param(("1", None), ("1", None), [202, 409], [("1", 5)], id="all of one line, by two"),
            pytest.param(("1", 2), ("1", 3), [202, 202], [("1", 2), ("1", 3)], id="parts of one line, by two"),
            pytest.param(("1", 3), ("1", 3), [202, 422], [("1", 3)], id="more than there is between them"),
            pytest.param(("1", None), ("2", None), [202, 202], [("1", 5), ("2", 2)], id="two lines"),
        ],
    )
    def test_two_requests_replace_no_unit_twice_and_number_their_lines_apart(
        self,
        busy: Counter,
        first: tuple[str, int | None],
        second: tuple[str, int | None],
        answers: list[int],
        replaced: list[tuple[str, int]],
    ) -> None:
        for moment in count():
            order_id = self.order(busy)
            got: list[Answer] = []
            also = partial(self.ask, busy, order_id, *second, got)
            with at_moment(aws.dynamodb(), moment, also) as passed:
                self.ask(busy, order_id, *first, got)
            if moment >= len(passed):
                break
            lines = busy.order(order_id).lines.values()
            added = [line for line in lines if line.substitute_for]
            assert sorted(answer.status for answer in got) == answers, moment
            assert sorted((line.substitute_for, line.quantity) for line in added) == replaced, moment
            assert sorted(line.line_id for line in added) == ["3", "4"][: len(added)], moment
            assert sum(line.wanted for line in lines) == 7, moment
            receipts = {answer.body["substitute"]: answer.body for answer in got if answer.status == 202}
            assert {line.line_id for line in added} == set(receipts), moment
            assert all(receipts[line.line_id]["units"] == line.quantity for line in added), moment
            asked = [one for one in busy.happened(order_id) if one == "ReservationRequested"]
            assert len(asked) == 1 + len(added), moment

    def test_one_request_twice_at_once_replaces_once_and_both_get_the_answer(self, busy: Counter) -> None:
        for moment in count():
            order_id, key = self.order(busy), unused("key")
            got: list[Answer] = []
            again = partial(self.ask, busy, order_id, "1", 2, got, key)
            with at_moment(aws.dynamodb(), moment, again) as passed:
                again()
            if moment >= len(passed):
                break
            assert [answer.status for answer in got] == [202, 202], moment
            assert got[0].body == got[1].body, moment
            assert busy.happened(order_id).count("LineSubstituted") == 1, moment

    def test_a_repeat_gets_its_answer_though_nothing_is_lacking_any_more(self, busy: Counter) -> None:
        order_id, key = self.order(busy), unused("key")
        got: list[Answer] = []
        self.ask(busy, order_id, "1", 2, got, key)
        self.ask(busy, order_id, "1", None, got)
        self.ask(busy, order_id, "1", 2, got, key)
        assert (got[2].status, got[2].body) == (202, got[0].body)
        assert got[2].headers["idempotent-replayed"] == "true"
        self.ask(busy, order_id, "1", 1, got, key)
        assert (got[3].status, got[3].problem) == (422, "idempotency-key-reused")

    def test_stock_that_arrives_meanwhile_and_a_substitution_never_both_count(self, busy: Counter) -> None:
        for moment in count():
            order_id = self.order(busy)
            got: list[Answer] = []
            arrives = partial(busy.tell, reserved(order_id, 1, 2))
            with at_moment(aws.dynamodb(), moment, arrives) as passed:
                self.ask(busy, order_id, "1", None, got)
            if moment >= len(passed):
                break
            line, *others = busy.details(order_id)["lines"]
            if got[0].status == 202:
                assert (line["status"], line["cancelled"], len(others)) == ("released", 5, 2), moment
            else:
                assert (got[0].problem, line["status"], len(others)) == ("not-short", "reserved", 1), moment

    def ask(
        self, busy: Counter, order_id: str, line: str, units: int | None, got: list[Answer], key: str = ""
    ) -> None:
        body = {} if units is None else {"units": units}
        got.append(busy.post_to(order_id, f"lines/{line}/substitutions", body, key=key))
