"""Paper: the labels of a shipment's cartons, and the manifest of a load.

A label is drawn when it is asked for, always the same for the same carton. Whoever prints it at once gets the
document itself; whoever needs an address gets one that is signed, and the document is kept in the bucket. What
carriers have made themselves, labels and pick-up forms, lies there already, and is fetched by address alone.
"""

import csv
from collections.abc import Iterator
from io import StringIO
from typing import Literal

from msgspec import Struct

from shared import aws, clock, codec
from shared.environment import required
from shared.gs1 import Sscc
from shared.http_edge import Api, Document, Response
from shared.identifiers import Timestamp
from shared.labelling.rendering import to_pdf, to_zpl
from shared.money import Money
from shared.rejection import Conflict, NotFound, TooLarge, Unprocessable
from shared.resources import history, views
from shipping.aggregates import LOAD, SHIPMENT
from shipping.contracts import LoadId, ShipmentId, TrackingNumber
from shipping.domain import shipment as rules
from shipping.domain.load import Load, require_known
from shipping.domain.shipment import Shipment, foreign_carton, require_labels, require_requested
from shipping.paper import ManifestRow, label, manifest
from shipping.papers import ADDRESS_VALID_FOR, MEDIA, form_key, postage_key, signed_address
from shipping.views import ShipmentView, shipment_key

handler = Api()
MOST_BYTES = 4_000_000
"""Of a document in an answer: Lambda gives six million at most, with what is binary as base64."""
_ENDINGS = {media: name for name, media in MEDIA.items()}


class LabelQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """In which format, for which printer (8 dots per mm: 203 dpi, 12: 300 dpi); one carton's label, or all."""

    format: Literal["pdf", "zpl"] = "pdf"
    dots_per_mm: Literal[8, 12, 24] = 8
    sscc: Sscc | None = None


class LabelOfCarton(Struct, frozen=True):
    """A page of the document: the carton it is for, and the carrier's number of it."""

    sscc: Sscc
    tracking_number: TrackingNumber


class CarrierLabel(Struct, frozen=True):
    """The label that a carton's carrier has made, which it wants on the carton, and where to GET it."""

    sscc: Sscc
    media_type: str
    url: str


class LabelDocument(Struct, frozen=True):
    """Labels, and where to GET them until when. Those that the carrier itself has made are beside ours."""

    shipment_id: ShipmentId
    carrier: str
    service: str
    format: str
    cartons: list[LabelOfCarton]
    url: str
    expires_at: Timestamp
    carrier_labels: list[CarrierLabel]


class FormDocument(Struct, frozen=True):
    """A pick-up form of the load's carrier: for how many cartons, and where to GET it."""

    form: str
    cartons: int
    media_type: str
    url: str


class PickupForms(Struct, frozen=True):
    """The pick-up forms of a load, until when they can be fetched; `unformed` cartons still wait for one.

    For `refused` cartons the carrier makes none: its driver scans each.
    """

    load_id: LoadId
    forms: list[FormDocument]
    unformed: int
    refused: int
    expires_at: Timestamp


class ReturnLabelDocument(Struct, frozen=True, omit_defaults=True):
    """A carrier's label for a parcel that comes back: ordered, refused, or bought, and then where to GET it."""

    return_id: ShipmentId
    sscc: Sscc
    status: Literal["ordered", "bought", "refused"]
    tracking_number: str = ""
    cost: Money | None = None
    media_type: str = ""
    url: str = ""
    refused: str = ""


class ReturnLabels(Struct, frozen=True):
    """The carrier's labels for what comes back of a shipment, and until when they can be fetched."""

    shipment_id: ShipmentId
    labels: list[ReturnLabelDocument]
    expires_at: Timestamp


class ManifestQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """In which format."""

    format: Literal["pdf", "csv"] = "pdf"


class Manifest(Struct, frozen=True):
    """The list of what is on a load, as a document."""

    load_id: LoadId


@handler.route(
    "GET",
    "/shipping/shipments/{id}/labels",
    scope="shipping/read",
    returns=(200, LabelDocument),
    rejects=(NotFound, Conflict, Unprocessable),
)
def get_labels(id: ShipmentId, query: LabelQuery) -> Response:
    """The labels of a shipment, a page for each carton, to be fetched from a signed address."""
    shipment, ssccs = _labelled(id, query)
    key = _keep(shipment, ssccs, query)
    document = LabelDocument(
        shipment_id=id,
        carrier=shipment.carrier,
        service=shipment.service,
        format=query.format,
        cartons=[LabelOfCarton(sscc, shipment.cartons[sscc].tracking_number) for sscc in ssccs],
        url=signed_address(key, MEDIA[query.format], f"labels-{id}.{query.format}"),
        expires_at=clock.iso(clock.now() + ADDRESS_VALID_FOR),
        carrier_labels=list(_by_the_carrier(shipment, ssccs)),
    )
    return Response(200, document)


@handler.route(
    "GET",
    "/shipping/shipments/{id}/labels/document",
    scope="shipping/read",
    returns=(200, LabelDocument),
    rejects=(NotFound, Conflict, TooLarge, Unprocessable),
    media=("application/pdf", "application/zpl"),
)
def get_label_document(id: ShipmentId, query: LabelQuery) -> Response:
    """The labels of a shipment themselves, a page for each carton, for a printer that takes them at once.

    Not where its carrier wants a label of its own on the carton: that has an address, so both are asked for there.
    """
    shipment, ssccs = _labelled(id, query)
    if beside := [sscc for sscc in ssccs if shipment.cartons[sscc].document]:
        raise Conflict(
            f"{shipment.carrier} has labels of its own for {len(beside)} of the cartons, to be put on them.",
            field="id",
            value=id,
            remedy=f"GET /shipping/shipments/{id}/labels has the addresses of theirs and of ours.",
            code="carrier-labels",
        )
    content = _drawn(shipment, ssccs, query)
    if len(content) > MOST_BYTES:
        raise TooLarge(
            f"The labels take {len(content)} bytes; one answer holds {MOST_BYTES}.",
            field="sscc",
            value=query.sscc,
            remedy=f"Ask for one carton at a time, or for an address: GET /shipping/shipments/{id}/labels.",
        )
    return Response(200, Document(MEDIA[query.format], content, binary=query.format == "pdf"))


@handler.route(
    "GET",
    "/shipping/shipments/{id}/return-labels",
    scope="shipping/read",
    returns=(200, ReturnLabels),
    rejects=(NotFound,),
)
def get_return_labels(id: ShipmentId) -> Response:
    """The labels of the shipment's carrier for what comes back."""
    shipment = history().load(SHIPMENT, SHIPMENT.stream_id(id)).state
    require_requested(shipment)
    labels = [_return_label(shipment, one) for one in shipment.return_labels.values()]
    return Response(200, ReturnLabels(id, labels, clock.iso(clock.now() + ADDRESS_VALID_FOR)))


@handler.route(
    "GET",
    "/shipping/loads/{id}/pickup-forms",
    scope="shipping/read",
    returns=(200, PickupForms),
    rejects=(NotFound,),
)
def get_pickup_forms(id: LoadId) -> Response:
    """The forms that the carrier's driver scans instead of every carton. They follow the dispatch by minutes."""
    load = history().load(LOAD, LOAD.stream_id(id)).state
    require_known(load)
    forms = [
        FormDocument(
            one.form,
            one.cartons,
            one.document,
            signed_address(form_key(id, one.form), one.document, f"pickup-{one.form}.{_ENDINGS[one.document]}"),
        )
        for one in load.forms
        if one.document
    ]
    refused = sum(one.cartons for one in load.forms if one.refused)
    until = clock.iso(clock.now() + ADDRESS_VALID_FOR)
    return Response(200, PickupForms(id, forms, len(load.postage), refused, until))


@handler.route(
    "GET",
    "/shipping/loads/{id}/manifest",
    scope="shipping/read",
    returns=(200, Manifest),
    rejects=(NotFound,),
    media=("application/pdf", "text/csv"),
)
def get_manifest(id: LoadId, query: ManifestQuery) -> Response:
    """The list of what is on a load, for its driver: what was called off in the last moment is not on it."""
    load = history().load(LOAD, LOAD.stream_id(id)).state
    require_known(load)
    rows = _rows(load)
    if query.format == "csv":
        return Response(200, Document("text/csv; charset=utf-8", _csv(rows)))
    return Response(200, Document("application/pdf", to_pdf(manifest(load, rows)), binary=True))


def _labelled(id: str, query: LabelQuery) -> tuple[Shipment, list[str]]:
    """A shipment that has labels, and the cartons whose labels are asked for."""
    shipment = history().load(SHIPMENT, SHIPMENT.stream_id(id)).state
    require_requested(shipment)
    require_labels(shipment)
    if query.sscc is not None and query.sscc not in shipment.cartons:
        raise foreign_carton(shipment, query.sscc, "sscc")
    return shipment, [query.sscc] if query.sscc else list(shipment.cartons)


def _keep(shipment: Shipment, ssccs: list[str], query: LabelQuery) -> str:
    """Draw the labels and put them into the bucket; the document's key there, the same for the same labels."""
    which = codec.fingerprint((ssccs, query.dots_per_mm))
    key = f"attached/labels/{shipment.shipment_id}/{shipment.revision}-{which}.{query.format}"
    aws.s3().put_object(
        Bucket=required("attachments_bucket"),
        Key=key,
        Body=_drawn(shipment, ssccs, query),
        ContentType=MEDIA[query.format],
    )
    return key


def _drawn(shipment: Shipment, ssccs: list[str], query: LabelQuery) -> bytes:
    """The labels of cartons in one document."""
    places = {sscc: place for place, sscc in enumerate(shipment.cartons, start=1)}
    drawings = [label(shipment, shipment.cartons[sscc], places[sscc], query.dots_per_mm) for sscc in ssccs]
    if query.format == "pdf":
        return to_pdf(drawings)
    return "".join(to_zpl(drawing, query.dots_per_mm) for drawing in drawings).encode()


def _return_label(shipment: Shipment, label: rules.ReturnLabel) -> ReturnLabelDocument:
    url, cost = "", None
    if label.purchase is not None:
        cost = Money(label.purchase.amount, label.currency)
        if label.document:
            key = postage_key(shipment.shipment_id, label.purchase.consignment)
            url = signed_address(key, label.document, f"return-{label.return_id}.{_ENDINGS[label.document]}")
    return ReturnLabelDocument(
        return_id=label.return_id,
        sscc=label.sscc,
        status=label.status,
        tracking_number=label.tracking_number,
        cost=cost,
        media_type=label.document,
        url=url,
        refused=label.refused,
    )


def _by_the_carrier(shipment: Shipment, ssccs: list[str]) -> Iterator[CarrierLabel]:
    for sscc in ssccs:
        media = shipment.cartons[sscc].document
        if media and sscc in shipment.purchases:
            key = postage_key(shipment.shipment_id, shipment.purchases[sscc].consignment)
            yield CarrierLabel(sscc, media, signed_address(key, media, f"{sscc}.{_ENDINGS[media]}"))


def _rows(load: Load) -> list[ManifestRow]:
    """The cartons on the load, by destination."""
    keys = [shipment_key(one) for one in load.shipments if load.leaving(one)]
    rows = [
        ManifestRow(
            sscc=sscc,
            tracking_number=view.cartons[sscc].tracking_number,
            shipment_id=view.shipment_id,
            order_id=view.order_id,
            reference=view.reference or view.order_id,
            destination=view.destination,
            service=view.service,
            weight_g=view.cartons[sscc].weight_g,
        )
        for view in views().documents(ShipmentView, keys).values()
        for sscc in load.leaving(view.shipment_id)
    ]
    return sorted(rows, key=lambda row: (row.destination, row.shipment_id, row.sscc))


def _csv(rows: list[ManifestRow]) -> bytes:
    """The rows under their fields' names. No text begins like a formula: spreadsheets would run it."""
    file = StringIO()
    writer = csv.writer(file)
    names = ManifestRow.__struct_fields__
    writer.writerow(names)
    for row in rows:
        values = [getattr(row, name) for name in names]
        writer.writerow([f"'{one}" if str(one)[:1] in "=+-@" else one for one in values])
    return file.getvalue().encode()
