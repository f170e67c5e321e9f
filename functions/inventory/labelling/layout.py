"""Where things are on a label, and how large.

Places and products have labels of 100 by 50 mm, handling units of 100 by 150 mm (A6), as GS1's logistic label. The
symbol has its quiet zone, and under it what it says, for people.
"""

from typing import Literal
from urllib.parse import quote

import zint
from msgspec import Struct

from inventory.codes.application_identifiers import table
from inventory.codes.element_strings import Elements, as_text
from inventory.labelling.drawing import Box, DoesNotFit, Drawing, Line

Symbology = Literal["gs1-128", "datamatrix", "qr"]

WIDTH = 100.0
HEIGHT = 50.0
TALL = 150.0
MARGIN = 4.0
LINK_DOMAIN = "https://id.gs1.org"

_QUIET_MODULES = {"gs1-128": 10, "datamatrix": 2, "qr": 4}
_MATRIX_MM = 24.0
_TALL_MATRIX_MM = 60.0
_BAR_MM = 16.0
_TALL_BAR_MM = 32.0
_GREATEST_MODULE_MM = 0.9
_LEAST_MODULE_MM = 0.25
_TEXT_MM = 3.2
_LARGE_MM = 9.0
_LETTER_WIDTH = 0.62
"""Of a letter's height; generous, so that text never runs over the edge."""
_LONGEST_GS1_128 = 48
_SQUARE = 100
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
    boxes, width, height = _symbol(content, symbology, dots_per_mm)
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
            right = _LARGE_MM * _LETTER_WIDTH * len(content.beside) + MARGIN if size == _LARGE_MM else 0
            fitted = _fitted(text, size, text_room - right)
            at += fitted.size
            lines.append(Line(text_x, at, fitted.size, fitted.text, bold))
            if size == _LARGE_MM and content.beside:
                lines.append(Line(text_x + text_room - right + MARGIN, at, _LARGE_MM, content.beside, True))
            at += 1.2
    if (symbology == "gs1-128" or content.tall) and at > y:
        raise DoesNotFit("the lines of text leave no room for the symbol")
    for text in below:
        fitted = _fitted(text, _TEXT_MM, room)
        lines.append(Line(MARGIN, total - MARGIN, fitted.size, fitted.text))
    moved = tuple(Box(box.x + x, box.y + y, box.width, box.height) for box in boxes)
    return Drawing(WIDTH, total, Box(x, y, width, height), moved, tuple(lines))


def link(elements: Elements) -> str:
    """The elements as a GS1 Digital Link: key and qualifiers in the path, everything else in the query."""
    in_path = ("00",) if "00" in elements else _PATH_AIS
    path = "".join(f"/{ai}/{quote(elements[ai], safe='')}" for ai in in_path if ai in elements)
    query = "&".join(f"{ai}={quote(value, safe='')}" for ai, value in elements.items() if ai not in in_path)
    return f"{LINK_DOMAIN}{path}" + (f"?{query}" if query else "")


def _symbol(content: Content, symbology: Symbology, dots_per_mm: int) -> tuple[list[Box], float, float]:
    """The symbol's boxes, and its width and height with the quiet zone."""
    symbol = zint.Symbol()
    symbol.show_text = False
    text = content.plain
    if symbology == "qr":
        symbol.symbology = zint.Symbology.QRCODE
        text = link(content.elements) if content.elements else text
    elif content.elements:
        symbol.input_mode = zint.InputMode.GS1
        text = "".join(f"[{ai}]{value}" for ai, value in content.elements.items())
        if symbology == "gs1-128":
            _require_short(content.elements)
        symbol.symbology = zint.Symbology.GS1_128 if symbology == "gs1-128" else zint.Symbology.DATAMATRIX
    else:
        symbol.symbology = zint.Symbology.CODE128 if symbology == "gs1-128" else zint.Symbology.DATAMATRIX
    if symbol.symbology == zint.Symbology.DATAMATRIX:
        symbol.option_3 = _SQUARE
    symbol.encode(text)
    symbol.buffer_vector()
    rectangles = list(symbol.vector.rectangles)
    across = symbol.width
    quiet = _QUIET_MODULES[symbology]
    wanted = (_TALL_MATRIX_MM if content.tall else _MATRIX_MM) if symbology != "gs1-128" else WIDTH
    module = _module(across + 2 * quiet, wanted, dots_per_mm)
    scale = module / (symbol.vector.width / across)
    if symbology == "gs1-128":
        height = _TALL_BAR_MM if content.tall else _BAR_MM
        boxes = [Box(quiet * module + r.x * scale, 0, r.width * scale, height) for r in rectangles]
        return boxes, (across + 2 * quiet) * module, height
    edge = quiet * module
    boxes = [Box(edge + r.x * scale, edge + r.y * scale, r.width * scale, r.height * scale) for r in rectangles]
    return boxes, (across + 2 * quiet) * module, (symbol.rows + 2 * quiet) * module


def _module(modules: int, room: float, dots_per_mm: int) -> float:
    """The width of a module: as many whole dots as there is room for."""
    dots = int(min(room / modules, _GREATEST_MODULE_MM) * dots_per_mm)
    if dots < _LEAST_MODULE_MM * dots_per_mm:
        raise DoesNotFit(f"{modules} modules are more than a symbol of {room:g} mm can show legibly")
    return dots / dots_per_mm


def _require_short(elements: Elements) -> None:
    """A GS1-128 symbol holds at most 48 characters, separators included (GS1 General Specifications, 5.4.1)."""
    length = sum(len(ai) + len(value) + (not table()[ai].predefined) for ai, value in elements.items())
    if not table()[list(elements)[-1]].predefined:
        length -= 1  # nothing follows the last one
    if length > _LONGEST_GS1_128:
        raise DoesNotFit(f"{length} characters are more than the {_LONGEST_GS1_128} of a GS1-128 symbol")


def _fitted(text: str, size: float, room: float) -> Line:
    """The text in letters small enough for the room, to half their size; then cut."""
    wanted = len(text) * size * _LETTER_WIDTH
    if wanted > room:
        size = max(size / 2, size * room / wanted)
        most = int(room / (size * _LETTER_WIDTH))
        text = text if len(text) <= most else f"{text[: most - 1]}…"
    return Line(0, 0, size, text)
