"""Movements in the read model: each capture and refund that we know of, by the day it was recorded on."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from msgspec import Struct

from payments.contracts import MovementNoted, PaymentCaptured, PaymentRefunded, RefundDeclined
from shared.events import Commit, Event
from shared.projection import Entry
from shared.resources import views

if TYPE_CHECKING:
    from payments.domain import Payment

DAY = slice(0, 10)
PREFIX = "Moved#"
FAILED = "refund_failed"


class Moved(Struct, frozen=True, omit_defaults=True):
    """A capture, a refund, or a refund that came again (`refund_failed`).

    `noted`: it was made at the provider, and not asked for by us.
    """

    kind: str
    reference: str
    order_id: str
    amount: int
    currency: str
    at: str
    noted: bool = False


def entries(payment: "Payment", commit: Commit, events: Sequence[Event]) -> Iterator[Entry]:
    """One entry for each capture and refund in a commit, under the day and the provider's reference."""
    for event in events:
        match event:
            case PaymentCaptured():
                moved = _moved("captured", event, commit.at)
            case PaymentRefunded():
                moved = _moved("refunded", event, commit.at)
            case RefundDeclined(reference=str(reference)):
                moved = Moved(FAILED, reference, event.order_id, event.amount, payment.currency, commit.at)
            case MovementNoted(kind="captured" | "refunded" | "refund_failed" as kind):
                moved = _moved(kind, event, event.occurred_at, noted=True)
            case _:
                continue
        failed = f"{FAILED}/" if moved.kind == FAILED else ""
        yield Entry((_partition(moved.at[DAY]), f"{PREFIX}{failed}{moved.reference}"), moved)


def movements_on(day: str) -> list[Moved]:
    """What was captured and refunded on a day (UTC), as far as the read model knows by now."""
    return [moved for moved, _ in views().under(_partition(day), PREFIX, Moved).values()]


def _partition(day: str) -> str:
    return f"Movements#{day}"


def _moved(
    kind: str, event: PaymentCaptured | PaymentRefunded | MovementNoted, at: str, *, noted: bool = False
) -> Moved:
    return Moved(kind, event.reference, event.order_id, event.amount, event.currency, at, noted)
