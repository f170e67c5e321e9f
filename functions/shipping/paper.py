"""What shipping prints: the logistic label of a carton, and the manifest of a load."""

from collections.abc import Iterable, Iterator, Sequence

from msgspec import Struct

from shared.address import Address
from shared.labelling.drawing import Box, Drawing, Line
from shared.labelling.symbols import fitted, symbol
from shipping.domain.load import Load
from shipping.domain.shipment import Parcel, Shipment

A6_WIDTH, A6_HEIGHT = 105.0, 148.0
A4_WIDTH, A4_HEIGHT = 210.0, 297.0
_MARGIN = 5.0
_BAR_MM = 34.0
"""An SSCC's bars are at least 32 mm high (GS1 Logistic Label Guideline, section 4.3)."""
_RULE = 0.4
_ROW_MM = 5.2
_FIRST_ROW_MM = 42.0


class ManifestRow(Struct, frozen=True):
    """A carton on the manifest."""

    sscc: str
    tracking_number: str
    shipment_id: str
    order_id: str
    reference: str
    destination: str
    service: str
    weight_g: int


COLUMNS: tuple[tuple[str, str, float], ...] = (
    ("SSCC", "sscc", 5),
    ("Tracking number", "tracking_number", 45),
    ("Order", "reference", 95),
    ("Destination", "destination", 127),
    ("Service", "service", 172),
    ("kg", "weight_g", 193),
)
"""The manifest's columns: what they are headed, what they show, and where they begin."""


def label(shipment: Shipment, parcel: Parcel, place: int, dots_per_mm: int) -> Drawing:
    """The GS1 logistic label of a carton, in A6: to whom, by whom, and the SSCC as GS1-128 (AI 00).

    `place` is the carton's place among those of its shipment, from 1. Raises DoesNotFit when the printer is too
    coarse for the bars.
    """
    room = A6_WIDTH - 2 * _MARGIN
    drawn = symbol(
        "gs1-128",
        f"[00]{parcel.sscc}",
        gs1=True,
        room=A6_WIDTH,
        bar_height=_BAR_MM,
        dots_per_mm=dots_per_mm,
    )
    x, y = (A6_WIDTH - drawn.width) / 2, A6_HEIGHT - _MARGIN - 5 - drawn.height
    said = f"(00) {parcel.sscc}"
    lines = [
        *_written(_head(shipment, place), _MARGIN, room, 3.2, at=_MARGIN),
        *_written(_to(shipment.ship_to), _MARGIN, room, 4.6, at=20.0),
        *_written(
            ("Tracking number", parcel.tracking_number, f"Weight {parcel.weight_g / 1000:.3f} kg"),
            _MARGIN,
            room,
            4.2,
            at=72.0,
        ),
        Line(_MARGIN, A6_HEIGHT - _MARGIN, 4.0, said, bold=True),
    ]
    rules = tuple(Box(_MARGIN, at, room, _RULE) for at in (17.5, 70.0, y - 3.5))
    box = Box(x, y, drawn.width, drawn.height)
    return Drawing(A6_WIDTH, A6_HEIGHT, box, drawn.at(x, y), tuple(lines), rules)


def manifest(load: Load, rows: Sequence[ManifestRow]) -> list[Drawing]:
    """The list of what is on the load, in A4, with a line for the driver's signature."""
    per_page = int((A4_HEIGHT - _FIRST_ROW_MM - 25) / _ROW_MM)
    pages = [rows[start : start + per_page] for start in range(0, len(rows), per_page)] or [rows]
    shipments = len({row.shipment_id for row in rows})
    weight = sum(row.weight_g for row in rows) / 1000
    head = (
        f"Manifest {load.load_id}",
        f"{load.carrier}  ·  from {load.warehouse}"
        + (f", door {load.door}" if load.door else "")
        + (f"  ·  {load.vehicle}" if load.vehicle else ""),
        f"{len(rows)} cartons of {shipments} shipments, {weight:.3f} kg"
        + (f"  ·  left {load.dispatched_at}" if load.dispatched_at else "  ·  not left yet"),
    )
    return [
        Drawing(
            A4_WIDTH,
            A4_HEIGHT,
            Box(0, 0, 0, 0),
            (),
            tuple(_page(head, page, number, len(pages))),
            (
                Box(_MARGIN, _FIRST_ROW_MM - 3.5, A4_WIDTH - 2 * _MARGIN, _RULE),
                Box(_MARGIN, A4_HEIGHT - 18, 70, _RULE),
            ),
        )
        for number, page in enumerate(pages, start=1)
    ]


def _page(head: Sequence[str], rows: Iterable[ManifestRow], number: int, pages: int) -> Iterator[Line]:
    yield from _written(head, _MARGIN, A4_WIDTH - 2 * _MARGIN, 4.2, at=8.0)
    for title, _, x in COLUMNS:
        yield Line(x, _FIRST_ROW_MM - 5, 3.0, title, bold=True)
    ends = [x for _, _, x in COLUMNS[1:]] + [A4_WIDTH - _MARGIN]
    for position, row in enumerate(rows):
        y = _FIRST_ROW_MM + (position + 0.5) * _ROW_MM
        for (_, name, x), end in zip(COLUMNS, ends, strict=True):
            value = getattr(row, name)
            text = f"{value / 1000:.3f}" if name == "weight_g" else str(value)
            cell = fitted(text, 2.8, end - x - 1)
            yield Line(x, y, cell.size, cell.text)
    yield Line(_MARGIN, A4_HEIGHT - 13, 3.0, "Taken over by, date, signature")
    yield Line(A4_WIDTH - 35, A4_HEIGHT - 13, 3.0, f"Page {number} of {pages}")


def _head(shipment: Shipment, place: int) -> tuple[str, ...]:
    return (
        f"{shipment.carrier}  ·  {shipment.service}",
        f"From {shipment.warehouse}  ·  carton {place} of {len(shipment.cartons)}",
        f"Order {shipment.reference or shipment.order_id}",
    )


def _to(address: Address | None) -> tuple[str, ...]:
    if address is None:
        return ()
    town = f"{address.postal_code} {address.city}"
    lines = (
        address.name,
        address.company,
        address.street1,
        address.street2,
        f"{town}, {address.region}" if address.region else town,
        address.country,
    )
    return tuple(line for line in lines if line)


def _written(texts: Iterable[str], x: float, room: float, size: float, *, at: float) -> Iterator[Line]:
    """The texts one under the other, beginning below `at`."""
    for text in texts:
        line = fitted(text, size, room)
        at += line.size
        yield Line(x, at, line.size, line.text)
        at += size * 0.45
