"""GS1 Digital Link URIs (URI Syntax): a key and its qualifiers in the path, further elements in the query."""

import re
from datetime import date
from urllib.parse import unquote, urlsplit

from shared.codes.application_identifiers import ApplicationIdentifier, table
from shared.codes.element_strings import Elements, bracketed
from shared.codes.problems import Unreadable
from shared.gs1 import GTIN_LENGTHS, as_gtin14

INVALID_LINK = "invalid-digital-link"
_COMPRESSED = re.compile(r"(?=.*[A-Z])(?=.*[a-z0-9])[A-Za-z0-9_-]{10,}")
_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")


def read_link(uri: str, today: date) -> Elements:
    """The elements in a Digital Link of any domain. Raises Unreadable."""
    try:
        parts = urlsplit(uri)
    except ValueError as error:
        raise Unreadable(INVALID_LINK, f"{uri!r} is no URI.") from error
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise Unreadable(INVALID_LINK, "A Digital Link begins with https:// (or http://) and a domain.")
    if _PERCENT.search(parts.path + parts.query):
        raise Unreadable(INVALID_LINK, "A '%' in a URI has to be followed by two hexadecimal digits.")
    segments = parts.path.rstrip("/").split("/")[1:]
    pairs = _pairs(segments)
    if pairs is None:
        if any(_COMPRESSED.fullmatch(segment) for segment in segments[-1:]):
            raise Unreadable(
                "compressed-digital-link",
                "The URI holds no GS1 key in the clear: compressed Digital Links are not read. "
                "Ask whoever prints the label for the uncompressed form, for example https://id.gs1.org/01/...",
            )
        raise Unreadable(INVALID_LINK, "The path holds no GS1 key such as /01/09506000134352.")
    key, qualifiers = pairs[0], pairs[1:]
    _require_order(table()[key[0]], [ai for ai, _ in qualifiers])
    elements = dict([key, *qualifiers])
    if len(elements) != len(pairs):
        raise Unreadable("repeated-ai", "The path names an AI twice.")
    for ai, value in _attributes(parts.query):
        if elements.setdefault(ai, value) != value:
            raise Unreadable("repeated-ai", f"({ai}) is given twice: {elements[ai]!r} and {value!r}.")
    for ai in ("01", "02"):
        if ai in elements and len(elements[ai]) in GTIN_LENGTHS:
            elements[ai] = as_gtin14(elements[ai])
    return bracketed("".join(f"({ai}){_escaped(value)}" for ai, value in elements.items()), today)


def _pairs(segments: list[str]) -> list[tuple[str, str]] | None:
    """AIs and values at the end of the path, from the first key on which the rest consists of such pairs."""
    for start, segment in enumerate(segments):
        ai = table().get(segment)
        rest = segments[start:]
        if ai is not None and ai.qualifiers is not None and len(rest) % 2 == 0:
            names = rest[::2]
            if all(name in table() for name in names):
                return [(name, unquote(value)) for name, value in zip(names, rest[1::2], strict=True)]
    return None


def _require_order(key: ApplicationIdentifier, given: list[str]) -> None:
    """Qualifiers stand in the order that one of the key's rows says, each at most once."""
    for row in key.qualifiers or ():
        if [ai for ai in row if ai in given] == given:
            return
    allowed = " or ".join(", ".join(f"({ai})" for ai in row) for row in key.qualifiers or () if row) or "none"
    raise Unreadable(
        INVALID_LINK,
        f"({key.ai}) is followed by {', '.join(f'({ai})' for ai in given)}; allowed, in this order: {allowed}.",
    )


def _attributes(query: str) -> list[tuple[str, str]]:
    """The AIs in the query; what is not all digits belongs to somebody else."""
    found: list[tuple[str, str]] = []
    for pair in query.replace(";", "&").split("&"):
        name, _, value = pair.partition("=")
        if not (name.isascii() and name.isdigit()):
            continue
        ai = table().get(name)
        if ai is None:
            raise Unreadable("unknown-ai", f"The query names {name!r}, which is no application identifier.")
        if not ai.attribute:
            raise Unreadable(INVALID_LINK, f"({name}) may not stand in the query of a Digital Link.")
        found.append((name, unquote(value)))
    return found


def _escaped(value: str) -> str:
    return value.replace("(", "\\(")
