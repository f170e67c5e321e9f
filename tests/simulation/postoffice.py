"""A carrier that is not ours: it keeps its own books, loses questions and answers, and fails for minutes.

The adapter, its guard and its circuit are those that are deployed. Only the client below them is another: it asks
the stand-in for EasyPost that all tests use, in simulated time.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlencode

from easypost.easypost_client import EasyPostClient
from easypost.errors.api.api_error import ApiError

from shared.resilience import Circuit, Guard
from shipping import easypost
from shipping.carrier_port import CarrierUnavailable
from shipping.domain.carrier import Carrier
from shipping.domain.offers import fleet_offers
from shipping.domain.shipment import Purchase, Shipment, waits
from shipping.papers import postage_key
from tests.simulation import faults as f
from tests.simulation.violation import Violation
from tests.support.easypost_server import EasyPostServer

if TYPE_CHECKING:
    from tests.simulation.cloud import Cloud, Worker

WEBHOOK_SECRET = "sécret"
A_LABEL = b"%PDF-1.4 a label"

Json = dict[str, Any]


class PostOffice:
    """What the carrier has sold, and whether it answers."""

    def __init__(self, cloud: "Cloud") -> None:
        self._cloud = cloud
        self._out_until = 0.0
        self.books = EasyPostServer()

    @property
    def out(self) -> bool:
        """Whether it does not answer now."""
        return self._cloud.scheduler.seconds < self._out_until

    def has_sold(self, number: str) -> bool:
        """Whether a carton with this number is the carrier's."""
        return bool(number) and any(one["tracking_code"] == number for one in self.books.shipments.values())

    def fail(self, seconds: float) -> None:
        """Answer nothing for so long."""
        self._out_until = max(self._out_until, self._cloud.scheduler.seconds + seconds)
        self._cloud.note(f"the carrier fails for {seconds:.0f} s")

    def ask(self, worker: "Worker", method: str, path: str, body: Json) -> Json:
        """Called inside a worker. Raises ApiError as the SDK does, also when it has done what it was asked."""
        self._may_lose(before=True)
        status, answer = worker.beyond(f"carrier {method} {path}", lambda: self._answer(method, path, body))
        self._may_lose(before=False)
        if status >= 400 or isinstance(answer, bytes):
            raise ApiError(str(answer), http_status=status)
        return cast(Json, answer)

    def document(self, worker: "Worker", address: str) -> bytes:
        """Called inside a worker: a label as it is kept there."""
        self._may_lose(before=True)
        found: bytes = worker.beyond(f"carrier document {address}", lambda: A_LABEL)
        return found

    def _answer(self, method: str, path: str, body: Json) -> tuple[int, Json | bytes]:
        self.books.down = self.out
        return self.books.answer(method, path, body)

    def _may_lose(self, *, before: bool) -> None:
        lost = self._cloud.chance.random() < 0.5 and self._cloud.faults.strikes(f.PROVIDER)
        if lost or (before and self.out):
            raise ApiError("no answer in time", http_status=504)


class Desk(easypost.EasyPost):
    """The adapter of one worker."""

    def __init__(self, office: PostOffice, worker: "Worker") -> None:
        circuit = Circuit(cast(Any, worker.dynamodb), worker.environment.providers_table, "easypost")
        guard = Guard(circuit, easypost._POLICY, (CarrierUnavailable,))
        super().__init__(cast(EasyPostClient, Client(office, worker)), guard, ())
        self._office = office
        self._worker = worker

    def document(self, address: str) -> bytes:
        """See CarrierPort."""
        return self._guard.call(lambda: self._fetched(address))

    def _fetched(self, address: str) -> bytes:
        try:
            return self._office.document(self._worker, address)
        except ApiError as error:
            raise CarrierUnavailable("document") from error


class Client:
    """The part of the SDK's client that is used."""

    def __init__(self, office: PostOffice, worker: "Worker") -> None:
        self._office = office
        self._worker = worker
        self.shipment = Consignments(self)
        self.tracker = Trackers(self)
        self.scan_form = ScanForms(self)

    def ask(self, method: str, path: str, body: Json) -> Json:
        """Send a request."""
        return self._office.ask(self._worker, method, f"/v2/{path}", body)


class Consignments:
    """Shipments, as the SDK calls them."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def create(self, **asked: Any) -> Json:
        """Ask for rates."""
        return self._client.ask("POST", "shipments", {"shipment": asked})

    def retrieve(self, name: str) -> Json:
        """Look at one."""
        return self._client.ask("GET", f"shipments/{name}", {})

    def buy(self, name: str, rate: Mapping[str, str]) -> Json:
        """Buy its label."""
        return self._client.ask("POST", f"shipments/{name}/buy", {"rate": rate})

    def refund(self, name: str) -> Json:
        """Give its label back."""
        return self._client.ask("POST", f"shipments/{name}/refund", {})


class Trackers:
    """Where cartons are."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def all(self, tracking_codes: Sequence[str], page_size: int) -> Json:
        """Of these, one page."""
        asked = urlencode({"tracking_codes[]": tracking_codes, "page_size": page_size}, doseq=True)
        return self._client.ask("GET", f"trackers?{asked}", {})


class ScanForms:
    """Forms for whole loads."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def create(self, shipments: Sequence[Mapping[str, str]]) -> Json:
        """One for all of these."""
        return self._client.ask("POST", "scan_forms", {"scan_form": {"shipments": shipments}})


def held_up(states: Mapping[str, Any]) -> list[str]:
    """Shipments that wait for labels although our own fleets take them."""
    carriers = [state for state in states.values() if isinstance(state, Carrier)]
    return [
        shipment.shipment_id
        for shipment in _shipments(states)
        if waits(shipment) and fleet_offers(shipment, carriers)
    ]


def check_postage(states: Mapping[str, Any], office: PostOffice, kept: Iterable[str]) -> None:
    """Everything is at rest: what is paid for is used, what is used is paid for, and each carton has one label.

    `kept` are the keys of documents: there are those that are used, and no others.
    """
    sold = {name: one for name, one in office.books.shipments.items() if one["tracking_code"]}
    paid = {name for name, one in sold.items() if not one["refund_status"]}
    used: set[str] = set()
    documents: set[str] = set()
    for shipment in _shipments(states):
        if shipment.unwanted:
            raise Violation("a label that is not wanted is kept", shipment.shipment_id, *shipment.unwanted)
        for purchase, number in _labels(shipment):
            used.add(purchase.consignment)
            if shipment.cartons[purchase.sscc].document:
                documents.add(postage_key(shipment.shipment_id, purchase.consignment))
            told = sold.get(purchase.consignment, {"tracking_code": None, "reference": ""})
            if told["tracking_code"] != number or not told["reference"].startswith(f"{purchase.sscc}-"):
                raise Violation("a carton has a label that was never bought for it", purchase.sscc, number)
    if paid - used:
        raise Violation("a label is paid for that nobody uses", *sorted(paid - used)[:3])
    if used - paid:
        raise Violation("a label is used that was given back", *sorted(used - paid)[:3])
    printable = {key for key in kept if key.startswith(postage_key("", "").rstrip("/"))}
    if printable != documents:
        raise Violation(
            "a label cannot be printed, or one that was given back can", *sorted(printable ^ documents)[:3]
        )


def _labels(shipment: Shipment) -> Iterator[tuple[Purchase, str]]:
    for sscc, purchase in shipment.purchases.items():
        if number := shipment.cartons[sscc].tracking_number:
            yield purchase, number


def _shipments(states: Mapping[str, Any]) -> Iterator[Shipment]:
    return (state for state in states.values() if isinstance(state, Shipment))
