"""Symbols that scanners read, drawn with modules of whole printer dots, and text that fits beside them."""

from typing import Literal

import zint
from msgspec import Struct

from shared.labelling.drawing import Box, DoesNotFit, Line

Symbology = Literal["gs1-128", "datamatrix", "qr"]

LETTER_WIDTH = 0.62
"""Of a letter's height; generous, so that text never runs over the edge."""
_QUIET_MODULES = {"gs1-128": 10, "datamatrix": 2, "qr": 4}
_GREATEST_MODULE_MM = 0.9
_LEAST_MODULE_MM = 0.25
_SQUARE = 100


class Drawn(Struct, frozen=True):
    """A symbol's boxes, and its width and height with the quiet zone, in millimetres."""

    boxes: tuple[Box, ...]
    width: float
    height: float

    def at(self, x: float, y: float) -> tuple[Box, ...]:
        """The boxes of the symbol whose upper left corner is at (x, y)."""
        return tuple(Box(box.x + x, box.y + y, box.width, box.height) for box in self.boxes)


def symbol(
    symbology: Symbology, text: str, *, gs1: bool, room: float, bar_height: float, dots_per_mm: int
) -> Drawn:
    """The symbol that says `text`, at most `room` wide. Raises DoesNotFit when its modules would be too small.

    `gs1`: the text is GS1 elements, each application identifier in brackets: `[00]106141412345678908`. Bars are
    `bar_height` high.
    """
    drawn = zint.Symbol()
    drawn.show_text = False
    if gs1:
        drawn.input_mode = zint.InputMode.GS1
    match symbology:
        case "gs1-128":
            drawn.symbology = zint.Symbology.GS1_128 if gs1 else zint.Symbology.CODE128
        case "datamatrix":
            drawn.symbology = zint.Symbology.DATAMATRIX
            drawn.option_3 = _SQUARE
        case "qr":
            drawn.symbology = zint.Symbology.QRCODE
    drawn.encode(text)
    drawn.buffer_vector()
    rectangles = list(drawn.vector.rectangles)
    across = drawn.width
    quiet = _QUIET_MODULES[symbology]
    module = _module(across + 2 * quiet, room, dots_per_mm)
    scale = module / (drawn.vector.width / across)
    edge = quiet * module
    width = (across + 2 * quiet) * module
    if symbology == "gs1-128":
        bars = tuple(Box(edge + r.x * scale, 0, r.width * scale, bar_height) for r in rectangles)
        return Drawn(bars, width, bar_height)
    squares = tuple(
        Box(edge + r.x * scale, edge + r.y * scale, r.width * scale, r.height * scale) for r in rectangles
    )
    return Drawn(squares, width, (drawn.rows + 2 * quiet) * module)


def fitted(text: str, size: float, room: float) -> Line:
    """The text in letters small enough for the room, to half their size; then cut."""
    wanted = len(text) * size * LETTER_WIDTH
    if wanted > room:
        size = max(size / 2, size * room / wanted)
        most = int(room / (size * LETTER_WIDTH))
        text = text if len(text) <= most else f"{text[: most - 1]}…"
    return Line(0, 0, size, text)


def _module(modules: int, room: float, dots_per_mm: int) -> float:
    """The width of a module: as many whole dots as there is room for."""
    dots = int(min(room / modules, _GREATEST_MODULE_MM) * dots_per_mm)
    if dots < _LEAST_MODULE_MM * dots_per_mm:
        raise DoesNotFit(f"{modules} modules are more than a symbol of {room:g} mm can show legibly")
    return dots / dots_per_mm
