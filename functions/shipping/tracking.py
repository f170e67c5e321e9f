"""What EasyPost tells of a carton's way, in our words: the same whether it tells by itself or is asked."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

from msgspec import Struct

from shared import clock
from shared.rejection import Invalid
from shipping.contracts import TrackingStatus
from shipping.domain.shipment import News

STATUSES: Mapping[str, TrackingStatus] = {
    "pre_transit": "pre_transit",
    "in_transit": "in_transit",
    "available_for_pickup": "in_transit",
    "out_for_delivery": "out_for_delivery",
    "delivered": "delivered",
    "return_to_sender": "returned",
    "failure": "exception",
    "error": "exception",
    "cancelled": "exception",
}
"""EasyPost's words in ours; what is `unknown` there says nothing."""
_LONGEST_DETAILS = 500


class TrackingDetail(Struct, frozen=True):
    """One step of a carton's way."""

    status: str
    datetime: str
    message: str | None = None


class Tracker(Struct, frozen=True):
    """What is read of a tracker: a carton's whole way so far."""

    object: str = ""
    tracking_code: str = ""
    tracking_details: tuple[TrackingDetail, ...] = ()


def news_of(tracker: Tracker, sscc: str) -> Iterator[News]:
    """The steps of the carton's way. Raises Invalid for a time that is none."""
    for step in tracker.tracking_details:
        if step.status in STATUSES:
            details = (step.message or "")[:_LONGEST_DETAILS] or None
            yield News(sscc, STATUSES[step.status], _moment(step.datetime), details)


def _moment(text: str) -> str:
    """EasyPost's time, in UTC when it does not say, as we write it."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise Invalid(
            f"{text[:40]!r} is no time.",
            field="result.tracking_details",
            value=text[:40],
            remedy="Send times in ISO 8601.",
        ) from error
    return clock.iso(moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC))
