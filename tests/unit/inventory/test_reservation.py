"""Reservation: one write per SKU and batch, never oversold, oldest promise first, whoever dies in between."""

from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, suppress
from functools import partial
from itertools import count
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from immutables import Map

from inventory.domain.promise import SETTLED_AT_ONCE, Claim
from shared import aws
from shared.envelope import CloudEvent
from tests.support.deliveries import bus_event
from tests.support.faults import Died, at_moment, counting, die, losing_answers, refusing
from tests.unit.inventory.stockroom import Stockroom, Told, counted, new_sku, release_requested, requested

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

Fault = Callable[["DynamoDBClient"], AbstractContextManager[object]]


def lines(claims: Map[str, Claim]) -> set[int]:
    """The numbers of the orders that have these claims."""
    return {int(claim.order_id[-12:]) for claim in claims.values()}


class TestGroupCommit:
    def test_a_hundred_requests_for_one_sku_are_one_write_and_each_is_answered(self, room: Stockroom) -> None:
        sku = room.stocked(60)
        with counting(aws.dynamodb()) as traffic:
            assert room.deliver(*(requested(n, (sku, 1), minute=0) for n in range(100))) == []
        assert (traffic.asked("PutItem"), traffic.asked("Query")) == (1, 1)
        assert Counter(told.event for told in room.told(sku)) == {"LineReserved": 60, "LineShort": 40}
        assert len({told.line for told in room.told(sku)}) == 100

    def test_requests_for_several_skus_are_one_write_each(self, room: Stockroom) -> None:
        skus = [room.stocked(10) for _ in range(4)]
        with counting(aws.dynamodb()) as traffic:
            room.deliver(*(requested(n, *((sku, 1) for sku in skus)) for n in range(10)))
        assert traffic.asked("PutItem") == 4
        assert [room.books(sku).available_units for sku in skus] == [0, 0, 0, 0]

    def test_an_order_with_one_sku_in_two_lines_is_one_write_and_two_claims(self, room: Stockroom) -> None:
        sku = room.stocked(5)
        room.deliver(requested(1, (sku, 3), (sku, 2)))
        assert room.told(sku) == [Told("1/1", "LineReserved", False), Told("1/2", "LineReserved", False)]
        assert len(room.commits(sku)) == 2

    def test_a_batch_that_says_nothing_new_is_no_write(self, room: Stockroom) -> None:
        sku = room.stocked(5)
        room.deliver(requested(1, (sku, 3)))
        with counting(aws.dynamodb()) as traffic:
            assert room.deliver(requested(1, (sku, 3)), counted(sku, 5), counted(sku, 9, version=1)) == []
        assert traffic.asked("PutItem") == 0
        assert room.books(sku).sellable_units == 5


class TestOrderWithinABatch:
    @pytest.mark.parametrize("numbers", [[1, 2, 3, 4], [4, 3, 2, 1], [3, 1, 4, 2]])
    def test_the_oldest_promise_is_served_first_whatever_order_messages_come_in(
        self, room: Stockroom, numbers: Sequence[int]
    ) -> None:
        sku = room.stocked(4)
        room.deliver(*(requested(n, (sku, 2)) for n in numbers))
        assert (lines(room.books(sku).reserved), lines(room.books(sku).waiting)) == ({1, 2}, {3, 4})

    def test_what_a_batch_counts_and_releases_serves_its_requests(self, room: Stockroom) -> None:
        sku = room.stocked(2)
        room.deliver(requested(1, (sku, 2)))
        room.deliver(requested(5, (sku, 2)), release_requested(1, sku), requested(6, (sku, 3)), counted(sku, 5, 2))
        assert lines(room.books(sku).reserved) == {5, 6}
        assert {told.event for told in room.told(sku)} == {"LineReserved", "ReservationReleased"}

    def test_a_release_before_its_request_keeps_the_line_from_claiming_anything(self, room: Stockroom) -> None:
        sku = room.stocked(2)
        room.deliver(release_requested(1, sku))
        room.deliver(requested(1, (sku, 2)))
        room.deliver(requested(1, (sku, 2), attempt=2))
        assert room.told(sku) == [Told("1/1", "ReservationReleased", False)]
        assert room.books(sku).available_units == 2

    def test_a_release_in_one_batch_with_its_request_wins(self, room: Stockroom) -> None:
        sku = room.stocked(2)
        room.deliver(requested(1, (sku, 2)), release_requested(1, sku))
        assert room.books(sku).available_units == 2

    def test_a_request_asked_again_gets_the_answer_that_stands(self, room: Stockroom) -> None:
        sku = room.stocked(2)
        room.deliver(requested(1, (sku, 2)), requested(2, (sku, 2)))
        room.deliver(requested(2, (sku, 2), attempt=2), requested(1, (sku, 2), attempt=2))
        assert room.told(sku)[2:] == [Told("1/1", "LineReserved", True), Told("2/1", "LineShort", True)]
        assert room.books(sku).reserved_units == 2


class TestDuplicates:
    def test_a_message_twice_in_one_batch_counts_once(self, room: Stockroom) -> None:
        sku = room.stocked(10)
        request = requested(1, (sku, 2))
        assert room.deliver(request, request, request) == []
        assert room.told(sku) == [Told("1/1", "LineReserved", False)]

    def test_a_message_delivered_five_times_changes_nothing_more(self, room: Stockroom) -> None:
        sku = room.stocked(2)
        batch = [requested(1, (sku, 2)), requested(2, (sku, 2)), release_requested(2, sku)]
        for _ in range(6):
            assert room.deliver(*batch) == []
        assert len(room.told(sku)) == 2
        assert len(room.commits(sku)) == 2

    def test_a_line_is_reserved_once_also_when_its_message_was_forgotten_long_ago(self, room: Stockroom) -> None:
        sku = room.stocked(300)
        room.deliver(requested(1, (sku, 1)))
        for start in (1000, 1100, 1200):
            room.deliver(*(requested(n, (sku, 1)) for n in range(start, start + 100)))
        room.deliver(requested(1, (sku, 1)))
        assert [told for told in room.told(sku) if told.line == "1/1"] == [
            Told("1/1", "LineReserved", False),
            Told("1/1", "LineReserved", True),
        ]


class TestPoison:
    @pytest.mark.parametrize(
        "poison",
        [
            "not json",
            "{}",
            bus_event("p1", {"order_id": "?"}, type="orders.ReservationRequested"),
            bus_event("p2", {}, type="orders.NobodyKnows"),
            bus_event("p3", {"order_id": "x", "lines": 7}, type="orders.ReservationReleaseRequested"),
        ],
        ids=["no JSON", "no event", "wrong id", "unknown type", "wrong shape"],
    )
    def test_one_poison_message_fails_alone(self, room: Stockroom, poison: CloudEvent | str) -> None:
        sku = room.stocked(9)
        assert room.deliver(requested(1, (sku, 3)), poison, requested(2, (sku, 3)), requested(3, (sku, 3))) == [1]
        assert lines(room.books(sku).reserved) == {1, 2, 3}

    def test_a_table_that_refuses_one_sku_fails_the_messages_of_that_sku_alone(self, room: Stockroom) -> None:
        calm, hot = room.stocked(9), room.stocked(9)
        batch = [requested(1, (calm, 1)), requested(2, (hot, 1)), requested(3, (calm, 1), (hot, 1))]
        with refusing(aws.dynamodb(), "PutItem", "ThrottlingException", containing=f"#{hot}".encode()):
            assert room.deliver(*batch) == [1, 2]
        assert room.deliver(batch[1], batch[2]) == []
        assert (lines(room.books(calm).reserved), lines(room.books(hot).reserved)) == ({1, 3}, {2, 3})
        assert not any(told.repeated for told in room.told(calm))


def busy_batch(first: str, second: str) -> list[CloudEvent]:
    """Counts, requests and a release for two SKUs, with something for everybody to do."""
    return [
        counted(first, 6),
        counted(second, 3),
        *(requested(n, (first, 2), (second, 1)) for n in range(1, 6)),
        release_requested(9, first, second),
    ]


class TestDeath:
    def test_a_worker_that_dies_anywhere_and_comes_again_leaves_the_books_of_one_that_lived(
        self, room: Stockroom
    ) -> None:
        calm = new_sku(), new_sku()
        room.deliver(*busy_batch(*calm))
        for moment in count():
            first, second = new_sku(), new_sku()
            batch = busy_batch(first, second)
            with at_moment(aws.dynamodb(), moment, die) as passed, suppress(Died):
                room.deliver(*batch)
            for _ in range(2):
                assert room.deliver(*batch) == []
            assert room.happened(first) == room.happened(calm[0])
            assert room.happened(second) == room.happened(calm[1])
            if moment >= len(passed):
                break
        assert moment == 4

    @pytest.mark.parametrize(
        "fault",
        [
            lambda client: losing_answers(client, "PutItem"),
            lambda client: losing_answers(client, "Query"),
            lambda client: refusing(client, "PutItem", "ProvisionedThroughputExceededException"),
            lambda client: refusing(client, "Query", "InternalServerError", 500),
        ],
        ids=["lost writes", "lost reads", "refused writes", "refused reads"],
    )
    def test_what_fails_for_the_table_is_given_back_and_done_once(self, room: Stockroom, fault: Fault) -> None:
        calm, sku = room.stocked(4), room.stocked(4)
        room.deliver(*(requested(n, (calm, 2)) for n in range(1, 4)))
        batch = [requested(n, (sku, 2)) for n in range(1, 4)]
        with fault(aws.dynamodb()):
            assert room.deliver(*batch) == [0, 1, 2]
        assert room.deliver(*batch) == []
        assert room.happened(sku) == room.happened(calm)


class TestTwoWorkers:
    def test_two_workers_at_once_never_oversell_and_answer_each_line_once(self, room: Stockroom) -> None:
        for moment in count():
            sku = room.stocked(5)
            ours = [requested(n, (sku, 1)) for n in (1, 2, 3, 4, 5)]
            theirs = [requested(n, (sku, 1)) for n in (4, 5, 6, 7, 8)]
            with at_moment(aws.dynamodb(), moment, partial(room.deliver, *theirs)) as passed:
                assert room.deliver(*ours) == []
            if moment >= len(passed):
                break
            books = room.books(sku)
            assert (books.reserved_units, len(books.waiting)) == (5, 3)
            assert Counter(told.line for told in room.told(sku)) == {f"{n}/1": 1 for n in range(1, 9)}
        assert moment == 2

    @settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(
        units=st.integers(0, 12),
        moments=st.lists(st.integers(0, 3), min_size=2, max_size=2),
        asked=st.lists(st.lists(st.integers(1, 9), min_size=1, max_size=5), min_size=3, max_size=3),
    )
    def test_three_workers_that_interrupt_each_other_never_oversell(
        self, room: Stockroom, units: int, moments: list[int], asked: list[list[int]]
    ) -> None:
        sku = room.stocked(units)
        batches = [[requested(n, (sku, 1 + n % 3)) for n in numbers] for numbers in asked]

        def third() -> None:
            assert room.deliver(*batches[2], release_requested(1, sku)) == []

        def second() -> None:
            with at_moment(aws.dynamodb(), moments[1], third):
                assert room.deliver(*batches[1]) == []

        with at_moment(aws.dynamodb(), moments[0], second):
            assert room.deliver(*batches[0]) == []
        books = room.books(sku)
        assert books.reserved_units == sum(claim.quantity for claim in books.reserved.values()) <= units
        assert all(claim.quantity > books.available_units for claim in books.waiting.values())
        answered = Counter(told.line for told in room.told(sku) if told.event != "ReservationReleased")
        assert all(times <= 2 for times in answered.values()), "short, then reserved: no third answer"


class TestMoreThanOneDecisionHolds:
    CLAIMS = 2 * SETTLED_AT_ONCE + 60

    def crowded(self, room: Stockroom) -> str:
        """A SKU without stock that many lines wait for."""
        sku = new_sku()
        half = [(sku, 1)] * (self.CLAIMS // 2)
        assert room.deliver(requested(1, *half), requested(2, *half)) == []
        assert len(room.books(sku).waiting) == self.CLAIMS
        return sku

    def test_all_of_them_are_served_by_several_commits_each_line_once(self, room: Stockroom) -> None:
        sku = self.crowded(room)
        before = len(room.commits(sku))
        assert room.deliver(counted(sku, self.CLAIMS)) == []
        assert len(room.commits(sku)) == before + 3
        assert (room.books(sku).reserved_units, room.books(sku).unsettled) == (self.CLAIMS, False)
        served = Counter(told.line for told in room.told(sku) if told.event == "LineReserved")
        assert set(served.values()) == {1}

    def test_all_of_them_are_served_also_when_the_last_message_of_the_batch_is_a_repeat(
        self, room: Stockroom
    ) -> None:
        sku = self.crowded(room)
        repeat = requested(3, (sku, 1))
        room.deliver(repeat)
        assert room.deliver(counted(sku, self.CLAIMS + 1), repeat) == []
        assert (len(room.books(sku).waiting), room.books(sku).unsettled) == (0, False)

    @pytest.mark.parametrize("next_message", ["comes again", "is another order's"])
    def test_a_worker_that_dies_between_the_commits_leaves_the_rest_to_the_next(
        self, room: Stockroom, next_message: str
    ) -> None:
        for moment in (1, 2, 3):
            sku = self.crowded(room)
            supply = counted(sku, self.CLAIMS)
            with at_moment(aws.dynamodb(), moment, die), pytest.raises(Died):
                room.deliver(supply)
            assert room.books(sku).unsettled
            assert room.deliver(supply if next_message == "comes again" else requested(9, (sku, 1))) == []
            books = room.books(sku)
            assert (books.reserved_units, books.unsettled) == (self.CLAIMS, False)
            assert lines(books.waiting) == (set() if next_message == "comes again" else {9})

    def test_a_fact_breaks_all_promises_that_it_has_to_also_by_several_commits(self, room: Stockroom) -> None:
        sku = self.crowded(room)
        room.deliver(counted(sku, self.CLAIMS))
        assert room.deliver(counted(sku, 10, version=2)) == []
        books = room.books(sku)
        assert (books.reserved_units, len(books.waiting), books.unsettled) == (10, self.CLAIMS - 10, False)
