"""Codes of every kind, right and wrong: published examples of GS1's standards, and what goes wrong with them."""

from datetime import date

import pytest
from biip.gs1_messages import GS1Message
from hypothesis import example, given
from hypothesis import strategies as st

from inventory.codes.reading import Reading, kind_of, read
from inventory.domain.check_digits import derived_check_digits, label_text
from shared.codes.application_identifiers import table
from shared.codes.element_strings import as_scanned, as_text, bracketed, scanned
from shared.codes.problems import Unreadable
from shared.codes.values import CHARACTERS_82, check_pair, read_date
from shared.gs1 import check_digit

TODAY = date(2026, 1, 31)
GS = "\x1d"

# What is read: code, its elements as people read them
READ = [
    # GS1 General Specifications: keys alone
    ("4006381333931", "(01)04006381333931"),
    ("614141123452", "(01)00614141123452"),
    ("96385074", "(01)00000096385074"),
    # UPC-E: every way in which zeros are left out
    ("04252614", "(01)00042100005264"),
    ("]E004252614", "(01)00042100005264"),
    ("]E00042100005264", "(01)00042100005264"),
    ("01234531", "(01)00012300000451"),
    ("01234543", "(01)00012340000053"),
    ("]E002345673", "(01)00023456000073"),
    ("02345673", "(01)00000002345673"),
    ("09506000134352", "(01)09506000134352"),
    ("106141412345678908", "(00)106141412345678908"),
    ("00106141412345678908", "(00)106141412345678908"),
    ("]E04006381333931", "(01)04006381333931"),
    ("]E0614141123452", "(01)00614141123452"),
    ("]E3400638133393112", "(01)04006381333931"),
    ("]E496385074", "(01)00000096385074"),
    ("]I109506000134352", "(01)09506000134352"),
    # element strings: symbology identifiers, separators, and what scanners write for them
    (f"]C10109506000134352{GS}17251231", "(01)09506000134352(17)251231"),
    ("]C101095060001343521726013110ABC123", "(01)09506000134352(17)260131(10)ABC123"),
    (f"]d2010950600013435210ABC123{GS}21456{GS}17260131", "(01)09506000134352(10)ABC123(21)456(17)260131"),
    (f"]d2{GS}010950600013435210ABC123", "(01)09506000134352(10)ABC123"),
    (f"]Q3010950600013435210ABC123{GS}", "(01)09506000134352(10)ABC123"),
    ("]e0010950600013435211260100", "(01)09506000134352(11)260100"),
    ("]J101095060001343523103000195", "(01)09506000134352(3103)000195"),
    ("0109506000134352", "(01)09506000134352"),
    ("010950600013435217260131", "(01)09506000134352(17)260131"),
    ("010950600013435210ABC{GS}2112345", "(01)09506000134352(10)ABC(21)12345"),
    ("010950600013435210ABC<GS>2112345", "(01)09506000134352(10)ABC(21)12345"),
    ("010950600013435210ABC^]2112345", "(01)09506000134352(10)ABC(21)12345"),
    ("010950600013435210ABC␝2112345", "(01)09506000134352(10)ABC(21)12345"),
    ("010950600013435210ABC|2112345", "(01)09506000134352(10)ABC(21)12345"),
    (" 4006381333931\r\n", "(01)04006381333931"),
    # a logistic unit and what it holds
    ("]C10010614141234567890802095060001343523724", "(00)106141412345678908(02)09506000134352(37)24"),
    (
        "(00)106141412345678908(02)09506000134352(10)LOT(37)24",
        "(00)106141412345678908(02)09506000134352(10)LOT(37)24",
    ),
    # bracketed text
    ("(01)09506000134352(10)ABC-123(21)12/34", "(01)09506000134352(10)ABC-123(21)12/34"),
    ("(01) 09506000134352 (17) 260131", "(01)09506000134352(17)260131"),
    ("(01)09506000134352(10)A(B)C", "(01)09506000134352(10)A(B)C"),
    ("(01)09506000134352(10)A\\(21)C", "(01)09506000134352(10)A(21)C"),
    ("]C1(01)09506000134352(10)A", "(01)09506000134352(10)A"),
    # Digital Links, as in the standard's examples
    ("https://id.gs1.org/01/09506000134352", "(01)09506000134352"),
    ("https://id.gs1.org/01/09506000134352/10/ABC123/21/12345", "(01)09506000134352(10)ABC123(21)12345"),
    ("https://example.com/01/9506000134352", "(01)09506000134352"),
    ("https://id.gs1.org/01/614141123452", "(01)00614141123452"),
    (
        "https://id.gs1.org/01/09506000134376/22/2A/10/ABC123?3103=000195&3922=0299&17=201225",
        "(01)09506000134376(22)2A(10)ABC123(3103)000195(3922)0299(17)201225",
    ),
    ("https://example.com/some/path/01/09506000134352?linkType=all&utm_source=x", "(01)09506000134352"),
    ("https://id.gs1.org/00/106141412345678908", "(00)106141412345678908"),
    (
        "https://id.gs1.org/00/106141412345678908?02=09506000134352&37=24",
        "(00)106141412345678908(02)09506000134352(37)24",
    ),
    ("https://id.gs1.org/414/9506000134352/254/32a%2Fb", "(414)9506000134352(254)32a/b"),
    ("HTTPS://ID.GS1.ORG/01/09506000134352?17=260100", "(01)09506000134352(17)260100"),
    ("]Q1https://id.gs1.org/01/09506000134352", "(01)09506000134352"),
    ("http://example.com/8003/00614141123452ABC", "(8003)00614141123452ABC"),
    # EPC Tag Data Standard
    ("3074257BF7194E4000001A85", "(01)80614141123458(21)6789"),
    ("3074257bf7194e4000001a85", "(01)80614141123458(21)6789"),
    ("3174257BF4499602D2000000", "(00)106141412345678908"),
    ("3274257BF46072000000162E", "(414)0614141123452(254)5678"),
    ("3374257BF40C0E400000162E", "(8003)006141411234525678"),
    ("3474257BF40000000000162E", "(8004)06141415678"),
    ("3634257BF7194E60C286B5B3770E578000000000000000000000", "(01)80614141123458(21)ABC-6789/"),
    ("3634257BF7194E60C286B5B3770E5780000000000000000000", "(01)80614141123458(21)ABC-6789/"),
    ("3914257BF4607305A80000000000000000000000000000000000", "(414)0614141123452(254)A5"),
    ("3714257BF40C0E60B500000000000000000000000000", "(8003)00614141123452A5"),
    ("3814257BF60B164CDA3584000000000000000000000000000000", "(8004)0614141A12345B"),
    ("urn:epc:tag:sgtin-198:1.0614141.812345.ABC-6789%2F", "(01)80614141123458(21)ABC-6789/"),
    ("urn:epc:id:sgtin:0614141.812345.6789", "(01)80614141123458(21)6789"),
    ("URN:EPC:ID:SGTIN:0614141.812345.6789", "(01)80614141123458(21)6789"),
    ("urn:epc:id:sgtin:0614141.112345.32a%2Fb", "(01)10614141123459(21)32a/b"),
    ("urn:epc:tag:sgtin-96:3.0614141.812345.6789", "(01)80614141123458(21)6789"),
    ("urn:epc:id:sscc:0614141.1234567890", "(00)106141412345678908"),
    ("urn:epc:tag:sscc-96:3.0614141.1234567890", "(00)106141412345678908"),
    ("urn:epc:id:sgln:0614141.12345.400", "(414)0614141123452(254)400"),
    ("urn:epc:id:sgln:0614141.12345.0", "(414)0614141123452"),
    ("urn:epc:id:grai:0614141.12345.400", "(8003)00614141123452400"),
    ("urn:epc:id:giai:0614141.12345400", "(8004)061414112345400"),
    ("urn:epc:class:lgtin:4012345.012345.998877", "(01)04012345123456(10)998877"),
    # other keys of GS1
    ("(8003)00614141123452ABC", "(8003)00614141123452ABC"),
    ("(8004)0614141ABC", "(8004)0614141ABC"),
    ("(253)9506000134352XYZ", "(253)9506000134352XYZ"),
    ("(8006)095060001343520102(10)L", "(8006)095060001343520102(10)L"),
    ("(8013)1987654Ad4X4bL5ttr2310c2K", "(8013)1987654Ad4X4bL5ttr2310c2K"),
    ("(01)09506000134352(21)A(250)B", "(01)09506000134352(21)A(250)B"),
    ("(91)internal", "(91)internal"),
]

# What is refused: code, and why
REFUSED = [
    ("", "empty"),
    (" \r\n", "empty"),
    (GS, "empty"),
    ("]C1", "empty"),
    ("x" * 1001, "too-long"),
    ("4006381333932", "wrong-check-digit"),
    ("96385075", "wrong-check-digit"),
    ("614141123453", "wrong-check-digit"),
    ("09506000134353", "wrong-check-digit"),
    ("106141412345678909", "wrong-check-digit"),
    ("00106141412345678909", "wrong-check-digit"),
    ("]E04006381333932", "wrong-check-digit"),
    ("]E0400638133393", "wrong-check-digit"),
    ("]E040063813339", "truncated"),
    ("]E0400638133393A", "invalid-character"),
    ("]I1095060001343521", "too-long"),
    ("12345", "wrong-length"),
    ("40063813339", "wrong-length"),
    ("]", "unknown-symbology"),
    ("]é1abc", "unknown-symbology"),
    (f"]C100106141412345678908{GS}020950600013435237{GS}", "truncated"),
    ("hello", "unrecognized"),
    ("Ünïcödé", "unrecognized"),
    ("(01)09506000134353", "wrong-check-digit"),
    ("]C10109506000134353", "wrong-check-digit"),
    ("(00)106141412345678909", "wrong-check-digit"),
    ("(414)9506000134353", "wrong-check-digit"),
    ("(8013)1987654Ad4X4bL5ttr2310c2X", "wrong-check-digit"),
    ("(8003)00614141123453", "wrong-check-digit"),
    ("]C101095060001343", "truncated"),
    ("010950600013435", "truncated"),
    ("(01)0950600013435", "truncated"),
    ("(01)09506000134352(17)2601", "truncated"),
    (f"]C1010950600013435217{GS}10ABC", "truncated"),
    ("(01)09506000134352(10)", "truncated"),
    ("(01)095060001343521", "too-long"),
    ("(01)09506000134352(10)" + "A" * 21, "too-long"),
    ("]C1010950600013435242252810ABC", "too-long"),
    ("]C105123", "unknown-ai"),
    ("(05)123", "unknown-ai"),
    ("(9)1", "unknown-ai"),
    ("(01)09506000134352(3199)000001", "unknown-ai"),
    ("(01)09506000134352(10)AB€", "invalid-character"),
    ("(01)09506000134352(10)A B", "invalid-character"),
    ("(01)09506000134352(10)A#B", "invalid-character"),
    ("(01)0950600013435X", "invalid-character"),
    ("(01)٠٩٥٠٦٠٠٠١٣٤٣٥٢", "invalid-character"),
    ("(8010)0614141abc(8011)1", "invalid-character"),
    ("]d2010950600013435210A\x1eBC", "invalid-character"),
    ("(01)09506000134352(17)261301", "invalid-date"),
    ("(01)09506000134352(17)260230", "invalid-date"),
    ("(01)09506000134352(17)260000", "invalid-date"),
    ("(01)09506000134352(17)270229", "invalid-date"),
    ("(01)09506000134352(7006)260200", "invalid-date"),
    ("(01)09506000134352(7003)2602282460", "invalid-date"),
    ("(01)09506000134352(422)000", "invalid-value"),
    ("(8006)095060001343520201", "invalid-value"),
    ("(8003)10614141123452", "invalid-value"),
    ("(8004)ABC", "invalid-value"),
    ("(02)09506000134352", "missing-required-ai"),
    ("(02)09506000134352(37)24", "missing-required-ai"),
    ("(00)106141412345678908(37)24", "missing-required-ai"),
    ("(00)106141412345678908(02)09506000134352", "missing-required-ai"),
    ("(37)24", "missing-required-ai"),
    ("(10)ABC", "missing-required-ai"),
    ("(17)260131", "missing-required-ai"),
    ("(21)123", "missing-required-ai"),
    ("(3103)000195", "missing-required-ai"),
    ("(00)106141412345678908(3103)000195", "missing-required-ai"),
    ("(254)X", "missing-required-ai"),
    ("(01)09506000134352(250)B", "missing-required-ai"),
    ("(01)09506000134352(3922)0299", "missing-required-ai"),
    ("(01)09506000134352(37)24", "conflicting-ais"),
    ("(01)09506000134352(02)09506000134352(37)1(00)106141412345678908", "conflicting-ais"),
    ("(01)09506000134352(21)A(235)B", "conflicting-ais"),
    ("(01)09506000134352(3103)000195(3102)001950", "conflicting-ais"),
    ("(01)09506000134352(255)9506000134352", "conflicting-ais"),
    ("(01)09506000134352(01)04006381333931", "repeated-ai"),
    ("https://id.gs1.org/01/09506000134353", "wrong-check-digit"),
    ("https://id.gs1.org/01/0950600013435", "wrong-check-digit"),
    ("https://id.gs1.org/01/095060001343", "wrong-check-digit"),
    ("https://id.gs1.org/", "invalid-digital-link"),
    ("https://id.gs1.org/10/ABC", "invalid-digital-link"),
    ("https://id.gs1.org/01/09506000134352/21/1/10/A", "invalid-digital-link"),
    ("https://id.gs1.org/01/09506000134352/22/A/235/B", "invalid-digital-link"),
    ("https://id.gs1.org/01/09506000134352?21=1", "invalid-digital-link"),
    ("https://id.gs1.org/01/09506000134352/10/A%2", "invalid-digital-link"),
    ("https://id.gs1.org/01/09506000134352?05=1", "unknown-ai"),
    ("https://id.gs1.org/01/09506000134352?17=261301", "invalid-date"),
    ("https://id.gs1.org/01/09506000134352/10/A%20B", "invalid-character"),
    ("https://id.gs1.org/01/09506000134352?01=04006381333931", "repeated-ai"),
    ("ftp://id.gs1.org/01/09506000134352", "invalid-digital-link"),
    ("https://[bad", "invalid-digital-link"),
    ("https://id.gs1.org/ARFKk4XB0CDKWcnpq", "compressed-digital-link"),
    ("https://example.com/DBHKVAdpQgbgbA", "compressed-digital-link"),
    ("E2801160600002084A1B2C3D", "unsupported-epc"),
    ("3674257BF7194E4000001A85", "truncated"),
    ("3634257BF7194E60C286B5B3770E578000000000000000000001", "invalid-epc"),
    ("04252615", "wrong-check-digit"),
    ("307C257BF7194E4000001A85", "invalid-epc"),
    ("3174257BF4499602D2000001", "invalid-epc"),
    ("3056FFFFFFFFFE4000001A85", "invalid-epc"),
    ("urn:epc:idpat:sgtin:0614141.112345.*", "epc-pattern"),
    ("urn:epc:pat:sgtin-96:3.0614141.112345.*", "epc-pattern"),
    ("urn:epc:raw:96.x3074257BF7194E4000001A85", "unsupported-epc"),
    ("urn:epc:id:gid:95100000.12345.400", "unsupported-epc"),
    ("urn:epc:id:sgtin:0614141.12345.6789", "invalid-epc"),
    ("urn:epc:id:sgtin:061414.12345.6789", "invalid-epc"),
    ("urn:epc:id:sgtin:0614141.812345.a b", "invalid-epc"),
    ("urn:epc:id:sgtin:0614141.812345.%41", "invalid-epc"),
    ("urn:epc:id:sgtin:0614141.812345." + "1" * 21, "invalid-epc"),
    ("urn:epc:id:sgtin:\u0660614141.812345.1", "invalid-epc"),
    ("urn:epc:id:sscc:0614141.123456789", "invalid-epc"),
    ("urn:epc:tag:sgtin-96:8.0614141.812345.6789", "invalid-epc"),
    ("urn:epc:tag:sgtin-96:3.0614141.812345.06789", "invalid-epc"),
    ("urn:epc:tag:sgtin-96:3.0614141.812345.274877906944", "invalid-epc"),
    ("urn:epc:", "unsupported-epc"),
]


def said(reading: Reading) -> str:
    return as_text(reading.elements)


@pytest.mark.parametrize(("code", "elements"), READ)
def test_a_code_says_what_the_standard_says_it_does(code: str, elements: str) -> None:
    assert said(read(code, TODAY)) == elements


@pytest.mark.parametrize(("code", "why"), REFUSED)
def test_a_malformed_code_is_refused_for_the_right_reason(code: str, why: str) -> None:
    with pytest.raises(Unreadable) as refused:
        read(code, TODAY)
    assert refused.value.type == why, refused.value.detail
    assert refused.value.detail


def read_or_why(code: str) -> Reading | Unreadable:
    try:
        return read(code, TODAY)
    except Unreadable as problem:
        return problem


@pytest.mark.parametrize("tag", [code for code, _ in READ if code.startswith("3") and len(code) == 24])
def test_a_tag_and_its_uri_say_the_same(tag: str) -> None:
    reading = read(tag, TODAY)
    assert reading.epc_uri is not None
    again = read(reading.epc_uri, TODAY)
    assert (again.elements, again.epc_uri) == (reading.elements, reading.epc_uri)


@pytest.mark.parametrize(
    ("code", "uri"),
    [
        ("(01)80614141123458(21)6789", "urn:epc:id:sgtin:0614141.812345.6789"),
        ("(01)10614141123459(21)32a/b", "urn:epc:id:sgtin:0614141.112345.32a%2Fb"),
        ("106141412345678908", "urn:epc:id:sscc:0614141.1234567890"),
        ("(414)0614141123452(254)5678", "urn:epc:id:sgln:0614141.12345.5678"),
        ("(8003)006141411234525678", "urn:epc:id:grai:0614141.12345.5678"),
        ("4006381333931", None),
    ],
)
def test_elements_that_name_one_thing_have_an_epc_uri(code: str, uri: str | None) -> None:
    assert read(code, TODAY).epc_uri == uri


@pytest.mark.parametrize(
    ("text", "today", "day"),
    [
        ("260100", date(2026, 1, 31), date(2026, 1, 31)),
        ("240200", date(2026, 1, 31), date(2024, 2, 29)),
        ("760101", date(2026, 1, 31), date(2076, 1, 1)),
        ("770101", date(2026, 1, 31), date(1977, 1, 1)),
        ("000101", date(2050, 6, 1), date(2000 + 100, 1, 1)),
        ("010101", date(2052, 6, 1), date(2101, 1, 1)),
        ("030101", date(2052, 6, 1), date(2003, 1, 1)),
    ],
)
def test_a_year_is_at_most_49_years_back_and_50_ahead(text: str, today: date, day: date) -> None:
    assert read_date(text, today) == day


def test_the_check_pair_is_the_one_of_the_general_specifications() -> None:
    assert check_pair("1987654Ad4X4bL5ttr2310c") == "2K"


def test_a_location_label_is_no_element_string() -> None:
    for place in ("A-01-02-3", "10-02-3", "91-01-02", "DOCK.1", "01-02"):
        label = label_text(place, derived_check_digits(place))
        assert read(label, TODAY).label == (place, derived_check_digits(place))
    assert read("(01)09506000134352(10)AB:12", TODAY).label is None
    assert read("010950600013435210AB:12", TODAY).label is None


gtins = st.integers(0, 10**13 - 1).map(lambda number: f"{number:013d}").map(lambda d: f"{d}{check_digit(d)}")
texts = st.text(CHARACTERS_82, min_size=1, max_size=20)
days = st.dates(date(1990, 1, 1), date(2060, 1, 1)).map(lambda day: day.strftime("%y%m%d"))


@given(gtins, texts, texts, days)
def test_elements_survive_every_way_of_writing_them(gtin: str, lot: str, serial: str, day: str) -> None:
    elements = {"01": gtin, "17": day, "10": lot, "21": serial}
    assert scanned(as_scanned(elements), TODAY) == elements
    assert (
        bracketed("".join(f"({ai}){v.replace('(', chr(92) + '(')}" for ai, v in elements.items()), TODAY)
        == elements
    )
    assert GS1Message.parse(as_scanned(elements)).as_hri() == as_text(elements)


@given(st.integers(0, 10**12 - 1), st.integers(0, 9), st.integers(0, 2**38 - 1))
def test_every_sgtin_uri_is_read_as_the_same_elements(number: int, indicator: int, serial: int) -> None:
    digits = f"{number:012d}"
    reading = read(f"urn:epc:tag:sgtin-96:1.{digits[:7]}.{indicator}{digits[7:]}.{serial}", TODAY)
    payload = f"{indicator}{digits}"
    assert reading.elements == {"01": f"{payload}{check_digit(payload)}", "21": str(serial)}


@given(st.text(max_size=60) | st.text("0123456789()]ACabdQeE./:-%^{}<>GS|\x1d", max_size=60))
@example("]")
@example("](")
@example("|")
@example("]C1|<GS>")
@example("(01)")
@example("https://a/01/")
@example("urn:epc:id:sgln:0614141.12345.a(123)b")
@example("(414)0614141123452(254)a\\(123)b")
def test_any_text_is_read_or_refused_with_a_reason(text: str) -> None:
    try:
        reading = read(text, TODAY)
    except Unreadable as problem:
        reason = problem
    else:
        assert reading.elements or reading.label
        assert kind_of(reading.elements)
        return
    assert reason.type
    assert reason.detail


@given(st.sampled_from(sorted(table())), st.text(CHARACTERS_82 + "€ ", max_size=40))
def test_any_value_of_any_ai_is_read_or_refused_with_a_reason(ai: str, value: str) -> None:
    for text in (f"({ai}){value}", f"]C1{ai}{value}", f"https://a.b/01/09506000134352?{ai}={value}"):
        test_any_text_is_read_or_refused_with_a_reason.hypothesis.inner_test(text)  # type: ignore[attr-defined]
