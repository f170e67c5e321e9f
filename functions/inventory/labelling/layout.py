"""Where things are on a label, and how large.

Places and products have labels of 100 by 50 mm, handling units of 100 by 150 mm (A6), as GS1's logistic label. The
symbol has its quiet zone, and under it what it says, for people.
"""

from urllib.parse import quote

from msgspec import Struct

from shared.codes.application_identifiers import table
from shared.codes.element_strings import Elements, as_text
from shared.labelling.drawing import Box, DoesNotFit, Drawing, Line
from shared.labelling.symbols import LETTER_WIDTH, Drawn, Symbology, fitted, symbol

WIDTH = 100.0
HEIGHT = 50.0
TALL = 150.0
MARGIN = 4.0
LINK_DOMAIN = "https://id.gs1.org"

_MATRIX_MM = 24.0
_TALL_MATRIX_MM = 60.0
_BAR_MM = 16.0
_TALL_BAR_MM = 32.0
_TEXT_MM = 3.2
_LARGE_MM = 9.0
_LONGEST_GS1_128 = 48
_PATH_AIS = ("01", "10", "21")


class Content(Struct, frozen=True):
    """What a label says: GS1 elements, or `plain` text where there are none; and what people read besides."""

    elements: Elements
    title: str = ""
    large: str = ""
    beside: str = ""
    lines: tuple[str, ...] = ()
    plain: str = ""
    tall: bool = False


def draw(content: Content, symbology: Symbology, dots_per_mm: int) -> Drawing:
    """The label, with a symbol whose modules are whole dots of the printer. Raises DoesNotFit."""
    drawn = _symbol(content, symbology, dots_per_mm)
    width, height = drawn.width, drawn.height
    total = TALL if content.tall else HEIGHT
    lines: list[Line] = []
    below = [as_text(content.elements) or content.plain]
    room = WIDTH - 2 * MARGIN
    if symbology == "gs1-128":
        x, y = (WIDTH - width) / 2, total - MARGIN - _TEXT_MM - 2 - height
        text_x, text_room = MARGIN, room
    else:
        x, y = MARGIN, total - MARGIN - _TEXT_MM - 2 - height
        text_x, text_room = MARGIN, room
        if not content.tall:
            text_x, text_room = x + width + MARGIN, room - width - MARGIN
            y = MARGIN
    at = MARGIN
    for text, size, bold in (
        (content.title, _TEXT_MM, False),
        (content.large, _LARGE_MM, True),
        *((line, _TEXT_MM, False) for line in content.lines),
    ):
        if text:
            right = _LARGE_MM * LETTER_WIDTH * len(content.beside) + MARGIN if size == _LARGE_MM else 0
            line = fitted(text, size, text_room - right)
            at += line.size
            lines.append(Line(text_x, at, line.size, line.text, bold))
            if size == _LARGE_MM and content.beside:
                lines.append(Line(text_x + text_room - right + MARGIN, at, _LARGE_MM, content.beside, True))
            at += 1.2
    if (symbology == "gs1-128" or content.tall) and at > y:
        raise DoesNotFit("the lines of text leave no room for the symbol")
    for text in below:
        line = fitted(text, _TEXT_MM, room)
        lines.append(Line(MARGIN, total - MARGIN, line.size, line.text))
    return Drawing(WIDTH, total, Box(x, y, width, height), drawn.at(x, y), tuple(lines))


def link(elements: Elements) -> str:
    """The elements as a GS1 Digital Link: key and qualifiers in the path, everything else in the query."""
    in_path = ("00",) if "00" in elements else _PATH_AIS
    path = "".join(f"/{ai}/{quote(elements[ai], safe='')}" for ai in in_path if ai in elements)
    query = "&".join(f"{ai}={quote(value, safe='')}" for ai, value in elements.items() if ai not in in_path)
    return f"{LINK_DOMAIN}{path}" + (f"?{query}" if query else "")


def _symbol(content: Content, symbology: Symbology, dots_per_mm: int) -> Drawn:
    """The symbol that says what the label does."""
    text = content.plain
    if content.elements and symbology == "qr":
        text = link(content.elements)
    elif content.elements:
        text = "".join(f"[{ai}]{value}" for ai, value in content.elements.items())
        if symbology == "gs1-128":
            _require_short(content.elements)
    matrix = _TALL_MATRIX_MM if content.tall else _MATRIX_MM
    return symbol(
        symbology,
        text,
        gs1=bool(content.elements) and symbology != "qr",
        room=WIDTH if symbology == "gs1-128" else matrix,
        bar_height=_TALL_BAR_MM if content.tall else _BAR_MM,
        dots_per_mm=dots_per_mm,
    )


def _require_short(elements: Elements) -> None:
    """A GS1-128 symbol holds at most 48 characters, separators included (GS1 General Specifications, 5.4.1)."""
    length = sum(len(ai) + len(value) + (not table()[ai].predefined) for ai, value in elements.items())
    if not table()[list(elements)[-1]].predefined:
        length -= 1  # nothing follows the last one
    if length > _LONGEST_GS1_128:
        raise DoesNotFit(f"{length} characters are more than the {_LONGEST_GS1_128} of a GS1-128 symbol")
