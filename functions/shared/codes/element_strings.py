"""GS1 element strings: AIs and their values one after the other, as scanners send them or as people write them."""

import re
from collections.abc import Iterable
from datetime import date

from shared.codes.application_identifiers import ApplicationIdentifier, matches, table
from shared.codes.problems import Unreadable
from shared.codes.values import TRUNCATED, require_value

SEPARATOR = "\x1d"
"""The group separator, which scanners hand over for FNC1."""

_BRACKETED_AI = re.compile(r"\((\d{2,4})\)")
_LENGTHS = (2, 3, 4)

Elements = dict[str, str]


def scanned(text: str, today: date) -> Elements:
    """The elements in `text`, where a separator ends what has no predefined length. Raises Unreadable."""
    found: list[tuple[ApplicationIdentifier, str]] = []
    rest = text.lstrip(SEPARATOR)
    while rest:
        ai = first_ai(rest)
        if ai is None:
            raise _unknown(rest[: max(_LENGTHS)], rest)
        rest = rest[len(ai.ai) :]
        if ai.predefined:
            value = rest[: ai.longest].partition(SEPARATOR)[0]
            rest = rest[len(value) :].lstrip(SEPARATOR)
        else:
            value, _, rest = rest.partition(SEPARATOR)
            rest = rest.lstrip(SEPARATOR)
        found.append((ai, value))
    return _verified(found, today)


def bracketed(text: str, today: date) -> Elements:
    """The elements in text such as `(01)09506000134352(10)ABC`. Raises Unreadable.

    A bracket that belongs to a value is taken for the start of an AI only where two to four digits and a closing
    bracket follow; `\\(` always belongs to the value.
    """
    ais = [match for match in _BRACKETED_AI.finditer(text) if text[match.start() - 1 : match.start()] != "\\"]
    if not ais or ais[0].start() != 0:
        raise Unreadable("unknown-ai", f"{text!r} does not begin with an AI in brackets, such as (01).")
    ends = [match.start() for match in ais[1:]] + [len(text)]
    found: list[tuple[ApplicationIdentifier, str]] = []
    for match, end in zip(ais, ends, strict=True):
        ai = table().get(match[1])
        if ai is None:
            raise _unknown(match[1], text[match.start() :])
        found.append((ai, text[match.end() : end].strip().replace("\\(", "(")))
    return _verified(found, today)


def first_ai(text: str) -> ApplicationIdentifier | None:
    """The AI that `text` begins with: none begins with another."""
    return next((ai for length in _LENGTHS if (ai := table().get(text[:length]))), None)


def as_text(elements: Elements) -> str:
    """The elements as people read them: `(01)09506000134352(10)ABC`."""
    return "".join(f"({ai}){value}" for ai, value in elements.items())


def as_scanned(elements: Elements) -> str:
    """The elements as a scanner hands them over, with a separator where one has to be."""
    parts: list[str] = []
    for position, (ai, value) in enumerate(elements.items()):
        last = position == len(elements) - 1
        parts.append(f"{ai}{value}" + ("" if last or table()[ai].predefined else SEPARATOR))
    return "".join(parts)


def require_company(elements: Elements) -> None:
    """Raises Unreadable when an AI lacks one that it needs beside it, or stands beside one that it bars."""
    for name in elements:
        ai = table()[name]
        for pattern in ai.bars:
            for other in elements:
                if other != name and matches(pattern, other):
                    raise Unreadable(
                        "conflicting-ais", f"({name}) must not stand beside ({other}) on one item.", elements
                    )
        if ai.needs and not any(all(_present(wanted, elements) for wanted in row) for row in ai.needs):
            ways = " or ".join(" with ".join(f"({wanted})" for wanted in row) for row in ai.needs)
            raise Unreadable("missing-required-ai", f"({name}) needs {ways} beside it.", elements)


def _present(pattern: str, elements: Elements) -> bool:
    return any(matches(pattern, ai) for ai in elements)


def _verified(found: Iterable[tuple[ApplicationIdentifier, str]], today: date) -> Elements:
    elements: Elements = {}
    for ai, value in found:
        if not value:
            raise Unreadable(TRUNCATED, f"({ai.ai}) has no value.", elements)
        try:
            require_value(ai, value, today)
        except Unreadable as problem:
            raise Unreadable(problem.type, problem.detail, elements) from problem
        if elements.setdefault(ai.ai, value) != value:
            raise Unreadable(
                "repeated-ai", f"({ai.ai}) is given twice: {elements[ai.ai]!r} and {value!r}.", elements
            )
    require_company(elements)
    return elements


def _unknown(ai: str, rest: str) -> Unreadable:
    return Unreadable("unknown-ai", f"No application identifier begins with {ai!r} (at {rest[:20]!r}).")
