"""Imports: advance ship notices as files, in the forms that partners send."""

import msgspec
from msgspec import Struct

from receiving.advice import NewShipment, ShipmentReceipt, announce
from receiving.contracts import Supplier
from receiving.notices import edifact, rows, x12
from shared.http_edge import Api, Request, Response, Upload
from shared.identifiers import WarehouseCode
from shared.rejection import Conflict, TooLarge, Unprocessable, UnsupportedMediaType

handler = Api()

READERS = {"text/csv": rows.read, "application/edi-x12": x12.read, "application/edifact": edifact.read}


class ImportQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """Our own codes for the partner's, where the file's differ."""

    supplier: Supplier | None = None
    warehouse: WarehouseCode | None = None


@handler.route(
    "POST",
    "/receiving/shipments/imports",
    scope="receiving/write",
    returns=(201, ShipmentReceipt),
    rejects=(Conflict, Unprocessable, UnsupportedMediaType, TooLarge),
    accepts=(*READERS, "application/json"),
)
def import_notice(request: Request, query: ImportQuery, upload: Upload) -> Response:
    """Announce the shipment that a file describes: CSV, X12 856, EDIFACT DESADV or JSON. All of it or nothing."""
    if upload.media_type == "application/json":
        return announce(request, _from_json(upload.text))
    reading = READERS[upload.media_type](upload.text)
    reading.supplier = query.supplier or reading.supplier
    reading.warehouse = query.warehouse or reading.warehouse
    return announce(request, reading.notice())


def _from_json(text: str) -> NewShipment:
    try:
        return msgspec.json.decode(text, type=NewShipment)
    except msgspec.MsgspecError as error:
        raise Unprocessable(
            f"The file is no notice: {error}.", field="body", remedy="Send what POST /receiving/shipments takes."
        ) from error
