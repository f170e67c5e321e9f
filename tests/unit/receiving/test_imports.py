"""Advance ship notices as files: CSV, X12 856 and EDIFACT DESADV become the same announcement."""

import base64
from typing import Any

import pytest

from shared import codec
from tests.support.landscape import Answer
from tests.unit.receiving.dock import SSCC, Dock

CSV, X12, EDIFACT = "text/csv", "application/edi-x12", "application/edifact"
OTHER_SSCC = "106141412345678915"

ROWS = f"""supplier,reference,eta,sku,gtin,units,lot,expires_on,sscc
ACME,ASN-7,2026-02-01T08:00:00.000Z,MILK,,5,L1,2030-06-30,{SSCC}
,,,,14006381333938,2,,,{OTHER_SSCC}
"""
ISA = "ISA*00*          *00*          *ZZ*SUPPLIER       *ZZ*STOWAGE        *260131*0930*U*00501*000000001*0*P*>~"
SEGMENTS = [
    "ST*856*0001",
    "BSN*00*ASN-7*20260131*0930",
    "HL*1**S",
    "TD1*CTN*2",
    "DTM*067*20260201*0800",
    "N1*SF*Acme*92*ACME",
    "N1*ST*Warehouse*92*MAIN",
    "HL*2*1*O",
    "PRF*PO-1",
    "HL*3*2*T",
    f"MAN*GM*00{SSCC}",
    "HL*4*3*I",
    "LIN*1*BP*MILK*LT*L1",
    "SN1**5*EA",
    "DTM*036*20300630",
    "HL*5*2*P",
    f"MAN*GM*{OTHER_SSCC}",
    "HL*6*5*I",
    "LIN*2*UK*14006381333938",
    "SN1**2*CA",
]
DESADV = [
    "BGM+351+ASN-7+9",
    "DTM+17:202602010800:203",
    "NAD+SU+ACME::92",
    "NAD+DP+MAIN::92",
    "CPS+1",
    "CPS+2+1",
    "PAC+1++201",
    "PCI+33E",
    f"GIN+BJ+{SSCC}",
    "LIN+1",
    "PIA+5+MILK:IN",
    "QTY+12:5",
    "PCI+36E",
    "DTM+36:20300630:102",
    "GIN+BX+L1",
    "CPS+3+1",
    f"GIN+BJ+{OTHER_SSCC}",
    "LIN+2++14006381333938:SRV",
    "QTY+12:2",
]


def x12(*segments: str) -> str:
    body = segments[0].startswith("ST") and list(segments)
    inner = body or ["ST*856*0001", *segments]
    lines = [*inner, f"SE*{len(inner) + 1}*0001", "GE*1*1", "IEA*1*000000001"]
    return ISA + "~\n".join(["GS*SH*S*R*20260131*0930*1*X*005010", *lines]) + "~\n"


def edifact(*segments: str) -> str:
    lines = ["UNH+1+DESADV:D:01B:UN:EAN007", *segments]
    head = "UNA:+.? 'UNB+UNOC:3+5412345000013:14+4098765000010:14+260131:0930+1'"
    return head + "\n" + "'\n".join([*lines, f"UNT+{len(lines) + 1}+1", "UNZ+1+1"]) + "'"


def send(dock: Dock, text: str, media: str, *, key: str = "import", encoded: bool = False, **query: str) -> Answer:
    body = base64.b64encode(text.encode()).decode() if encoded else text
    answer = dock.system.invoke(
        "receiving",
        "imports",
        {
            "routeKey": "POST /receiving/shipments/imports",
            "rawPath": "/receiving/shipments/imports",
            "queryStringParameters": query,
            "headers": {"content-type": media, "idempotency-key": key},
            "body": body,
            "isBase64Encoded": encoded,
            "requestContext": {"authorizer": {"jwt": {"claims": {"client_id": "x", "scope": "receiving/write"}}}},
        },
    )
    said: Any = codec.from_json(answer["body"], dict)
    return Answer(answer["statusCode"], answer["headers"], said)


@pytest.mark.parametrize(
    ("text", "media"),
    [(ROWS, CSV), (x12(*SEGMENTS), X12), (edifact(*DESADV), EDIFACT)],
    ids=["csv", "x12", "edifact"],
)
@pytest.mark.parametrize("encoded", [False, True])
def test_every_form_announces_the_same(dock: Dock, text: str, media: str, encoded: bool) -> None:
    answer = send(dock, text, media, encoded=encoded)
    assert answer.status == 201, answer
    assert (answer.body["lines"], answer.body["units"]) == (2, 53)
    again = send(dock, text, media, encoded=encoded)
    assert again.headers["idempotent-replayed"] == "true"
    found = dock.get(f"/shipments/{answer.body['shipment_id']}")
    assert (found["supplier"], found["reference"], found["eta"]) == ("ACME", "ASN-7", "2026-02-01T08:00:00.000Z")
    assert found["lines"] == [
        {"line": 1, "sku": "MILK", "expected": 5, "received": 0, "damaged": 0, "remaining": 5, "over": 0,
         "lot": "L1", "expires_on": "2030-06-30", "sscc": SSCC},
        {"line": 2, "sku": "MUG", "expected": 48, "received": 0, "damaged": 0, "remaining": 48, "over": 0,
         "sscc": OTHER_SSCC},
    ]  # fmt: skip


def test_json_is_taken_as_it_is(dock: Dock) -> None:
    text = '{"supplier": "ACME", "reference": "R", "lines": [{"sku": "MUG", "units": 3}]}'
    assert send(dock, text, "application/json").status == 201
    assert send(dock, "{", "application/json", key="2").field == "body"


def test_our_own_codes_stand_in_for_the_partners(dock: Dock) -> None:
    answer = send(dock, edifact(*DESADV), EDIFACT, supplier="PARTNER-9", warehouse="OTHER")
    found = dock.get(f"/shipments/{answer.body['shipment_id']}")
    assert (found["supplier"], found["warehouse"]) == ("PARTNER-9", "OTHER")


@pytest.mark.parametrize(
    ("text", "media", "fields"),
    [
        ("sku,units\nMUG,x\nMILK,0\nMUG,3,4\n", CSV,
         ["row[2].units", "row[3].units", "row[4].row", "supplier", "reference"]),
        ("supplier,reference,sku,units,colour\n", CSV, ["row[1].colour"]),
        ("reference,units\nR,1\n", CSV, ["row[1].units"]),
        ("supplier,reference,sku,units\nA,R,MUG,1\nB,R,MUG,1\n", CSV, ["row[3].supplier"]),
        ("supplier,reference,sku,units,expires_on,lot\nA,R,MUG,1,30.06.2030,L#1\n", CSV, ["row[2]."]),
        ("", CSV, ["row[1].units"]),
        ("nothing", X12, ["segment[1].ISA"]),
        (x12("BSN*00*R*20260131*0930", "HL*1**I", "LIN*1*XX*1", "SN1**5*EA"), X12,
         ["segment[5].LIN02", "supplier"]),
        (x12("BSN*00*R*20260131*0930", "N1*SU*A*92*A", "HL*1*9*I", "LIN*1*BP*MUG", "SN1**1.5*EA"), X12,
         ["segment[6].HL02", "segment[8].SN102"]),
        (x12(*SEGMENTS).replace("SE*21", "SE*20"), X12, ["segment[23].SE01"]),
        (x12(*SEGMENTS).partition("SE*")[0], X12, ["segment[23].SE"]),
        (x12(*SEGMENTS).replace("20300630", "20301330"), X12, ["segment[17].DTM02"]),
        ("nothing at all", EDIFACT, ["segment[1].UNB"]),
        (edifact(*DESADV).replace("UNT+21", "UNT+19"), EDIFACT, ["segment[22].0074"]),
        (edifact("BGM+351+R+9", "NAD+SU+A", "LIN+1", "QTY+12:5", "LIN+2++4006381333931:SRV", "QTY+12:x"), EDIFACT,
         ["segment[5].7140", "segment[8].6060"]),
        (edifact(*DESADV).replace(f"GIN+BJ+{SSCC}'", f"GIN+BJ+{SSCC}+{OTHER_SSCC}'"), EDIFACT,
         ["segment[11].7402"]),
        (edifact(*DESADV).replace(":102", ":999"), EDIFACT, ["segment[16].2379"]),
    ],
)  # fmt: skip
def test_everything_wrong_is_named_with_its_place_and_nothing_is_imported(
    dock: Dock, text: str, media: str, fields: list[str]
) -> None:
    answer = send(dock, text, media)
    assert answer.status == 422, answer
    found = [error["field"] for error in answer.body["errors"]]
    assert len(found) >= len(fields)
    assert all(any(one.startswith(field) for one in found) for field in fields), found
    assert all(error["remedy"] for error in answer.body["errors"])
    dock.settle()
    assert dock.get("/shipments")["items"] == []


def test_other_types_and_unknown_products_are_refused(dock: Dock) -> None:
    assert send(dock, "x", "application/pdf").status == 415
    answer = send(dock, ROWS.replace("MILK", "NONE"), CSV)
    assert (answer.status, answer.field) == (422, "lines[0].sku")


def test_a_notice_of_a_thousand_lines_is_one_shipment(dock: Dock) -> None:
    rows = "\n".join(f"ACME;R;PAINT;{number};L{number}" for number in range(1, 1_001))
    answer = send(dock, "supplier;reference;sku;units;lot\r\n" + rows, CSV)
    assert (answer.status, answer.body["lines"]) == (201, 1_000)
