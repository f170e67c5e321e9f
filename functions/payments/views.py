"""Keeps the read model: one document per payment, ("Payment#<order id>", "Books"), and its movements by day."""

import zlib
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from msgspec.structs import replace

from payments.domain import CATALOG, PATIENCE, PAYMENTS, Payment, due, evolve
from payments.movements_view import entries
from shared import clock
from shared.events import Event
from shared.projection import Projection, Projector
from shared.resources import history, views

SHARDS = ("0", "1", "2", "3")
"""Partitions of the index by moment, so that no one of them gets all writes."""

TAKEN_UP_AFTER = timedelta(minutes=2)
"""So long after its last change a payment that still waits for an answer is taken up by the schedule."""

LONGEST_PAUSE = timedelta(hours=1)
"""A parked payment is taken up after twice as long each time, but after so long at the latest."""


class PaymentView(Payment, frozen=True, omit_defaults=True):
    """A payment as lists show it. Times are when the first and the latest event were recorded."""

    asked_at: str = ""
    changed_at: str = ""


def handler(event: dict[str, Any], _context: object) -> None:
    """Show a batch of the service's commits."""
    _projector().handle(event)


@cache
def _projector() -> Projector:
    return Projector(CATALOG, history(), views(), (PAYMENT_VIEW,))


def _start(stream_id: str) -> PaymentView:
    return PaymentView(order_id=stream_id.partition("#")[2])


def _show(document: PaymentView, event: Event, at: str) -> PaymentView:
    shown: Any = evolve(document, event)
    changed: PaymentView = replace(shown, asked_at=document.asked_at or at, changed_at=at)
    return changed


def _key(stream_id: str) -> tuple[str, str]:
    return stream_id, "Books"


def _index(document: PaymentView) -> Mapping[str, str]:
    """When the schedule has to look: at an unanswered step soon, at an authorization when it expires."""
    moment = document.expires_at if document.status == "authorized" and document.held else ""
    if due(document) is not None:
        moment = clock.iso(datetime.fromisoformat(document.changed_at) + _pause(document))
    return (
        {"due": SHARDS[zlib.crc32(document.order_id.encode()) % len(SHARDS)], "moment": moment} if moment else {}
    )


def _pause(payment: Payment) -> timedelta:
    """How long the provider is left alone with an unanswered step."""
    if not payment.is_parked:
        return TAKEN_UP_AFTER
    doublings = min(max(0, payment.attempts - PATIENCE), 8)
    return min(LONGEST_PAUSE, TAKEN_UP_AFTER * (1 << doublings))


PAYMENT_VIEW = Projection(
    category=PAYMENTS.category,
    kind=PaymentView,
    start=_start,
    show=_show,
    key=_key,
    index=_index,
    entries=entries,
)
