"""What Stripe tells by webhooks: its events, verified, as movements of our payments."""

from datetime import UTC, datetime

import msgspec
import stripe as sdk
from msgspec import Raw, Struct

from payments.contracts import MovementKind
from payments.domain import NoteMovement
from shared import clock, codec
from shared.money import Money
from shared.rejection import Invalid

SIGNATURE = "stripe-signature"


class _Data(Struct, frozen=True):
    object: Raw


class StripeEvent(Struct, frozen=True):
    """An event, as far as all of them are alike."""

    id: str
    type: str
    created: int
    data: _Data


class _Intent(Struct, frozen=True):
    id: str
    amount: int
    currency: str
    amount_received: int = 0
    latest_charge: str | None = None
    cancellation_reason: str | None = None
    metadata: dict[str, str] = {}


class _Refund(Struct, frozen=True):
    id: str
    amount: int
    currency: str
    status: str | None = None
    payment_intent: str | None = None
    metadata: dict[str, str] | None = None


class _Dispute(Struct, frozen=True):
    id: str
    amount: int
    currency: str
    status: str
    reason: str = ""
    payment_intent: str | None = None


class Notice(Struct, frozen=True):
    """One movement that Stripe tells of: of which intent, for which order (when that is said).

    `key` is the one that we have asked with, when we have.
    """

    movement: NoteMovement
    intent: str
    order_id: str = ""
    key: str = ""


def verified(payload: str, signature: str, webhook_key: str) -> StripeEvent:
    """The event of a webhook, when Stripe has signed it in the last five minutes. Raises Invalid."""
    try:
        sdk.WebhookSignature.verify_header(payload, signature, webhook_key, sdk.Webhook.DEFAULT_TOLERANCE)
        return msgspec.json.decode(payload, type=StripeEvent)
    except (sdk.SignatureVerificationError, msgspec.MsgspecError, ValueError) as error:
        raise Invalid(
            "This was not signed by Stripe for us, or too long ago.",
            field="Stripe-Signature",
            remedy="Compare the webhook's signing secret with what is kept under webhook_secret.",
            code="wrong-signature",
        ) from error


def notice_of(event: StripeEvent) -> Notice | None:
    """What an event says of a payment; None when that is nothing to us."""
    at = clock.iso(datetime.fromtimestamp(event.created, UTC))
    match event.type:
        case "payment_intent.succeeded":
            intent = codec.from_json(bytes(event.data.object), _Intent)
            charge = intent.latest_charge or intent.id
            taken = _movement("captured", charge, intent.amount_received, intent.currency, at)
            return Notice(taken, intent.id, _order(intent), intent.metadata.get("capture", ""))
        case "payment_intent.canceled":
            intent = codec.from_json(bytes(event.data.object), _Intent)
            reason = intent.cancellation_reason or ""
            released = _movement("released", intent.id, intent.amount, intent.currency, at, reason)
            return Notice(released, intent.id, _order(intent))
        case "refund.created" | "refund.updated" | "refund.failed" | "charge.refund.updated":
            return _refund(codec.from_json(bytes(event.data.object), _Refund), at)
        case "charge.dispute.created" | "charge.dispute.closed":
            dispute = codec.from_json(bytes(event.data.object), _Dispute)
            kind: MovementKind = "disputed" if event.type.endswith("created") else "dispute_closed"
            said = dispute.reason if kind == "disputed" else dispute.status
            movement = _movement(kind, dispute.id, dispute.amount, dispute.currency, at, said)
            return Notice(movement, dispute.payment_intent or "")
        case _:
            return None


def _refund(refund: _Refund, at: str) -> Notice | None:
    said = refund.metadata or {}
    match refund.status:
        case "succeeded" | "pending":
            movement = _movement("refunded", refund.id, refund.amount, refund.currency, at)
        case "failed" | "canceled":
            movement = _movement("refund_failed", refund.id, refund.amount, refund.currency, at, refund.status)
        case _:
            return None
    return Notice(movement, refund.payment_intent or "", said.get("order_id", ""), said.get("refund", ""))


def _order(intent: _Intent) -> str:
    return intent.metadata.get("order_id", "")


def _movement(
    kind: MovementKind, reference: str, amount: int, currency: str, at: str, reason: str = ""
) -> NoteMovement:
    return NoteMovement(kind, reference, Money(amount, currency.upper()), at, reason)
