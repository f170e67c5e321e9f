"""Packing slips on A4: a page for each carton, or several when it holds more than one page takes."""

from collections.abc import Iterator
from io import BytesIO
from typing import TYPE_CHECKING

from picking.domain.slip import PackingSlip, SlipCarton, SlipRow

if TYPE_CHECKING:
    from reportlab.pdfgen.canvas import Canvas

_WIDTH, _HEIGHT = 595.28, 841.89
"""A4 in points."""
_MARGIN = 48.0
_RIGHT = _WIDTH - _MARGIN
_LINE = 13.0
_COLUMNS = {"SKU": _MARGIN, "Product": 160.0, "Lot": 360.0, "Best before": 440.0}
_GAP = 8.0
_REGULAR, _BOLD = "Helvetica", "Helvetica-Bold"


def to_pdf(slip: PackingSlip) -> bytes:
    """The slip as a document; the same slip is the same bytes."""
    from reportlab.pdfgen.canvas import Canvas  # who asks for JSON needs none of it

    file = BytesIO()
    canvas = Canvas(file, pagesize=(_WIDTH, _HEIGHT), pageCompression=1, invariant=1)
    canvas.setTitle(f"Packing slip {slip.shipment_id}")
    for carton in slip.cartons:
        _Page(canvas, slip, carton).draw()
    canvas.save()
    return file.getvalue()


class _Page:
    """A carton's page while it is being written; it turns over when it is full."""

    def __init__(self, canvas: "Canvas", slip: PackingSlip, carton: SlipCarton) -> None:
        self._canvas, self._slip, self._carton = canvas, slip, carton
        self._y = 0.0

    def draw(self) -> None:
        """Write everything that is in the carton."""
        self._begin()
        for row in self._carton.rows:
            self._row(row)
        total = sum(row.units for row in self._carton.rows)
        self._need(2 * _LINE)
        self._rule()
        self._text(_COLUMNS["SKU"], "Units in this carton", bold=True)
        self._number(total, bold=True)
        self._canvas.showPage()

    def _begin(self) -> None:
        of = f" of {self._slip.of}" if self._slip.of else ""
        self._y = _HEIGHT - _MARGIN - 6
        self._text(_MARGIN, "Packing slip", size=18, bold=True)
        self._right(f"Carton {self._carton.number}{of}", size=14)
        self._y -= 2 * _LINE
        for title, text in self._heading():
            self._text(_MARGIN, title, bold=True)
            self._text(_COLUMNS["Product"], text)
            self._y -= _LINE
        self._y -= _LINE
        for title, x in _COLUMNS.items():
            self._text(x, title, bold=True)
        self._right("Units", bold=True)
        self._rule()

    def _heading(self) -> Iterator[tuple[str, str]]:
        yield "Order", self._slip.order_id
        yield "Shipment", self._slip.shipment_id
        yield "SSCC", self._carton.sscc
        if self._slip.packed_at:
            yield "Packed", self._slip.packed_at[:10]
        if self._carton.weight_g:
            yield "Weight", f"{self._carton.weight_g / 1000:.2f} kg ({self._carton.carton_type})"

    def _row(self, row: SlipRow) -> None:
        serials = list(self._wrapped(", ".join(row.serials)))
        ordered = list(self._wrapped(f"Instead of {row.instead_of}")) if row.instead_of else []
        self._need(_LINE)
        starts = [*_COLUMNS.values(), _RIGHT - 40]
        texts = (row.sku, row.name, row.lot or "", row.expires_on or "")
        for x, following, text in zip(starts, starts[1:], texts, strict=False):
            self._text(x, self._shortened(text, following - x - _GAP))
        self._number(row.units)
        self._y -= _LINE
        for line in (*ordered, *(f"{'' if number else 'Serials '}{line}" for number, line in enumerate(serials))):
            self._need(_LINE)
            self._text(_COLUMNS["Product"], line, size=8)
            self._y -= _LINE

    def _need(self, points: float) -> None:
        """Begin another page of the same carton when this one has no room for so much."""
        if self._y - points < _MARGIN:
            self._canvas.showPage()
            self._begin()

    def _rule(self) -> None:
        self._canvas.line(_MARGIN, self._y - 4, _RIGHT, self._y - 4)
        self._y -= _LINE + 5

    def _number(self, units: int, *, bold: bool = False) -> None:
        self._right(f"{units}", bold=bold)

    def _text(self, x: float, text: str, *, size: float = 10, bold: bool = False) -> None:
        self._canvas.setFont(_BOLD if bold else _REGULAR, size)
        self._canvas.drawString(x, self._y, _printable(text))

    def _right(self, text: str, *, size: float = 10, bold: bool = False) -> None:
        self._canvas.setFont(_BOLD if bold else _REGULAR, size)
        self._canvas.drawRightString(_RIGHT, self._y, _printable(text))

    def _shortened(self, text: str, width: float) -> str:
        """As much of the text as so many points hold."""
        text = _printable(text)
        if self._canvas.stringWidth(text, _REGULAR, 10) <= width:
            return text
        while text and self._canvas.stringWidth(f"{text}...", _REGULAR, 10) > width:
            text = text[:-1]
        return f"{text}..."

    def _wrapped(self, text: str) -> Iterator[str]:
        """The text in lines that fit between the second column and the right edge."""
        line = ""
        for word in text.split():
            longer = f"{line} {word}".strip()
            if line and self._canvas.stringWidth(longer, _REGULAR, 8) > _RIGHT - _COLUMNS["Product"] - 60:
                yield line
                longer = word
            line = longer
        if line:
            yield line


def _printable(text: str) -> str:
    """What the standard fonts can show; a question mark stands for the rest."""
    return text.encode("cp1252", "replace").decode("cp1252")
