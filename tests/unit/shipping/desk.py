"""What tests of shipping do again and again."""

from itertools import count
from typing import Any

from tests.support.landscape import Answer, Landscape

FLEET: dict[str, Any] = {
    "currency": "EUR",
    "zones": [
        {"zone": "city", "country": "DE", "postal_prefixes": ["10", "12"]},
        {"zone": "country", "country": "DE"},
        {"zone": "neighbours", "country": "AT"},
    ],
    "rates": [
        {"service": "standard", "zone": "city", "up_to_g": 5_000, "amount": 390},
        {"service": "standard", "zone": "city", "up_to_g": 30_000, "amount": 690},
        {"service": "standard", "zone": "country", "up_to_g": 30_000, "amount": 990},
        {"service": "express", "zone": "city", "up_to_g": 30_000, "amount": 1_490},
    ],
}

_numbers = count(1)


class Desk:
    """Asks shipping as people and other services do."""

    def __init__(self, landscape: Landscape) -> None:
        self.landscape = landscape

    def put_carrier(self, carrier: str = "own-fleet", **described: object) -> Answer:
        """Register a carrier, our own fleet when nothing else is said."""
        body = {"name": "Own Fleet", "fleet": FLEET} | described
        answer = self.landscape.call("PUT", f"/shipping/carriers/{carrier}", body)
        self.landscape.project("shipping")
        return answer

    def post(self, path: str, body: object, key: str | None = None, **more: Any) -> Answer:
        """A POST with a key of its own unless one is given."""
        return self.landscape.call("POST", path, body, key=key or f"key-{next(_numbers)}", **more)

    def get(self, path: str, **query: str) -> Answer:
        """A GET."""
        return self.landscape.call("GET", path, query=query)
