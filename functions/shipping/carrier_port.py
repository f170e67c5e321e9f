"""The port to a carrier, or to somebody who sells the labels of many: what shipping asks of it."""

from collections.abc import Sequence
from typing import Protocol

from msgspec import Struct

from shared.rejection import Unavailable
from shipping.domain.carrier import Carrier
from shipping.domain.shipment import Offer, Purchase, ReturnLabel, Shipment
from shipping.tracking import Tracker


class Bought(Struct, frozen=True):
    """The label is paid for; the carrier knows the carton by this number. Its own label is at `document`."""

    tracking_number: str
    document: str = ""


class Postage(Struct, frozen=True):
    """What is to be bought, and in which currency."""

    purchase: Purchase
    currency: str


class PickupForm(Struct, frozen=True):
    """The carrier's form for cartons that it picks up; it is at `document`."""

    form: str
    document: str


class Refused(Struct, frozen=True):
    """The carrier will not: asking again would not help."""

    reason: str


class CarrierUnavailable(Unavailable):
    """The carrier cannot be asked now, or its answer is not known: ask later what it has done."""


class NoDocument(Exception):
    """There is no such document, or it is none that may be fetched: asking again would not help."""


class CarrierPort(Protocol):
    """A carrier. No call waits for ever; all raise CarrierUnavailable.

    A purchase has a number of the carrier's from before it is made, so that what became of it can be asked, and it
    is never made twice.
    """

    def offers(self, shipment: Shipment, carrier: Carrier) -> list[Offer] | Refused:
        """What the labels that the shipment waits for would cost, by each service that is wanted."""

    def return_postage(self, shipment: Shipment, carrier: Carrier, label: ReturnLabel) -> Postage | Refused:
        """What the label of a parcel that comes back would cost by the service it went by, or the cheapest."""

    def buy(self, purchase: Purchase) -> Bought | Refused:
        """Buy a label."""

    def find(self, purchase: Purchase) -> Bought | None:
        """What has become of `buy`; None when nothing was bought."""

    def give_back(self, consignment: str) -> bool:
        """Give a label back, if it was bought. Whether there was anything to give back."""

    def tracked(self, numbers: Sequence[str]) -> list[Tracker]:
        """Where the cartons with these numbers have been, as far as the carrier knows."""

    def pickup_form(self, consignments: Sequence[str]) -> PickupForm | Refused:
        """The form for these cartons, which all go with one carrier; asked again, the same form."""

    def document(self, address: str) -> bytes:
        """The document that the carrier keeps at this address. Raises NoDocument when it cannot be had."""
