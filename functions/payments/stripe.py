"""Stripe as a payment provider, through its SDK: a payment intent with manual capture for each authorization.

An intent is made first and confirmed then, each under a key of its own. Making it holds nothing, and the same key
always leads to the same intent: so whoever does not know what became of an authorization makes the intent again,
which names it, and asks Stripe how it stands. A void makes and cancels it in the same way; a slower authorization
then finds it cancelled. Keys are known to Stripe for a day; older intents are found by their metadata.

A capture takes all or part of an intent and ends it: Stripe lets go of the rest. The intent's metadata say which
capture has taken it, a refund's metadata which refund it is.

An order's payment method is `pm_...`, or `cus_..._pm_...` for a card that its customer has left with us: only such
a card can be held again, for the rest of an order that ships in parts or when a hold has expired.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Literal

import stripe as sdk
from msgspec import Struct, convert

from payments.provider import (
    Authorized,
    Captured,
    Declined,
    Hold,
    KeyReused,
    Lapsed,
    ProviderMovement,
    ProviderTimeout,
    ProviderUnavailable,
    Refunded,
    TooManyMovements,
)
from shared import aws, clock, codec, telemetry
from shared.environment import required
from shared.money import Money

if TYPE_CHECKING:
    from stripe import StripeClient
    from stripe._stripe_object import StripeObject
    from stripe.params import PaymentIntentCreateParams

CONNECT_SECONDS = 2.0
READ_SECONDS = 6.0
HELD_FOR = timedelta(days=7)
"""How long a card holds money where Stripe does not say (https://docs.stripe.com/payments/place-a-hold)."""

VOIDED = "authorization_voided"
AUTHENTICATION_REQUIRED = "authentication_required"
CAPTURED_OTHERWISE = "captured_otherwise"

_UNCONFIRMED, _HELD, _TAKEN, _CANCELED = "requires_confirmation", "requires_capture", "succeeded", "canceled"
_REFUSED = "requires_payment_method"
_KINDS: Mapping[str, Literal["captured", "refunded", "refund_failed"]] = {
    "charge": "captured",
    "payment": "captured",
    "refund": "refunded",
    "payment_refund": "refunded",
    "refund_failure": "refund_failed",
}
_NEVER_SENT = frozenset(
    {"NewConnectionError", "ConnectTimeoutError", "NameResolutionError", "ConnectTimeout", "ProxyError"}
)
"""What the HTTP libraries call a connection that was never made."""


class StripeKeys(Struct, frozen=True):
    """What Secrets Manager keeps, as JSON: the key of the API, and the one that signs webhooks."""

    api_key: str
    webhook_secret: str = ""


class Card(Struct, frozen=True):
    """What of a card payment says until when its money is held (seconds since 1970)."""

    capture_before: int | None = None


class Details(Struct, frozen=True):
    """How a charge is paid."""

    card: Card | None = None


class Charge(Struct, frozen=True):
    """A charge of an intent."""

    id: str
    payment_method_details: Details | None = None


class Failure(Struct, frozen=True):
    """Why an intent was declined."""

    code: str | None = None
    decline_code: str | None = None


class Intent(Struct, frozen=True):
    """What is read of a payment intent."""

    id: str
    status: str
    created: int
    latest_charge: Charge | str | None = None
    metadata: dict[str, str] = {}
    last_payment_error: Failure | None = None


class Refund(Struct, frozen=True):
    """What is read of a refund."""

    id: str
    status: str | None = None
    failure_reason: str | None = None
    metadata: dict[str, str] | None = None


class Source(Struct, frozen=True):
    """What a transaction of the balance is about: a charge or a refund."""

    id: str
    amount: int
    currency: str
    amount_captured: int | None = None
    payment_intent: Intent | None = None


class Transaction(Struct, frozen=True):
    """A transaction of Stripe's balance."""

    created: int
    source: Source

    @property
    def order_id(self) -> str:
        """The order that it is about; empty when it is none of ours."""
        intent = self.source.payment_intent
        return intent.metadata.get("order_id", "") if intent is not None else ""


@cache
def keys() -> StripeKeys:
    """The keys under the name that the environment says. They are read once per process, and never logged."""
    found = aws.secretsmanager().get_secret_value(SecretId=required("keys_name"))
    return codec.from_json(found["SecretString"].encode(), StripeKeys)


def connect(api_key: str, url: str = "") -> "StripeClient":
    """A client of Stripe's API (at `url`, when it is not Stripe's). It tries once: retrying is the guard's."""
    return sdk.StripeClient(
        api_key,
        base_addresses={"api": url} if url else None,
        http_client=sdk.RequestsClient(timeout=(CONNECT_SECONDS, READ_SECONDS)),
        max_network_retries=0,
    )


class Stripe:
    """Stripe, reached through `client`."""

    def __init__(self, client: "StripeClient") -> None:
        self._intents = client.v1.payment_intents
        self._refunds = client.v1.refunds
        self._transactions = client.v1.balance_transactions

    def authorize(self, hold: Hold) -> Authorized | Declined:
        """Make the hold's intent, or find it, and confirm it unless that was done.

        A payment method that Stripe does not know, or an amount that it does not take, is a decline.
        """
        with _asking(hold.key):
            try:
                intent = self._made(hold)
            except sdk.InvalidRequestError as refusal:
                return Declined(_reason(refusal))
            if intent.status == _UNCONFIRMED:
                intent = self._confirmed(hold, intent)
        return _authorization(intent, hold)

    def capture(self, key: str, hold: Hold, amount: Money) -> Captured | Declined | Lapsed:
        """Take `amount` of the intent, and let go of the rest."""
        with _asking(key):
            try:
                taken = self._intents.capture(
                    hold.reference,
                    {"amount_to_capture": amount.amount, "metadata": {"capture": key}},
                    {"idempotency_key": key},
                )
            except sdk.CardError as refusal:
                return Declined(_reason(refusal))
            except sdk.InvalidRequestError as refusal:
                intent = self._intent(hold.reference)
                if intent.status in (_CANCELED, _REFUSED):
                    return Lapsed()
                return _capture(intent, key) or Declined(
                    CAPTURED_OTHERWISE if intent.status == _TAKEN else _reason(refusal)
                )
            return Captured(_charge(_read(taken)), holds_rest=False)

    def refund(self, key: str, hold: Hold, amount: Money) -> Refunded | Declined:
        """Give `amount` of the intent's charge back."""
        with _asking(key):
            try:
                made = self._refunds.create(
                    {
                        "payment_intent": hold.reference,
                        "amount": amount.amount,
                        "metadata": {"refund": key, "order_id": hold.order_id},
                    },
                    {"idempotency_key": key},
                )
            except (sdk.CardError, sdk.InvalidRequestError) as refusal:
                return Declined(_reason(refusal))
        return _refunded(convert(made.to_dict(), Refund, strict=False))

    def void(self, key: str, hold: Hold) -> None:
        """Cancel the hold's intent, and whatever else was made under its key."""
        with _asking(key):
            references = {hold.reference} if hold.reference else {*self._made_or_refused(hold), *self._found(hold)}
            for reference in sorted(references):
                try:
                    self._intents.cancel(reference, {}, {"idempotency_key": f"{key}/{reference}"})
                except sdk.InvalidRequestError as refusal:
                    if self._intent(reference).status not in (_CANCELED, _TAKEN):
                        raise ProviderTimeout(f"{key}: {_reason(refusal)}") from refusal

    def find_authorization(self, hold: Hold) -> Authorized | Declined | None:
        """What Stripe says of the hold's intents, however old: first of one that holds money."""
        with _asking(hold.key):
            references = [hold.reference] if hold.reference else list(self._found(hold))
            intents = [self._intent(reference) for reference in references]
        intents = [intent for intent in intents if intent.status != _UNCONFIRMED]
        intents.sort(key=lambda intent: intent.status not in (_HELD, _TAKEN))
        return _authorization(intents[0], hold) if intents else None

    def find_capture(self, key: str, hold: Hold) -> Captured | Declined | None:
        """The capture, when the intent was taken by it."""
        with _asking(key):
            return _capture(self._intent(hold.reference), key)

    def find_refund(self, key: str, hold: Hold) -> Refunded | Declined | None:
        """The refund of the intent that was made under `key`."""
        with _asking(key):
            for one in self._refunds.list({"payment_intent": hold.reference, "limit": 100}).auto_paging_iter():
                refund = convert(one.to_dict(), Refund, strict=False)
                if (refund.metadata or {}).get("refund") == key:
                    return _refunded(refund)
        return None

    def movements(self, since: datetime, until: datetime, most: int) -> list[ProviderMovement]:
        """The captures and refunds in Stripe's balance, of intents that were made for orders of ours.

        Amounts are those of the charge and the refund: the balance may be in another currency. Payouts, fees and
        what belongs to nobody of ours have to be read too, and count.
        """
        found: list[ProviderMovement] = []
        with _asking("movements"):
            listed = self._transactions.list(
                {
                    "created": {"gte": int(since.timestamp()), "lt": int(until.timestamp())},
                    "limit": 100,
                    "expand": ["data.source.payment_intent"],
                }
            )
            for number, one in enumerate(listed.auto_paging_iter()):
                if number == most:
                    raise TooManyMovements(f"more than {most} transactions")
                if (kind := _KINDS.get(one.type)) is not None:
                    transaction = convert(one.to_dict(), Transaction, strict=False)
                    order = transaction.order_id
                    if order:
                        found.append(_moved(kind, transaction, order))
        return found

    def order_of(self, reference: str) -> str:
        """The order that an intent was made for; empty when it is none of ours."""
        with _asking(reference):
            try:
                return self._intent(reference).metadata.get("order_id", "")
            except sdk.InvalidRequestError:
                return ""

    def _made(self, hold: Hold) -> Intent:
        """The intent under the hold's key, as it stands now. A new one holds nothing yet."""
        customer, card = _customer_and_card(hold.method)
        wanted: PaymentIntentCreateParams = {
            "amount": hold.amount.amount,
            "currency": hold.amount.currency.lower(),
            "payment_method": card,
            "allowed_payment_method_types": ["card"],
            "capture_method": "manual",
            "metadata": {"order_id": hold.order_id, "authorization": hold.key},
        }
        if customer:
            wanted["customer"] = customer
        return self._now(self._intents.create(wanted, {"idempotency_key": hold.key}))

    def _made_or_refused(self, hold: Hold) -> Iterator[str]:
        """The intent under the hold's key, unless Stripe refuses to make it: then there is none."""
        with suppress(sdk.InvalidRequestError):
            yield self._made(hold).id

    def _confirmed(self, hold: Hold, intent: Intent) -> Intent:
        try:
            confirmed = self._intents.confirm(
                intent.id,
                {"error_on_requires_action": True, "expand": ["latest_charge"]},
                {"idempotency_key": f"{hold.key}/confirm"},
            )
        except (sdk.CardError, sdk.InvalidRequestError) as refusal:
            now = self._intent(intent.id)
            if now.status in (_UNCONFIRMED, _REFUSED):
                failure = Failure(refusal.code, _decline_code(refusal))
                return Intent(now.id, _REFUSED, now.created, last_payment_error=failure)
            return now
        return self._now(confirmed)

    def _now(self, answer: "StripeObject") -> Intent:
        """The intent of an answer as it stands now: the answer to a repeated request is that of the first time."""
        intent = _read(answer)
        response = answer.last_response
        replayed = response is not None and _headers(response.headers).get("idempotent-replayed") == "true"
        return self._intent(intent.id) if replayed else intent

    def _intent(self, reference: str) -> Intent:
        return _read(self._intents.retrieve(reference, {"expand": ["latest_charge"]}))

    def _found(self, hold: Hold) -> Iterator[str]:
        """The intents that were made for the hold, as far as Stripe's search knows them by now."""
        query = f"metadata['authorization']:'{hold.key}'"
        for one in self._intents.search({"query": query, "limit": 100}).auto_paging_iter():
            yield one.id


@contextmanager
def _asking(key: str) -> Iterator[None]:
    """What Stripe's errors mean here."""
    try:
        yield
    except sdk.IdempotencyError as error:
        raise KeyReused(f"{key} was used before with another request") from error
    except (sdk.AuthenticationError, sdk.PermissionError, sdk.RateLimitError) as error:
        telemetry.error("provider refuses us", error=type(error).__name__, code=error.code or "")
        raise ProviderUnavailable(f"{key}: {type(error).__name__}") from error
    except sdk.APIConnectionError as error:
        if _never_sent(error):
            raise ProviderUnavailable(f"{key}: not connected") from error
        raise ProviderTimeout(f"no answer to {key}") from error
    except sdk.APIError as error:
        raise ProviderTimeout(f"{key}: {error.http_status}") from error


def _never_sent(error: BaseException) -> bool:
    """Whether no connection was made, so that Stripe has surely done nothing."""
    seen: list[object] = [error]
    for cause in seen:
        if type(cause).__name__ in _NEVER_SENT:
            return True
        if isinstance(cause, BaseException) and len(seen) < 20:
            further = (cause.__cause__, cause.__context__, getattr(cause, "reason", None), *cause.args)
            seen += [one for one in further if isinstance(one, BaseException) and one not in seen]
    return False


def _customer_and_card(method: str) -> tuple[str, str]:
    """The customer (empty: none) and the payment method that an order's token names."""
    customer, separator, card = method.partition("_pm_")
    return (customer, f"pm_{card}") if separator else ("", method)


def _moved(
    kind: Literal["captured", "refunded", "refund_failed"], transaction: Transaction, order_id: str
) -> ProviderMovement:
    source = transaction.source
    amount = source.amount if kind != "captured" or source.amount_captured is None else source.amount_captured
    at = clock.iso(datetime.fromtimestamp(transaction.created, UTC))
    return ProviderMovement(kind, source.id, order_id, amount, source.currency.upper(), at)


def _read(answer: "StripeObject") -> Intent:
    return convert(answer.to_dict(), Intent, strict=False)


def _authorization(intent: Intent, hold: Hold) -> Authorized | Declined:
    match intent.status:
        case "requires_capture" | "succeeded":
            return Authorized(intent.id, _held_until(intent))
        case "canceled":
            return Declined(VOIDED)
        case "requires_payment_method":
            failure = intent.last_payment_error or Failure()
            return Declined(failure.decline_code or failure.code or "declined")
        case "requires_action":
            return Declined(AUTHENTICATION_REQUIRED)
        case unsettled:
            raise ProviderTimeout(f"{hold.key}: {intent.id} is {unsettled}")


def _held_until(intent: Intent) -> str:
    charge = intent.latest_charge
    details = charge.payment_method_details if isinstance(charge, Charge) else None
    if details is not None and details.card is not None and details.card.capture_before:
        return clock.iso(datetime.fromtimestamp(details.card.capture_before, UTC))
    return clock.iso(datetime.fromtimestamp(intent.created, UTC) + HELD_FOR)


def _capture(intent: Intent, key: str) -> Captured | None:
    if intent.status != _TAKEN or intent.metadata.get("capture") != key:
        return None
    return Captured(_charge(intent), holds_rest=False)


def _charge(intent: Intent) -> str:
    charge = intent.latest_charge
    return charge.id if isinstance(charge, Charge) else charge or intent.id


def _refunded(refund: Refund) -> Refunded | Declined:
    if refund.status in ("failed", "canceled"):
        return Declined(refund.failure_reason or refund.status)
    return Refunded(refund.id)


def _reason(refusal: "sdk.CardError | sdk.InvalidRequestError") -> str:
    """Stripe's word for why not: what the bank says, when it says something."""
    return _decline_code(refusal) or refusal.code or "invalid_request"


def _decline_code(refusal: sdk.StripeError) -> str | None:
    error = refusal.json_body.get("error", {}) if isinstance(refusal.json_body, dict) else {}
    code = error.get("decline_code")
    return code if isinstance(code, str) else None


def _headers(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}
