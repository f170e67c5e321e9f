"""What lies where, what moved, what was, and where lots and serials are: always the fold of what happened."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from inventory.aggregates import HOLDING
from inventory.domain.goods import Item
from inventory.domain.holding import Holding
from inventory.holding_views import HoldingView, StockInHolding, holding_key
from inventory.stock_contracts import StockAllocated, StockArrived, StockDeallocated, StockDeparted
from shared import aws
from shared.events import Commit, Event, originating
from tests.simulation.dynamodb import Database
from tests.support.deliveries import stream_batch
from tests.support.faults import counting
from tests.support.landscape import landscape
from tests.unit.inventory.warehouse import LITRE, Warehouse, number

ORDER = "00000000-0000-8000-8000-{:012d}"
SHIPMENT = "5b0c7a52-0d0e-8f7b-9a55-{:012d}"


@pytest.fixture(scope="module")
def house() -> Iterator[Warehouse]:
    with landscape() as deployed:
        yield Warehouse(deployed)


@pytest.fixture
def fast_house() -> Iterator[Warehouse]:
    """For what is told at length: its tables are in memory."""
    with landscape(database=Database()) as deployed:
        yield Warehouse(deployed)


def get(house: Warehouse, path: str, **query: str) -> Any:
    answer = house.landscape.call("GET", path, query=query)
    assert answer.status == 200, answer.body
    return answer.body


def shown(house: Warehouse) -> None:
    """Everything that was asked has happened, and the read model shows it."""
    house.settle()
    house.landscape.project("inventory")


def all_pages(house: Warehouse, path: str, items: str = "items", **query: str) -> list[Any]:
    """Everything that a paged answer lists."""
    found: list[Any] = []
    cursor: dict[str, str] = {}
    while True:
        body = get(house, path, **query, **cursor)
        found += body.get(items, [])
        if not body.get("cursor"):
            return found
        cursor = {"cursor": body["cursor"]}


def happened(house: Warehouse, holding: str, *events: Event) -> None:
    """Let events be recorded that no request leads to yet."""
    store = house.landscape.history("inventory")
    stream = store.load(HOLDING, HOLDING.stream_id(holding))
    store.append(HOLDING, stream, [originating(f"made-{number()}")], [(event, 0) for event in events])


def alike(items: Mapping[str, Item]) -> Counter[tuple[str, ...]]:
    """Units, and allocated units, of a holding's books, as far as the views tell items apart."""
    units: Counter[tuple[str, ...]] = Counter()
    for item in items.values():
        key = (item.sku, item.lot, item.status, item.expires_on, item.inspection_id)
        units[(*key, "units")] += item.units
        units[(*key, "allocated")] += item.allocated_units
    return +units


def viewed(house: Warehouse, holding: str) -> Counter[tuple[str, ...]]:
    """The same of the read model."""
    units: Counter[tuple[str, ...]] = Counter()
    views = house.landscape.views("inventory")
    for part, _ in views.under(f"Holding#{holding}", "Stock#", StockInHolding).values():
        for batch in part.batches:
            key = (part.sku, part.lot, *batch.alike)
            units[(*key, "units")] += batch.units
            units[(*key, "allocated")] += batch.allocated
    return +units


def by_status(items: Mapping[str, Item], sku: str) -> dict[str, int]:
    units: Counter[str] = Counter()
    for item in items.values():
        if item.sku == sku:
            units[item.status] += item.units
    return dict(units)


# --- any history, delivered in any way ---

STEPS = st.lists(
    st.tuples(
        st.sampled_from(("adjust", "take", "move", "pack", "bring", "status", "count", "allocate", "carry")),
        st.integers(0, 1),
        st.integers(0, 1),
        st.integers(1, 5),
    ),
    min_size=2,
    max_size=9,
)


class Story:
    """Two places, a pallet and two lots of a product, and what is done with them."""

    def __init__(self, house: Warehouse) -> None:
        self.house = house
        self.sku = house.product("lot_expiry")
        self.places = [house.place(), house.place()]
        self.pallet = house.unit(self.places[0])
        self.holdings = [*self.places, self.pallet]

    def do(self, step: str, place: int, lot: int, units: int) -> None:
        """One step; one that is refused changes nothing."""
        house, here, there = self.house, self.places[place], self.places[1 - place]
        of = {"lot": f"L{lot}"}
        match step:
            case "adjust":
                expiry = {"expires_on": f"2027-0{lot + 1}-01"}
                assert house.adjust(self.sku, here, units * 4, **of, **expiry).status == 201
            case "take":
                house.adjust(self.sku, here, -units, **of)
            case "move":
                house.move(self.sku, here, there, units, **of)
            case "pack":
                house.pack(self.sku, here, self.pallet, units, **of)
            case "bring":
                house.bring(self.pallet, here)
            case "status":
                change = {"location": here, "sku": self.sku, "to": "damaged", "reason_code": "damaged", **of}
                house.post("/inventory/stock/status-changes", {**change, "units": units})
            case "count":
                house.post("/inventory/stock/counts", {"location": here, "sku": self.sku, "units": units, **of})
            case "allocate":
                self.allocate(here, f"L{lot}", units)
            case "carry":
                self.carry(here, there, f"L{lot}")

    def allocate(self, place: str, lot: str, units: int) -> None:
        """Set units aside, and give some of them free again."""
        for item in self.house.holding(place).items.values():
            if (item.lot, item.status) == (lot, "available") and item.free_units >= units:
                line = {"holding": place, "warehouse": "MAIN", "order_id": ORDER.format(units), "line_id": "1"}
                goods = (item.some(units),)
                happened(self.house, place, StockAllocated(**line, goods=goods, wanted=units))
                if units % 2:
                    happened(self.house, place, StockDeallocated(**line, goods=(item.some(1),)))
                return

    def carry(self, here: str, there: str, lot: str) -> None:
        """Move what is set aside for an order line; it stays so."""
        for item in self.house.holding(here).items.values():
            if item.lot == lot and item.allocated:
                key, units = item.allocated[0]
                order_id, _, line_id = key.partition("/")
                told: Any = {
                    "warehouse": "MAIN",
                    "lane": 1_000 + number(),
                    "number": 1,
                    "goods": (item.some(units),),
                    "occurred_at": "2026-01-31T09:30:00.000Z",
                    "order_id": order_id,
                    "line_id": line_id,
                }
                happened(self.house, here, StockDeparted(holding=here, destination=there, **told))
                happened(self.house, there, StockArrived(holding=there, origin=here, **told))
                return

    def commits(self) -> list[Commit]:
        """All that was decided about the holdings."""
        history = self.house.landscape.history("inventory")
        return [commit for holding in self.holdings for commit in history.read(f"Holding#{holding}")]

    def books(self, holding: str, at: str = "9999") -> Holding:
        """The domain's own fold up to a time."""
        state = HOLDING.initial
        for commit in self.house.landscape.history("inventory").read(f"Holding#{holding}"):
            if commit.at <= at:
                for recorded in commit.events:
                    state = HOLDING.evolve(state, HOLDING.catalog.decode(recorded))
        return state


def projected(house: Warehouse, batches: Sequence[Sequence[Commit]]) -> None:
    for batch in batches:
        house.landscape.invoke("inventory", "views", stream_batch(batch))


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(STEPS, st.data())
def test_views_are_what_the_domain_says_however_commits_are_delivered(
    fast_house: Warehouse, steps: list[tuple[str, int, int, int]], data: st.DataObject
) -> None:
    house = fast_house
    story = Story(house)
    story.do("adjust", 0, 0, 5)
    for step in steps:
        story.do(*step)
    house.settle()
    commits = story.commits()
    projected(house, data.draw(st.lists(st.lists(st.sampled_from(commits), min_size=1), max_size=6)))
    for holding in story.holdings:
        exact = get(house, f"/inventory/handling-units/{holding}") if holding == story.pallet else None
        if exact:
            assert sum(goods["units"] for goods in exact.get("goods", ())) == story.books(holding).units_of(
                story.sku
            )
    projected(house, [commits])

    for holding in story.holdings:
        books = story.books(holding)
        assert viewed(house, holding) == alike(books.items)
        view = house.landscape.views("inventory").get(*holding_key(holding), HoldingView)
        if view is not None:
            assert (view[0].units, view[0].place) == (books.units_of(story.sku), books.place)

    for at in sorted({commit.at for commit in commits}):
        then: defaultdict[str, Counter[str]] = defaultdict(Counter)
        for one in all_pages(house, f"/inventory/stock/{story.sku}/as-of", "holdings", at=at, limit="2"):
            then[one["holding"]].update(one["statuses"])
        past = {holding: by_status(story.books(holding, at).items, story.sku) for holding in story.holdings}
        assert {holding: dict(units) for holding, units in then.items()} == {
            holding: units for holding, units in past.items() if units
        }

    movements = all_pages(house, f"/inventory/stock/{story.sku}/movements", limit="3")
    assert [one["recorded_at"] for one in movements] == sorted(one["recorded_at"] for one in movements)
    total: Counter[str] = Counter()
    for one in movements:
        total.update(one["changes"])
    details = get(house, f"/inventory/stock/{story.sku}")
    assert {status: units for status, units in total.items() if units} == details["statuses"]
    assert details["statuses"].get("available", 0) == details["on_hand"]


def test_units_that_are_set_aside_stay_so_where_they_go_and_the_lot_knows_it(house: Warehouse) -> None:
    story = Story(house)
    for step in (("adjust", 0, 0, 5), ("allocate", 0, 0, 4), ("carry", 0, 0, 1)):
        story.do(*step)
    shown(house)
    there = story.places[1]
    for holding in story.places:
        assert viewed(house, holding) == alike(story.books(holding).items)
    assert story.books(there).units_of(story.sku) == 4
    [line] = get(house, f"/inventory/lots/{story.sku}/L0/trace")["lines"]
    assert (line["allocated"], line["holdings"]) == (4, [there])


# --- by SKU ---


def test_a_products_stock_is_told_by_lot_status_location_and_holding(house: Warehouse) -> None:
    sku, rack, dock = house.product("lot"), house.place(), house.place("dock")
    pallet = house.unit(dock)
    house.adjust(sku, rack, 10, lot="L1")
    house.adjust(sku, dock, 5, lot="L2")
    house.pack(sku, dock, pallet, 3, lot="L2")
    change = {"location": rack, "sku": sku, "to": "quarantine", "reason_code": "other", "units": 4, "lot": "L1"}
    assert house.post("/inventory/stock/status-changes", change).status == 201
    shown(house)

    stock = get(house, f"/inventory/stock/{sku}")

    assert (stock["on_hand"], stock["available"], stock["in_transit"]) == (11, 11, 0)
    assert stock["statuses"] == {"available": 11, "quarantine": 4}
    assert [(lot["lot"], lot["statuses"]) for lot in stock["lots"]] == [
        ("L1", {"available": 6, "quarantine": 4}),
        ("L2", {"available": 5}),
    ]
    assert stock["locations"] == [
        {"location": place, "on_hand": units} for place, units in sorted({rack: 6, dock: 5}.items())
    ]
    where = {one["holding"]: one["at"].get("location") for one in stock["holdings"]}
    assert where == {rack: rack, dock: dock, pallet: dock}
    paged = all_pages(house, f"/inventory/stock/{sku}", "holdings", limit="1")
    assert [one["holding"] for one in paged] == sorted(where)


def test_what_travels_between_warehouses_is_in_transit_and_in_no_warehouse(house: Warehouse) -> None:
    sku, dock, far = house.product(), house.place("dock"), house.place("dock", "EAST")
    pallet = house.unit(dock)
    house.adjust(sku, dock, 10)
    house.pack(sku, dock, pallet, 4)
    shown(house)
    sent = [
        house.post("/inventory/stock/transfers", {"location": pallet, "destination": "EAST"}),
        house.post(
            "/inventory/stock/transfers",
            {"location": dock, "destination": "EAST", "goods": [{"sku": sku, "units": 3}]},
        ),
    ]
    assert [answer.status for answer in sent] == [201, 201], [answer.body for answer in sent]
    shown(house)
    transfers = [answer.body["transfer_id"] for answer in sent]

    here, there = (get(house, f"/inventory/stock/{sku}", warehouse=name) for name in ("MAIN", "EAST"))
    assert (here["statuses"], here["in_transit"]) == ({"available": 3}, 0)
    assert (there["statuses"], there["in_transit"]) == ({}, 7)
    assert set(transfers) <= {one["transfer_id"] for one in all_pages(house, "/inventory/transfers", limit="1")}
    at = get(house, f"/inventory/handling-units/{pallet}")["at"]
    assert (at["in_transit_to"], at.get("location"), at.get("warehouse")) == ("EAST", None, None)

    for transfer in transfers:
        arrived = house.post(f"/inventory/stock/transfers/{transfer}/arrival", {"location": far})
        assert arrived.status < 300, arrived.body
    shown(house)
    there = get(house, f"/inventory/stock/{sku}", warehouse="EAST")
    assert (there["statuses"], there["in_transit"], there["on_hand"]) == ({"available": 7}, 0, 7)
    assert set(transfers) <= {
        one["transfer_id"] for one in all_pages(house, "/inventory/transfers", status="arrived", limit="1")
    }
    for warehouse, net in (("MAIN", 3), ("EAST", 7)):
        movements = all_pages(house, f"/inventory/stock/{sku}/movements", warehouse=warehouse)
        assert sum(one["changes"].get("available", 0) for one in movements) == net
        last = movements[-1]["recorded_at"]
        then = get(house, f"/inventory/stock/{sku}/as-of", at=last, warehouse=warehouse)
        assert then["statuses"] == {"available": net}


def test_movements_are_listed_from_when_to_when_both_included(house: Warehouse) -> None:
    sku, place = house.product(), house.place()
    for _ in range(5):
        house.adjust(sku, place, 1)
    shown(house)
    path = f"/inventory/stock/{sku}/movements"
    times = [one["recorded_at"] for one in all_pages(house, path)]
    assert len(times) == 5
    for first in times:
        for last in times:
            if first <= last:
                listed = all_pages(house, path, limit="2", **{"from": first, "to": last})
                assert [one["recorded_at"] for one in listed] == [at for at in times if first <= at <= last]
    answer = house.landscape.call("GET", path, query={"from": "2027-01-01T00:00:00.000Z", "to": times[0]})
    assert (answer.status, answer.field) == (400, "to")


# --- by place ---


def test_a_location_tells_its_goods_its_units_with_what_stands_on_them_and_its_room(house: Warehouse) -> None:
    sku = house.product()
    rack = house.place(capacity={"volume_mm3": 20 * LITRE, "weight_g": 20_000, "handling_units": 2})
    pallet = house.unit(rack)
    tote = house.unit(rack, "tote")
    house.adjust(sku, rack, 6)
    house.pack(sku, rack, pallet, 3)
    house.pack(sku, rack, tote, 1)
    assert house.post(f"/inventory/handling-units/{tote}/nesting", {"onto": pallet}).status < 300
    shown(house)

    stock = get(house, f"/inventory/locations/{rack}/stock")

    assert [(goods["sku"], goods["units"]) for goods in stock["goods"]] == [(sku, 2)]
    units = {
        one["holding"]: (one["place"], one["units"], one["goods"][0]["units"]) for one in stock["handling_units"]
    }
    assert units == {pallet: (rack, 3, 3), tote: (pallet, 1, 1)}
    assert stock["room"]["used"] == {"volume_mm3": 6 * LITRE, "weight_g": 6_000, "handling_units": 1}
    assert stock["room"]["free"] == {"volume_mm3": 14 * LITRE, "weight_g": 14_000, "handling_units": 1}
    assert [one["holding"] for one in all_pages(house, "/inventory/handling-units", place=rack)] == [pallet]
    assert [one["holding"] for one in all_pages(house, "/inventory/handling-units", place=pallet)] == [tote]


def test_a_handling_unit_tells_its_contents_the_chain_of_places_and_its_history(house: Warehouse) -> None:
    sku, dock = house.product("lot"), house.place("dock")
    pallet, tote = house.unit(dock), house.unit(dock, "tote")
    house.adjust(sku, dock, 6, lot="L1")
    house.pack(sku, dock, tote, 2, lot="L1")
    house.post(f"/inventory/handling-units/{tote}/nesting", {"onto": pallet})
    unit = get(house, f"/inventory/handling-units/{tote}")
    assert [(goods["lot"], goods["units"]) for goods in unit["goods"]] == [("L1", 2)]
    assert unit["place"] == pallet
    assert [entry["type"] for entry in unit["history"]] == [
        "inventory.HandlingUnitCreated",
        "inventory.StockArrived",
        "inventory.HandlingUnitMoved",
    ]
    shown(house)
    unit = get(house, f"/inventory/handling-units/{tote}")
    assert (unit["at"]["chain"], unit["at"]["location"]) == ([pallet, dock], dock)
    carrying = get(house, f"/inventory/handling-units/{pallet}")["carries"]
    assert [(one["holding"], one["goods"][0]["units"]) for one in carrying] == [(tote, 2)]


def test_moving_a_pallet_of_forty_lots_writes_its_place_and_nothing_of_its_goods(house: Warehouse) -> None:
    sku, dock, rack = house.product("lot"), house.place("dock"), house.place("dock")
    pallet = house.unit(dock)
    lines = [{"sku": sku, "units": 2, "lot": f"L{lot:02d}"} for lot in range(40)]
    answer = house.post("/inventory/stock/receipts", {"location": pallet, "lines": lines})
    assert answer.status == 201, answer.body
    shown(house)
    assert house.bring(pallet, rack).status < 300
    records = house.landscape.follow(("inventory", "views"))

    with counting(aws.dynamodb()) as traffic:
        house.landscape.invoke("inventory", "views", {"Records": records})

    assert len(records) == 1
    assert traffic.asked("PutItem") == 2  # where it stands, and since when
    assert traffic.asked("BatchGetItem") == 0
    stock = get(house, f"/inventory/stock/{sku}", limit="200")
    assert {one["at"]["location"] for one in stock["holdings"]} == {rack}
    assert len(stock["holdings"]) == 40


# --- lots and serials ---


def received(house: Warehouse, sku: str, dock: str, lot: str, units: int, shipment: str, **more: object) -> None:
    line = {"line": 1, "sku": sku, "units": units, "lot": lot, "status": "available", **more}
    house.tell(
        "receiving.GoodsReceived",
        {
            "shipment_id": shipment,
            "warehouse": "MAIN",
            "location": dock,
            "receipt": 1,
            "supplier": "ACME Foods",
            "occurred_at": "2026-01-31T09:30:00.000Z",
            "lines": [line],
        },
    )


def test_a_lot_is_traced_back_to_its_shipments_and_forward_to_order_lines(house: Warehouse) -> None:
    sku, dock, rack = house.product("lot"), house.place("dock"), house.place()
    shipments = [SHIPMENT.format(number()) for _ in range(2)]
    for shipment in shipments:
        received(house, sku, dock, "L1", 10, shipment)
    shown(house)
    assert house.move(sku, shipments[0], rack, 8, lot="L1").status == 201
    [item] = [one for one in house.holding(rack).items.values() if one.sku == sku]
    for line, (units, released) in enumerate(((3, 0), (2, 2), (1, 0)), start=1):
        told = {"holding": rack, "warehouse": "MAIN", "order_id": ORDER.format(7), "line_id": str(line)}
        happened(house, rack, StockAllocated(**told, goods=(item.some(units),), wanted=units))
        if released:
            happened(house, rack, StockDeallocated(**told, goods=(item.some(released),)))
    shown(house)

    lot = get(house, f"/inventory/lots/{sku}/L1")
    assert (lot["statuses"], lot["supplier"]) == ({"available": 20}, "ACME Foods")
    assert {one["holding"]: (one["statuses"]["available"], one["at"]["location"]) for one in lot["holdings"]} == {
        rack: (8, rack),
        shipments[0]: (2, dock),
        shipments[1]: (10, dock),
    }
    trace = get(house, f"/inventory/lots/{sku}/L1/trace")
    assert [(one["shipment_id"], one["supplier"], one["units"]) for one in trace["received"]] == [
        (shipment, "ACME Foods", 10) for shipment in shipments
    ]
    for limit in ("1", "2", "50"):
        lines = all_pages(house, f"/inventory/lots/{sku}/L1/trace", "lines", limit=limit)
        assert [(one["line_id"], one["allocated"]) for one in lines] == [("1", 3), ("2", 0), ("3", 1)]

    blocked = house.post(f"/inventory/lots/{sku}/L1/block", {"reason": "Recall 17"})
    assert blocked.status < 300, blocked.body
    lot = get(house, f"/inventory/lots/{sku}/L1")
    assert (lot["status"], lot["reason"]) == ("blocked", "Recall 17")


def test_a_serial_number_leads_to_where_its_unit_is(house: Warehouse) -> None:
    sku, here, dock = house.product("serial"), house.place(), house.place("dock")
    assert house.adjust(sku, here, 2, serials=["S1", "S2"]).status == 201
    tote = house.unit(dock, "tote")
    assert (
        house.post(
            f"/inventory/handling-units/{tote}/contents",
            {"from": here, "goods": [{"sku": sku, "serials": ["S1"]}]},
        ).status
        == 201
    )
    shown(house)
    unit = get(house, f"/inventory/serials/{sku}/S1")
    assert (unit["state"], unit["holding"], unit["at"]["location"]) == ("in_stock", tote, dock)
    assert [view["holding"] for view in unit["seen"]] == [tote, here]
    assert get(house, f"/inventory/serials/{sku}/S2")["holding"] == here
    assert house.adjust(sku, here, -1, serials=["S2"]).status == 201
    shown(house)
    assert get(house, f"/inventory/serials/{sku}/S2")["state"] == "gone"


@pytest.mark.parametrize(
    ("path", "problem"),
    [
        ("/inventory/stock/NO-SUCH/movements", "unknown-sku"),
        ("/inventory/stock/NO-SUCH/as-of?at=2026-01-01T00:00:00.000Z", "unknown-sku"),
        ("/inventory/locations/NO-SUCH/stock", "not-found"),
        ("/inventory/handling-units/106141412345678908", "not-found"),
        ("/inventory/lots/NO-SUCH/L1", "unknown-lot"),
        ("/inventory/lots/NO-SUCH/L1/trace", "unknown-lot"),
        ("/inventory/serials/NO-SUCH/S1", "unknown-serial"),
    ],
)
def test_what_there_is_not_is_said_to_be_unknown(house: Warehouse, path: str, problem: str) -> None:
    path, _, query = path.partition("?")
    answer = house.landscape.call("GET", path, query=dict([query.split("=")]) if query else {})
    assert (answer.status, answer.problem) == (404, problem)
    assert answer.body["errors"][0]["remedy"]


# --- what it costs ---


def test_no_query_costs_more_for_a_longer_history(fast_house: Warehouse) -> None:
    house = fast_house
    sku, place, dock = house.product("lot"), house.place(), house.place("dock")
    pallet = house.unit(dock)
    house.adjust(sku, place, 50, lot="L1")
    house.pack(sku, place, pallet, 5, lot="L1")
    shown(house)
    early = get(house, f"/inventory/stock/{sku}/movements")["items"][-1]["recorded_at"]
    questions: list[tuple[str, dict[str, str]]] = [
        (f"/inventory/stock/{sku}", {}),
        (f"/inventory/stock/{sku}/movements", {"limit": "3"}),
        (f"/inventory/stock/{sku}/as-of", {"at": early}),
        (f"/inventory/locations/{dock}/stock", {}),
        (f"/inventory/handling-units/{pallet}", {}),
        (f"/inventory/lots/{sku}/L1", {}),
    ]

    def calls() -> list[list[str]]:
        found = []
        for path, query in questions:
            with counting(aws.dynamodb()) as traffic:
                get(house, path, **query)
            found.append(traffic.operations)
        return found

    def live() -> None:
        house.move(sku, place, dock, 1, lot="L1")
        house.move(sku, dock, place, 1, lot="L1")
        house.bring(pallet, place)
        house.bring(pallet, dock)
        shown(house)

    live()
    before, then = calls(), get(house, f"/inventory/stock/{sku}/as-of", at=early)
    for _ in range(25):
        live()
    assert calls() == before
    assert get(house, f"/inventory/stock/{sku}/as-of", at=early) == then


def test_views_that_were_thrown_away_are_made_again_the_same(house: Warehouse) -> None:
    shown(house)
    client: Any = aws.dynamodb()

    def everything() -> dict[tuple[str, str], Any]:
        items = [
            item
            for page in client.get_paginator("scan").paginate(TableName="inventory-views")
            for item in page["Items"]
        ]
        return {(item["pk"]["S"], item["sk"]["S"]): item for item in items}

    before = everything()
    for pk, sk in before:
        client.delete_item(TableName="inventory-views", Key={"pk": {"S": pk}, "sk": {"S": sk}})
    commits = [
        item
        for page in client.get_paginator("scan").paginate(TableName="inventory-events")
        for item in page["Items"]
        if item["sk"]["S"].startswith("C#")
    ]
    records = [{"eventName": "INSERT", "dynamodb": {"NewImage": item}} for item in commits]
    house.landscape.invoke("inventory", "views", {"Records": records})

    assert everything() == before
