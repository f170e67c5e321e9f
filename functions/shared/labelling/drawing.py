"""A label as black rectangles and lines of text, in millimetres from its upper left corner."""

from msgspec import Struct


class DoesNotFit(Exception):
    """There is more to say than the label has room for."""


class Box(Struct, frozen=True):
    """A black rectangle."""

    x: float
    y: float
    width: float
    height: float


class Line(Struct, frozen=True):
    """A line of text: where its baseline begins, and the height of its letters."""

    x: float
    y: float
    size: float
    text: str
    bold: bool = False


class Drawing(Struct, frozen=True):
    """One label. `symbol` is the box in which the symbol's own `boxes` lie; `rules` are lines between texts."""

    width: float
    height: float
    symbol: Box
    boxes: tuple[Box, ...]
    lines: tuple[Line, ...]
    rules: tuple[Box, ...] = ()
