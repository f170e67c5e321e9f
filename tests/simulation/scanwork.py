"""What a carrier that is not ours sees of cartons on their way, and what it tells of that by webhooks."""

import hashlib
import hmac
import unicodedata
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from shared import codec
from shipping.contracts import TrackingUpdated
from shipping.domain.shipment import Shipment
from shipping.tracking import STATUSES
from tests.simulation.population import MINUTE, Population
from tests.simulation.postoffice import WEBHOOK_SECRET, PostOffice
from tests.simulation.violation import Violation

PATH = "/shipping/webhooks/easypost"
PATIENCE = 100
WORDS: Mapping[str, str] = {
    "in_transit": "in_transit",
    "delivered": "delivered",
    "exception": "failure",
    "returned": "return_to_sender",
}
"""Our words for what becomes of a carton, in the carrier's."""
TELLING = ("confused", "last first", "in order", "first alone", "silent")
"""How a carrier tells. `confused`: each step twice at once, while somebody else says that the carton is delivered.
`first alone`, `silent`: no more than that; the carrier is asked for the rest."""

Way = Sequence[tuple[str, str]]
"""What has become of a carton, and when."""


def travel(people: Population, number: str, way: Way, manner: str) -> None:
    """A carton is scanned on its way, and the carrier tells of it, message by message."""
    for status, at in way:
        people.cloud.carrier.books.scanned(number, WORDS[status], at)
    for place, (steps, delay) in enumerate(_messages(len(way), manner)):
        told = partial(_tell, people, number, way[:steps], f"{number}-{steps}")
        people.cloud.scheduler.spawn(told, delay=delay + place / 100)
    if manner == "confused" and way:
        people.cloud.scheduler.spawn(partial(_forge, people, number, way[0][1]))


def _messages(steps: int, manner: str) -> Iterator[tuple[int, float]]:
    """How much of the way each message tells of, and after how many seconds."""
    everything = range(1, steps + 1)
    match manner:
        case "confused":
            yield from ((step, 0.0) for step in everything for _ in range(2))
        case "last first":
            yield from ((step, (steps - step) * MINUTE) for step in everything)
        case "in order":
            yield from ((step, step * MINUTE) for step in everything)
        case "first alone":
            yield from ((step, 0.0) for step in everything[:1])


def _tell(people: Population, number: str, way: Way, message: str) -> None:
    """Send a message until it is answered well, as carriers do; note what was taken of it."""
    for _ in range(PATIENCE):
        status, answer = _send(people, _message(number, way, message), WEBHOOK_SECRET)
        if status == 200:
            if answer["steps"]:
                people.tally.book.told[number].update(way)
            return
        people.cloud.scheduler.sleep(people.cloud.chance.uniform(1, 30))
    people.tally.unanswered.append(message)


def _forge(people: Population, number: str, at: str) -> None:
    """Somebody who does not know the secret says that a carton is delivered."""
    for _ in range(PATIENCE):
        forged = _message(number, [("delivered", at)], "forged")
        status, answer = _send(people, forged, WEBHOOK_SECRET[::-1])
        if status == 403:
            return
        if status == 200:
            people.tally.contradictions.append(f"a forged message on {number} was answered {answer}")
            return


def _message(number: str, way: Way, name: str) -> dict[str, Any]:
    steps = [{"object": "TrackingDetail", "status": WORDS[status], "datetime": at} for status, at in way]
    tracker = {"object": "Tracker", "tracking_code": number, "tracking_details": steps}
    return {"id": f"evt_{name}", "object": "Event", "description": "tracker.updated", "result": tracker}


def _send(people: Population, message: dict[str, Any], secret: str) -> tuple[int, Any]:
    key = unicodedata.normalize("NFKD", secret).encode()
    digest = hmac.new(key, codec.to_json(message), hashlib.sha256).hexdigest()
    headers = {"x-hmac-signature": f"hmac-sha256-hex={digest}"}
    answer = people.cloud.request("POST", PATH, message, headers=headers, who="carrier")
    return (answer.status, answer.body) if answer else (0, None)


class Heard:
    """Follows what is told of cartons on their way, and compares it with what their carrier has seen."""

    def __init__(self) -> None:
        self._steps: dict[str, set[tuple[str, str]]] = defaultdict(set)
        """By number of a carton: what became of it, and when."""

    def committed(self, event: TrackingUpdated) -> None:
        """Something was told."""
        step = (event.status, event.occurred_at)
        if step in self._steps[event.tracking_number]:
            raise Violation("a step of a carton's way was told twice", event.sscc, *step)
        self._steps[event.tracking_number].add(step)

    def at_rest(
        self, states: Mapping[str, Any], office: PostOffice, told: Mapping[str, set[tuple[str, str]]]
    ) -> None:
        """What was told has been seen; what its carrier has told of a carton, or answered, is not lost."""
        for shipment in states.values():
            if not isinstance(shipment, Shipment):
                continue
            for carton in shipment.cartons.values():
                number = carton.tracking_number
                seen = {(STATUSES[one["status"]], one["datetime"]) for one in office.books.ways.get(number, ())}
                if office.has_sold(number) and (invented := self._steps[number] - seen):
                    raise Violation("something was told of a carton that nobody has seen", carton.sscc, *invented)
                known = set(told.get(number, ()))
                if carton.load_id and shipment.asked_at > max((at for _, at in seen), default="9999"):
                    known |= seen
                if known and carton.heard_at < max(at for _, at in known):
                    raise Violation("what a carrier has told is lost", carton.sscc, carton.heard_at, *known)
                if any(status == "delivered" for status, _ in known) and not carton.delivered_at:
                    raise Violation("a carton was delivered and nobody knows", carton.sscc)
