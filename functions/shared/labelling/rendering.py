"""Drawings as PDF, SVG and ZPL."""

from collections.abc import Sequence
from html import escape
from io import BytesIO
from itertools import groupby

from shared.labelling.drawing import Drawing

_POINTS_PER_MM = 72 / 25.4
_CONTROL = "^~_"
_RUNS = "GHIJKLMNOPQRSTUVWXY"  # 1 to 19 times
_LONG_RUNS = "ghijklmnopqrstuvwxyz"  # 20, 40, ... 400 times


def to_pdf(drawings: Sequence[Drawing]) -> bytes:
    """One document with a page of its label's size for each drawing."""
    from reportlab.pdfgen.canvas import Canvas  # the other formats need none of it

    file = BytesIO()
    canvas = Canvas(file, pageCompression=1, invariant=1)
    for drawing in drawings:
        canvas.setPageSize((drawing.width * _POINTS_PER_MM, drawing.height * _POINTS_PER_MM))
        path = canvas.beginPath()
        for box in (*drawing.boxes, *drawing.rules):
            top = drawing.height - box.y - box.height
            path.rect(
                box.x * _POINTS_PER_MM,
                top * _POINTS_PER_MM,
                box.width * _POINTS_PER_MM,
                box.height * _POINTS_PER_MM,
            )
        canvas.drawPath(path, stroke=0, fill=1)
        for line in drawing.lines:
            canvas.setFont("Helvetica-Bold" if line.bold else "Helvetica", line.size * _POINTS_PER_MM)
            text = line.text.encode("cp1252", "replace").decode("cp1252")
            canvas.drawString(line.x * _POINTS_PER_MM, (drawing.height - line.y) * _POINTS_PER_MM, text)
        canvas.showPage()
    canvas.save()
    return file.getvalue()


def to_svg(drawing: Drawing) -> str:
    """A document of its own."""
    path = "".join(
        f"M{b.x:g} {b.y:g}h{b.width:g}v{b.height:g}h{-b.width:g}z" for b in (*drawing.boxes, *drawing.rules)
    )
    texts = "".join(
        f'<text x="{line.x:g}" y="{line.y:g}" font-size="{line.size:g}" '
        f'font-weight="{"bold" if line.bold else "normal"}">{escape(line.text, quote=False)}</text>'
        for line in drawing.lines
    )
    width, height = f"{drawing.width:g}", f"{drawing.height:g}"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}mm" height="{height}mm" '
        f'viewBox="0 0 {width} {height}" font-family="Helvetica, Arial, sans-serif">'
        f'<rect width="{width}" height="{height}" fill="#fff"/>'
        f'<path d="{path}" shape-rendering="crispEdges"/>{texts}</svg>'
    )


def to_zpl(drawing: Drawing, dots_per_mm: int) -> str:
    """A ZPL II format of its own. The symbol is a picture, so that it is the same as in the other formats."""
    x, y = (round(place * dots_per_mm) for place in (drawing.symbol.x, drawing.symbol.y))
    rows = _rows(drawing, dots_per_mm)
    bytes_per_row = len(rows[0]) // 8
    total = bytes_per_row * len(rows)
    fields = [f"^FO{x},{y}^GFA,{total},{total},{bytes_per_row},{_compressed(rows)}^FS"]
    for rule in drawing.rules:
        left, top, across, down = (round(at * dots_per_mm) for at in (rule.x, rule.y, rule.width, rule.height))
        fields.append(f"^FO{left},{top}^GB{across},{down},{min(across, down)}^FS")
    for line in drawing.lines:
        size = round(line.size * dots_per_mm * 1.3)
        left, top = round(line.x * dots_per_mm), round((line.y - line.size) * dots_per_mm)
        fields.append(f"^FO{left},{max(top, 0)}^A0N,{size},{round(size * 0.8)}^FH_^FD{_field(line.text)}^FS")
    width, height = round(drawing.width * dots_per_mm), round(drawing.height * dots_per_mm)
    return f"^XA^CI28^PW{width}^LL{height}{''.join(fields)}^XZ\n"


def _field(text: str) -> str:
    """Text as field data: whatever the printer would take for a command is written as its code."""
    return "".join(
        "".join(f"_{byte:02X}" for byte in character.encode())
        if character in _CONTROL or not (character.isascii() and character.isprintable())
        else character
        for character in text
    )


def _rows(drawing: Drawing, dots_per_mm: int) -> list[str]:
    """The symbol as rows of dots, `1` for black, padded to whole bytes."""
    symbol = drawing.symbol
    width, height = (round(length * dots_per_mm) for length in (symbol.width, symbol.height))
    padded = -(-width // 8) * 8
    rows = [bytearray(b"0" * padded) for _ in range(height)]
    for box in drawing.boxes:
        left, right = (round((at - symbol.x) * dots_per_mm) for at in (box.x, box.x + box.width))
        top, bottom = (round((at - symbol.y) * dots_per_mm) for at in (box.y, box.y + box.height))
        for row in rows[top:bottom]:
            row[left:right] = b"1" * (right - left)
    return [row.decode() for row in rows]


def _compressed(rows: Sequence[str]) -> str:
    """Rows in ZPL's compressed hexadecimal: a letter says how often the next digit comes, `:` repeats a row."""
    parts: list[str] = []
    before = ""
    for row in rows:
        digits = f"{int(row, 2):0{len(row) // 4}X}"
        parts.append(
            ":" if digits == before else "".join(_run(digit, list(same)) for digit, same in groupby(digits))
        )
        before = digits
    return "".join(parts)


def _run(digit: str, same: list[str]) -> str:
    count, letters = len(same), ""
    while count >= 20:
        times = min(count // 20, len(_LONG_RUNS))
        letters += _LONG_RUNS[times - 1]
        count -= times * 20
    if count > 1 or (count == 1 and letters):
        letters += _RUNS[count - 1]
    return f"{letters}{digit}"
