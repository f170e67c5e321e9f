"""Webhooks: carriers tell where cartons are. Instead of a token each message has a signature of its sender's."""

import hashlib
import hmac
from collections.abc import Mapping
from functools import cache

from msgspec import MsgspecError, Struct

from shared import aws, codec, ids, telemetry
from shared.decider import Command, execute
from shared.environment import required
from shared.events import originating
from shared.http_edge import Api, Response, Upload
from shared.journeys import going_on
from shared.rejection import Forbidden, Invalid
from shared.resources import history, views
from shipping.aggregates import SHIPMENT
from shipping.domain.shipment import Track
from shipping.pointers import CartonPointer, tracking_key
from shipping.tracking import Tracker, news_of

handler = Api()


class Keys(Struct, frozen=True):
    """What Secrets Manager keeps, as JSON: the secret that signs webhooks."""

    webhook_secret: str


class Webhook(Struct, frozen=True):
    """What is read of an event."""

    id: str = ""
    description: str = ""
    result: Tracker = Tracker()


class HeardOfCartons(Struct, frozen=True):
    """What became of the message: how many steps of a carton's way it told of a carton of ours."""

    steps: int


@handler.route(
    "POST",
    "/shipping/webhooks/easypost",
    scope=None,
    returns=(200, HeardOfCartons),
    rejects=(Forbidden, Invalid),
    accepts=("application/json",),
)
def hear(upload: Upload, headers: Mapping[str, str]) -> Response:
    """Note what EasyPost tells of cartons. Its signature is checked; a repeated message changes nothing."""
    _require_signature(upload.text, headers)
    try:
        told = codec.from_json(upload.text, Webhook)
    except MsgspecError as error:
        raise Invalid(
            f"The message cannot be read: {error}.", field="body", remedy="Send it as EasyPost does."
        ) from error
    if told.result.object != "Tracker":
        return Response(200, HeardOfCartons(0))
    found = views().get(*tracking_key(told.result.tracking_code), CartonPointer)
    if found is None:
        telemetry.info("nobody's carton", description=told.description)
        return Response(200, HeardOfCartons(0))
    return Response(200, HeardOfCartons(_note(found[0].shipment_id, told)))


def _note(shipment_id: str, told: Webhook) -> int:
    stream = history().load(SHIPMENT, SHIPMENT.stream_id(shipment_id))
    sscc = next(
        (one.sscc for one in stream.state.cartons.values() if one.tracking_number == told.result.tracking_code), ""
    )
    news = tuple(news_of(told.result, sscc)) if sscc else ()
    if news:
        told_once = ids.derived_id("easypost", told.id, codec.fingerprint(news))
        metadata = going_on(stream.id, originating(told_once, actor="easypost"))
        execute(history(), SHIPMENT, stream.id, Command(Track(news), metadata), known=stream)
    return len(news)


def _require_signature(text: str, headers: Mapping[str, str]) -> None:
    """HMAC-SHA256 over the body, by the secret that both know (EasyPost's webhook guide)."""
    expected = "hmac-sha256-hex=" + hmac.new(_secret(), text.encode(), hashlib.sha256).hexdigest()
    if not hmac.compare_digest(expected.encode(), headers.get("x-hmac-signature", "").encode()):
        raise Forbidden(
            "The signature is missing or wrong.",
            field="X-Hmac-Signature",
            remedy="Sign the body with the secret of this webhook.",
            code="bad-signature",
        )


@cache
def _secret() -> bytes:
    import unicodedata  # once per process, and only where somebody has sent something

    found = aws.secretsmanager().get_secret_value(SecretId=required("keys_name"))
    keys = codec.from_json(found["SecretString"].encode(), Keys)
    return unicodedata.normalize("NFKD", keys.webhook_secret).encode()
