"""EasyPost, through its SDK: labels of many carriers by one account.

Each carton is a shipment there, made with our SSCC and label revision as its reference when rates are asked for.
That costs nothing, and its id is recorded before a label is bought for it: so there is one purchase per carton and
revision, and whoever does not know what became of it asks for that shipment.
"""

from collections.abc import Callable, Sequence
from decimal import ROUND_HALF_UP, Decimal
from functools import cache, partial
from math import ceil
from typing import Any, TypeVar

from easypost.easypost_client import EasyPostClient
from easypost.errors.api.api_error import ApiError
from msgspec import Struct, convert

from shared import aws, codec, telemetry
from shared.address import Address
from shared.environment import required
from shared.money import Money
from shared.resilience import Circuit, Guard, Policy
from shipping.carrier_port import Bought, CarrierUnavailable, PickupForm, Postage, Refused
from shipping.domain.carrier import Carrier
from shipping.domain.offers import is_wanted
from shipping.domain.shipment import Offer, Parcel, Purchase, ReturnLabel, Shipment
from shipping.tracking import Tracker

T = TypeVar("T")

SECONDS = 6
"""How long one try may take."""
ADDRESS_REFUSED = "address-refused"
LABEL_REFUSED = "label-refused"
FORM_REFUSED = "form-refused"
RETURN_REFUSED = "return-refused"
NO_RETURNS = "no-service-for-returns"

_POLICY = Policy(attempts=2, within=4.0)
_TRACKERS_AT_ONCE = 100
_MM_PER_INCH = Decimal("25.4")
_GRAMS_PER_OUNCE = Decimal("28.349523125")
_WHOLE_UNITS = frozenset({"JPY", "KRW", "VND", "CLP", "ISK"})
"""Currencies without minor units."""
_OURS = frozenset({400, 404, 422})
"""What EasyPost answers when something is wrong with what it was asked. All other errors speak against it."""


class EasyPostKeys(Struct, frozen=True):
    """What Secrets Manager keeps, as JSON: the key of the API."""

    api_key: str


class Rate(Struct, frozen=True):
    """What is read of a rate: an amount as a decimal number."""

    id: str
    carrier: str
    service: str
    rate: str
    currency: str


class PostageLabel(Struct, frozen=True):
    """What is read of a bought label: where its document is."""

    label_url: str | None = None


class ScanForm(Struct, frozen=True):
    """What is read of a pick-up form, which EasyPost calls a scan form."""

    id: str
    status: str = "created"
    form_url: str | None = None


class Consignment(Struct, frozen=True):
    """What is read of a shipment there: it was bought once it has a tracking code."""

    id: str
    rates: tuple[Rate, ...] = ()
    tracking_code: str | None = None
    refund_status: str | None = None
    postage_label: PostageLabel | None = None
    scan_form: ScanForm | None = None


class Trackers(Struct, frozen=True):
    """What is read of a list of trackers."""

    trackers: tuple[Tracker, ...] = ()


@cache
def easypost() -> "EasyPost":
    """The account of this deployment, behind a guard that all its processes share."""
    found = aws.secretsmanager().get_secret_value(SecretId=required("keys_name"))
    keys = codec.from_json(found["SecretString"].encode(), EasyPostKeys)
    circuit = Circuit(aws.dynamodb(), required("providers_table"), "easypost")
    guard = Guard(circuit, _POLICY, (CarrierUnavailable,))
    client = EasyPostClient(keys.api_key, required("easypost_url"), SECONDS)
    return EasyPost(client, guard, required("easypost_files").split(","))


class EasyPost:
    """See CarrierPort."""

    def __init__(self, client: EasyPostClient, guard: Guard, files: Sequence[str]) -> None:
        self._client = client
        self._guard = guard
        self._files = files

    def offers(self, shipment: Shipment, carrier: Carrier) -> list[Offer] | Refused:
        """See CarrierPort: an offer takes every carton of the shipment by one service."""
        if carrier.account is None or shipment.ship_to is None:
            return []
        origin, ship_to = _address(carrier.account.origin), _address(shipment.ship_to)
        made: list[tuple[str, Consignment]] = []
        for parcel in shipment.cartons.values():
            asked = {
                "reference": f"{parcel.sscc}-{shipment.revision}",
                "from_address": origin,
                "to_address": ship_to,
                "parcel": _parcel(parcel),
                "options": {"label_format": carrier.account.label_format.upper()},
            }
            answer = self._asked(Consignment, partial(self._client.shipment.create, **asked))
            if isinstance(answer, Refused):
                return Refused(ADDRESS_REFUSED)
            made.append((parcel.sscc, answer))
        offers = []
        for sold in carrier.account.sells:
            if not is_wanted(shipment, carrier.carrier, sold.service):
                continue
            purchases = [
                (Purchase(sscc, one.id, rate.id, _minor(rate)), rate.currency)
                for sscc, one in made
                for rate in one.rates
                if (rate.carrier, rate.service) == (sold.carrier, sold.carrier_service)
            ]
            currencies = {currency for _, currency in purchases}
            if len(purchases) == len(made) and len(currencies) == 1:
                cost = Money(sum(purchase.amount for purchase, _ in purchases), currencies.pop())
                offers.append(
                    Offer(
                        revision=shipment.revision,
                        carrier=carrier.carrier,
                        service=sold.service,
                        cost=cost,
                        purchases=tuple(purchase for purchase, _ in purchases),
                    )
                )
        return offers

    def return_postage(self, shipment: Shipment, carrier: Carrier, label: ReturnLabel) -> Postage | Refused:
        """See CarrierPort. Addresses are those of the way out: EasyPost swaps them for a return."""
        if carrier.account is None or shipment.ship_to is None:
            return Refused(RETURN_REFUSED)
        asked = {
            "reference": f"{label.return_id}-{label.sscc}",
            "is_return": True,
            "from_address": _address(carrier.account.origin),
            "to_address": _address(shipment.ship_to),
            "parcel": _parcel(shipment.cartons[label.sscc]),
            "options": {"label_format": "PDF"},
        }
        answer = self._asked(Consignment, partial(self._client.shipment.create, **asked))
        if isinstance(answer, Refused):
            return Refused(RETURN_REFUSED)
        services = {(one.carrier, one.carrier_service): one.service for one in carrier.account.sells}
        sold = [rate for rate in answer.rates if (rate.carrier, rate.service) in services]
        same = [rate for rate in sold if services[rate.carrier, rate.service] == shipment.service]
        if not sold:
            return Refused(NO_RETURNS)
        rate = min(same or sold, key=lambda rate: (_minor(rate), rate.id))
        return Postage(Purchase(label.sscc, answer.id, rate.id, _minor(rate)), rate.currency)

    def buy(self, purchase: Purchase) -> Bought | Refused:
        """See CarrierPort. What was bought already is refused there: then it is looked up."""
        buy = partial(self._client.shipment.buy, purchase.consignment, rate={"id": purchase.rate})
        answer = self._asked(Consignment, buy)
        if isinstance(answer, Refused):
            return self.find(purchase) or Refused(LABEL_REFUSED)
        if not answer.tracking_code:
            raise CarrierUnavailable(f"{purchase.consignment} has no tracking code yet")
        return _bought(answer, answer.tracking_code)

    def find(self, purchase: Purchase) -> Bought | None:
        """See CarrierPort."""
        answer = self._retrieved(purchase.consignment)
        if isinstance(answer, Refused) or not answer.tracking_code or answer.refund_status:
            return None
        return _bought(answer, answer.tracking_code)

    def give_back(self, consignment: str) -> bool:
        """See CarrierPort: postage that was not used is refunded. Asked for once, it is on its way."""
        answer = self._retrieved(consignment)
        if isinstance(answer, Refused) or not answer.tracking_code:
            return False
        if not answer.refund_status:
            refund = self._asked(Consignment, lambda: self._client.shipment.refund(consignment))
            if isinstance(refund, Refused):
                telemetry.error("label not refunded", consignment=consignment)
                return False
        return True

    def tracked(self, numbers: Sequence[str]) -> list[Tracker]:
        """See CarrierPort."""
        found: list[Tracker] = []
        for start in range(0, len(numbers), _TRACKERS_AT_ONCE):
            some = list(numbers[start : start + _TRACKERS_AT_ONCE])
            ask = partial(self._client.tracker.all, tracking_codes=some, page_size=_TRACKERS_AT_ONCE)
            answer = self._asked(Trackers, ask)
            if isinstance(answer, Trackers):
                found += answer.trackers
        return found

    def pickup_form(self, consignments: Sequence[str]) -> PickupForm | Refused:
        """See CarrierPort. A carton is on one form only: so the first one tells whether there is one already."""
        first = self._retrieved(consignments[0])
        form = None if isinstance(first, Refused) else first.scan_form
        if form is None:
            shipments = [{"id": consignment} for consignment in consignments]
            answer = self._asked(ScanForm, lambda: self._client.scan_form.create(shipments=shipments))
            if isinstance(answer, Refused):
                return answer
            form = answer
        if form.status == "failed":
            return Refused(FORM_REFUSED)
        if not form.form_url:
            raise CarrierUnavailable(f"{form.id} has no document yet")
        return PickupForm(form.id, form.form_url)

    def document(self, address: str) -> bytes:
        """See CarrierPort: only from where EasyPost keeps documents, at most so long and so large."""
        from shipping.fetching import fetched  # who only asks for rates needs none of it

        return self._guard.call(lambda: fetched(address, self._files))

    def _retrieved(self, consignment: str) -> Consignment | Refused:
        return self._asked(Consignment, lambda: self._client.shipment.retrieve(consignment))

    def _asked(self, kind: type[T], question: Callable[[], Any]) -> T | Refused:
        return self._guard.call(lambda: _answered(kind, question))


def _bought(consignment: Consignment, tracking_code: str) -> Bought:
    label = consignment.postage_label
    return Bought(tracking_code, (label.label_url if label is not None else None) or "")


def _answered(kind: type[T], question: Callable[[], Any]) -> T | Refused:
    """EasyPost's answer. What it says of addresses is not logged."""
    try:
        answer = question()
    except ApiError as error:
        status = getattr(error, "http_status", None)
        if status in _OURS:
            telemetry.warning("refused by carrier", status=status, kind=type(error).__name__)
            return Refused(type(error).__name__)
        raise CarrierUnavailable(f"{type(error).__name__} ({status})") from error
    return convert(answer if isinstance(answer, dict) else answer.to_dict(), kind)


def _minor(rate: Rate) -> int:
    factor = 1 if rate.currency in _WHOLE_UNITS else 100
    return int((Decimal(rate.rate) * factor).quantize(Decimal(1), ROUND_HALF_UP))


def _address(address: Address) -> dict[str, str]:
    fields = {
        "name": address.name,
        "company": address.company,
        "street1": address.street1,
        "street2": address.street2,
        "city": address.city,
        "state": address.region,
        "zip": address.postal_code,
        "country": address.country,
        "email": address.email,
        "phone": address.phone,
    }
    return {name: value for name, value in fields.items() if value is not None}


def _parcel(parcel: Parcel) -> dict[str, float]:
    """In inches and ounces, as EasyPost counts, rounded up to a tenth."""
    sides = {"length": parcel.length_mm, "width": parcel.width_mm, "height": parcel.height_mm}
    return {
        **{name: _tenths(Decimal(side) / _MM_PER_INCH) for name, side in sides.items()},
        "weight": _tenths(Decimal(parcel.weight_g) / _GRAMS_PER_OUNCE),
    }


def _tenths(value: Decimal) -> float:
    return max(1, ceil(value * 10)) / 10
