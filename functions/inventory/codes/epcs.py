"""Electronic Product Codes: what RFID tags hold (96 bits or more, as hexadecimal digits) and their URIs.

epcpy decodes and encodes. It does not look at everything (reserved bits, filters, leading zeros, escapes), so what
it has decoded is encoded again and has to be the same.
"""

import re
from datetime import date
from typing import Any

from biip import ParseError
from biip.gs1_prefixes import GS1CompanyPrefix
from epcpy.epc_schemes.giai import GIAI, GIAIFilterValue
from epcpy.epc_schemes.grai import GRAI, GRAIFilterValue
from epcpy.epc_schemes.lgtin import LGTIN
from epcpy.epc_schemes.sgln import SGLN, SGLNFilterValue
from epcpy.epc_schemes.sgtin import SGTIN, SGTINFilterValue
from epcpy.epc_schemes.sscc import SSCC, SSCCFilterValue
from epcpy.utils.common import ConvertException, revert_uri_escapes

from shared.codes.element_strings import Elements, bracketed
from shared.codes.problems import Unreadable

INVALID_EPC = "invalid-epc"
UNSUPPORTED_EPC = "unsupported-epc"
HEX_DIGITS = 24
PREFIX = "urn:epc:"

_NO_EXTENSION = "0"
_LONGEST_URI = 200
_ESCAPE = re.compile(r"%(.{0,2})")
_ESCAPED = frozenset(["22", "25", "26", "2F", "3C", "3E", "3F"])
_SCHEMES: dict[str, Any] = {"sgtin": SGTIN, "sscc": SSCC, "sgln": SGLN, "grai": GRAI, "giai": GIAI}
_TAGS: dict[str, tuple[Any, Any, Any]] = {
    "sgtin-96": (SGTIN, SGTIN.BinaryCodingScheme.SGTIN_96, SGTINFilterValue),
    "sscc-96": (SSCC, SSCC.BinaryCodingScheme.SSCC_96, SSCCFilterValue),
    "sgln-96": (SGLN, SGLN.BinaryCodingScheme.SGLN_96, SGLNFilterValue),
    "grai-96": (GRAI, GRAI.BinaryCodingScheme.GRAI_96, GRAIFilterValue),
    "giai-96": (GIAI, GIAI.BinaryCodingScheme.GIAI_96, GIAIFilterValue),
    "sgtin-198": (SGTIN, SGTIN.BinaryCodingScheme.SGTIN_198, SGTINFilterValue),
    "grai-170": (GRAI, GRAI.BinaryCodingScheme.GRAI_170, GRAIFilterValue),
    "giai-202": (GIAI, GIAI.BinaryCodingScheme.GIAI_202, GIAIFilterValue),
    "sgln-195": (SGLN, SGLN.BinaryCodingScheme.SGLN_195, SGLNFilterValue),
}
_HEADERS = {
    "30": "sgtin-96",
    "31": "sscc-96",
    "32": "sgln-96",
    "33": "grai-96",
    "34": "giai-96",
    "36": "sgtin-198",
    "37": "grai-170",
    "38": "giai-202",
    "39": "sgln-195",
}
_LONG_TAGS = {"sgtin-198": (50, 52), "grai-170": (43, 44), "giai-202": (51, 52), "sgln-195": (49, 52)}
"""The fewest hexadecimal digits that hold a tag above 96 bits, and those of whole words of 16 bits."""


def is_tag(digits: str) -> bool:
    """Whether there are as many hexadecimal digits as a tag with their header has, or as one of 96 bits."""
    fewest, most = _LONG_TAGS.get(_HEADERS.get(digits[:2], ""), (HEX_DIGITS, HEX_DIGITS))
    return len(digits) == HEX_DIGITS or fewest <= len(digits) <= most


def read_hex(text: str, today: date) -> tuple[Elements, str]:
    """The elements and the pure identity URI of a tag's hexadecimal digits. Raises Unreadable."""
    text = text.upper()
    name = _HEADERS.get(text[:2])
    if name is None:
        known = ", ".join(f"{header} ({scheme})" for header, scheme in _HEADERS.items())
        raise Unreadable(UNSUPPORTED_EPC, f"The tag's header {text[:2]} is none of those that are read: {known}.")
    fewest, digits = _LONG_TAGS.get(name, (HEX_DIGITS, HEX_DIGITS))
    if len(text) < fewest:
        raise Unreadable(
            "truncated",
            f"A tag with the header {text[:2]} is a {name} of {digits} hexadecimal digits, not {len(text)}.",
        )
    text = text.ljust(digits, "0")
    scheme, coding, filters = _TAGS[name]
    try:
        epc = scheme.from_hex(text)
        again = epc.hex(binary_coding_scheme=coding, filter_value=filters(str(int(text[2], 16) >> 1)))
    except (ConvertException, ValueError, KeyError, IndexError) as error:
        raise Unreadable(INVALID_EPC, f"{text} is no {name}: {_why(error)}.") from error
    if again != text:
        raise Unreadable(INVALID_EPC, f"{text} is no {name}: bits that have to be 0 are not.")
    return _elements(epc, today), str(epc.epc_uri)


def read_uri(uri: str, today: date) -> tuple[Elements, str]:
    """The elements and the pure identity URI of an EPC URI or EPC tag URI. Raises Unreadable."""
    kind, _, rest = uri[len(PREFIX) :].partition(":")
    kind = kind.lower()
    if kind in ("idpat", "pat"):
        raise Unreadable("epc-pattern", "A pattern stands for many things; send the code of one of them.")
    if len(uri) > _LONGEST_URI or not uri.isascii():
        raise Unreadable(INVALID_EPC, f"An EPC URI has at most {_LONGEST_URI} ASCII characters.")
    for escape in _ESCAPE.findall(rest):
        if escape.upper() not in _ESCAPED:
            raise Unreadable(INVALID_EPC, f"'%{escape}' is no character that an EPC URI has to escape.")
    name, _, value = rest.partition(":")
    name, value = name.lower(), _ESCAPE.sub(lambda found: found[0].upper(), value)
    try:
        if kind == "tag" and name in _TAGS:
            epc = _from_tag_uri(name, value)
        elif kind == "id" and name in _SCHEMES:
            epc = _SCHEMES[name](f"{PREFIX}id:{name}:{value}")
        elif kind == "class" and name == "lgtin":
            epc = LGTIN(f"{PREFIX}class:lgtin:{value}")
        else:
            raise Unreadable(
                UNSUPPORTED_EPC,
                f"{PREFIX}{kind}:{name} is not read; read are {PREFIX}id: with {', '.join(_SCHEMES)}, "
                f"{PREFIX}tag: with {', '.join(_TAGS)}, and {PREFIX}class:lgtin.",
            )
    except (ConvertException, ValueError, KeyError, IndexError) as error:
        raise Unreadable(INVALID_EPC, f"{uri!r} is no {name}: {_why(error)}.") from error
    return _elements(epc, today), str(epc.epc_uri)


def uri_of(elements: Elements) -> str | None:
    """The pure identity URI of what `elements` name, where it is one thing and its company prefix is known."""
    try:
        if "00" in elements:
            return _uri(SSCC, elements["00"], elements["00"][1:], f"(00){elements['00']}")
        if "01" in elements and "21" in elements and not elements["01"].startswith("000000"):
            gtin, serial = elements["01"], elements["21"]
            prefix = _company_prefix(gtin[1:])
            return str(SGTIN.from_gtin_plus_serial(gtin, revert_uri_escapes(serial), prefix).epc_uri)
        if "414" in elements:
            extension = elements.get("254", _NO_EXTENSION)
            return _uri(SGLN, elements["414"], elements["414"], f"(414){elements['414']}(254){extension}")
        if len(elements.get("8003", "")) > 14:
            return _uri(GRAI, elements["8003"], elements["8003"][1:], f"(8003){elements['8003']}")
    except (ConvertException, ParseError, LookupError, ValueError):
        return None
    return None


def _uri(scheme: Any, key: str, digits: str, text: str) -> str | None:
    return str(scheme.from_gs1_element_string(text, _company_prefix(digits)).epc_uri) if key else None


def _company_prefix(digits: str) -> int:
    """The length of the company prefix with which `digits` begin, by GS1's published list. Raises LookupError."""
    prefix = GS1CompanyPrefix.extract(digits[:13])
    if prefix is None:
        raise LookupError(digits)
    return len(prefix.value)


def _from_tag_uri(name: str, value: str) -> Any:
    scheme, coding, filters = _TAGS[name]
    uri = f"{PREFIX}tag:{name}:{value}"
    epc = scheme.from_tag_uri(uri)
    again = epc.tag_uri(binary_coding_scheme=coding, filter_value=filters(value.partition(".")[0]))
    if again != uri:
        raise ValueError("it is not written as its tag would be read")
    epc.hex(binary_coding_scheme=coding, filter_value=filters(value.partition(".")[0]))
    return epc


def _elements(epc: Any, today: date) -> Elements:
    text = epc.gs1_element_string()
    match epc:
        case SGTIN() | LGTIN():
            found = {"01": text[4:18], text[19:21]: text[22:]}
        case SGLN():
            found = {"414": text[5:18], "254": text[23:]}
            if found["254"] == _NO_EXTENSION:
                del found["254"]
        case _:
            ai, _, value = text[1:].partition(")")
            found = {ai: value}
    escaped = "".join(f"({ai}){value.replace('(', chr(92) + '(')}" for ai, value in found.items())
    return bracketed(escaped, today)


def _why(error: Exception) -> str:
    said = getattr(error, "message", "") or str(error)
    return said.splitlines()[0][:200] if said else "its parts do not fit"
