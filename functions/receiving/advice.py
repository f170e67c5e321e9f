"""From an advance ship notice, in whatever form it came, to the announcement of a shipment."""

from collections.abc import Mapping
from typing import Annotated

from msgspec import Meta, Struct

from receiving.aggregates import SHIPMENT
from receiving.contracts import RETURNS, Reference, ShipmentAnnounced, Supplier
from receiving.domain.shipment import AnnounceShipment, ExpectedGoods
from receiving.keys import shipment_id
from receiving.masterdata import Article, articles, packs
from shared.decider import execute
from shared.gs1 import Gtin, Sscc, as_gtin14, require_gtin
from shared.http_edge import Request, Response
from shared.identifiers import (
    DEFAULT_WAREHOUSE,
    CalendarDate,
    LotNumber,
    ShipmentId,
    Sku,
    Timestamp,
    WarehouseCode,
)
from shared.quantity import Quantity
from shared.rejection import Rejection, Unprocessable, one_refusal
from shared.resources import history

MAX_LINES = 1_500


class AnnouncedLine(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Units of a product: by SKU in base units, or by the GTIN of a pack, whose packs `units` then counts."""

    units: Quantity
    sku: Sku | None = None
    gtin: Gtin | None = None
    lot: LotNumber | None = None
    expires_on: CalendarDate | None = None
    sscc: Sscc | None = None


class NewShipment(Struct, frozen=True, forbid_unknown_fields=True):
    """An advance ship notice. `reference` is the supplier's own number of the shipment."""

    supplier: Supplier
    reference: Reference
    lines: Annotated[tuple[AnnouncedLine, ...], Meta(min_length=1, max_length=MAX_LINES)]
    eta: Timestamp | None = None
    warehouse: WarehouseCode = DEFAULT_WAREHOUSE


class ShipmentReceipt(Struct, frozen=True):
    """The shipment is expected. `revision` counts how often its announcement was changed."""

    shipment_id: ShipmentId
    status: str
    revision: int
    lines: int
    units: int


def announce(request: Request, notice: NewShipment, *, where: str = "lines[{}]") -> Response:
    """Announce what `notice` says. `where` names its lines in refusals."""
    if notice.supplier == RETURNS:
        raise Unprocessable(
            f"{RETURNS} stands for goods that customers send back; they are announced by their authorization.",
            field="supplier",
            value=notice.supplier,
            remedy="Authorize the return (POST /orders/{id}/returns), or name the supplier.",
            code="reserved-supplier",
        )
    shipment = shipment_id(notice.supplier, notice.reference)
    command = AnnounceShipment(
        shipment_id=shipment,
        supplier=notice.supplier,
        reference=notice.reference,
        warehouse=notice.warehouse,
        lines=_expected(notice.lines, where),
        eta=notice.eta,
    )
    outcome = execute(history(), SHIPMENT, SHIPMENT.stream_id(shipment), request.command(command))
    state = outcome.stream.state
    status, revision = state.status, state.revision
    for event in outcome.events:
        if isinstance(event, ShipmentAnnounced):
            status, revision = "announced", event.revision
    receipt = ShipmentReceipt(
        shipment, status, revision, len(notice.lines), sum(line.units for line in command.lines)
    )
    return Response(201, receipt, {"location": f"/receiving/shipments/{shipment}"}, replayed=outcome.repeated)


def _expected(lines: tuple[AnnouncedLine, ...], where: str) -> tuple[ExpectedGoods, ...]:
    """The lines with SKUs in base units. Raises Unprocessable naming every line whose product is not known."""
    known = articles({line.sku for line in lines if line.sku})
    boxes = packs({as_gtin14(line.gtin) for line in lines if line.gtin})
    expected: list[ExpectedGoods] = []
    problems: list[Rejection] = []
    for index, line in enumerate(lines):
        at = where.format(index)
        try:
            sku, units = line.sku, line.units
            if sku is None:
                sku, units = _by_gtin(line, boxes, at)
            elif sku not in known:
                raise Unprocessable(
                    f"There is no product {sku!r}.",
                    field=f"{at}.sku",
                    value=sku,
                    remedy="Register it first (PUT /inventory/products/{sku}), or correct the SKU.",
                    code="unknown-sku",
                )
        except Unprocessable as problem:
            problems.append(problem)
            continue
        expected.append(ExpectedGoods(index + 1, sku, units, line.lot, line.expires_on, line.sscc))
    if problems:
        raise one_refusal(problems, f"{len(problems)} lines cannot be taken; nothing was recorded.")
    return tuple(expected)


def _by_gtin(line: AnnouncedLine, boxes: Mapping[str, tuple[Article, int]], at: str) -> tuple[str, int]:
    if line.gtin is None:
        raise Unprocessable(
            "The line names no product.",
            field=f"{at}.sku",
            remedy="Send its sku, or the gtin on its packs.",
            code="product-missing",
        )
    gtin = as_gtin14(require_gtin(line.gtin, field=f"{at}.gtin"))
    if gtin not in boxes:
        raise Unprocessable(
            f"No product has the GTIN {line.gtin!r}.",
            field=f"{at}.gtin",
            value=line.gtin,
            remedy="Register it with its product (PUT /inventory/products/{sku}), or send the sku.",
            code="unknown-gtin",
        )
    article, units = boxes[gtin]
    return article.sku, line.units * units
