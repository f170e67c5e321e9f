"""Our table of application identifiers against GS1's own dictionary, where that is at hand."""

import re
from pathlib import Path

import pytest

from shared.codes.application_identifiers import ApplicationIdentifier, Part, table
from shared.codes.values import rules

DICTIONARY = next(
    (
        path
        for parent in Path(__file__).resolve().parents
        if (path := parent.parent / "shared" / "data" / "gs1" / "gs1-syntax-dictionary.txt").is_file()
    ),
    Path("/nowhere"),
)
needs_dictionary = pytest.mark.skipif(not DICTIONARY.is_file(), reason="GS1's syntax dictionary is not at hand")

RULES = {
    "csum": "key",
    "yymmd0": "date",
    "yymmdd": "day",
    "yyyymmdd": "longday",
    "hh": "hour",
    "mi": "sixty",
    "ss": "sixty",
    "iso4217": "currency",
    "iso3166": "country",
    "iso3166999": "country999",
    "iso3166alpha2": "alpha2",
    "pcenc": "percent",
    "yesno": "flag",
    "hyphen": "minus",
    "importeridx": "importer",
    "packagetype": "package",
    "mediatype": "medium",
    "iso5218": "sex",
    "posinseqslash": "sequence",
    "nonzero": "positive",
    "pieceoftotal": "piece",
    "nozeroprefix": "unpadded",
    "csumalpha": "pair",
    "couponcode": "coupon",
    "couponposoffer": "coupon",
    "gcppos1": "prefixed",
}
"""GS1's names of its tests and ours. hhmi is `time`, or `time99` in 4324 and 4325, where 9999 means: no time."""


def entries() -> dict[str, str]:
    """Every AI's line in the dictionary, without the AI and the title."""
    found: dict[str, str] = {}
    for line in DICTIONARY.read_text().splitlines():
        if not line or line.startswith("#"):
            continue
        names, _, rest = line.partition(" ")
        first, _, last = names.partition("-")
        for ai in range(int(first), int(last or first) + 1):
            found[f"{ai:0{len(first)}d}"] = rest.split("#")[0].strip()
    return found


def fields(line: str) -> tuple[str, list[str], dict[str, list[str]]]:
    """Flags, parts and attributes of a line."""
    words = line.split()
    flags = words.pop(0) if re.fullmatch(r"[*?]+", words[0]) else ""
    parts = [word for word in words if re.match(r"\[?[NXYZ]", word)]
    attributes: dict[str, list[str]] = {}
    for word in words[len(parts) :]:
        name, _, value = word.partition("=")
        attributes.setdefault(name, []).append(value)
    return flags, parts, attributes


def shape(text: str) -> Part:
    match = re.match(r"(\[?)([NXYZ])(\.\.)?(\d+)", text)
    assert match is not None
    optional, kind, upto, length = match.groups()
    return Part(kind, 1 if upto else int(length), int(length), optional=bool(optional))


@needs_dictionary
def test_every_ai_has_the_parts_and_relations_that_gs1_says() -> None:
    assert set(table()) == set(entries())
    for name, line in entries().items():
        ai: ApplicationIdentifier = table()[name]
        flags, parts, attributes = fields(line)
        ours = [Part(part.kind, part.shortest, part.longest, optional=part.optional) for part in ai.parts]
        assert ours == [shape(part) for part in parts], name
        assert ai.predefined == ("*" in flags), name
        assert ai.attribute == ("?" in flags), name
        needs = [row for value in attributes.get("req", []) for row in value.split(",")]
        assert sorted("+".join(row) for row in ai.needs) == sorted(needs), name
        assert sorted(ai.bars) == sorted(x for value in attributes.get("ex", []) for x in value.split(",")), name
        link = attributes.get("dlpkey")
        expected = (
            None if link is None else tuple(tuple(row.split(",")) if row else () for row in link[0].split("|"))
        )
        assert ai.qualifiers == expected, name


@needs_dictionary
def test_every_part_is_tested_as_gs1_says() -> None:
    for name, line in entries().items():
        _, parts, _ = fields(line)
        expected = []
        for part in parts:
            tests = [test for test in re.findall(r",([a-z0-9]+)", part) if test != "gcppos2"]
            if "csum" in tests or "csumalpha" in tests:
                tests = [test for test in tests if test != "gcppos1"]
            if "hasnondigit" in tests:
                tests = ["alphapair"]
            expected += [
                ("time99" if name in ("4324", "4325") else "time") if test == "hhmi" else RULES.get(test, test)
                for test in tests
            ]
        assert list(rules(table()[name])) == expected, name
