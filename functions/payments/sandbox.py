"""The built-in payment provider: deterministic, and its tokens behave like the test cards of real providers.

Its ledger has one row per idempotency key and counts the calls. Each call is one atomic update of the row that it
is about, so that the first answer stands however many callers come at once.

| method | answer |
|---|---|
| tok_accepted | authorized |
| tok_declined | declined, card_declined |
| tok_insufficient_funds | declined, insufficient_funds |
| tok_timeout_once | authorized, but the answer to the first call is lost |
| tok_timeout_always | authorized, but every answer is lost; a void works |
| anything else | declined, unknown_token |
"""

from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from payments.provider import Authorized, Declined, KeyReused, ProviderTimeout
from shared import codec, ids
from shared.money import Money

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

ACCEPTED = "tok_accepted"
DECLINED = "tok_declined"
INSUFFICIENT_FUNDS = "tok_insufficient_funds"
TIMEOUT_ONCE = "tok_timeout_once"
TIMEOUT_ALWAYS = "tok_timeout_always"

_HELD = "held"
_REFUSED = "refused"
_VOIDED = "voided"
_DECLINE_REASONS = {DECLINED: "card_declined", INSUFFICIENT_FUNDS: "insufficient_funds"}
_ACCEPTED = {ACCEPTED, TIMEOUT_ONCE, TIMEOUT_ALWAYS}


class Sandbox:
    """The sandbox provider with its ledger in the table `ledger` (key `pk`, the idempotency key)."""

    def __init__(self, client: "DynamoDBClient", ledger: str) -> None:
        self._client = client
        self._ledger = ledger

    def authorize(self, key: str, amount: Money, method: str) -> Authorized | Declined:
        """Hold `amount` as the token `method` says."""
        accepted = method in _ACCEPTED
        row = self._record_call(
            key,
            request=codec.fingerprint(("authorize", amount, method)),
            first={
                "money": _HELD if accepted else _REFUSED,
                "authorization": f"auth_{ids.derived_id('authorization', key)}" if accepted else "",
                "reason": "" if accepted else _DECLINE_REASONS.get(method, "unknown_token"),
                "amount": str(amount.amount),
                "currency": amount.currency,
            },
        )
        if method == TIMEOUT_ALWAYS or (method == TIMEOUT_ONCE and row["calls"]["N"] == "1"):
            raise ProviderTimeout(f"no answer to {key}")
        if row["authorization"]["S"]:
            return Authorized(row["authorization"]["S"])
        return Declined(row["reason"]["S"])

    def void(self, key: str, authorization_key: str) -> None:
        """Let go of what is held under `authorization_key`, and hold nothing under it from now on."""
        self._record_call(key, request=codec.fingerprint(("void", authorization_key)), first={})
        self._client.update_item(
            TableName=self._ledger,
            Key={"pk": {"S": authorization_key}},
            UpdateExpression=(
                "SET #money = :voided, #authorization = if_not_exists(#authorization, :none), "
                "#reason = if_not_exists(#reason, :reason)"
            ),
            ExpressionAttributeNames={
                "#money": "money",
                "#authorization": "authorization",
                "#reason": "reason",
            },
            ExpressionAttributeValues={
                ":voided": {"S": _VOIDED},
                ":none": {"S": ""},
                ":reason": {"S": "authorization_voided"},
            },
        )

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
