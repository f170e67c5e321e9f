"""Picking: pickers claim lists, are guided through them, and confirm by scans what they took."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from heapq import merge
from itertools import chain, islice
from typing import Annotated

from msgspec import Meta, Struct, structs

from picking import keys, reference
from picking.aggregates import NEXT_LIST, PICK_LIST
from picking.contracts import ListId, Operator, PickId, Reason, Zone
from picking.domain.labels import Label
from picking.domain.next_list import Choice, ChooseList
from picking.domain.pick_list import (
    LIST_CLAIMED,
    LIST_OPEN,
    CancelList,
    ClaimList,
    Confirm,
    HandOver,
    PickList,
    Progress,
    ReleaseList,
    Scan,
    refusal,
    refusals,
    require_list,
    units_per_scan,
)
from picking.guidance import Guidance, guidance
from picking.scanned import handling_unit, read_label
from picking.summaries import ListSummary
from shared import clock, ids
from shared.codes import LONGEST_CODE
from shared.codes.problems import Unreadable
from shared.decider import ATTEMPTS, Command, Outcome, execute
from shared.event_store import Stream
from shared.http_edge import Api, FieldError, Request, Response
from shared.identifiers import DEFAULT_WAREHOUSE, LotNumber, SerialNumber, Timestamp, WarehouseCode
from shared.quantity import Quantity, Units
from shared.rejection import Conflict, NotFound, PreconditionFailed, Rejection, Unprocessable
from shared.resources import history, views

handler = Api()

LEASE = timedelta(minutes=15)
TRIES = 50
"""So many lists that seem to be free are tried when the next one is asked for."""
LISTS_AT_ONCE = 50
"""So many lists are read with one query."""
MAX_CONFIRMATIONS = 200

ConfirmationId = Annotated[
    str,
    Meta(
        pattern=r"^[\x21-\x7e]{1,100}$",
        description="The scanner's own id of a confirmation: the same one counts once, however often it is sent.",
        examples=["scanner-4-000123"],
    ),
]
ScannedText = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=LONGEST_CODE,
        description="What a scanner read, as it read it, or what somebody typed.",
        examples=["]C1010400638133393110L2026-04"],
    ),
]


class ShortPick(Struct, frozen=True, forbid_unknown_fields=True):
    """Only `units_found` were there; the others are looked for elsewhere."""

    reason: Reason
    units_found: Units = 0


class PickConfirmation(Struct, frozen=True, forbid_unknown_fields=True):
    """What was scanned and counted for a pick.

    `location` is the place with its `check_digits`, its scanned label (A-01-02-3:47), or the SSCC of the handling
    unit; `code` the product's SKU or GTIN (of any pack), or all that is encoded with it: an element string (as of
    GS1-128) or a Digital Link, whose lot, expiry and serial count as scanned. `units` are base units, of a pack's
    GTIN whole packs only; left out: one pack of a pack's GTIN, else all that are asked for, or as many as serials
    were scanned. With `short` no more than its `units_found` were there; where that is none, no `code` is needed,
    but the `location` is. `tote` is the slot that they were put into.
    """

    confirmation_id: ConfirmationId
    pick_id: PickId
    location: ScannedText | None = None
    check_digits: Annotated[str, Meta(max_length=10)] | None = None
    code: ScannedText | None = None
    units: Quantity | None = None
    lot: LotNumber | None = None
    serials: Annotated[tuple[SerialNumber, ...], Meta(max_length=1_000)] = ()
    tote: Annotated[int, Meta(ge=1, le=1_000)] | None = None
    occurred_at: Timestamp | None = None
    short: ShortPick | None = None


class PickConfirmations(Struct, frozen=True, forbid_unknown_fields=True):
    """PickConfirmations in the order in which they were scanned."""

    confirmations: Annotated[tuple[PickConfirmation, ...], Meta(min_length=1, max_length=MAX_CONFIRMATIONS)]


class Verdict(Struct, frozen=True, omit_defaults=True):
    """What became of a confirmation: accepted, already (it was accepted before), or refused with what is wrong."""

    confirmation_id: str
    pick_id: str
    result: str
    problem: str | None = None
    error: FieldError | None = None


class Verdicts(Struct, frozen=True):
    """One verdict for each confirmation, in their order, and the list's next positions."""

    verdicts: tuple[Verdict, ...]
    list: Guidance


class Cancellation(Struct, frozen=True, forbid_unknown_fields=True):
    """Why nothing more is picked on the list."""

    reason: Reason


class NextPicker(Struct, frozen=True, forbid_unknown_fields=True):
    """Who goes on with the list; nobody named: whoever claims it first."""

    operator: Operator = ""


class NextList(Struct, frozen=True, forbid_unknown_fields=True):
    """Where the picker works."""

    warehouse: WarehouseCode = DEFAULT_WAREHOUSE
    zone: Zone | None = None


@handler.route(
    "POST",
    "/picking/pick-lists/{id}/claim",
    scope="picking/write",
    returns=(200, Guidance),
    rejects=(NotFound, Conflict),
)
def claim_list(request: Request, id: ListId) -> Response:
    """Take a list for 15 minutes; the same picker may do so again. Each confirmation prolongs it."""
    outcome = _claimed(id, request)
    return _guided(outcome)


@handler.route(
    "POST",
    "/picking/pick-lists/{id}/release",
    scope="picking/write",
    returns=(200, Guidance),
    rejects=(NotFound, Conflict),
)
def release_list(request: Request, id: ListId) -> Response:
    """Give a list back, so that somebody else can go on with it."""
    command = request.command(ReleaseList(request.actor, _now()))
    outcome = execute(history(), PICK_LIST, PICK_LIST.stream_id(id), command)
    return _guided(outcome)


@handler.route(
    "POST",
    "/picking/pick-lists/{id}/hand-over",
    scope="picking/supervise",
    returns=(200, Guidance),
    rejects=(NotFound, Conflict),
)
def hand_over(request: Request, id: ListId, body: NextPicker) -> Response:
    """Take a list from whoever has it and give it to another picker, who has it for 15 minutes."""
    now = clock.now()
    command = request.command(HandOver(body.operator, clock.iso(now), clock.iso(now + LEASE)))
    return _guided(execute(history(), PICK_LIST, PICK_LIST.stream_id(id), command))


@handler.route(
    "POST",
    "/picking/pick-lists/{id}/cancellation",
    scope="picking/supervise",
    returns=(200, Guidance),
    rejects=(NotFound, Conflict),
)
def cancel_list(request: Request, id: ListId, body: Cancellation) -> Response:
    """Cancel a list: what was picked stays in its container, what was not waits for the next wave."""
    command = request.command(CancelList(body.reason, _now()))
    return _guided(execute(history(), PICK_LIST, PICK_LIST.stream_id(id), command))


@handler.route(
    "POST",
    "/picking/pick-lists/next",
    scope="picking/write",
    returns=(200, Guidance),
    rejects=(NotFound, Conflict),
)
def claim_next(request: Request, body: NextList) -> Response:
    """Claim the most urgent list that nobody has; who has or had one gets it again, and so does a repeat."""
    chosen = history().glance(NEXT_LIST, NEXT_LIST.stream_id(request.created_id()))
    if (outcome := _claimed_by(chosen.state, request)) is not None:
        return _guided(outcome)
    for list_id in _candidates(body, request.actor, _now()):
        for attempt in range(ATTEMPTS):
            picklist = _read(list_id, consistent=attempt > 0)
            if _is_free(picklist, request):
                chosen = _choose(chosen, picklist, request)
                if (outcome := _claimed_by(chosen.state, request, picklist)) is not None:
                    return _guided(outcome)
            elif attempt:  # somebody was faster than the list of lists
                break
    raise NotFound(
        f"No list waits in {body.warehouse}" + (f", zone {body.zone}." if body.zone else "."),
        field="zone" if body.zone else "warehouse",
        value=body.zone or body.warehouse,
        remedy="Ask again later, or release a wave: POST /picking/waves.",
        code="no-list",
    )


@handler.route(
    "POST",
    "/picking/pick-lists/{id}/confirmations",
    scope="picking/write",
    returns=(200, Verdicts),
    rejects=(NotFound, Unprocessable),
    any_characters=("code", "location"),
)
def confirm(request: Request, id: ListId, body: PickConfirmations) -> Response:
    """Confirm picks, in bulk and also late. What is wrong with one leaves the others alone."""
    stream_id = PICK_LIST.stream_id(id)
    known = history().load(PICK_LIST, stream_id)
    require_list(known.state)
    command = _confirm(body, known.state, request.actor)
    outcome = execute(history(), PICK_LIST, stream_id, request.command(command))
    verdicts = tuple(_verdicts(command, outcome, refusals(command, known.state)))
    return Response(200, Verdicts(verdicts, guidance(outcome.stream.state, _now())), replayed=outcome.repeated)


def _confirm(body: PickConfirmations, picklist: PickList, operator: str) -> Confirm:
    """The scans, with what inventory has said of the places and products that they should be of."""
    asked = {one.pick_id for one in body.confirmations}
    positions = [picklist.picks[name].position for name in asked if name in picklist.picks]
    places = reference.places({position.place for position in positions})
    articles = reference.articles({position.sku for position in positions})
    blocked = reference.blocked_lots((one.sku, one.lot) for one in positions if one.lot)
    packs = {sku: {pack.gtin: pack.units for pack in article.packs} for sku, article in articles.items()}
    now = clock.now()
    return Confirm(
        operator=operator,
        at=clock.iso(now),
        until=clock.iso(now + LEASE),
        scans=tuple(_scan(one, index, picklist, packs, now) for index, one in enumerate(body.confirmations)),
        digits={name: place.check_digits for name, place in places.items()},
        packs=packs,
        blocked=blocked,
    )


def _scan(
    one: PickConfirmation, index: int, picklist: PickList, packs: Mapping[str, Mapping[str, int]], now: datetime
) -> Scan:
    progress = picklist.picks.get(one.pick_id)
    label, unreadable = _label(one.code, progress, now)
    lot, serials = one.lot, one.serials
    if label is not None:
        lot = lot or label.lot
        serials = serials or ((label.serial,) if label.serial else ())
    counted = one.short.units_found if one.short else one.units
    if counted is None:
        counted = _meant(progress, label, serials, packs) if progress is not None else 0
    return Scan(
        confirmation_id=one.confirmation_id,
        pick_id=one.pick_id,
        units=counted,
        occurred_at=one.occurred_at or clock.iso(now),
        field=f"confirmations[{index}]",
        location=_location(one.location, label, now),
        check_digits=one.check_digits,
        code=one.code,
        lot=lot,
        serials=serials,
        tote=one.tote,
        missing=one.short.reason if one.short else None,
        label=label,
        unreadable=unreadable,
    )


def _meant(
    progress: Progress, label: Label | None, serials: Sequence[str], packs: Mapping[str, Mapping[str, int]]
) -> int:
    """So many units are meant where nobody has said how many."""
    position = progress.position
    pack = units_per_scan(label, packs.get(position.sku, {}), position)
    if pack > 1:
        return pack
    return len(serials) if serials and position.serials else progress.remaining


def _label(code: str | None, progress: Progress | None, now: datetime) -> tuple[Label | None, str | None]:
    """What the code says where it is no SKU, and why that cannot be told."""
    if code is None or (progress is not None and code == progress.position.sku):
        return None, None
    try:
        return read_label(code, now.date()), None
    except Unreadable as problem:
        return None, problem.detail


def _location(scanned: str | None, label: Label | None, now: datetime) -> str | None:
    """The place or handling unit; the label of what is on one names it too."""
    if scanned is None:
        return label.sscc if label else None
    return handling_unit(scanned, now.date()) or scanned


def _verdicts(command: Confirm, outcome: Outcome[PickList], wrong: Mapping[str, Rejection]) -> Iterator[Verdict]:
    """What was accepted now is in the commit; what else is known was accepted before; the rest is refused."""
    now = {one for event in outcome.events for one in getattr(event, "ids", ())}
    for scan in command.scans:
        name = scan.confirmation_id
        if name in now:
            now.discard(name)
            yield Verdict(name, scan.pick_id, "accepted")
        elif name in outcome.stream.state.confirmed:
            yield Verdict(name, scan.pick_id, "already")
        else:
            yield _refused(scan, wrong.get(name) or refusal(scan, command, outcome.stream.state))


def _refused(scan: Scan, rejection: Rejection | None) -> Verdict:
    if rejection is None:
        rejection = Conflict(
            "The list has changed meanwhile.",
            remedy="Send it again under a new Idempotency-Key.",
            code="contended",
        )
    error = FieldError(rejection.field, rejection.message, rejection.value, rejection.remedy)
    return Verdict(scan.confirmation_id, scan.pick_id, "refused", rejection.code, error)


def _claimed(list_id: str, request: Request) -> Outcome[PickList]:
    command = Command(_claim(request), request.metadata)
    return execute(history(), PICK_LIST, PICK_LIST.stream_id(list_id), command)


def _claim(request: Request) -> ClaimList:
    now = clock.now()
    return ClaimList(request.actor, clock.iso(now), clock.iso(now + LEASE))


def _is_free(picklist: Stream[PickList], request: Request) -> bool:
    try:
        return bool(PICK_LIST.decide(_claim(request), picklist.state))
    except (Conflict, NotFound):
        return False


def _read(list_id: str, *, consistent: bool) -> Stream[PickList]:
    read = history().load if consistent else history().glance
    return read(PICK_LIST, PICK_LIST.stream_id(list_id))


def _choose(chosen: Stream[Choice], picklist: Stream[PickList], request: Request) -> Stream[Choice]:
    """Note the request's next choice: this list, or what the same request has chosen elsewhere meanwhile."""
    own = ids.derived_id("choice", request.metadata.command_id, str(chosen.state.number + 1))
    metadata = structs.replace(request.metadata, command_id=own)
    command = Command(ChooseList(picklist.state.list_id, picklist.sequence), metadata)
    return execute(history(), NEXT_LIST, chosen.id, command, known=chosen).stream


def _claimed_by(
    choice: Choice, request: Request, seen: Stream[PickList] | None = None
) -> Outcome[PickList] | None:
    """The list that was chosen, claimed by this request; None when it never was and never will be.

    `seen` is a list that was just read. Raises Conflict where another worker's clock is ahead by a lease's end.
    """
    if not choice.number:
        return None
    stream_id = PICK_LIST.stream_id(choice.list_id)
    command = Command(_claim(request), request.metadata, if_match=choice.sequence)
    known = seen if seen and (seen.id, seen.sequence) == (stream_id, choice.sequence) else None
    try:
        return execute(history(), PICK_LIST, stream_id, command, known=known)
    except PreconditionFailed:  # it has moved on: by this request long ago, or without it
        following = history().commit(stream_id, choice.sequence + 1)
        if following is None or command.metadata.command_id not in following.command_ids:
            return None
        return Outcome(command, history().load(PICK_LIST, stream_id), repeated=True)


def _candidates(wanted: NextList, operator: str, now: str) -> Iterator[str]:
    """Lists that may be free: what the picker has, by urgency what nobody has, at last what a lease has just left.

    A list whose lease is over for as long as it lasted was forgotten, and waits like any other.
    """
    before = clock.iso(clock.now() - LEASE)
    own: list[str] = []
    forgotten: list[tuple[str, str]] = []
    left: list[str] = []
    for urgency, one in _lists(wanted, LIST_CLAIMED):
        if one.operator == operator:
            own.append(one.list_id)
        elif one.until <= before:
            forgotten.append((urgency, one.list_id))
        elif one.until <= now:
            left.append(one.list_id)
    free = ((urgency, one.list_id) for urgency, one in _lists(wanted, LIST_OPEN))
    waiting = (list_id for _, list_id in merge(free, forgotten))
    return islice(chain(own, waiting, left), TRIES)


def _lists(wanted: NextList, status: str) -> Iterator[tuple[str, ListSummary]]:
    """The lists that stand so where the picker works, by urgency; no more are read than are looked at."""
    after: str | None = None
    while True:
        page = views().list(
            ListSummary,
            (keys.LIST, keys.lists_of(wanted.warehouse, status)),
            keys.PLACE,
            index=keys.BY_LIST,
            after=after,
            limit=LISTS_AT_ONCE,
            matching=("zone", wanted.zone) if wanted.zone else None,
        )
        yield from page.items
        if page.next is None:
            return
        after = page.next


def _guided(outcome: Outcome[PickList]) -> Response:
    return Response(
        200,
        guidance(outcome.stream.state, _now()),
        version=outcome.stream.sequence,
        replayed=outcome.repeated,
    )


def _now() -> str:
    return clock.iso(clock.now())
