"""Inspections, pure: a lot, its sampling plan, what was found in the sample, and what becomes of the goods.

    receiving ──► open ──► decided

An inspection is opened by the first goods of its lot; its sample is then reckoned from what was announced. Once
nothing more can come the lot's size is certain and the sampling plan stands: only then can it be decided on.
Results may be recorded before that and add up.
"""

from collections.abc import Sequence
from typing import Annotated, Literal

from immutables import Map
from msgspec import Meta, Struct, structs

from receiving.contracts import (
    PUBLISHED,
    HeldGoods,
    Holding,
    InspectedGoods,
    InspectionDecided,
    InspectionId,
    PlanId,
    Reason,
    RejectedStatus,
    Supplier,
)
from receiving.domain.sampling import NORMAL, Severity, sampling_plan, score_of
from shared.events import Event, EventCatalog
from shared.identifiers import LotNumber, SerialNumber, ShipmentId, Sku, Timestamp, WarehouseCode
from shared.quantity import Quantity, Units
from shared.rejection import Conflict, NotFound, Unprocessable

RECEIVING, OPEN, DECIDED = "receiving", "open", "decided"
STATUSES = (RECEIVING, OPEN, DECIDED)
MAX_ATTACHMENTS = 20
MAX_ATTACHMENT_BYTES = 20 * 1024 * 1024

Notes = Annotated[str, Meta(max_length=1_000)]
Verdict = Literal["accept", "reject", "partial"]
FileName = Annotated[
    str,
    Meta(pattern=r"^[^/\\:*?\"<>|]{1,120}$", description="A file's name without a path.", examples=["box.jpg"]),
]
MediaType = Literal["image/jpeg", "image/png", "image/webp", "image/heic", "application/pdf"]
FileSize = Annotated[int, Meta(ge=1, le=MAX_ATTACHMENT_BYTES, description="Bytes, up to 20 MiB.")]


class InspectionOpened(Event, frozen=True):
    """Goods of a lot have come and wait for an inspection; so many units were announced."""

    inspection_id: InspectionId
    shipment_id: ShipmentId
    supplier: Supplier
    warehouse: WarehouseCode
    sku: Sku
    plan: PlanId
    aql: str
    severity: Severity
    announced_units: Units
    lot: LotNumber | None = None
    category: str | None = None
    reduced_allowed: bool = True


class LotSized(Event, frozen=True):
    """The lot is complete, and its sampling plan stands: ISO 2859-1's code letter, sample size, Ac and Re."""

    goods: tuple[HeldGoods, ...]
    units: Quantity
    severity: Severity
    letter: str
    sample_size: Quantity
    accept: Units
    reject: Units


class SampleInspected(Event, frozen=True):
    """So many more units were inspected, and so many of them are defective."""

    units: Quantity
    defects: Units
    at: Timestamp
    notes: str = ""


class AttachmentAdded(Event, frozen=True):
    """A photo or document belongs to the inspection; its bytes are (or will be) in the attachments bucket."""

    attachment_id: str
    file_name: FileName
    media_type: MediaType
    size: FileSize
    at: Timestamp


CATALOG = EventCatalog("receiving", (*PUBLISHED, InspectionOpened, LotSized, SampleInspected, AttachmentAdded))


class Attachment(Struct, frozen=True):
    """A photo or document of an inspection."""

    attachment_id: str
    file_name: str
    media_type: str
    size: int
    at: str


class Inspection(Struct, frozen=True, omit_defaults=True):
    """An inspection; an empty `inspection_id` means: there is none."""

    inspection_id: str = ""
    status: str = ""
    shipment_id: str = ""
    supplier: str = ""
    warehouse: str = ""
    sku: str = ""
    lot: str | None = None
    category: str | None = None
    plan: str = ""
    aql: str = ""
    reduced_allowed: bool = True
    severity: Severity = NORMAL
    units: int = 0
    letter: str = ""
    sample_size: int = 0
    accept: int = 0
    reject: int = 0
    inspected: int = 0
    defects: int = 0
    goods: tuple[HeldGoods, ...] = ()
    attachments: Map[str, Attachment] = Map()
    decision: str = ""
    conforming: bool | None = None
    accepted_units: int = 0
    rejected_units: int = 0
    decided_at: str = ""

    @property
    def score(self) -> int:
        """What the lot adds to the switching score."""
        return score_of(self.units, self.aql, self.defects) if self.conforming else 0


class OpenInspection(Struct, frozen=True):
    """The first goods of an inspection lot have come."""

    inspection_id: InspectionId
    shipment_id: ShipmentId
    supplier: Supplier
    warehouse: WarehouseCode
    sku: Sku
    plan: PlanId
    aql: str
    severity: Severity
    announced_units: Units
    lot: LotNumber | None = None
    category: str | None = None
    reduced_allowed: bool = True


class SizeLot(Struct, frozen=True):
    """Nothing more of the lot will come: `goods` is all of it. It is opened too, if it was not yet."""

    opening: OpenInspection
    goods: tuple[HeldGoods, ...]
    severity: Severity


class RecordSample(Struct, frozen=True):
    """Units were inspected."""

    units: Quantity
    defects: Units
    at: Timestamp
    notes: Notes = ""


class RejectedGoods(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Units that are rejected. `holding` may be left out when all of the lot is in one."""

    units: Quantity
    holding: Holding | None = None
    serials: tuple[SerialNumber, ...] = ()


class DecideInspection(Struct, frozen=True):
    """Accept the lot, reject it, or reject some units of it and accept the others."""

    decision: Verdict
    at: Timestamp
    rejected: tuple[RejectedGoods, ...] = ()
    rejected_status: RejectedStatus = "damaged"
    reason: Reason | None = None


class AddAttachment(Struct, frozen=True):
    """A photo or document is about to be uploaded."""

    attachment_id: str
    file_name: FileName
    media_type: MediaType
    size: FileSize
    at: Timestamp


Command = OpenInspection | SizeLot | RecordSample | DecideInspection | AddAttachment


def decide(command: Command, inspection: Inspection) -> Sequence[Event]:
    """The events that `command` leads to. Raises its Rejection when it cannot be."""
    match command:
        case OpenInspection():
            return [] if inspection.inspection_id else [InspectionOpened(**structs.asdict(command))]
        case SizeLot():
            return _size(command, inspection)
        case RecordSample():
            return _sample(command, _undecided(inspection))
        case DecideInspection():
            return _decide(command, _undecided(inspection))
        case AddAttachment():
            return _attach(command, _known(inspection))


def evolve(inspection: Inspection, event: Event) -> Inspection:
    """The inspection after `event`."""
    match event:
        case InspectionOpened():
            units = max(1, event.announced_units)
            return _planned(
                Inspection(
                    inspection_id=event.inspection_id,
                    status=RECEIVING,
                    shipment_id=event.shipment_id,
                    supplier=event.supplier,
                    warehouse=event.warehouse,
                    sku=event.sku,
                    lot=event.lot,
                    category=event.category,
                    plan=event.plan,
                    aql=event.aql,
                    reduced_allowed=event.reduced_allowed,
                    severity=event.severity,
                    units=units,
                )
            )
        case LotSized():
            return structs.replace(
                inspection,
                status=OPEN,
                goods=event.goods,
                units=event.units,
                severity=event.severity,
                letter=event.letter,
                sample_size=event.sample_size,
                accept=event.accept,
                reject=event.reject,
            )
        case SampleInspected():
            return structs.replace(
                inspection,
                inspected=inspection.inspected + event.units,
                defects=inspection.defects + event.defects,
            )
        case AttachmentAdded():
            added = Attachment(event.attachment_id, event.file_name, event.media_type, event.size, event.at)
            return structs.replace(inspection, attachments=inspection.attachments.set(event.attachment_id, added))
        case InspectionDecided():
            return structs.replace(
                inspection,
                status=DECIDED,
                decision=event.decision,
                conforming=event.conforming,
                accepted_units=sum(goods.accepted_units for goods in event.goods),
                rejected_units=sum(goods.rejected_units for goods in event.goods),
                decided_at=event.decided_at,
            )
        case _:
            return inspection


def _planned(inspection: Inspection) -> Inspection:
    """With the sampling plan that the announced units would ask for."""
    plan = sampling_plan(inspection.units, inspection.aql, inspection.severity)
    return structs.replace(
        inspection, letter=plan.letter, sample_size=plan.sample_size, accept=plan.accept, reject=plan.reject
    )


def _size(command: SizeLot, inspection: Inspection) -> list[Event]:
    if inspection.status not in ("", RECEIVING):
        return []
    opened: list[Event] = [] if inspection.inspection_id else [InspectionOpened(**structs.asdict(command.opening))]
    units = sum(goods.units for goods in command.goods)
    plan = sampling_plan(units, command.opening.aql, command.severity)
    sized = LotSized(
        goods=command.goods,
        units=units,
        severity=command.severity,
        letter=plan.letter,
        sample_size=plan.sample_size,
        accept=plan.accept,
        reject=plan.reject,
    )
    return [*opened, sized]


def _sample(command: RecordSample, inspection: Inspection) -> list[Event]:
    if command.defects > command.units:
        raise Unprocessable(
            f"{command.defects} defective units are more than the {command.units} inspected.",
            field="defects",
            value=command.defects,
            remedy="Count defective units, not defects; inspected units include the defective ones.",
            code="more-defects-than-units",
        )
    total = inspection.inspected + command.units
    if inspection.status == OPEN and total > inspection.units:
        raise Unprocessable(
            f"The lot has {inspection.units} units; {inspection.inspected} of them are inspected already.",
            field="inspected",
            value=command.units,
            remedy=f"Record up to {inspection.units - inspection.inspected} more.",
            code="more-inspected-than-there-is",
        )
    return [SampleInspected(units=command.units, defects=command.defects, at=command.at, notes=command.notes)]


def _decide(command: DecideInspection, inspection: Inspection) -> list[Event]:
    if inspection.status == RECEIVING:
        raise Conflict(
            "Goods of this lot may still come: its size, and with it the sample, is not certain.",
            remedy="Log the rest of the lot, or close the shipment; then decide.",
            code="lot-not-complete",
        )
    conforming = inspection.inspected >= inspection.sample_size and inspection.defects <= inspection.accept
    sampled = inspection.inspected >= inspection.sample_size
    sorted_out = command.decision == "partial" and inspection.defects >= inspection.reject
    if command.decision != "reject" and not sampled and not sorted_out and not command.reason:
        raise Conflict(
            f"{inspection.inspected} of the {inspection.sample_size} units of the sample are inspected.",
            field="decision",
            value=command.decision,
            remedy="Record the results of the rest of the sample, or give a reason for deciding without it.",
            code="sample-not-complete",
        )
    if command.decision == "accept" and not conforming and not command.reason:
        raise Conflict(
            f"The sample has {inspection.defects} defective units; from {inspection.reject} the lot is rejected.",
            field="decision",
            value=command.decision,
            remedy="Reject it, accept it partly after sorting, or give the reason of a concession.",
            code="lot-not-conforming",
        )
    goods = _settled(command, inspection)
    if command.decision == "partial" and not sum(one.accepted_units for one in goods):
        raise Unprocessable(
            "Nothing of the lot is left to accept.",
            field="rejected",
            remedy="Decide to reject it.",
            code="all-rejected",
        )
    return [
        InspectionDecided(
            inspection_id=inspection.inspection_id,
            shipment_id=inspection.shipment_id,
            warehouse=inspection.warehouse,
            sku=inspection.sku,
            goods=goods,
            rejected_status=command.rejected_status,
            supplier=inspection.supplier,
            decision={"accept": "accepted", "reject": "rejected", "partial": "partly_accepted"}[command.decision],  # type: ignore[arg-type]
            decided_at=command.at,
            lot=inspection.lot,
            conforming=conforming,
        )
    ]


def _settled(command: DecideInspection, inspection: Inspection) -> tuple[InspectedGoods, ...]:
    """What becomes of the units in each holding."""
    if command.decision == "partial" and not command.rejected:
        raise Unprocessable(
            "A partial decision has to say what is rejected.",
            field="rejected",
            remedy="Name the rejected units by holding, and their serials if they have any.",
            code="nothing-rejected",
        )
    if command.decision != "partial":
        if command.rejected:
            raise Unprocessable(
                f"To {command.decision} the whole lot leaves nothing to single out.",
                field="rejected",
                remedy="Leave it out, or decide partial.",
                code="whole-lot",
            )
        rejects = command.decision == "reject"
        return tuple(
            InspectedGoods(goods.holding, 0, goods.units, goods.serials)
            if rejects
            else InspectedGoods(goods.holding, goods.units, 0)
            for goods in inspection.goods
        )
    rejected: dict[str, RejectedGoods] = {}
    for index, one in enumerate(command.rejected):
        rejected[_holding(index, one, inspection, rejected)] = one
    return tuple(_partly(goods, rejected.get(goods.holding)) for goods in inspection.goods)


def _holding(index: int, one: RejectedGoods, inspection: Inspection, rejected: dict[str, RejectedGoods]) -> str:
    """Where the rejected units are. Raises when they cannot be there."""
    where = f"rejected[{index}]"
    held = {goods.holding: goods for goods in inspection.goods}
    holding = one.holding or (next(iter(held)) if len(held) == 1 else "")
    if holding not in held or holding in rejected:
        raise Unprocessable(
            f"The lot has nothing (more) in {one.holding or 'a holding that is not named'}.",
            field=f"{where}.holding",
            value=one.holding,
            remedy=f"Name each of these at most once: {', '.join(held)}.",
            code="no-such-holding",
        )
    goods = held[holding]
    if one.units > goods.units:
        raise Unprocessable(
            f"{holding} has {goods.units} units of the lot.",
            field=f"{where}.units",
            value=one.units,
            remedy="Reject no more than there is.",
            code="more-rejected-than-there-is",
        )
    if goods.serials and (len(one.serials) != one.units or not set(one.serials) <= set(goods.serials)):
        raise Unprocessable(
            f"The {one.units} rejected units have to be named by serials that are in {holding}.",
            field=f"{where}.serials",
            value=len(one.serials),
            remedy="Scan the serial of each rejected unit.",
            code="serials-missing",
        )
    return holding


def _partly(goods: HeldGoods, rejected: RejectedGoods | None) -> InspectedGoods:
    if rejected is None:
        return InspectedGoods(goods.holding, goods.units, 0)
    return InspectedGoods(goods.holding, goods.units - rejected.units, rejected.units, rejected.serials)


def _attach(command: AddAttachment, inspection: Inspection) -> list[Event]:
    if command.attachment_id in inspection.attachments:
        return []
    if len(inspection.attachments) >= MAX_ATTACHMENTS:
        raise Conflict(
            f"An inspection holds {MAX_ATTACHMENTS} attachments.",
            remedy="Put several pictures into one document.",
            code="too-many-attachments",
        )
    return [AttachmentAdded(**structs.asdict(command))]


def _undecided(inspection: Inspection) -> Inspection:
    if _known(inspection).status == DECIDED:
        raise Conflict(
            f"The lot was {inspection.decision.replace('_', ' ')} at {inspection.decided_at}.",
            remedy="Change the status of its units in inventory if the decision was wrong.",
            code="inspection-decided",
        )
    return inspection


def _known(inspection: Inspection) -> Inspection:
    if not inspection.inspection_id:
        raise NotFound(
            "There is no such inspection.",
            field="id",
            remedy="GET /receiving/inspections lists those that there are; new ones follow within seconds.",
            code="unknown-inspection",
        )
    return inspection
