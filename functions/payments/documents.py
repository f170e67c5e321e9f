"""Captures and refunds as people read them."""

from typing import Literal

from msgspec import Struct

from payments.contracts import CaptureId, RefundId
from payments.domain import CaptureState, Payment, RefundState


class CaptureDocument(Struct, frozen=True, omit_defaults=True):
    """A capture: `asked` until the provider has answered, then `captured` or `declined` for a reason."""

    capture_id: CaptureId
    status: Literal["asked", "captured", "declined"]
    amount: int
    reference: str = ""
    reason: str = ""


class RefundDocument(Struct, frozen=True, omit_defaults=True):
    """A refund: `asked` until the provider has answered, then `refunded` or `declined`.

    It is refunded in part when only some of the authorizations that its money was taken by give it back;
    `refunded` is what went back.
    """

    refund_id: RefundId
    status: Literal["asked", "refunded", "refunded_in_part", "declined"]
    amount: int
    refunded: int
    reason: str
    references: tuple[str, ...] = ()


def captures_of(payment: Payment) -> list[CaptureDocument]:
    """The payment's captures by their ids."""
    return [_capture(capture_id, payment.captures[capture_id]) for capture_id in sorted(payment.captures)]


def refunds_of(payment: Payment) -> list[RefundDocument]:
    """The payment's refunds by their ids."""
    return [_refund(refund_id, payment.refunds[refund_id]) for refund_id in sorted(payment.refunds)]


def _capture(capture_id: str, capture: CaptureState) -> CaptureDocument:
    status: Literal["asked", "captured", "declined"] = (
        "asked" if capture.status == "asked" else "captured" if capture.status == "captured" else "declined"
    )
    return CaptureDocument(capture_id, status, capture.amount, capture.reference, capture.reason)


def _refund(refund_id: str, refund: RefundState) -> RefundDocument:
    status: Literal["asked", "refunded", "refunded_in_part", "declined"] = "refunded"
    if refund.outstanding:
        status = "asked"
    elif not refund.refunded:
        status = "declined"
    elif refund.refunded < refund.amount:
        status = "refunded_in_part"
    return RefundDocument(
        refund_id,
        status,
        refund.amount,
        refund.refunded,
        refund.reason,
        tuple(share.reference for share in refund.shares if share.status == "refunded"),
    )
