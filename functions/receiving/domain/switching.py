"""The switching rules of ISO 2859-1:1999, clause 9.3 and 9.4, for one supplier and product.

    normal to tightened        2 of 5 or fewer consecutive lots not accepted (9.3.1)
    tightened to normal        5 consecutive lots accepted (9.3.2)
    normal to reduced          switching score of 30 or more, and reduced inspection is wanted (9.3.3)
    reduced to normal          1 lot not accepted (9.3.4 a), or a person says so (9.3.4 b, c)
    tightened to discontinued  5 lots not accepted (9.4)
    discontinued to tightened  a person says that the supplier has improved (9.4)

Only lots inspected under the present severity count: what was sampled before a switch says nothing of it.
"""

from collections.abc import Sequence

from msgspec import Struct, structs

from receiving.contracts import InspectionId, Reason, Supplier
from receiving.domain.sampling import DISCONTINUED, NORMAL, REDUCED, TIGHTENED, Severity
from shared.events import Event, EventCatalog
from shared.identifiers import Sku
from shared.rejection import Conflict

NOT_ACCEPTED_TO_TIGHTEN = 2
LOTS_LOOKED_BACK = 5
ACCEPTED_TO_RELAX = 5
SCORE_TO_REDUCE = 30
NOT_ACCEPTED_TO_DISCONTINUE = 5
_REMEMBERED = 200


class LotJudged(Event, frozen=True):
    """A lot was accepted or not on first inspection; `score` is what it adds to the switching score (0: reset)."""

    supplier: Supplier
    sku: Sku
    inspection_id: InspectionId
    severity: Severity
    conforming: bool
    score: int = 0


class SeverityChanged(Event, frozen=True):
    """The next lots are inspected otherwise. `reason` cites the rule, or is a person's."""

    supplier: Supplier
    sku: Sku
    severity: Severity
    reason: Reason


CATALOG = EventCatalog("receiving", (LotJudged, SeverityChanged))


class Quality(Struct, frozen=True):
    """How the lots of one supplier and product fared, as far as the rules look back."""

    severity: Severity = NORMAL
    latest: tuple[bool, ...] = ()
    in_a_row: int = 0
    score: int = 0
    not_accepted: int = 0
    judged: tuple[str, ...] = ()


class JudgeLot(Struct, frozen=True):
    """A lot was decided on. `reduced_allowed`: reduced inspection is thought desirable (9.3.3.1 c)."""

    supplier: Supplier
    sku: Sku
    inspection_id: InspectionId
    severity: Severity
    conforming: bool
    score: int = 0
    reduced_allowed: bool = True


class SetSeverity(Struct, frozen=True):
    """A person sets the severity: tightened or normal again, or tightened after a discontinuation (9.4)."""

    supplier: Supplier
    sku: Sku
    severity: Severity
    reason: Reason


def decide(command: JudgeLot | SetSeverity, quality: Quality) -> Sequence[Event]:
    """The events that follow from a lot, or from a person's word."""
    match command:
        case JudgeLot():
            return _judge(command, quality)
        case SetSeverity():
            return _set(command, quality)


def evolve(quality: Quality, event: Event) -> Quality:
    """The record after `event`."""
    match event:
        case LotJudged():
            judged = (*quality.judged, event.inspection_id)[-_REMEMBERED:]
            if event.severity != quality.severity:
                return structs.replace(quality, judged=judged)
            return structs.replace(
                quality,
                judged=judged,
                latest=(*quality.latest, event.conforming)[-LOTS_LOOKED_BACK:],
                in_a_row=quality.in_a_row + 1 if event.conforming else 0,
                score=quality.score + event.score if event.score else 0,
                not_accepted=quality.not_accepted + (not event.conforming),
            )
        case SeverityChanged():
            return Quality(severity=event.severity, judged=quality.judged)
        case _:
            return quality


def _judge(command: JudgeLot, quality: Quality) -> list[Event]:
    if command.inspection_id in quality.judged:
        return []
    judged = LotJudged(
        supplier=command.supplier,
        sku=command.sku,
        inspection_id=command.inspection_id,
        severity=command.severity,
        conforming=command.conforming,
        score=command.score if command.severity == NORMAL and command.conforming else 0,
    )
    switch = _switch(evolve(quality, judged), command.reduced_allowed)
    if switch is None or command.severity != quality.severity:
        return [judged]
    severity, reason = switch
    return [judged, SeverityChanged(supplier=command.supplier, sku=command.sku, severity=severity, reason=reason)]


def _switch(quality: Quality, reduced_allowed: bool) -> tuple[Severity, str] | None:
    match quality.severity:
        case "normal" if quality.latest.count(False) >= NOT_ACCEPTED_TO_TIGHTEN:
            return TIGHTENED, "ISO 2859-1, 9.3.1: 2 of 5 consecutive lots were not accepted"
        case "normal" if quality.score >= SCORE_TO_REDUCE and reduced_allowed:
            return REDUCED, "ISO 2859-1, 9.3.3: the switching score has reached 30"
        case "tightened" if quality.in_a_row >= ACCEPTED_TO_RELAX:
            return NORMAL, "ISO 2859-1, 9.3.2: 5 consecutive lots were accepted"
        case "tightened" if quality.not_accepted >= NOT_ACCEPTED_TO_DISCONTINUE:
            return DISCONTINUED, "ISO 2859-1, 9.4: 5 lots were not accepted on tightened inspection"
        case "reduced" if quality.latest[-1:] == (False,):
            return NORMAL, "ISO 2859-1, 9.3.4: a lot was not accepted on reduced inspection"
        case _:
            return None


def _set(command: SetSeverity, quality: Quality) -> list[Event]:
    if command.severity == quality.severity:
        return []
    allowed = {
        NORMAL: (TIGHTENED,),
        REDUCED: (NORMAL, TIGHTENED),
        TIGHTENED: (),
        DISCONTINUED: (TIGHTENED,),
    }[quality.severity]
    if command.severity not in allowed:
        raise Conflict(
            f"Inspection is {quality.severity}; a person cannot make it {command.severity}.",
            field="severity",
            value=command.severity,
            remedy=f"Send one of {', '.join(allowed)}."
            if allowed
            else "Only accepted lots lead out of it (9.3.2).",
            code="no-such-switch",
        )
    return [
        SeverityChanged(
            supplier=command.supplier, sku=command.sku, severity=command.severity, reason=command.reason
        )
    ]
