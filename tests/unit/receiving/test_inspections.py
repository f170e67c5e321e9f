"""Quality control over HTTP: plans ask for inspections, samples decide on lots, recalls stop them."""

from receiving.aggregates import INSPECTION, QUALITY
from tests.support.landscape import Answer
from tests.unit.receiving.dock import FRESH, SSCC, Dock

MILK = {"sku": "MILK", "lot": "L1", "expires_on": FRESH}


def inspect(dock: Dock, inspection: str, inspected: int, defects: int) -> Answer:
    return dock.post(f"/inspections/{inspection}/results", {"inspected": inspected, "defects": defects})


def decide(dock: Dock, inspection: str, decision: str, **more: object) -> Answer:
    return dock.post(f"/inspections/{inspection}/decision", {"decision": decision, **more})


def held(dock: Dock, units: int = 100, reference: str = "ASN-1") -> str:
    """A lot of milk that has come and waits for its inspection."""
    shipment = dock.arrived({"sku": "MILK", "units": units, "lot": "L1"}, reference=reference)
    answer = dock.log(shipment, MILK | {"units": units})
    dock.settle()
    return str(answer.body["results"][0]["goods"][0]["inspection_id"])


def test_the_most_specific_plan_wins(dock: Dock) -> None:
    shipment = dock.arrived({"sku": "MILK", "units": 100, "lot": "L1"})
    dock.plan("category.dairy", "4.0")
    dock.plan("supplier.ACME", "2.5")
    dock.log(shipment, MILK | {"units": 10})
    dock.settle()
    [one] = dock.get("/inspections")["items"]
    assert (one["plan"], one["aql"]) == ("supplier.ACME", "2.5")
    dock.plan("sku.MILK", "1.0", active=False)
    dock.log(shipment, MILK | {"lot": "L2", "units": 10})
    dock.settle()
    assert len(dock.get("/inspections")["items"]) == 1
    assert [plan["plan_id"] for plan in dock.get("/inspection-plans")["items"]] == [
        "category.dairy",
        "sku.MILK",
        "supplier.ACME",
    ]


def test_a_sample_is_reckoned_from_the_announcement_and_stands_when_the_lot_is_complete(dock: Dock) -> None:
    dock.plan("sku.MILK")
    shipment = dock.arrived({"sku": "MILK", "units": 2_000, "lot": "L1"})
    answer = dock.log(shipment, MILK | {"units": 500})
    inspection = answer.body["results"][0]["goods"][0]["inspection_id"]
    dock.settle()
    found = dock.get(f"/inspections/{inspection}")
    assert (found["status"], found["letter"], found["sample_size"], found["accept"]) == ("receiving", "K", 125, 3)
    assert decide(dock, inspection, "accept").problem == "lot-not-complete"
    dock.close(shipment)
    dock.settle()
    found = dock.get(f"/inspections/{inspection}")
    assert (found["status"], found["units"], found["letter"], found["sample_size"]) == ("open", 500, "H", 50)


def test_goods_wait_in_quarantine_and_damaged_ones_do_not_belong_to_the_lot(dock: Dock) -> None:
    dock.plan("sku.MILK")
    shipment = dock.arrived({"sku": "MILK", "units": 100, "lot": "L1"})
    dock.log(
        shipment,
        MILK | {"units": 60, "sscc": SSCC},
        MILK | {"units": 30},
        MILK | {"units": 10, "condition": "damaged"},
    )
    dock.settle()
    [lots] = dock.published("InspectionLotsCompleted")
    assert lots["lots"][0]["goods"] == [{"holding": SSCC, "units": 60}, {"holding": shipment, "units": 30}]
    [goods] = dock.published("GoodsReceived")
    assert [line["status"] for line in goods["lines"]] == ["quarantine", "quarantine", "damaged"]


def test_an_accepted_lot_becomes_available(dock: Dock) -> None:
    dock.plan("sku.MILK")
    inspection = held(dock)
    assert decide(dock, inspection, "accept").problem == "sample-not-complete"
    assert inspect(dock, inspection, 8, 0).body["sample_size"] == 13
    inspect(dock, inspection, 5, 0)
    answer = decide(dock, inspection, "accept")
    assert (answer.status, answer.body["decision"]) == (200, "accepted")
    dock.settle()
    [decided] = dock.published("InspectionDecided")
    assert [(one["accepted_units"], one["rejected_units"]) for one in decided["goods"]] == [(100, 0)]
    assert decided.get("conforming", True)
    assert decide(dock, inspection, "reject").problem == "inspection-decided"
    assert inspect(dock, inspection, 1, 0).problem == "inspection-decided"


def test_a_lot_that_fails_is_accepted_only_by_a_concession(dock: Dock) -> None:
    dock.plan("sku.MILK")
    inspection = held(dock)
    inspect(dock, inspection, 13, 1)
    assert decide(dock, inspection, "accept").problem == "lot-not-conforming"
    assert decide(dock, inspection, "accept", reason="Needed today, cracks are cosmetic").status == 200
    [decided] = dock.published("InspectionDecided")
    assert decided["conforming"] is False


def test_a_lot_can_be_accepted_in_part(dock: Dock) -> None:
    dock.plan("sku.MILK")
    inspection = held(dock)
    inspect(dock, inspection, 13, 2)
    assert decide(dock, inspection, "partial").problem == "nothing-rejected"
    assert decide(dock, inspection, "partial", rejected=[{"units": 101}]).problem == "more-rejected-than-there-is"
    assert decide(dock, inspection, "partial", rejected=[{"units": 100}]).problem == "all-rejected"
    elsewhere = [{"units": 1, "holding": SSCC}]
    assert decide(dock, inspection, "partial", rejected=elsewhere).problem == "no-such-holding"
    assert decide(dock, inspection, "partial", rejected=[{"units": 7}], rejected_status="quarantine").status == 200
    [decided] = dock.published("InspectionDecided")
    assert [(one["accepted_units"], one["rejected_units"]) for one in decided["goods"]] == [(93, 7)]
    assert (decided["decision"], decided["rejected_status"]) == ("partly_accepted", "quarantine")


def test_rejected_units_with_serials_are_named(dock: Dock) -> None:
    dock.plan("sku.DRILL", "10")
    shipment = dock.arrived({"sku": "DRILL", "units": 3})
    answer = dock.log(shipment, {"sku": "DRILL", "serials": ["A", "B", "C"]})
    inspection = answer.body["results"][0]["goods"][0]["inspection_id"]
    dock.settle()
    inspect(dock, inspection, 3, 3)
    assert decide(dock, inspection, "partial", rejected=[{"units": 1}]).problem == "serials-missing"
    assert (
        decide(dock, inspection, "partial", rejected=[{"units": 1, "serials": ["X"]}]).problem == "serials-missing"
    )
    assert decide(dock, inspection, "partial", rejected=[{"units": 1, "serials": ["B"]}]).status == 200


def test_impossible_results_are_refused(dock: Dock) -> None:
    dock.plan("sku.MILK")
    inspection = held(dock)
    assert inspect(dock, inspection, 2, 3).problem == "more-defects-than-units"
    assert inspect(dock, inspection, 101, 0).problem == "more-inspected-than-there-is"
    assert inspect(dock, "0" * 36, 1, 0).problem == "unknown-inspection"


def test_what_comes_after_a_lot_was_complete_is_a_lot_of_its_own(dock: Dock) -> None:
    dock.plan("sku.MILK")
    shipment = dock.arrived({"sku": "MILK", "units": 10, "lot": "L1"})
    first = dock.log(shipment, MILK | {"units": 10}).body["results"][0]["goods"][0]["inspection_id"]
    more = [dock.log(shipment, MILK | {"units": 2}).body["results"][0]["goods"][0]["inspection_id"] for _ in "12"]
    assert more[0] == more[1] != first
    dock.close(shipment)
    dock.settle()
    assert dock.get(f"/inspections/{more[0]}")["units"] == 4
    assert dock.get(f"/inspections/{first}")["units"] == 10


def test_two_rejected_lots_tighten_the_inspection_of_the_next(dock: Dock) -> None:
    dock.plan("sku.MILK")
    for number in "12":
        inspection = held(dock, reference=f"ASN-{number}")
        inspect(dock, inspection, 13, 1)
        decide(dock, inspection, "reject")
        dock.settle()
    inspection = held(dock, reference="ASN-3")
    found = dock.get(f"/inspections/{inspection}")
    assert (found["severity"], found["sample_size"]) == ("tightened", 20)
    state = dock.system.history("receiving").load(QUALITY, QUALITY.stream_id("ACME", "MILK")).state
    assert state.severity == "tightened"
    path = "/suppliers/ACME/products/MILK/severity"
    assert dock.post(path, {"severity": "normal", "reason": "please"}).problem == "no-such-switch"


def test_events_of_inspections_may_come_twice_and_in_any_order(dock: Dock) -> None:
    dock.plan("sku.MILK")
    shipment = dock.arrived({"sku": "MILK", "units": 100, "lot": "L1"})
    answer = dock.log(shipment, MILK | {"units": 100})
    inspection = answer.body["results"][0]["goods"][0]["inspection_id"]
    events = [event for event in dock.system.publish("receiving") if "Inspection" in event.type]
    for event in [*reversed(events), *events]:
        assert dock.system.deliver(("receiving", "quality"), event) == []
    stream = dock.system.history("receiving").load(INSPECTION, INSPECTION.stream_id(inspection))
    assert (stream.sequence, stream.state.status, stream.state.units) == (1, "open", 100)


def test_a_recall_that_is_repeated_after_it_was_lifted_gets_its_first_answer(dock: Dock) -> None:
    recall, lot = {"sku": "MILK", "lot": "L1", "reason": "Cooling chain broken"}, {"sku": "MILK", "lot": "L1"}
    first = dock.post("/recalls", recall, key="recall")
    lifted = dock.post("/recalls/lifting", lot, key="lifting")

    assert dock.post("/recalls", recall, key="recall").body == first.body
    dock.post("/recalls", recall | {"reason": "Broken again"})
    assert dock.post("/recalls/lifting", lot, key="lifting").body["active"] is lifted.body["active"] is False


def test_a_recall_is_told_once_and_lifted_once(dock: Dock) -> None:
    recall = {"sku": "MILK", "lot": "L1", "reason": "Cooling chain broken"}
    for _ in "12":
        assert dock.post("/recalls", recall).body["active"] is True
    for _ in "12":
        assert dock.post("/recalls/lifting", {"sku": "MILK", "lot": "L1"}).body["active"] is False
    assert dock.post("/recalls/lifting", {"sku": "MILK", "lot": "L2"}).problem == "unknown-recall"
    dock.settle()
    assert len(dock.published("LotRecalled")) == len(dock.published("LotRecallLifted")) == 1
    assert dock.get("/recalls")["items"] == [
        {"sku": "MILK", "lot": "L1", "active": False, "reason": "Cooling chain broken"}
    ]
