"""The system as its users meet it: over HTTP, with a token, and with patience for what happens a moment later."""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from itertools import count
from typing import Any
from uuid import uuid4

import msgspec
import urllib3

Json = dict[str, Any]


@dataclass(frozen=True)
class Answer:
    """An HTTP answer."""

    status: int
    headers: dict[str, str]
    body: Any


class Shop:
    """Calls the HTTP API. `token(caller)` gives the access token of a role or machine client."""

    def __init__(self, url: str, token: Callable[[str], str]) -> None:
        self._url = url
        self._token = cache(token)
        self._http = urllib3.PoolManager(maxsize=16, retries=False, timeout=60.0)
        self._numbers = count(1)

    def call(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        caller: str | None = "supervisor",
        key: str | None = None,
        raw: bytes | None = None,
        **headers: str,
    ) -> Answer:
        """One request; `raw` is sent as it is, `body` as JSON. `caller=None` sends no token."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if caller is not None:
            sent["Authorization"] = f"Bearer {self._token(caller)}"
        if method == "POST":
            sent.setdefault("Idempotency-Key", key or str(uuid4()))
        content = raw if raw is not None else msgspec.json.encode(body) if body is not None else None
        if content is not None:
            sent.setdefault("Content-Type", "application/json")
        answer = self._http.request(method, self._url + path, body=content, headers=sent)
        try:
            decoded = msgspec.json.decode(answer.data)
        except msgspec.DecodeError:
            decoded = answer.data
        return Answer(answer.status, {k.lower(): v for k, v in answer.headers.items()}, decoded)

    def get(self, path: str) -> Json:
        """What lies at `path`."""
        answer = self.call("GET", path)
        assert answer.status == 200, answer
        found: Json = answer.body
        return found

    def post(self, path: str, body: object = None, status: int = 200, *, caller: str = "supervisor") -> Json:
        """What a POST is answered, which must have `status`."""
        answer = self.call("POST", path, {} if body is None else body, caller=caller)
        assert answer.status == status, answer
        found: Json = answer.body
        return found

    def once_heard(self, path: str, body: object, status: int, *, caller: str = "supervisor") -> Json:
        """As `post`, once the service has heard from another one of what the request names."""
        answers: list[Answer] = []

        def asked() -> bool:
            answers.append(self.call("POST", path, body, caller=caller))
            return answers[-1].status == status

        self.until(asked, f"POST {path} is answered {status}")
        found: Json = answers[-1].body
        return found

    def product(self, units: int = 0) -> str:
        """A new product with `units` in a new place, known to every service. Returns its SKU."""
        number = next(self._numbers)
        sku = f"SKU-{uuid4().hex[:8]}-{number}"
        place = f"A-{uuid4().hex[:8]}"
        assert self.call("PUT", f"/inventory/products/{sku}", {"name": f"Product {number}"}).status == 200
        described = {"zone": "A", "aisle": "01", "bay": str(number), "level": "1"}
        assert self.call("PUT", f"/inventory/locations/{place}", described).status == 200
        if units:
            self.adjust(sku, place, units)
            self.until(lambda: self.stock(sku)["on_hand"] == units, f"{units} of {sku} on hand")
        self.until(lambda: self._orderable(sku), f"{sku} can be ordered")
        return sku

    def _orderable(self, sku: str) -> bool:
        """Whether intake knows the SKU: an order with a card that is declined tells, and takes nothing."""
        answer = self.call("POST", "/orders", order({sku: 1}, "tok_declined"))
        assert answer.status in (201, 422), answer
        return answer.status == 201

    def adjust(self, sku: str, place: str, units: int) -> Answer:
        """Add `units` of a product to a place."""
        body = {"sku": sku, "location": place, "quantity": units, "reason": "received"}
        answer = self.call("POST", "/inventory/stock/adjustments", body)
        assert answer.status == 201, answer
        return answer

    def stock(self, sku: str) -> Json:
        """A product's stock."""
        return self.get(f"/inventory/stock/{sku}")

    def receive_more(self, sku: str, units: int) -> None:
        """Add `units` where the product lies already."""
        self.adjust(sku, self.stock(sku)["locations"][0]["location"], units)

    def place(self, lines: dict[str, int], *, method: str = "tok_accepted", key: str | None = None) -> str:
        """Place an order. Returns its id."""
        answer = self.call("POST", "/orders", order(lines, method), key=key)
        assert answer.status == 201, answer
        return str(answer.body["order_id"])

    def place_many(self, orders: Sequence[dict[str, int]], clients: int = 16) -> list[str]:
        """Place orders from `clients` clients at once, each tried until it is taken. Returns their ids."""
        with ThreadPoolExecutor(clients) as pool:
            return list(pool.map(self._place_stubbornly, orders))

    def _place_stubbornly(self, lines: dict[str, int]) -> str:
        """As a shop does: the same request with the same key until there is a clear answer."""
        key = str(uuid4())
        taken: list[str] = []

        def try_once() -> bool:
            try:
                answer = self.call("POST", "/orders", order(lines), key=key)
            except urllib3.exceptions.HTTPError:
                return False
            assert answer.status == 201 or answer.status >= 500, answer
            if answer.status == 201:
                taken.append(str(answer.body["order_id"]))
            return bool(taken)

        until(try_once, "the order is taken", 120)
        return taken[0]

    def order(self, order_id: str) -> Json:
        """An order with everything that is known of it."""
        return self.get(f"/orders/{order_id}")

    def settled(self, order_id: str, *statuses: str, within: float = 60.0) -> Json:
        """The order, once it is in one of `statuses`."""
        self.until(lambda: self.order(order_id)["status"] in statuses, f"order is {statuses}", within)
        return self.order(order_id)

    def statuses(self, order_ids: Sequence[str]) -> dict[str, int]:
        """How many of the orders are in which status."""
        counts: dict[str, int] = {}
        with ThreadPoolExecutor(8) as pool:
            for found in pool.map(self.order, order_ids):
                counts[found["status"]] = counts.get(found["status"], 0) + 1
        return counts

    def until(self, condition: Callable[[], bool], what: str, within: float = 60.0) -> None:
        """Wait until `condition` holds."""
        until(condition, what, within)


def until(condition: Callable[[], bool], what: str, within: float = 60.0) -> None:
    """Look again and again until `condition` holds; AssertionError naming `what` after `within` seconds."""
    end = time.monotonic() + within
    while not condition():
        assert time.monotonic() < end, f"not within {within:.0f} s: {what}"
        time.sleep(0.1)


def order(lines: dict[str, int], method: str = "tok_accepted") -> Json:
    """The body of POST /orders."""
    return {
        "channel": "webshop",
        "currency": "EUR",
        "payment": {"method": method},
        "lines": [{"sku": sku, "quantity": quantity, "unit_price": 995} for sku, quantity in lines.items()],
    }
