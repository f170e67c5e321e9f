"""Webhooks: what happened to our payments at the provider, as the provider tells it.

Most of it we have asked for and know. An answer that was lost is found here, and what others did (a capture, a
refund or a cancellation by hand, a dispute) is noted on the payment.
"""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from msgspec import Struct

from payments.domain import (
    PAYMENTS,
    Command,
    Payment,
    RecordCapture,
    RecordLapse,
    RecordRefund,
    RecordRefundFailure,
    ShareState,
)
from payments.provider import ProviderTimeout, capture_key, refund_key
from payments.providers import order_of
from shared import telemetry
from shared.decider import Command as Asked
from shared.decider import execute
from shared.environment import required
from shared.events import originating, part_of
from shared.http_edge import Api, Response, Upload
from shared.journeys import going_on
from shared.rejection import Conflict, Invalid, NotFound, Unavailable
from shared.resources import history

if TYPE_CHECKING:
    from payments.stripe_notices import Notice

handler = Api()

ACTOR = "stripe"
AUTOMATIC = "automatic"
"""Why Stripe cancels an intent whose hold has expired."""


class Acknowledgement(Struct, frozen=True):
    """What became of the event: noted, known already, or nothing to us."""

    event_id: str
    outcome: str


@handler.route(
    "POST",
    "/payments/webhooks/stripe",
    scope=None,
    returns=(200, Acknowledgement),
    rejects=(Invalid, NotFound, Conflict),
    accepts=("application/json",),
)
def hear_stripe(headers: Mapping[str, str], upload: Upload) -> Response:
    """Take an event of Stripe's, which proves itself by its signature. Told again, it changes nothing."""
    if required("payment_provider") != "stripe":
        raise NotFound("Stripe is not asked for payments here.", remedy="Remove this webhook at Stripe.")
    from payments.stripe import keys
    from payments.stripe_notices import SIGNATURE, notice_of, verified

    event = verified(upload.text, headers.get(SIGNATURE, ""), keys().webhook_secret)
    notice = notice_of(event)
    order_id = _order(notice) if notice is not None else ""
    if notice is None or not order_id:
        return Response(200, Acknowledgement(event.id, "ignored"))
    telemetry.info("told by the provider", event=event.type, order_id=order_id)
    return Response(200, Acknowledgement(event.id, _note(order_id, notice, f"stripe/{event.id}")))


def _order(notice: "Notice") -> str:
    try:
        return notice.order_id or (order_of(notice.intent) if notice.intent else "")
    except ProviderTimeout as error:
        raise Unavailable(str(error)) from error


def _note(order_id: str, notice: "Notice", command_id: str) -> str:
    stream = history().load(PAYMENTS, PAYMENTS.stream_id(order_id))
    if not stream.sequence:
        return "ignored"
    metadata = part_of(going_on(stream.id, originating(command_id, actor=ACTOR)), "notice")
    outcome = execute(history(), PAYMENTS, stream.id, Asked(_command(stream.state, notice), metadata))
    return "known" if outcome.repeated or not outcome.events else "noted"


def _command(payment: Payment, notice: "Notice") -> Command:
    """An answer that we wait for, when the notice is one; else the movement as it is."""
    movement = notice.movement
    match movement.kind:
        case "captured":
            for capture_id in payment.capturing:
                if capture_key(payment.order_id, capture_id, payment.number) == notice.key:
                    return RecordCapture(capture_id, movement.reference, holds_rest=False)
        case "refunded":
            for refund_id, share in _shares(payment, notice):
                if share.status == "asked":
                    return RecordRefund(refund_id, share.number, movement.reference)
        case "refund_failed":
            for refund_id, share in _shares(payment, notice):
                return RecordRefundFailure(refund_id, share.number, movement.reference, movement.reason)
        case "released":
            if movement.reason == AUTOMATIC and movement.reference == payment.authorization and payment.held:
                return RecordLapse(payment.number)
        case _:
            pass
    return movement


def _shares(payment: Payment, notice: "Notice") -> Iterator[tuple[str, ShareState]]:
    """What of our refunds a notice is about: named by our key, or by the provider's reference."""
    for refund_id, refund in payment.refunds.items():
        for share in refund.shares:
            key = refund_key(payment.order_id, refund_id, share.number)
            if key == notice.key or (share.reference and share.reference == notice.movement.reference):
                yield refund_id, share
