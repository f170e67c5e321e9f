"""What the parts of an AI's value must be (GS1 General Specifications, sections 3, 7.9, 7.11 and 7.12)."""

import calendar
import re
from collections.abc import Callable
from datetime import date

from shared.codes.application_identifiers import ApplicationIdentifier
from shared.codes.problems import Unreadable
from shared.gs1 import check_digit, has_valid_check_digit

INVALID_CHARACTER = "invalid-character"
INVALID_DATE = "invalid-date"
INVALID_VALUE = "invalid-value"
TRUNCATED = "truncated"
TOO_LONG = "too-long"
WRONG_CHECK_DIGIT = "wrong-check-digit"

_DIGITS = "0123456789"
_UPPER = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_LOWER = _UPPER.lower()
CHARACTERS_82 = "!\"%&'()*+,-./" + _DIGITS + ":;<=>?" + _UPPER + "_" + _LOWER
"""The invariant characters of ISO/IEC 646 that values of type X consist of, in the order of their codes."""
CHARACTERS_39 = "#-/" + _DIGITS + _UPPER
_SETS = {
    "N": (frozenset(_DIGITS), "digits"),
    "X": (frozenset(CHARACTERS_82), "the 82 characters of GS1's invariant set"),
    "Y": (frozenset(CHARACTERS_39), "digits, capital letters, '#', '-' and '/'"),
    "Z": (frozenset(_DIGITS + _UPPER + _LOWER + "-_="), "the characters of base64url"),
}


def _words(text: str) -> list[str]:
    return text.split()


_COUNTRIES = frozenset(
    _words(
        "004 008 010 012 016 020 024 028 031 032 036 040 044 048 050 051 052 056 060 064 068 070 072 074 "
        "076 084 086 090 092 096 100 104 108 112 116 120 124 132 136 140 144 148 152 156 158 162 166 170 "
        "174 175 178 180 184 188 191 192 196 203 204 208 212 214 218 222 226 231 232 233 234 238 239 242 "
        "246 248 250 254 258 260 262 266 268 270 275 276 288 292 296 300 304 308 312 316 320 324 328 332 "
        "334 336 340 344 348 352 356 360 364 368 372 376 380 384 388 392 398 400 404 408 410 414 417 418 "
        "422 426 428 430 434 438 440 442 446 450 454 458 462 466 470 474 478 480 484 492 496 498 499 500 "
        "504 508 512 516 520 524 528 531 533 534 535 540 548 554 558 562 566 570 574 578 580 581 583 584 "
        "585 586 591 598 600 604 608 612 616 620 624 626 630 634 638 642 643 646 652 654 659 660 662 663 "
        "666 670 674 678 682 686 688 690 694 702 703 704 705 706 710 716 724 728 729 732 740 744 748 752 "
        "756 760 762 764 768 772 776 780 784 788 792 795 796 798 800 804 807 818 826 831 832 833 834 840 "
        "850 854 858 860 862 876 882 887 894"
    )
)
"""ISO 3166-1 numeric."""
_COUNTRY_LETTERS = frozenset(
    _words(
        "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS "
        "BT BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE "
        "EG EH ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM "
        "HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC "
        "LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA "
        "NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW "
        "SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO "
        "TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW"
    )
)
"""ISO 3166-1 alpha-2."""
_PERCENT = re.compile(r"(?:[^%]|%[0-9A-Fa-f]{2})*")
_CHECK_CHARACTERS = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
_PRIMES = (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83)
_SHORTEST_PREFIX = 4
_LATEST_MEDIUM = 10
_OWN_MEDIA = 80


def require_value(ai: ApplicationIdentifier, value: str, today: date) -> None:
    """Raises Unreadable saying what is wrong with `value` as the value of `ai`."""
    rest = value
    for position, part in enumerate(ai.parts):
        if not rest and part.optional:
            return
        given, rest = rest[: part.longest], rest[part.longest :]
        allowed, called = _SETS[part.kind]
        for character in given:
            if character not in allowed:
                raise Unreadable(
                    INVALID_CHARACTER, f"({ai.ai}) {value!r} holds {character!r}; it may only hold {called}."
                )
        if len(given) < part.shortest:
            raise Unreadable(
                TRUNCATED,
                f"({ai.ai}) {value!r} has {len(value)} characters; {_wanted_length(ai)} belong there.",
            )
        if part.rule:
            _RULES[part.rule](ai.ai, given, today)
        if rest and position == len(ai.parts) - 1:
            raise Unreadable(
                TOO_LONG,
                f"({ai.ai}) {value!r} has {len(value)} characters, but at most {ai.longest} belong there; "
                "perhaps the separator behind it is missing.",
            )


def read_date(value: str, today: date) -> date:
    """The day that YYMMDD means; day 00 is the last of the month. Raises ValueError when there is no such day.

    The century is the one that puts the year at most 49 years back and 50 ahead (section 7.12).
    """
    year, month, day = int(value[:2]), int(value[2:4]), int(value[4:6])
    ahead = year - today.year % 100
    century = today.year - today.year % 100
    if ahead > 50:
        century -= 100
    elif ahead < -49:
        century += 100
    full = century + year
    if day == 0 and 1 <= month <= 12:
        day = calendar.monthrange(full, month)[1]
    return date(full, month, day)


def check_pair(text: str) -> str:
    """The two check characters of an alphanumeric key (section 7.9.5)."""
    weighted = sum(
        CHARACTERS_82.index(character) * prime for character, prime in zip(reversed(text), _PRIMES, strict=False)
    )
    remainder = weighted % 1021
    return _CHECK_CHARACTERS[remainder >> 5] + _CHECK_CHARACTERS[remainder & 31]


def _wanted_length(ai: ApplicationIdentifier) -> str:
    if ai.shortest == ai.longest:
        return f"exactly {ai.shortest}"
    return f"{ai.shortest} to {ai.longest}"


def _wrong(ai: str, value: str, why: str, type: str = INVALID_VALUE) -> Unreadable:
    return Unreadable(type, f"({ai}) {value!r} {why}")


def _key(ai: str, value: str, _: date) -> None:
    if not has_valid_check_digit(value):
        right = check_digit(value[:-1])
        raise _wrong(ai, value, f"ends in {value[-1]}, but its check digit should be {right}.", WRONG_CHECK_DIGIT)


def _date(ai: str, value: str, today: date) -> None:
    try:
        read_date(value, today)
    except ValueError as error:
        raise _wrong(ai, value, "is no day in the form YYMMDD.", INVALID_DATE) from error


def _day(ai: str, value: str, today: date) -> None:
    if value[4:6] == "00":
        raise _wrong(ai, value, "has day 00, which is not allowed here.", INVALID_DATE)
    _date(ai, value, today)


def _long_day(ai: str, value: str, _: date) -> None:
    try:
        date(int(value[:4]), int(value[4:6]), int(value[6:8]))
    except ValueError as error:
        raise _wrong(ai, value, "is no day in the form YYYYMMDD.", INVALID_DATE) from error


def _time(ai: str, value: str, _: date) -> None:
    if value[:2] > "23" or value[2:] > "59":
        raise _wrong(ai, value, "is no time in the form HHMM.", INVALID_DATE)


def _time_or_none(ai: str, value: str, today: date) -> None:
    if value != "9999":  # no time is given
        _time(ai, value, today)


def _upto(greatest: str, why: str, type: str = INVALID_VALUE) -> Callable[[str, str, date], None]:
    def check(ai: str, value: str, _: date) -> None:
        if value > greatest:
            raise _wrong(ai, value, why, type)

    return check


def _one_of(values: frozenset[str], why: str) -> Callable[[str, str, date], None]:
    def check(ai: str, value: str, _: date) -> None:
        if value not in values:
            raise _wrong(ai, value, why)

    return check


def _like(pattern: str, why: str) -> Callable[[str, str, date], None]:
    compiled = re.compile(pattern)

    def check(ai: str, value: str, _: date) -> None:
        if not compiled.fullmatch(value):
            raise _wrong(ai, value, why)

    return check


def _piece(ai: str, value: str, _: date) -> None:
    piece, total = int(value[:2]), int(value[2:])
    if not 1 <= piece <= total:
        raise _wrong(ai, value, "is no piece of a total: both count from 01, and the total is the greater.")


def _medium(ai: str, value: str, _: date) -> None:
    number = int(value)
    if not (1 <= number <= _LATEST_MEDIUM or number >= _OWN_MEDIA):
        raise _wrong(ai, value, "is no type of medium (01 to 10, or 80 to 99).")


def _sequence(ai: str, value: str, _: date) -> None:
    if not re.fullmatch(r"[1-9]/[1-9]", value) or value[0] > value[2]:
        raise _wrong(ai, value, "is no place in a sequence such as 1/3.")


def _iban(ai: str, value: str, _: date) -> None:
    if not re.fullmatch(r"[A-Z]{2}[0-9]{2}[A-Z0-9]+", value) or value[:2] not in _COUNTRY_LETTERS:
        raise _wrong(ai, value, "is no IBAN.")
    if int("".join(str(int(character, 36)) for character in value[4:] + value[:4])) % 97 != 1:
        raise _wrong(ai, value, "is no IBAN: its check digits are wrong.", WRONG_CHECK_DIGIT)


def _check_pair(ai: str, value: str, _: date) -> None:
    if len(value) <= 2:
        raise _wrong(ai, value, "is too short to end in two check characters.", TRUNCATED)
    _prefixed(ai, value, _)
    right = check_pair(value[:-2])
    if right != value[-2:]:
        raise _wrong(ai, value, f"should end in the check characters {right}.", WRONG_CHECK_DIGIT)


def _letters_and_pair(ai: str, value: str, today: date) -> None:
    if value.isdigit():
        raise _wrong(ai, value, "has no letter.")
    _check_pair(ai, value, today)


def _prefixed(ai: str, value: str, _: date) -> None:
    head = value[:_SHORTEST_PREFIX]
    if len(head) < _SHORTEST_PREFIX or not head.isdigit():
        raise _wrong(ai, value, "does not begin with a GS1 company prefix, which has at least four digits.")


_RULES: dict[str, Callable[[str, str, date], None]] = {
    "key": _key,
    "date": _date,
    "day": _day,
    "longday": _long_day,
    "time": _time,
    "time99": _time_or_none,
    "hour": _upto("23", "is no hour.", INVALID_DATE),
    "sixty": _upto("59", "counts no minutes or seconds.", INVALID_DATE),
    "currency": _like(r"(?!000)\d{3}", "is no currency's number (ISO 4217)."),
    "country": _one_of(_COUNTRIES, "is no country's number (ISO 3166-1)."),
    "country999": _one_of(_COUNTRIES | {"999"}, "is no country's number (ISO 3166-1, or 999 for several)."),
    "alpha2": _one_of(_COUNTRY_LETTERS, "is no country's two letters (ISO 3166-1)."),
    "percent": _like(_PERCENT.pattern, "holds a '%' that no two hexadecimal digits follow."),
    "latitude": _upto("1800000000", "is no latitude (at most 1800000000)."),
    "longitude": _upto("3600000000", "is no longitude (at most 3600000000)."),
    "flag": _one_of(frozenset("01"), "is neither 0 (no) nor 1 (yes)."),
    "minus": _one_of(frozenset("-"), "is no minus sign."),
    "importer": _one_of(frozenset(CHARACTERS_82) - frozenset("!\"%&'()*+,./:;<=>?"), "is no importer's index."),
    "package": _like(r"[A-Z0-9]{1,3}", "is no package type (UN/ECE recommendation 21)."),
    "medium": _medium,
    "sex": _one_of(frozenset("0129"), "is none of 0, 1, 2 and 9 (ISO/IEC 5218)."),
    "sequence": _sequence,
    "positive": _like(r"\d*[1-9]\d*", "is zero."),
    "winding": _one_of(frozenset("019"), "is no winding direction (0, 1 or 9)."),
    "zero": _one_of(frozenset("0"), "is not 0, with which every GRAI begins."),
    "piece": _piece,
    "iban": _iban,
    "unpadded": _like(r"0|[1-9]\d*", "begins with 0."),
    "pair": _check_pair,
    "alphapair": _letters_and_pair,
    "coupon": _like(r"\d+", "is no coupon's code, which consists of digits."),
    "prefixed": _prefixed,
}


def rules(ai: ApplicationIdentifier) -> tuple[str, ...]:
    """The names of the rules that hold for the parts of `ai`."""
    return tuple(part.rule for part in ai.parts if part.rule)
