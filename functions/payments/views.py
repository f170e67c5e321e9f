"""Keeps the read model: one document per payment, under ("Payment", order id)."""

from functools import cache
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from payments.contracts import PaymentAbandoned, PaymentAuthorized, PaymentDeclined, PaymentVoided
from payments.domain import (
    CATALOG,
    PAYMENTS,
    AuthorizationAsked,
    AuthorizationCameLate,
    AuthorizationTimedOut,
    PaymentStatus,
    VoidAsked,
)
from shared.events import Event
from shared.projection import Projection, Projector
from shared.resources import history, views


class PaymentView(Struct, frozen=True):
    """A payment as lists show it. Times are when the first and the latest event were recorded."""

    order_id: str
    status: PaymentStatus = "new"
    amount: int = 0
    currency: str = ""
    authorization: str = ""
    reason: str = ""
    attempts: int = 0
    asked_at: str = ""
    changed_at: str = ""


def handler(event: dict[str, Any], _context: object) -> None:
    """Show a batch of the service's commits."""
    _projector().handle(event)


@cache
def _projector() -> Projector:
    return Projector(CATALOG, history(), views(), (PAYMENT_VIEW,))


def _start(stream_id: str) -> PaymentView:
    return PaymentView(_order_id(stream_id))


def _show(document: PaymentView, event: Event, at: str) -> PaymentView:
    document = replace(document, asked_at=document.asked_at or at, changed_at=at)
    match event:
        case AuthorizationAsked(amount=amount, currency=currency):
            return replace(document, status="requested", amount=amount, currency=currency)
        case AuthorizationTimedOut(attempt=attempt):
            return replace(document, attempts=attempt)
        case PaymentAuthorized(authorization=authorization):
            return replace(
                document, status="authorized", authorization=authorization, attempts=document.attempts + 1
            )
        case AuthorizationCameLate(authorization=authorization):
            return replace(document, authorization=authorization, attempts=document.attempts + 1)
        case PaymentDeclined(reason=reason):
            return replace(document, status="declined", reason=reason, attempts=document.attempts + 1)
        case PaymentAbandoned(reason=reason):
            return replace(document, status="abandoned", reason=reason)
        case VoidAsked(reason=reason):
            return replace(document, status="voiding", reason=reason)
        case PaymentVoided():
            return replace(document, status="voided")
    return document


def _key(stream_id: str) -> tuple[str, str]:
    return PAYMENTS.category, _order_id(stream_id)


def _order_id(stream_id: str) -> str:
    return stream_id.partition("#")[2]


PAYMENT_VIEW = Projection(category=PAYMENTS.category, kind=PaymentView, start=_start, show=_show, key=_key)
