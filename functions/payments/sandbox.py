"""The built-in payment provider: deterministic, and its tokens behave like the test cards of real providers.

Its ledger has one row per void, and one per authorization, which also keeps what was captured and given back.
Each call is one atomic update of the row that it is about, so that the first answer stands however many callers
come at once.

| method | answer |
|---|---|
| tok_accepted | authorized, for seven days |
| tok_declined | declined, card_declined |
| tok_insufficient_funds | declined, insufficient_funds |
| tok_timeout_once | authorized, but the answer to the very first call is lost |
| tok_timeout_always | authorized, but every answer is lost; a void works |
| tok_expires | authorized, but over at once; the next authorizations last |
| tok_expires_then_declined | the same, and the next authorizations are declined, insufficient_funds |
| tok_releases_rest | authorized; a capture of less than all lets go of the rest |
| tok_capture_declined | authorized; captures are declined, card_declined |
| tok_capture_timeout | authorized; captures are made, but every answer is lost; they can be looked up |
| tok_refund_declined | authorized; captures are made, refunds are declined, refund_failed |
| tok_refund_timeout | authorized; refunds are made, but every answer is lost; they can be looked up |
| anything else | declined, unknown_token |
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal

from botocore.exceptions import ClientError
from msgspec import Struct

from payments.provider import (
    Authorized,
    Captured,
    Declined,
    Hold,
    KeyReused,
    Lapsed,
    ProviderMovement,
    ProviderTimeout,
    Refunded,
    TooManyMovements,
)
from shared import clock, codec, ids
from shared.money import Money

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

ACCEPTED = "tok_accepted"
DECLINED = "tok_declined"
INSUFFICIENT_FUNDS = "tok_insufficient_funds"
TIMEOUT_ONCE = "tok_timeout_once"
TIMEOUT_ALWAYS = "tok_timeout_always"
EXPIRES = "tok_expires"
EXPIRES_THEN_DECLINED = "tok_expires_then_declined"
RELEASES_REST = "tok_releases_rest"
CAPTURE_DECLINED = "tok_capture_declined"
CAPTURE_TIMEOUT = "tok_capture_timeout"
REFUND_DECLINED = "tok_refund_declined"
REFUND_TIMEOUT = "tok_refund_timeout"

HELD_FOR = timedelta(days=7)

_HELD = "held"
_REFUSED = "refused"
_VOIDED = "voided"
_TAKEN = "taken"
_RELEASED = "released"
_EXPIRED = "expired"
_DECLINE_REASONS = {DECLINED: "card_declined", INSUFFICIENT_FUNDS: "insufficient_funds"}
_ACCEPTED = {
    ACCEPTED,
    TIMEOUT_ONCE,
    TIMEOUT_ALWAYS,
    EXPIRES,
    EXPIRES_THEN_DECLINED,
    RELEASES_REST,
    CAPTURE_DECLINED,
    CAPTURE_TIMEOUT,
    REFUND_DECLINED,
    REFUND_TIMEOUT,
}


class Movement(Struct, frozen=True):
    """What a row keeps of a capture or refund: who asked for what, and what was answered."""

    amount: int
    reference: str = ""
    reason: str = ""
    at: str = ""


class Sandbox:
    """The sandbox provider with its ledger in the table `ledger` (key `pk`, the idempotency key)."""

    def __init__(self, client: "DynamoDBClient", ledger: str) -> None:
        self._client = client
        self._ledger = ledger

    def authorize(self, hold: Hold) -> Authorized | Declined:
        """Hold the amount as the token says."""
        reason = _refusal(hold)
        now = clock.now()
        lasts = timedelta() if _first(hold) and hold.method in (EXPIRES, EXPIRES_THEN_DECLINED) else HELD_FOR
        row = self._record_call(
            hold.key,
            request=codec.fingerprint(("authorize", hold.amount, hold.method)),
            first={
                "money": _REFUSED if reason else _HELD,
                "authorization": "" if reason else f"auth_{ids.derived_id('authorization', hold.key)}",
                "reason": reason,
                "amount": str(hold.amount.amount),
                "currency": hold.amount.currency,
                "order_id": hold.order_id,
                "method": hold.method,
                "at": clock.iso(now),
                "expires_at": clock.iso(now + lasts),
            },
        )
        lost_once = hold.method == TIMEOUT_ONCE and _first(hold) and row["calls"]["N"] == "1"
        if hold.method == TIMEOUT_ALWAYS or lost_once:
            raise ProviderTimeout(f"no answer to {hold.key}")
        return _authorization(row)

    def capture(self, key: str, hold: Hold, amount: Money) -> Captured | Declined | Lapsed:
        """Take `amount` as the token of the authorization says."""
        while True:
            row = self._row(hold.key)
            done = _movement(row, key, amount)
            if done is None:
                left = _number(row, "left", _number(row, "amount"))
                if _text(row, "money") != _HELD or left < amount.amount:
                    return Lapsed()
                if _text(row, "expires_at") <= clock.iso(clock.now()):
                    self._settle(row, {"money": _EXPIRED})
                    return Lapsed()
                declined = hold.method == CAPTURE_DECLINED
                done = _made("cap", key, amount, "card_declined" if declined else "")
                rest = left - amount.amount if not declined else left
                ended = (
                    _TAKEN if not rest else _RELEASED if hold.method == RELEASES_REST and not declined else _HELD
                )
                taken = _number(row, "taken") + left - rest
                if not self._settle(
                    row, {key: codec.to_json(done).decode(), "money": ended}, left=rest, taken=taken
                ):
                    continue
            if hold.method == CAPTURE_TIMEOUT:
                raise ProviderTimeout(f"no answer to {key}")
            return _capture(done, hold)

    def refund(self, key: str, hold: Hold, amount: Money) -> Refunded | Declined:
        """Give `amount` back as the token of the authorization says."""
        while True:
            row = self._row(hold.key)
            done = _movement(row, key, amount)
            if done is None:
                taken = _number(row, "taken")
                reason = "refund_failed" if hold.method == REFUND_DECLINED else ""
                if taken < amount.amount:
                    reason = "charge_already_refunded"
                done = _made("re", key, amount, reason)
                kept = {key: codec.to_json(done).decode(), "money": _text(row, "money")}
                left = _number(row, "left", _number(row, "amount"))
                if not self._settle(row, kept, left=left, taken=taken - (0 if reason else amount.amount)):
                    continue
            if hold.method == REFUND_TIMEOUT:
                raise ProviderTimeout(f"no answer to {key}")
            return _refund(done)

    def void(self, key: str, hold: Hold) -> None:
        """Let go of what is held under the hold's key, and hold nothing under it from now on."""
        self._record_call(key, request=codec.fingerprint(("void", hold.key)), first={})
        names = ("money", "authorization", "reason")
        self._client.update_item(
            TableName=self._ledger,
            Key={"pk": {"S": hold.key}},
            UpdateExpression=(
                "SET #money = :voided, #authorization = if_not_exists(#authorization, :none), "
                "#reason = if_not_exists(#reason, :reason)"
            ),
            ExpressionAttributeNames={f"#{name}": name for name in names},
            ExpressionAttributeValues={
                ":voided": {"S": _VOIDED},
                ":none": {"S": ""},
                ":reason": {"S": "authorization_voided"},
            },
        )

    def find_authorization(self, hold: Hold) -> Authorized | Declined | None:
        """What the ledger says of it."""
        row = self._row(hold.key)
        if hold.method == TIMEOUT_ALWAYS:
            raise ProviderTimeout(f"no answer about {hold.key}")
        return _authorization(row) if "request" in row else None

    def find_capture(self, key: str, hold: Hold) -> Captured | Declined | None:
        """What the ledger says of it."""
        done = _movement(self._row(hold.key), key)
        return _capture(done, hold) if done is not None else None

    def find_refund(self, key: str, hold: Hold) -> Refunded | Declined | None:
        """What the ledger says of it."""
        done = _movement(self._row(hold.key), key)
        return _refund(done) if done is not None else None

    def movements(self, since: datetime, until: datetime, most: int) -> list[ProviderMovement]:
        """What the ledger says of it. All of it is read: a sandbox is small."""
        first, last = clock.iso(since), clock.iso(until)
        found = [one for row in self._rows() for one in _movements(row) if first <= one.at < last]
        if len(found) > most:
            raise TooManyMovements(f"{len(found)} movements")
        return found

    def _rows(self) -> Iterator[Any]:
        start: dict[str, Any] = {}
        while True:
            page = self._client.scan(TableName=self._ledger, **start)
            yield from page["Items"]
            if "LastEvaluatedKey" not in page:
                return
            start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}

    def _row(self, key: str) -> Any:
        answer = self._client.get_item(TableName=self._ledger, Key={"pk": {"S": key}}, ConsistentRead=True)
        return answer.get("Item", {"pk": {"S": key}})

    def _settle(self, row: Any, settings: dict[str, str], **numbers: int) -> bool:
        """Write into a row that nobody has changed since it was read; False when somebody has."""
        version = _number(row, "version")
        values = {name: {"S": value} for name, value in settings.items()}
        values |= {name: {"N": str(value)} for name, value in numbers.items()}
        unseen = "attribute_not_exists(#version)" if not version else "#version = :seen"
        try:
            self._client.update_item(
                TableName=self._ledger,
                Key={"pk": row["pk"]},
                UpdateExpression="SET "
                + ", ".join(f"#n{place} = :n{place}" for place, _ in enumerate(values))
                + " ADD #version :one",
                ConditionExpression=f"{unseen} AND #money = :money",
                ExpressionAttributeNames={
                    "#version": "version",
                    "#money": "money",
                    **{f"#n{place}": name for place, name in enumerate(values)},
                },
                ExpressionAttributeValues={
                    ":one": {"N": "1"},
                    ":money": row["money"],
                    **({":seen": {"N": str(version)}} if version else {}),
                    **{f":n{place}": value for place, value in enumerate(values.values())},
                },
            )
        except ClientError as error:
            if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise
            return False
        return True

    def _record_call(self, key: str, request: str, first: dict[str, str]) -> Any:
        """Count a call under `key`; the row afterwards, which keeps what the first call has written."""
        kept = {"request": request, **first}
        settings = ", ".join(f"#{name} = if_not_exists(#{name}, :{name})" for name in kept)
        try:
            answer = self._client.update_item(
                TableName=self._ledger,
                Key={"pk": {"S": key}},
                UpdateExpression=f"SET {settings} ADD #calls :one",
                ConditionExpression="attribute_not_exists(#request) OR #request = :request",
                ExpressionAttributeNames={"#calls": "calls", **{f"#{name}": name for name in kept}},
                ExpressionAttributeValues={
                    ":one": {"N": "1"},
                    **{f":{name}": {"S": value} for name, value in kept.items()},
                },
                ReturnValues="ALL_NEW",
            )
        except ClientError as error:
            if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise
            raise KeyReused(f"{key} was used before with another request") from error
        return answer["Attributes"]


def _movements(row: Any) -> Iterator[ProviderMovement]:
    """What a row says was taken and given back."""
    kinds: dict[str, Literal["captured", "refunded"]] = {"capture": "captured", "refund": "refunded"}
    for name, value in row.items():
        kind = kinds.get(name.partition("/")[0])
        if kind is None or "/" not in name:
            continue
        done = codec.from_json(value["S"], Movement)
        if done.reference:
            order_id, currency = _text(row, "order_id"), _text(row, "currency")
            yield ProviderMovement(kind, done.reference, order_id, done.amount, currency, done.at)


def _first(hold: Hold) -> bool:
    """Whether it is the order's first authorization."""
    return hold.key == f"authorize-{hold.order_id}"


def _refusal(hold: Hold) -> str:
    """Why the token is refused; empty when it is not."""
    if hold.method == EXPIRES_THEN_DECLINED and not _first(hold):
        return "insufficient_funds"
    return "" if hold.method in _ACCEPTED else _DECLINE_REASONS.get(hold.method, "unknown_token")


def _made(prefix: str, key: str, amount: Money, reason: str) -> Movement:
    reference = "" if reason else f"{prefix}_{ids.derived_id(prefix, key)}"
    return Movement(amount.amount, reference, reason, clock.iso(clock.now()))


def _movement(row: Any, key: str, amount: Money | None = None) -> Movement | None:
    """What was answered under `key` before. Raises KeyReused when it was for another amount."""
    if key not in row:
        return None
    done = codec.from_json(row[key]["S"], Movement)
    if amount is not None and amount.amount != done.amount:
        raise KeyReused(f"{key} was used before with another request")
    return done


def _authorization(row: Any) -> Authorized | Declined:
    if row["authorization"]["S"]:
        return Authorized(row["authorization"]["S"], _text(row, "expires_at"))
    return Declined(row["reason"]["S"])


def _capture(done: Movement, hold: Hold) -> Captured | Declined:
    return Declined(done.reason) if done.reason else Captured(done.reference, hold.method != RELEASES_REST)


def _refund(done: Movement) -> Refunded | Declined:
    return Declined(done.reason) if done.reason else Refunded(done.reference)


def _text(row: Any, name: str) -> str:
    return str(row.get(name, {"S": ""})["S"])


def _number(row: Any, name: str, otherwise: int = 0) -> int:
    value = row.get(name)
    return otherwise if value is None else int(value.get("N") or value.get("S") or 0)
