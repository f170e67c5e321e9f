"""How the sample's people scan and pack: what their scanners send."""

from local.outbound import Item, Stack, Step, _scan, _taken


def test_a_scan_names_the_place_by_its_check_digits_and_a_handling_unit_by_itself() -> None:
    labels = {"A-01-02-3": "47"}
    loose = Step("o.1", "A-01-02-3", "MUG", "open", 6, lot="L1", serials=("S1",))
    assert _scan(loose, labels) == {
        "confirmation_id": "sample-o.1",
        "pick_id": "o.1",
        "location": "A-01-02-3",
        "check_digits": "47",
        "code": "MUG",
        "units": 6,
        "lot": "L1",
        "serials": ("S1",),
    }
    on_a_pallet = Step("o.2", "A-01-02-4", "MUG", "open", 6, holding="106141412345678908")
    assert _scan(on_a_pallet, labels)["location"] == "106141412345678908"
    assert "check_digits" not in _scan(on_a_pallet, labels)


def test_the_units_of_a_proposed_stack_are_taken_lot_by_lot_and_each_once() -> None:
    items = [
        Item("1", "MILK", 4, lot="L1"),
        Item("2", "MUG", 9),
        Item("1", "MILK", 4, lot="L2"),
        Item("3", "DRILL", 2, serials=("S1", "S2")),
    ]
    assert list(_taken(items, Stack("1", 6))) == [
        {"sku": "MILK", "units": 4, "lot": "L1"},
        {"sku": "MILK", "units": 2, "lot": "L2"},
    ]
    assert list(_taken(items, Stack("1", 6))) == [{"sku": "MILK", "units": 2, "lot": "L2"}]
    assert list(_taken(items, Stack("3", 1))) == [{"sku": "DRILL", "units": 1, "serials": ("S1",)}]
    assert list(_taken(items, Stack("3", 1))) == [{"sku": "DRILL", "units": 1, "serials": ("S2",)}]
