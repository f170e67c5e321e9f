"""Products, locations and stock over HTTP: what is recorded, repeated, refused."""

from functools import partial
from itertools import count

import pytest

from shared import aws
from tests.support.faults import Died, at_moment, die, losing_answers, refusing
from tests.unit.inventory.stockroom import Stockroom, new_sku, requested

MUG = {
    "name": "Mug, 350 ml, blue",
    "gtin": "4006381333931",
    "dimensions": {"length_mm": 120, "width_mm": 85, "height_mm": 95},
    "weight_g": 340,
    "price": {"amount": 895, "currency": "EUR"},
    "storage_class": "fragile",
    "fragile": True,
    "tracking": "lot",
    "packaging": [
        {"level": "case", "gtin": "14006381333938", "units": 24, "dimensions": None, "weight_g": 8600},
        {"level": "pallet", "gtin": "24006381333935", "units": 960, "dimensions": None, "weight_g": None},
    ],
    "velocity": "A",
    "category": "tableware",
    "minimum_shelf_life_days": 90,
    "substitutes": ["MUG-0350-GRN"],
}
SHELF = {"zone": "A", "aisle": "01", "bay": "02", "level": "3", "warehouse": "EAST", "kind": "pick_face"}


def on_hand(room: Stockroom, sku: str) -> int:
    """What reservation knows of the SKU once everything recorded has reached it."""
    counts = [event for event in room.landscape.publish("inventory") if event.type == "inventory.StockAdjusted"]
    assert room.deliver(*counts) == []
    return int(room.get(f"/inventory/stock/{sku}").body["on_hand"])


class TestProductsAndLocations:
    def test_a_product_is_answered_as_it_was_described(self, room: Stockroom) -> None:
        sku = new_sku()
        put = room.call("PUT", f"/inventory/products/{sku}", MUG)
        got = room.get(f"/inventory/products/{sku}")
        assert (put.status, put.headers["etag"]) == (200, '"1"')
        assert put.body == got.body == {"sku": sku, **MUG}
        assert got.headers["etag"] == put.headers["etag"]

    def test_a_location_is_answered_as_it_was_described(self, room: Stockroom) -> None:
        put = room.call("PUT", "/inventory/locations/E-01", SHELF)
        assert (put.status, put.headers["etag"]) == (200, '"1"')
        assert put.body == room.get("/inventory/locations/E-01").body
        assert put.body == {
            "location": "E-01",
            **SHELF,
            "position": None,
            "coordinates": None,
            "capacity": None,
            "storage_classes": [],
            "mixing": "any",
            "check_digits": "80",
            "gln": None,
            "extension": None,
        }

    def test_a_location_may_say_how_much_fits_and_what_may_lie_together(self, room: Stockroom) -> None:
        described = {
            **SHELF,
            "position": "2",
            "coordinates": {"x_mm": 1_000, "y_mm": 2_000, "z_mm": 0},
            "capacity": {"volume_mm3": 10**9, "handling_units": 2},
            "storage_classes": ["fragile"],
            "mixing": "one_lot",
            "check_digits": "07",
            "gln": "0614141000012",
            "extension": "E-03",
        }
        put = room.call("PUT", "/inventory/locations/E-03", described)
        assert (put.status, put.body) == (200, {"location": "E-03", **described})

    @pytest.mark.parametrize(
        ("place", "change", "field", "problem"),
        [
            ("E-04", {"kind": "attic"}, "kind", "invalid-field"),
            ("E-04", {"mixing": "two_skus"}, "mixing", "invalid-field"),
            ("E-04", {"kind": "dock", "capacity": {"handling_units": 1}}, "capacity", "floor-has-no-capacity"),
            ("E-04", {"kind": "dock", "mixing": "one_sku"}, "mixing", "floor-has-no-capacity"),
            ("E-04", {"check_digits": "7"}, "check_digits", "invalid-field"),
            ("E-04", {"gln": "0614141000013"}, "gln", "invalid-gs1-key"),
            ("E-04", {"extension": "3"}, "extension", "unprocessable"),
            ("106141412345678908", {}, "id", "location-looks-like-sscc"),
            ("0190f3c2-5b1e-8c1f-9a55-2f8a1d6b7c3e", {}, "id", "location-looks-like-shipment"),
        ],
    )
    def test_a_location_that_makes_no_sense_is_refused_and_the_field_named(
        self, room: Stockroom, place: str, change: dict[str, object], field: str, problem: str
    ) -> None:
        answer = room.call("PUT", f"/inventory/locations/{place}", {**SHELF, **change})
        assert (answer.status, answer.field, answer.problem) == (422, field, problem)

    def test_a_place_in_a_rack_does_not_become_floor(self, room: Stockroom) -> None:
        room.call("PUT", "/inventory/locations/E-05", SHELF)
        dock = room.call("PUT", "/inventory/locations/E-05", {**SHELF, "kind": "dock"})
        assert (dock.status, dock.problem, dock.field) == (409, "kind-is-fixed", "kind")

    def test_a_description_that_says_nothing_new_is_no_new_version(self, room: Stockroom) -> None:
        sku = new_sku()
        tags = [room.call("PUT", f"/inventory/products/{sku}", MUG).headers["etag"] for _ in range(3)]
        assert tags == ['"1"'] * 3

    def test_what_a_new_description_leaves_out_is_no_longer_known(self, room: Stockroom) -> None:
        sku = new_sku()
        room.call("PUT", f"/inventory/products/{sku}", MUG)
        answer = room.call("PUT", f"/inventory/products/{sku}", {"name": "Mug"})
        assert (answer.headers["etag"], answer.body["name"], answer.body["gtin"]) == ('"2"', "Mug", None)

    @pytest.mark.parametrize(("path", "body"), [("products/TAGGED", MUG), ("locations/TAGGED", SHELF)])
    def test_an_editor_who_has_not_seen_the_latest_version_is_refused(
        self, room: Stockroom, path: str, body: dict[str, object]
    ) -> None:
        path = f"/inventory/{path}"
        first = room.call("PUT", path, body).headers["etag"]
        changed = {**body, ("name" if "name" in body else "bay"): "B2"}
        assert room.call("PUT", path, changed, if_match=first).headers["etag"] == '"2"'
        late = room.call("PUT", path, body, if_match=first)
        assert (late.status, late.problem, late.field) == (412, "precondition-failed", "If-Match")
        assert room.get(path).headers["etag"] == '"2"'

    def test_if_match_on_what_does_not_exist_yet_is_refused(self, room: Stockroom) -> None:
        sku = new_sku()
        assert room.call("PUT", f"/inventory/products/{sku}", MUG, if_match='"1"').status == 412
        assert room.get(f"/inventory/products/{sku}").status == 404

    def test_a_tag_that_is_none_of_ours_is_refused(self, room: Stockroom) -> None:
        answer = room.call("PUT", f"/inventory/products/{new_sku()}", MUG, if_match="yesterday")
        assert (answer.status, answer.field) == (400, "If-Match")

    def test_a_place_does_not_move_to_another_warehouse(self, room: Stockroom) -> None:
        room.call("PUT", "/inventory/locations/E-02", SHELF)
        moved = room.call("PUT", "/inventory/locations/E-02", {**SHELF, "warehouse": "WEST"})
        assert (moved.status, moved.problem, moved.field) == (409, "warehouse-is-fixed", "warehouse")

    @pytest.mark.parametrize(
        ("body", "field"),
        [
            ({}, "name"),
            ({"name": ""}, "name"),
            ({"name": "Mug", "colour": "blue"}, "colour"),
            ({"name": "Mug", "gtin": "4006381333932"}, "gtin"),
            (
                {"name": "Mug", "dimensions": {"length_mm": 0, "width_mm": 1, "height_mm": 1}},
                "dimensions.length_mm",
            ),
            ({"name": "Mug", "price": {"amount": 1, "currency": "euro"}}, "price.currency"),
        ],
    )
    def test_a_product_that_makes_no_sense_is_refused_and_the_field_named(
        self, room: Stockroom, body: dict[str, object], field: str
    ) -> None:
        sku = new_sku()
        answer = room.call("PUT", f"/inventory/products/{sku}", body)
        assert (answer.status, answer.field) == (422, field)
        assert room.get(f"/inventory/products/{sku}").status == 404

    @pytest.mark.parametrize("sku", ["-A", "A B", "A#B", "x" * 41])
    def test_a_sku_of_another_form_is_refused(self, room: Stockroom, sku: str) -> None:
        answer = room.call("PUT", f"/inventory/products/{sku}", MUG)
        assert (answer.status, answer.field) == (400, "sku")


class TestAdjustments:
    def test_an_adjustment_says_what_lies_there_and_reaches_the_promise(self, room: Stockroom) -> None:
        sku, place = room.product(), room.place()
        answer = room.adjust(sku, place, 40)
        assert (answer.status, answer.body["on_hand"], answer.body["warehouse"]) == (201, 40, "MAIN")
        assert room.adjust(sku, place, -15).body["on_hand"] == 25
        assert on_hand(room, sku) == 25

    def test_a_repeat_gets_the_first_answer_and_counts_once(self, room: Stockroom) -> None:
        sku, place = room.product(), room.place()
        first = room.adjust(sku, place, 40, key="A-1")
        room.adjust(sku, place, 2)
        again = room.adjust(sku, place, 40, key="A-1")
        assert "idempotent-replayed" not in first.headers
        assert again.headers["idempotent-replayed"] == "true"
        assert (again.status, again.body) == (first.status, first.body)
        assert on_hand(room, sku) == 42

    def test_one_key_for_two_requests_is_refused(self, room: Stockroom) -> None:
        sku, place = room.product(), room.place()
        room.adjust(sku, place, 40, key="A-2")
        other = room.adjust(sku, place, 41, key="A-2")
        assert (other.status, other.problem, other.field) == (422, "idempotency-key-reused", "Idempotency-Key")
        assert on_hand(room, sku) == 40

    def test_without_a_key_nothing_is_adjusted(self, room: Stockroom) -> None:
        body = {"sku": room.product(), "location": room.place(), "quantity": 1, "reason": "found"}
        answer = room.call("POST", "/inventory/stock/adjustments", body)
        assert (answer.status, answer.field) == (400, "Idempotency-Key")

    def test_parallel_adjustments_of_one_place_all_count(self, room: Stockroom) -> None:
        sku, place = room.product(), room.place()
        room.adjust(sku, place, 1)
        expected = 1
        for moment in count():
            with at_moment(aws.dynamodb(), moment, partial(room.adjust, sku, place, 10)) as passed:
                assert room.adjust(sku, place, 1).status == 201
            expected += 1
            if moment >= len(passed):
                break
            expected += 10
        assert moment == 4
        assert on_hand(room, sku) == expected

    def test_the_same_adjustment_from_two_clients_at_once_counts_once(self, room: Stockroom) -> None:
        sku = room.product()
        for moment in range(4):
            place = room.place()
            again = partial(room.adjust, sku, place, 7, f"twice-{place}")
            with at_moment(aws.dynamodb(), moment, again):
                interrupted = again()
            assert interrupted.body == again().body
            assert interrupted.body["on_hand"] == 7

    def test_an_adjustment_whose_answer_was_lost_counts_once_when_it_is_sent_again(self, room: Stockroom) -> None:
        sku = room.product()
        for moment in range(4):
            place = room.place()
            with at_moment(aws.dynamodb(), moment, die), pytest.raises(Died):
                room.adjust(sku, place, 7, key=place)
            assert room.adjust(sku, place, 7, key=place).body["on_hand"] == 7
        place = room.place()
        with losing_answers(aws.dynamodb(), "PutItem"):
            assert room.adjust(sku, place, 7, key=place).status == 503
        again = room.adjust(sku, place, 7, key=place)
        assert (again.status, again.body["on_hand"], again.headers["idempotent-replayed"]) == (201, 7, "true")

    def test_a_table_that_refuses_for_its_load_is_told_to_the_client(self, room: Stockroom) -> None:
        sku, place = room.product(), room.place()
        with refusing(aws.dynamodb(), "PutItem", "ThrottlingException"):
            busy = room.adjust(sku, place, 7, key="busy")
        assert (busy.status, busy.problem, busy.headers["retry-after"]) == (503, "unavailable", "1")
        assert room.adjust(sku, place, 7, key="busy").status == 201

    def test_an_unknown_sku_is_named(self, room: Stockroom) -> None:
        answer = room.adjust("NOWHERE", room.place(), 1)
        assert (answer.status, answer.problem, answer.field) == (422, "unknown-sku", "sku")
        assert answer.body["errors"][0]["value"] == "NOWHERE"

    def test_an_unknown_location_is_named(self, room: Stockroom) -> None:
        answer = room.adjust(room.product(), "NOWHERE", 1)
        assert (answer.status, answer.problem, answer.field) == (422, "unknown-location", "location")

    def test_no_more_is_taken_than_lies_there(self, room: Stockroom) -> None:
        sku, place = room.product(), room.place()
        room.adjust(sku, place, 3)
        answer = room.adjust(sku, place, -4)
        assert (answer.status, answer.problem, answer.field) == (409, "insufficient-stock", "quantity")
        assert "holds 3 units" in answer.body["detail"]

    @pytest.mark.parametrize(
        ("change", "field"),
        [
            ({"quantity": 0}, "quantity"),
            ({"quantity": "7"}, "quantity"),
            ({"quantity": 10**12}, "quantity"),
            ({"reason": ""}, "reason"),
            ({"occurred_at": "yesterday"}, "occurred_at"),
            ({"lot": "L1"}, "lot"),
        ],
    )
    def test_an_adjustment_that_makes_no_sense_is_refused_and_the_field_named(
        self, room: Stockroom, change: dict[str, object], field: str
    ) -> None:
        body = {"sku": room.product(), "location": room.place(), "quantity": 1, "reason": "found", **change}
        answer = room.call("POST", "/inventory/stock/adjustments", body, key=f"odd-{change}".replace(" ", ""))
        assert (answer.status, answer.field) == (422, field)

    def test_when_it_happened_and_when_it_was_recorded_are_two_times(self, room: Stockroom) -> None:
        happened = "2026-01-30T23:59:59.000Z"
        body = {"sku": room.product(), "location": room.place(), "quantity": 1, "reason": "found"}
        path = "/inventory/stock/adjustments"
        earlier = room.call("POST", path, {**body, "occurred_at": happened}, key="earlier").body
        assert earlier["occurred_at"] == happened < earlier["recorded_at"]
        now = room.call("POST", path, body, key="now").body
        assert now["occurred_at"] <= now["recorded_at"]


class TestStock:
    def test_stock_says_what_lies_where_and_what_is_promised_of_it(self, room: Stockroom) -> None:
        sku = room.product()
        here, there = sorted([room.place(), room.place()])
        room.adjust(sku, here, 4)
        room.adjust(sku, there, 2)
        assert on_hand(room, sku) == 6
        room.deliver(requested(1, (sku, 5)), requested(2, (sku, 3)))
        room.landscape.project("inventory")
        told = room.get(f"/inventory/stock/{sku}").body
        expected = {
            "sku": sku,
            "warehouse": "MAIN",
            "on_hand": 6,
            "reserved": 5,
            "available": 1,
            "backordered": 3,
            "locations": [{"location": here, "on_hand": 4}, {"location": there, "on_hand": 2}],
        }
        assert {name: told[name] for name in expected} == expected

    def test_a_place_that_was_emptied_is_no_place_of_the_product_any_more(self, room: Stockroom) -> None:
        sku, place = room.product(), room.place()
        room.adjust(sku, place, 4)
        room.adjust(sku, place, -4)
        assert on_hand(room, sku) == 0
        assert room.get(f"/inventory/stock/{sku}").body["locations"] == []

    def test_counts_that_reach_reservation_in_any_order_leave_the_latest(self, room: Stockroom) -> None:
        sku, place = room.product(), room.place()
        for quantity in (5, -2, 9, -11):
            room.adjust(sku, place, quantity)
        counts = [one for one in room.landscape.publish("inventory") if one.type == "inventory.StockAdjusted"]
        for event in (*counts[::-1], counts[0]):
            assert room.deliver(event) == []
        assert room.get(f"/inventory/stock/{sku}").body["on_hand"] == 1

    def test_a_product_that_never_lay_anywhere_has_no_units(self, room: Stockroom) -> None:
        stock = room.get(f"/inventory/stock/{room.product()}")
        assert (stock.status, stock.body["on_hand"], stock.body["available"]) == (200, 0, 0)

    def test_another_warehouse_has_stock_of_its_own(self, room: Stockroom) -> None:
        sku, place = room.product(), room.place()
        room.adjust(sku, place, 4)
        assert on_hand(room, sku) == 4
        assert room.get(f"/inventory/stock/{sku}", warehouse="EAST").body["on_hand"] == 0

    @pytest.mark.parametrize("path", ["stock/NOWHERE", "products/NOWHERE", "locations/NOWHERE"])
    def test_what_does_not_exist_is_not_found(self, room: Stockroom, path: str) -> None:
        answer = room.get(f"/inventory/{path}")
        assert answer.status == 404
        assert answer.body["errors"][0]["value"] == "NOWHERE"
