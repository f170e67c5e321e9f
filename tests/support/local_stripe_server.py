"""localstripe with what it lacks of Stripe's documented behaviour: `python local_stripe_server.py PORT`.

It runs in a process and environment of its own (tests/requirements-localstripe.txt) and imports nothing of ours.
The server, payment methods, customers, charges, declines and refunds are localstripe's. Added here: payment
intents that are captured later (`capture_method=manual`), idempotency keys, search by metadata, refunds by payment
intent, balance transactions by time, and that nothing is kept on disk.
"""

import json
import re
import sys
import time

from aiohttp import web
from localstripe import resources
from localstripe.errors import UserError
from localstripe.resources import BalanceTransaction, Charge, List, PaymentIntent, PaymentMethod, Refund, Store

Store.dump_to_disk = lambda _: None

_answers = {}
_status_of_others = PaymentIntent.status.fget
_create_refund = Refund.__init__


def _refused(code, message, status=400, **more):
    kind = "card_error" if status == 402 else "invalid_request_error"
    error = UserError(status, message, {"code": code, **more})
    error.body["error"]["type"] = kind
    return error


# --- payment intents ---


def _intent_status(intent):
    if getattr(intent, "capture_method", "automatic") != "manual" or intent._canceled:
        return _status_of_others(intent)
    charge = intent.latest_charge
    if charge is None:
        return "requires_confirmation"
    if charge.failure_code:
        return "requires_payment_method"
    return "succeeded" if charge.captured else "requires_capture"


def _create_intent(cls, capture_method="automatic", **data):
    data.pop("allowed_payment_method_types", None)
    intent = cls(**data)
    intent.capture_method = capture_method
    intent.amount_received = 0
    intent.amount_capturable = 0
    intent.cancellation_reason = None
    return intent


def _confirm(id, **_):
    intent = PaymentIntent._api_retrieve(id)
    if intent.status != "requires_confirmation":
        raise _refused("payment_intent_unexpected_state", f"This PaymentIntent is {intent.status}.")
    method = PaymentMethod._api_retrieve(intent.payment_method)
    if method._requires_authentication():
        raise _refused("authentication_required", "This card needs authentication.", 402)
    charge = Charge(
        amount=intent.amount, currency=intent.currency, source=method.id, capture=False, metadata=intent.metadata
    )
    charge.payment_intent = intent.id
    intent.latest_charge = charge
    if not charge._authorized:
        charge.status, charge.failure_code = "failed", "card_declined"
        declined = "insufficient_funds" if method._card_number == "4000000000009995" else "generic_decline"
        raise _refused("card_declined", "Your card was declined.", 402, decline_code=declined, charge=charge.id)
    charge.status = "succeeded"
    intent.amount_capturable = intent.amount
    return intent


def _capture(id, amount_to_capture=None, metadata=None, **_):
    intent = PaymentIntent._api_retrieve(id)
    if intent.status != "requires_capture":
        raise _refused("payment_intent_unexpected_state", f"This PaymentIntent is {intent.status}.")
    amount = int(amount_to_capture or intent.amount)
    if amount > intent.amount:
        raise _refused("amount_too_large", "More than is held.")
    intent.metadata.update(metadata or {})
    charge = intent.latest_charge
    charge.captured, charge.amount_captured = True, amount
    intent.amount_received, intent.amount_capturable = amount, 0
    charge.balance_transaction = BalanceTransaction(
        amount=amount,
        currency=intent.currency,
        exchange_rate=1.0,
        reporting_category="charge",
        source=charge.id,
        type="charge",
    ).id
    return intent


def _cancel(id, cancellation_reason=None, **_):
    intent = PaymentIntent._api_retrieve(id)
    if intent.status in ("succeeded", "canceled"):
        raise _refused("payment_intent_unexpected_state", f"This PaymentIntent is {intent.status}.")
    intent._canceled, intent.amount_capturable, intent.cancellation_reason = True, 0, cancellation_reason
    return intent


def _search(query="", limit=None, **_):
    wanted = dict(re.findall(r"metadata\['(\w+)'\]:'([^']*)'", query))
    found = List("/v1/payment_intents/search", limit=limit)
    found._list = [
        one
        for key, one in resources.store.items()
        if key.startswith("payment_intent:") and all(one.metadata.get(k) == v for k, v in wanted.items())
    ]
    return found


# --- refunds, balance transactions ---


def _refund(self, charge=None, amount=None, metadata=None, payment_intent=None, **_):
    if payment_intent:
        charge = PaymentIntent._api_retrieve(payment_intent).latest_charge.id
    source = Charge._api_retrieve(charge)
    left = getattr(source, "amount_captured", source.amount) - source.amount_refunded
    if int(amount or left) > left or not left:
        raise _refused("charge_already_refunded", "More than is left of this charge.")
    _create_refund(self, charge=charge, amount=int(amount or left), metadata=metadata)
    self.payment_intent = getattr(source, "payment_intent", None)
    self.failure_reason = None


def _list_refunds(_, url, payment_intent=None, charge=None, limit=None, starting_after=None):
    found = List(url, limit=limit, starting_after=starting_after)
    found._list = [
        one
        for key, one in resources.store.items()
        if key.startswith("refund:")
        and charge in (None, one.charge)
        and payment_intent in (None, getattr(one, "payment_intent", None))
    ]
    return found


def _list_transactions(_, url, created=None, type=None, limit=None, starting_after=None):
    span = {name: int(moment) for name, moment in (created or {}).items()}
    found = List(url, limit=limit, starting_after=starting_after)
    found._list = [
        one
        for key, one in resources.store.items()
        if key.startswith("balance_transaction:")
        and type in (None, one.type)
        and span.get("gte", 0) <= one.created < span.get("lt", one.created + 1)
    ]
    return found


# --- idempotency keys ---


@web.middleware
async def _once_per_key(request, handler):
    key = request.headers.get("Idempotency-Key")
    if request.method != "POST" or not key:
        return await handler(request)
    asked = (request.path, await request.text())
    if key in _answers:
        before, status, body = _answers[key]
        if before != asked:
            error = {"error": {"type": "idempotency_error", "message": "Keys are for one request."}}
            return web.json_response(error, status=400)
        replayed = {"Idempotent-Replayed": "true"}
        return web.Response(text=body, status=status, content_type="application/json", headers=replayed)
    answer = await handler(request)
    _answers[key] = (asked, answer.status, answer.text)
    return answer


async def _received(_request):
    return web.json_response({"keys": len(_answers), "at": int(time.time())}, dumps=json.dumps)


PaymentIntent.status = property(_intent_status)
PaymentIntent._api_create = classmethod(_create_intent)
Refund.__init__ = _refund
Refund._api_list_all = classmethod(_list_refunds)
BalanceTransaction._api_list_all = classmethod(_list_transactions)
_OURS = (
    ("GET", "/v1/payment_intents/search", _search),
    ("POST", "/v1/payment_intents/{id}/confirm", _confirm),
    ("POST", "/v1/payment_intents/{id}/capture", _capture),
    ("POST", "/v1/payment_intents/{id}/cancel", _cancel),
)
_theirs = [one for one in resources.extra_apis if one[:2] not in {ours[:2] for ours in _OURS}]
resources.extra_apis[:] = [*_OURS, *_theirs]

from localstripe.server import app  # noqa: E402 - it reads the list of routes as it is imported

app.middlewares.insert(0, _once_per_key)
app.router.add_get("/_config/ready", _received)

if __name__ == "__main__":
    web.run_app(app, host="127.0.0.1", port=int(sys.argv[1]), print=None)
