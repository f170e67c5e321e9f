"""Reconciliation: what the provider says it has taken and given back, against what we say."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated, Literal

from msgspec import Meta, Struct

from payments.movements_view import FAILED, Moved, movements_on
from payments.provider import ProviderMovement, ProviderTimeout, TooManyMovements
from payments.providers import provider
from shared import clock
from shared.environment import required
from shared.http_edge import Api, Document, Request, Response
from shared.rejection import Invalid, TooLarge, Unavailable
from shared.sheets import MEDIA_TYPE, as_csv

handler = Api()

MAX_DAYS = 31
MAX_MOVEMENTS = 2_000
"""So many of the provider's are read at once: a hundred per call, and the answer has to come in ten seconds."""
CLOCKS_DIFFER = timedelta(hours=1)
"""So far apart a movement's two times may be: the provider's, and that of our record (an answer may come late)."""

Name = tuple[str, bool]
"""The provider's reference of a movement, and whether it is that refund's failure."""

DifferenceKind = Literal[
    "unknown_here", "unknown_at_provider", "moved_by_others", "amount_differs", "currency_differs", "order_differs"
]


DayOrMoment = Annotated[
    str,
    Meta(
        pattern=r"^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}Z)?$",
        description="A day, or a minute of one (UTC): a period may end with a day, or just before a minute.",
        examples=["2026-01-31", "2026-01-31T14:00Z"],
    ),
]


class ReconciliationQuery(
    Struct, frozen=True, forbid_unknown_fields=True, rename={"since": "from", "until": "to"}
):
    """From the first day to the last, both included, or from one minute to just before another (UTC).

    Left out: today. A month at most.
    """

    since: DayOrMoment | None = None
    until: DayOrMoment | None = None
    format: Literal["json", "csv"] | None = None


class Total(Struct, frozen=True):
    """What was captured or refunded in one currency: how many times and how much, here and at the provider."""

    kind: str
    currency: str
    count: int
    amount: int
    provider_count: int
    provider_amount: int


class Difference(Struct, frozen=True):
    """A movement about which the two books do not agree.

    `unknown_here`: we have no record of it; `unknown_at_provider`: the provider has none; `moved_by_others`: it
    was not asked for by us, and is noted on the payment; or both have it, but not alike.
    """

    difference: DifferenceKind
    kind: str
    reference: str
    order_id: str
    at: str
    currency: str
    amount: int | None = None
    provider_amount: int | None = None


class ReconciliationReport(Struct, frozen=True, rename={"since": "from", "until": "to"}):
    """How our books compare with the provider's. They agree when there are no differences.

    `from` and `to` are days, both included; where minutes were asked for, the first moment and one past the last.
    """

    since: str
    until: str
    provider: str
    agrees: bool
    totals: list[Total]
    differences: list[Difference]


@handler.route(
    "GET",
    "/payments/reconciliation",
    scope="payments/read",
    returns=(200, ReconciliationReport),
    rejects=(Invalid, TooLarge),
    media=(MEDIA_TYPE,),
)
def reconcile(request: Request, query: ReconciliationQuery) -> Response:
    """Compare captures and refunds of a period, one by one. As CSV: the differences."""
    since, until = _period(query)
    ours = _ours(since - CLOCKS_DIFFER, until + CLOCKS_DIFFER)
    theirs = _theirs(since - CLOCKS_DIFFER, until + CLOCKS_DIFFER)
    first, last = clock.iso(since), clock.iso(until)
    differences = [one for one in compared(ours, theirs) if first <= one.at < last]
    if (query.format or ("csv" if MEDIA_TYPE in request.headers.get("accept", "") else "json")) == "csv":
        columns = Difference.__struct_fields__
        text = as_csv(columns, ([getattr(one, name) for name in columns] for one in differences))
        return Response(200, Document(f"{MEDIA_TYPE}; charset=utf-8", text.encode()))
    in_period = [one for one in ours.values() if first <= one.at < last and not one.noted]
    theirs_in_period = [one for one in theirs.values() if first <= one.at < last]
    in_days = not any("T" in (named or "") for named in (query.since, query.until))
    report = ReconciliationReport(
        since=first[:10] if in_days else first,
        until=clock.iso(until - timedelta(days=1))[:10] if in_days else last,
        provider=required("payment_provider"),
        agrees=not differences,
        totals=list(_totals(in_period, theirs_in_period)),
        differences=differences,
    )
    return Response(200, report)


def compared(ours: Mapping[Name, Moved], theirs: Mapping[Name, ProviderMovement]) -> Iterator[Difference]:
    """What the books do not agree on, movement by movement (both by the provider's reference)."""
    for name in sorted(ours.keys() | theirs.keys()):
        mine, other = ours.get(name), theirs.get(name)
        difference = _difference(mine, other)
        one = mine or other
        if difference is None or one is None:
            continue
        yield Difference(
            difference=difference,
            kind=one.kind,
            reference=one.reference,
            order_id=one.order_id,
            at=one.at,
            currency=one.currency,
            amount=mine.amount if mine is not None and not mine.noted else None,
            provider_amount=other.amount if other is not None else mine.amount if mine and mine.noted else None,
        )


def _difference(mine: Moved | None, other: ProviderMovement | None) -> DifferenceKind | None:
    if mine is None:
        return "unknown_here"
    if mine.noted:
        return "moved_by_others"
    if other is None:
        return "unknown_at_provider"
    if mine.currency != other.currency:
        return "currency_differs"
    if mine.amount != other.amount:
        return "amount_differs"
    return "order_differs" if mine.order_id != other.order_id else None


def _ours(since: datetime, until: datetime) -> dict[Name, Moved]:
    found: dict[Name, Moved] = {}
    day = since.date()
    while day <= until.date():
        found |= {_name(one): one for one in movements_on(day.isoformat())}
        day += timedelta(days=1)
    first, last = clock.iso(since), clock.iso(until)
    return {name: one for name, one in found.items() if first <= one.at < last}


def _theirs(since: datetime, until: datetime) -> dict[Name, ProviderMovement]:
    found: dict[Name, ProviderMovement] = {}
    try:
        for one in provider().movements(since, until, MAX_MOVEMENTS):
            found[_name(one)] = one
    except TooManyMovements as error:
        raise TooLarge(
            f"The provider has more than {MAX_MOVEMENTS} movements in this period and the hour before and after.",
            field="from",
            remedy="Ask for a shorter period, such as from=2026-01-31T14:00Z&to=2026-01-31T15:00Z.",
        ) from error
    except ProviderTimeout as error:
        raise Unavailable(str(error)) from error
    return found


def _name(one: Moved | ProviderMovement) -> Name:
    return one.reference, one.kind == FAILED


def _totals(ours: Iterable[Moved], theirs: Iterable[ProviderMovement]) -> Iterator[Total]:
    sums: dict[tuple[str, str], list[int]] = {}
    for place, movements in ((0, ours), (2, theirs)):
        for one in movements:
            row = sums.setdefault((one.kind, one.currency), [0, 0, 0, 0])
            row[place] += 1
            row[place + 1] += one.amount
    for (kind, currency), row in sorted(sums.items()):
        yield Total(kind, currency, *row)


def _period(query: ReconciliationQuery) -> tuple[datetime, datetime]:
    """The first moment of the period, and the first after it. Raises Invalid naming what is wrong."""
    today = clock.now().date().isoformat()
    first = _moment(query.since or (query.until or today)[:10], "from")
    named = query.until or max(today, (query.since or "")[:10])
    after = _moment(named, "to") + timedelta(days=0 if "T" in named else 1)
    if first >= after:
        raise Invalid(
            f"The period ends on {query.until}, before it begins.",
            field="to",
            value=query.until,
            remedy="Name the earlier day, or minute, in `from`.",
        )
    if after - first > timedelta(days=MAX_DAYS):
        raise Invalid(
            f"The period has {(after - first).days} days; at most {MAX_DAYS} are compared at once.",
            field="from",
            value=query.since,
            remedy="Ask for a shorter period.",
        )
    return first, after


def _moment(text: str, name: str) -> datetime:
    """The beginning of a day, or of a minute."""
    try:
        return datetime.fromisoformat(text).replace(tzinfo=UTC)
    except ValueError as error:
        raise Invalid(
            f"{text!r} is no moment of the calendar.", field=name, value=text, remedy="Correct the date."
        ) from error
