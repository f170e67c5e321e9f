"""What inventory cannot count of a receipt is a discrepancy of its shipment, open or closed, once."""

from contextlib import suppress
from itertools import count

from shared import aws
from tests.support.faults import Died, at_moment, die
from tests.unit.receiving.dock import SSCC, Dock


def logged(dock: Dock, *serials: str, reference: str) -> str:
    shipment = dock.arrived({"sku": "DRILL", "units": len(serials)}, reference=reference)
    entry = {"sku": "DRILL", "units": len(serials), "serials": list(serials), "sscc": SSCC}
    assert dock.log(shipment, entry).status == 200
    return shipment


def repeated(dock: Dock, shipment: str, *serials: str, number: int = 1) -> None:
    data = {"holding": SSCC, "shipment_id": shipment, "sku": "DRILL", "serials": list(serials)}
    dock.tell("SerialsRepeated", f"Holding#{SSCC}#{shipment}#{number}", data)


def rows(dock: Dock, reference: str) -> list[tuple[str, int, str]]:
    found = dock.get("/reports/discrepancies")["items"]
    return [(row["sku"], row["repeated"], row["serials"]) for row in found if row["reference"] == reference]


def test_a_serial_number_that_was_known_is_named_with_its_shipment_and_in_the_report(dock: Dock) -> None:
    shipment = logged(dock, "S1", "S2", reference="R1")
    repeated(dock, shipment, "S2")
    repeated(dock, shipment, "S2")
    repeated(dock, shipment, "S2", number=2)
    [found] = dock.get(f"/shipments/{shipment}")["discrepancies"]
    assert (found["line"], found["sku"], found["repeated"], found["serials"]) == (0, "DRILL", 1, ["S2"])
    [reported] = dock.close(shipment).body["discrepancies"]
    assert reported == found
    dock.settle()
    assert rows(dock, "R1") == [("DRILL", 1, "S2")]


def test_a_shipment_that_was_closed_before_reports_it_afterwards(dock: Dock) -> None:
    shipment = logged(dock, "S3", "S4", reference="R2")
    assert dock.close(shipment).body["discrepancies"] == []
    dock.settle()
    repeated(dock, shipment, "S3")
    repeated(dock, shipment, "S4", number=2)
    repeated(dock, shipment, "S3", number=3)
    dock.settle()
    assert rows(dock, "R2") == [("DRILL", 1, "S3"), ("DRILL", 1, "S4")]
    assert len(dock.get(f"/shipments/{shipment}")["discrepancies"]) == 1


def test_a_worker_that_dies_anywhere_notes_it_once(dock: Dock) -> None:
    for moment in count():
        reference = f"D{moment}"
        shipment = logged(dock, f"A{moment}", reference=reference)
        with at_moment(aws.dynamodb(), moment, die) as passed, suppress(Died):
            repeated(dock, shipment, f"A{moment}")
        repeated(dock, shipment, f"A{moment}")
        dock.close(shipment)
        dock.settle()
        assert rows(dock, reference) == [("DRILL", 1, f"A{moment}")]
        if moment >= len(passed):
            break
    assert moment > 0
