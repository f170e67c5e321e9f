"""What comes out of inventory's history: the lists, the published events, and the health of its tables."""

from collections.abc import Sequence

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import structs

from inventory.contracts import PUBLISHED
from inventory.domain import CATALOG
from inventory.views import PROJECTIONS, Stock, stock_partition
from shared import aws
from shared.events import Commit
from shared.outbox import PublicationFailed
from tests.support.deliveries import stream_batch
from tests.support.faults import refusing
from tests.unit.inventory.stockroom import Stockroom, counted, new_sku, release_requested, requested

ONLY_ROOM = [HealthCheck.function_scoped_fixture]


numbers = st.integers(1, 5)
messages = st.one_of(
    st.tuples(st.just("count"), st.integers(0, 12), numbers),
    st.tuples(st.just("request"), st.integers(1, 6), numbers),
    st.tuples(st.just("release"), st.just(0), numbers),
)


class TestViews:
    @settings(max_examples=30, deadline=None, suppress_health_check=ONLY_ROOM)
    @given(happened=st.lists(messages, min_size=1, max_size=8), data=st.data())
    def test_stock_in_the_list_equals_the_books_whatever_was_delivered_twice_or_late(
        self, room: Stockroom, happened: list[tuple[str, int, int]], data: st.DataObject
    ) -> None:
        sku = new_sku()
        for version, (kind, units, number) in enumerate(happened, start=1):
            match kind:
                case "count":
                    room.deliver(counted(sku, units, version, place=f"B-{number}"))
                case "request":
                    room.deliver(requested(number, (sku, units)))
                case _:
                    room.deliver(release_requested(number, sku))
        shown_after(room, room.commits(sku), data)
        stored = room.landscape.views("inventory").get(stock_partition("MAIN"), sku, Stock, consistent=True)
        assert stored is not None
        assert (stored[0], stored[1]) == (folded(sku, room.commits(sku)), len(room.commits(sku)))
        alone = room.get(f"/inventory/stock/{sku}").body
        books = msgspec.convert(alone, Stock)
        assert structs.replace(books, locations=stored[0].locations) == stored[0]  # where units lie, holdings tell

    def test_a_view_can_be_thrown_away_and_made_again(self, room: Stockroom) -> None:
        sku = room.stocked(4)
        room.deliver(requested(1, (sku, 3)))
        room.deliver(requested(2, (sku, 3)))
        show(room, room.commits(sku)[-1:])
        shown = room.landscape.views("inventory").get(stock_partition("MAIN"), sku, Stock)
        aws.dynamodb().delete_item(
            TableName="inventory-views", Key={"pk": {"S": stock_partition("MAIN")}, "sk": {"S": sku}}
        )
        show(room, room.commits(sku))
        assert room.landscape.views("inventory").get(stock_partition("MAIN"), sku, Stock) == shown


def show(room: Stockroom, commits: Sequence[Commit]) -> None:
    room.landscape.invoke("inventory", "views", stream_batch(commits))


def shown_after(room: Stockroom, commits: Sequence[Commit], data: st.DataObject) -> None:
    """Deliver any batches of the commits in any order; the last commit comes at least once."""
    batches = data.draw(st.lists(st.lists(st.sampled_from(commits), min_size=1, max_size=4), max_size=4))
    for batch in data.draw(st.permutations([*batches, commits[-1:]])):
        show(room, batch)


def folded(sku: str, commits: Sequence[Commit]) -> Stock:
    [projection] = [one for one in PROJECTIONS if one.category == "Promise"]
    document: Stock = projection.start(f"Promise#MAIN#{sku}")
    for commit in commits:
        for recorded in commit.events:
            document = projection.show(document, CATALOG.decode(recorded), commit.at)
    return document


class TestOutbox:
    def test_what_others_may_know_is_published_with_its_journey_and_nothing_else(self, room: Stockroom) -> None:
        sku, place = room.product(), room.place()
        room.landscape.publish("inventory")
        room.adjust(sku, place, 4)
        [adjusted] = room.landscape.publish("inventory")
        assert (adjusted.type, adjusted.subject) == ("inventory.StockAdjusted", f"Holding#{place}")
        room.deliver(adjusted, requested(1, (sku, 3)))
        [reserved] = room.landscape.publish("inventory")
        assert (reserved.type, reserved.causationid) == (
            "inventory.LineReserved",
            requested(1, (sku, 3)).id,
        )
        assert reserved.correlationid == "journey-7"
        assert reserved.dataschema == "urn:stowage:event:inventory.LineReserved:1"

    def test_every_published_type_is_in_the_contracts(self, room: Stockroom) -> None:
        room.landscape.publish("inventory")
        known = {f"inventory.{event.__name__}" for event in PUBLISHED}
        assert {event.type for event in room.landscape.bus} <= known

    def test_a_bus_that_takes_nothing_fails_the_batch_so_that_it_comes_again(
        self, room: Stockroom, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        sku = room.product()
        commits = list(room.landscape.history("inventory").read(f"Product#{sku}"))
        refusal = {"FailedEntryCount": 1, "Entries": [{"ErrorCode": "ThrottlingException"}]}
        monkeypatch.setattr(aws.eventbridge(), "put_events", lambda **_: refusal)
        with pytest.raises(PublicationFailed):
            room.landscape.invoke("inventory", "outbox", stream_batch(commits))


class TestHealth:
    def test_inventory_is_healthy_while_its_tables_answer(self, room: Stockroom) -> None:
        assert room.get("/inventory/health/live").body["status"] == "pass"
        ready = room.get("/inventory/health/ready")
        assert (ready.status, ready.body["checks"]) == (200, {"events": "pass", "views": "pass"})

    def test_inventory_lives_but_is_not_ready_while_a_table_does_not_answer(self, room: Stockroom) -> None:
        with refusing(aws.dynamodb(), "GetItem", "ResourceNotFoundException", containing=b"inventory-views"):
            assert room.get("/inventory/health/live").status == 200
            ready = room.get("/inventory/health/ready")
        assert (ready.status, ready.body["status"]) == (503, "fail")
        assert ready.body["checks"] == {"events": "pass", "views": "fail"}
