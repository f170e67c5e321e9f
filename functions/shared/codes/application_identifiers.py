"""The GS1 application identifiers (AIs): how long and of what kind their values are, and which go together.

The facts are those of the GS1 General Specifications, section 3 (formats), 4.13 and 4.14 (which AIs must, and
which must not, stand on one physical item), 7.8.5 (predefined lengths), and of the GS1 Digital Link standard
(keys, qualifiers and attributes), written in a notation of our own:

- a value is a row of parts: `N` digits, `X` the 82 invariant characters of ISO/IEC 646, `Y` 39 of them, `Z`
  base64url; then the length, or the greatest length after `..`; then, after `:`, what the part must be; `?` marks
  an optional part;
- `needs` are alternatives, each a row of AIs joined by `+`, one of which has to be there; several rows of `needs`
  would all have to be met. `bars` are AIs that must not be there. `n` stands for any digit.
"""

import re
from functools import cache

from msgspec import Struct


class Part(Struct, frozen=True):
    """One part of an AI's value. `shortest` equals `longest` where the length is fixed."""

    kind: str
    shortest: int
    longest: int
    rule: str = ""
    optional: bool = False


class ApplicationIdentifier(Struct, frozen=True):
    """One AI. `qualifiers` is None where it is no key of a Digital Link, else the rows that may follow the key."""

    ai: str
    parts: tuple[Part, ...]
    needs: tuple[tuple[str, ...], ...] = ()
    bars: tuple[str, ...] = ()
    qualifiers: tuple[tuple[str, ...], ...] | None = None

    @property
    def shortest(self) -> int:
        """The fewest characters of its value."""
        return sum(part.shortest for part in self.parts if not part.optional)

    @property
    def longest(self) -> int:
        """The most characters of its value."""
        return sum(part.longest for part in self.parts)

    @property
    def predefined(self) -> bool:
        """Whether its length is known to every reader, so that no separator has to follow it (section 7.8.5)."""
        return self.ai[:2] in _PREDEFINED

    @property
    def attribute(self) -> bool:
        """Whether it may stand in the query of a Digital Link."""
        return self.ai not in _NO_ATTRIBUTES


def _words(text: str) -> list[str]:
    return text.split()


_PREDEFINED = frozenset(
    _words("00 01 02 03 04 11 12 13 14 15 16 17 18 19 20 31 32 33 34 35 36 41"),
)
_NO_ATTRIBUTES = frozenset(
    _words("03 21 22 235 254 7040 7041 8011 8014 8019 8020 8040 8041 8042 8043 8200"),
)

_TRADE = "01 02 8006 8026"  # a trade item, or what a logistic unit holds
_MADE = "01 02 03 8006 8026"
_OWN = "01 03 8006"
_ITEM = "01 02"
_ANY_ITEM = "01 02 03"
_UNIT = "00 01"
_SERIAL = "01+21 03+21 8006+21"
_MEASURED = "30 31nn 32nn 35nn 36nn"
_MEASURED_ITEM = "01+30 01+31nn 01+32nn 01+35nn 01+36nn"

# AIs; value; needs; bars
_FACTS: tuple[tuple[str, str, str, str], ...] = (
    # identification
    ("00", "N18:key", "", ""),
    ("01", "N14:key", "", "255 37"),
    ("02", "N14:key", "37", "01 03"),
    ("03", "N14:key", "", "01 02 37 235"),
    # a trade item in particular
    ("10", "X..20", _MADE, ""),
    ("11 13 15 16", "N6:date", _MADE, ""),
    ("12", "N6:date", "8020", ""),
    ("17", "N6:date", _MADE + " 255", ""),
    ("20", "N2", _MADE, ""),
    ("21", "X..20", _OWN, "235"),
    ("22", "X..20", "01", ""),
    ("235", "X..28", "01", ""),
    ("240 241", "X..30", _MADE, ""),
    ("242", "N..6", _TRADE, ""),
    ("243", "X..20", "01 03", ""),
    ("250", "X..30", _SERIAL, ""),
    ("251", "X..30", _OWN, ""),
    ("253", "N13:key X..17?", "", ""),
    ("254", "X..20", "414", ""),
    ("255", "N13:key N..12?", "", "01 02 415 8006 8020 8026"),
    ("30", "N..8", _ITEM, ""),
    ("37", "N..8", "00+02 00+8026", ""),
    # measures: the fourth digit says how many decimals
    *((f"{m}0-5", "N6", _ITEM, f"{m}n") for m in _words("310 311 312 313 314 315 316 320 321 322 323 324 325")),
    *((f"{m}0-5", "N6", _ITEM, f"{m}n") for m in _words("326 327 328 329 350 351 352 356 357 360 361 364 365")),
    ("3660-5", "N6", _ITEM, "366n"),
    *((f"{m}0-5", "N6", _UNIT, f"{m}n") for m in _words("330 331 332 333 334 335 336 340 341 342 343 344 345")),
    *((f"{m}0-5", "N6", _UNIT, f"{m}n") for m in _words("346 347 348 349 353 354 355 362 363 367 368 369")),
    ("3370-5", "N6", "01", "337n"),
    # amounts
    ("3900-9", "N..15", "255 8020", "390n 391n 394n 8111"),
    ("3910-9", "N3:currency N..15", "8020", "391n"),
    ("3920-9", "N..15", _MEASURED_ITEM, "392n 393n"),
    ("3930-9", "N3:currency N..15", _MEASURED, "393n"),
    ("3940-3", "N4", "255", "394n 8111"),
    ("3950-5", "N6", _MEASURED, "392n 393n 395n 8005"),
    # orders, shipments, parties and places
    ("400", "X..30", "", ""),
    ("401", "X..30:prefixed", "", ""),
    ("402", "N17:key", "", ""),
    ("403", "X..30", "00", ""),
    ("410 411 412 413 414 416 417", "N13:key", "", ""),
    ("415", "N13:key", "8020", ""),
    ("420", "X..20", "", "421"),
    ("421", "N3:country X..9", "", "4307"),
    ("422", "N3:country", _MADE, "426"),
    ("423 425", "N3:country" + " N3:country?" * 4, _ANY_ITEM, "426"),
    ("424", "N3:country", _ANY_ITEM, "426"),
    ("426", "N3:country", _ANY_ITEM, ""),
    ("427", "X..3", "01+422 02+422 03+422", ""),
    ("4300 4301 4310 4311 4320", "X..35:percent", "00", ""),
    ("4302 4304 4305 4306 4312 4314 4315 4316", "X..70:percent", "00", ""),
    ("4303", "X..70:percent", "4302", ""),
    ("4313", "X..70:percent", "4312", ""),
    ("4307 4317", "X2:alpha2", "00", ""),
    ("4308 4319", "X..30", "00", ""),
    ("4309", "N10:latitude N10:longitude", "00", ""),
    ("4318", "X..20", "00", ""),
    ("4321 4322 4323", "N1:flag", "00", ""),
    ("4324 4325", "N6:date N4:time99", "00", ""),
    ("4326", "N6:day", "00", ""),
    ("4330", "N6 X1:minus?", "00", "4331"),
    ("4331", "N6 X1:minus?", "00", "4330"),
    ("4332", "N6 X1:minus?", "00", "4333"),
    ("4333", "N6 X1:minus?", "00", "4332"),
    # what is special to some trades
    ("7001", "N13", _TRADE, ""),
    ("7002", "X..30", _ITEM, ""),
    ("7003", "N6:day N4:time", _ANY_ITEM, ""),
    ("7004", "N..4", "01+10 03+10", ""),
    ("7005", "X..12", _ITEM, ""),
    ("7006", "N6:day", _ITEM, ""),
    ("7007", "N6:day N6:day?", _ITEM, ""),
    ("7008", "X..3", _ITEM, ""),
    ("7009", "X..10", _ITEM, ""),
    ("7010", "X..2", _ANY_ITEM, ""),
    ("7011", "N6:day N4:time?", _ANY_ITEM, ""),
    ("7020", "X..20", "01+416 03+416 8006+416", ""),
    ("7021", "X..20", _OWN, ""),
    ("7022", "X..20", "01+7021 03+7021 8006+7021", ""),
    ("7023", "X..30:prefixed", "", ""),
    ("7030-9", "N3:country999 X..27", _ITEM, ""),
    ("7040", "N1 X1 X1 X1:importer", "", ""),
    ("7041", "X..4:package", "00", ""),
    ("710 711 712 713 714 715 716 717", "X..20", "01", ""),
    ("7230-9", "X2 X..28", "01 8004", ""),
    ("7240", "X..20", "01 8006", "03"),
    ("7241", "N2:medium", "8017 8018", ""),
    ("7242", "X..25", "8017 8018", ""),
    ("7250", "N8:longday", "8018", "7251"),
    ("7251", "N8:longday N4:time", "8018", "7250"),
    ("7252", "N1:sex", "8018", ""),
    ("7253 7254", "X..40:percent", "8017 8018", "7256 7259"),
    ("7255", "X..10", "8017 8018", "7256 7259"),
    ("7256", "X..90:percent", "8017 8018", ""),
    ("7257", "X..70:percent", "8018", ""),
    ("7258", "X3:sequence", "8018+7259", ""),
    ("7259", "X..40:percent", "8018", "7256"),
    ("8001", "N4:positive N5:positive N3:positive N1:winding N1", "01", ""),
    ("8002", "X..20", "", ""),
    ("8003", "N1:zero N13:key X..16?", "", ""),
    ("8004", "X..30:prefixed", "", ""),
    ("8005", "N6", _ITEM, ""),
    ("8006", "N14:key N4:piece", "", "01 03 37"),
    ("8007", "X..34:iban", "415", ""),
    ("8008", "N6:day N2:hour N2:sixty? N2:sixty?", _ANY_ITEM, ""),
    ("8009", "X..50", "00 01 03", ""),
    ("8010", "Y..30:prefixed", "", ""),
    ("8011", "N..12:unpadded", "8010", ""),
    ("8012", "X..20", _OWN, ""),
    ("8013", "X..25:pair", "", ""),
    ("8014", "X..25:alphapair", "01", ""),
    ("8017", "N18:key", "", "8018"),
    ("8018", "N18:key", "", "8017"),
    ("8019", "N..10", "8017 8018", ""),
    ("8020", "X..25", "415", ""),
    ("8026", "N14:key N4:piece", "37", "02 03 8006"),
    ("8030", "Z..90", f"00 {_SERIAL} 253 255 8003 8004 8010+8011 8017 8018", ""),
    ("8040", "N15", "01+21", ""),
    ("8041", "N15", "01+21+8040", ""),
    ("8042", "N32", "01+21+8040", ""),
    ("8043", "N18 N..2?", "01+21+8040", ""),
    ("8110 8112", "X..70:coupon", "", ""),
    ("8111", "N4", "255", ""),
    ("8200", "X..70", "01", ""),
    # of the company's own
    ("90", "X..30", "", ""),
    ("91 92 93 94 95 96 97 98 99", "X..90", "", ""),
)
_LINKS = {
    **dict.fromkeys(_words("00 253 255 401 402 8003 8013"), ((),)),
    "01": (("22", "10", "21"), ("235",)),
    "414": (("254",), ("7040",)),
    "415": (("8020",),),
    "417": (("7040",),),
    "8004": (("7040",),),
    "8006": (("22", "10", "21"),),
    "8010": (("8011",),),
    "8017": (("8019",),),
    "8018": (("8019",),),
}
_PART = re.compile(r"([NXYZ])(\.\.)?(\d+)(?::(\w+))?(\?)?")


@cache
def table() -> dict[str, ApplicationIdentifier]:
    """Every AI by its digits."""
    found: dict[str, ApplicationIdentifier] = {}
    for names, value, needs, bars in _FACTS:
        parts = tuple(_part(text) for text in value.split())
        for ai in _expanded(names):
            found[ai] = ApplicationIdentifier(
                ai,
                parts,
                tuple(tuple(row.split("+")) for row in needs.split()),
                tuple(bars.split()),
                _LINKS.get(ai),
            )
    return found


def matches(pattern: str, ai: str) -> bool:
    """Whether `ai` is the one that `pattern` names, where `n` stands for any digit."""
    return len(pattern) == len(ai) and all(
        wanted in ("n", given) for wanted, given in zip(pattern, ai, strict=True)
    )


def _part(text: str) -> Part:
    match = _PART.fullmatch(text)
    if match is None:
        raise ValueError(text)
    kind, upto, length, rule, optional = match.groups()
    return Part(kind, 1 if upto else int(length), int(length), rule or "", bool(optional))


def _expanded(names: str) -> list[str]:
    """The AIs in `names`: "3100-5" means 3100, 3101, ... 3105."""
    ais: list[str] = []
    for name in names.split():
        first, _, last = name.partition("-")
        ais += [f"{first[:-1]}{digit}" for digit in range(int(first[-1]), int(last) + 1)] if last else [first]
    return ais
