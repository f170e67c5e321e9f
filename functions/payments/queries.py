"""Answers how an order's payment stands, from its stream: always the latest."""

from msgspec import Struct

from payments.documents import CaptureDocument, RefundDocument, captures_of, refunds_of
from payments.domain import PAYMENTS, PaymentStatus
from shared.http_edge import Api, Response
from shared.identifiers import OrderId
from shared.journal import HistoryEntry, entries
from shared.money import Money
from shared.rejection import NotFound
from shared.resources import history

handler = Api()


class PaymentDocument(Struct, frozen=True, omit_defaults=True):
    """An order's payment.

    `amount` is missing when a void was all that was ever asked; `authorization` is the provider's reference;
    `reason` says why the payment was declined, abandoned or voided; `attempts` counts the attempts at the present
    authorization that ended, with an answer or without; a payment is `parked` while the provider does not answer
    and is asked ever more rarely. `held` is what the provider holds now, until `expires_at` when it says so,
    `left` what may still be captured, `refundable` what may still be given back.
    """

    order_id: OrderId
    status: PaymentStatus
    attempts: int
    history: list[HistoryEntry]
    parked: bool = False
    amount: Money | None = None
    authorization: str = ""
    reason: str = ""
    expires_at: str = ""
    held: int = 0
    left: int = 0
    captured: int = 0
    refunded: int = 0
    refundable: int = 0
    captures: list[CaptureDocument] = []
    refunds: list[RefundDocument] = []


@handler.route(
    "GET",
    "/payments/{order_id}",
    scope="payments/read",
    returns=(200, PaymentDocument),
    rejects=(NotFound,),
)
def show_payment(order_id: OrderId) -> Response:
    """How an order's payment stands, and all that happened to it."""
    stream, commits = history().load_with_commits(PAYMENTS, PAYMENTS.stream_id(order_id))
    if not stream.sequence:
        raise NotFound(
            f"No payment was ever asked for order {order_id}.",
            field="order_id",
            value=order_id,
            remedy="A payment follows its order within seconds: check the id, or ask again in a moment.",
        )
    payment = stream.state
    document = PaymentDocument(
        order_id=order_id,
        status=payment.status,
        attempts=payment.attempts,
        history=entries(commits),
        parked=payment.is_parked,
        amount=payment.amount,
        authorization=payment.authorization,
        reason=payment.reason,
        expires_at=payment.expires_at,
        held=payment.held,
        left=payment.left if payment.status in ("requested", "authorized") else 0,
        captured=payment.captured,
        refunded=payment.refunded,
        refundable=payment.refundable,
        captures=captures_of(payment),
        refunds=refunds_of(payment),
    )
    return Response(200, document, version=stream.sequence)
