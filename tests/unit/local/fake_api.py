"""An HTTP API of our own for tests of its clients: one that answers as told, and one that keeps a small shop."""

import json
import re
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, unquote, urlsplit

from msgspec import Struct

HANG_UP = 0


class Answer(Struct, frozen=True):
    """What the fake API answers to one request; with status HANG_UP it closes the connection instead."""

    status: int = 200
    body: object = None
    headers: dict[str, str] = {}


class Seen(Struct, frozen=True):
    """What the fake API was asked."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


class ScriptedApi:
    """Answers as it is told, the last answer for ever, and remembers what it was asked."""

    def __init__(self, *answers: Answer) -> None:
        self._answers = list(answers)
        self.seen: list[Seen] = []

    def __call__(self, seen: Seen) -> Answer:
        self.seen.append(seen)
        return self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]


class FakeStowage:
    """Products, locations, shipments, put-away tasks and orders in memory.

    There is a put-away task for everything that was logged. The orders service hears of a product only when it has
    been asked for it `news_takes` times, and its orders settle when they have been listed `settling_takes` times.
    """

    def __init__(self, news_takes: int = 0, settling_takes: int = 3) -> None:
        self._lock = threading.Lock()
        self._news_takes = news_takes
        self._asked: Counter[str] = Counter()
        self._settling_takes = settling_takes
        self._listed = 0
        self.stored: dict[str, dict[str, dict[str, object]]] = {"products": {}, "locations": {}}
        self.shipments: dict[str, dict[str, object]] = {}
        self.logged: dict[str, dict[str, object]] = {}
        self.claimed: set[str] = set()
        self.confirmed: dict[str, dict[str, object]] = {}
        self.orders: dict[str, dict[str, object]] = {}
        self.writes = 0
        self.stuck: set[str] = set()

    def heard_of(self, sku: str) -> None:
        """The orders service knows this product already."""
        self._asked[sku] = self._news_takes

    def __call__(self, seen: Seen) -> Answer:
        url = urlsplit(seen.path)
        segments = [unquote(segment) for segment in url.path.split("/")[3:]]
        body = json.loads(seen.body) if seen.body else {}
        with self._lock:
            match seen.method, segments:
                case "GET", ["inventory", ("products" | "locations") as kind]:
                    return self._page(list(self.stored[kind].values()), dict(parse_qsl(url.query)))
                case "GET", ["inventory", "products", sku]:
                    found = self.stored["products"].get(sku)
                    return (
                        Answer(200, found) if found else Answer(404, {"detail": f"There is no product {sku!r}."})
                    )
                case "PUT", ["inventory", ("products" | "locations") as kind, name]:
                    self.writes += 1
                    named = {"sku": name} if kind == "products" else {"location": name, "check_digits": "47"}
                    self.stored[kind][name] = {**named, **body}
                    return Answer(200, self.stored[kind][name])
                case _, ["receiving", *rest]:
                    return self._receiving(seen, rest, body)
                case _, ["inventory", "put-away-tasks", *rest]:
                    return self._put_away(seen, rest, body)
                case "GET", ["inventory", "stock"]:
                    return self._page(self._stock(), dict(parse_qsl(url.query)))
                case "POST", ["orders"]:
                    return self._place(seen.headers["Idempotency-Key"], body)
                case "GET", ["orders"]:
                    return self._list_orders(dict(parse_qsl(url.query)))
        return Answer(404, {"detail": f"There is no operation {seen.method} {seen.path}."})

    def entries(self) -> list[dict[str, object]]:
        """Everything that was logged at a dock."""
        found: list[dict[str, object]] = []
        for request in self.logged.values():
            entries = request["entries"]
            assert isinstance(entries, list)
            found += entries
        return found

    def _stock(self) -> list[dict[str, object]]:
        on_hand: Counter[str] = Counter()
        for entry in self.entries():
            if entry.get("condition", "ok") == "ok":
                on_hand[str(entry["sku"])] += int(str(entry["units"]))
        return [{"sku": sku, "on_hand": units} for sku, units in on_hand.items()]

    def _receiving(self, seen: Seen, rest: list[str], body: dict[str, object]) -> Answer:
        key = seen.headers.get("Idempotency-Key", "")
        match seen.method, rest:
            case "PUT", ["inspection-plans", _]:
                return Answer(200, body)
            case "GET", ["shipments" | "inspections" as kind]:
                items = list(self.shipments.values()) if kind == "shipments" else []
                return self._page(items, dict(parse_qsl(urlsplit(seen.path).query)))
            case "POST", ["shipments"]:
                shipment_id = f"id-of-{body['reference']}"
                return self._once(self.shipments, shipment_id, {**body, "shipment_id": shipment_id, "status": ""})
            case "POST", ["shipments", shipment_id, ("arrival" | "closing") as step]:
                self.writes += 1
                self.shipments[shipment_id]["status"] = {"arrival": "arrived", "closing": "closed"}[step]
                return Answer(200, {})
            case "POST", ["shipments", _, "receipts"]:
                return self._once(self.logged, key, body)
        return Answer(404, {"detail": f"There is no operation {seen.method} {seen.path}."})

    def _put_away(self, seen: Seen, rest: list[str], body: dict[str, object]) -> Answer:
        match seen.method, rest:
            case "GET", []:
                query = dict(parse_qsl(urlsplit(seen.path).query))
                done = query["status"] == "confirmed"
                ids = (f"task-{number}" for number, _ in enumerate(self.entries()))
                place = next(iter(self.stored["locations"]), "")
                tasks: list[dict[str, object]] = [
                    {"task_id": one, "location": place} for one in ids if (one in self.confirmed) == done
                ]
                return self._page(tasks, query)
            case "POST", [task_id, "claim"]:
                self.claimed.add(task_id)
                return Answer(200, {})
            case "POST", [task_id, "confirmation"]:
                if task_id not in self.claimed:
                    return Answer(409, {"detail": "The task is nobody's."})
                return self._once(self.confirmed, task_id, body)
        return Answer(404, {"detail": f"There is no operation {seen.method} {seen.path}."})

    def _place(self, key: str, body: dict[str, object]) -> Answer:
        lines = body["lines"]
        assert isinstance(lines, list)
        for index, line in enumerate(lines):
            sku = line["sku"]
            self._asked[sku] += 1
            if sku not in self.stored["products"] or self._asked[sku] <= self._news_takes:
                error = {"field": f"lines[{index}].sku", "message": f"There is no product {sku!r}."}
                problem = {"type": "urn:stowage:problem:unknown-sku", "errors": [error]}
                return Answer(422, problem)
        return self._once(self.orders, key, {"order_id": f"id-of-{key}", **body})

    def _once(self, kept: dict[str, dict[str, object]], key: str, body: dict[str, object]) -> Answer:
        replayed = key in kept
        if not replayed:
            self.writes += 1
        first = kept.setdefault(key, body)
        return Answer(201, first, {"Idempotent-Replayed": "true"} if replayed else {})

    def _list_orders(self, query: dict[str, str]) -> Answer:
        settled = self._listed >= self._settling_takes
        self._listed += 1
        wanted = [one for one in self.orders.values() if settled and one["order_id"] not in self.stuck]
        return self._page(wanted if query["status"] == "reserved" else [], query)

    def _page(self, items: list[dict[str, object]], query: dict[str, str]) -> Answer:
        start, limit = int(query.get("cursor", 0)), int(query["limit"])
        assert re.fullmatch(r"\d+", query["limit"])
        end = start + limit
        more = {"cursor": str(end)} if end < len(items) else {}
        return Answer(200, {"items": items[start:end], **more})


@contextmanager
def served(api: Callable[[Seen], Answer]) -> Iterator[str]:
    """The fake API at an address of its own, as long as the block lasts."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = 65536  # an answer leaves in one packet, without waiting for the other side

        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            answer = api(Seen(self.command, self.path, dict(self.headers), body))
            if answer.status == HANG_UP:
                self.close_connection = True
                return
            content = json.dumps(answer.body).encode()
            self.send_response(answer.status)
            for name, value in {"Content-Length": str(len(content)), **answer.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_PUT = do_POST = answer  # noqa: N815 (the names that http.server calls)

        def log_message(self, *_: object) -> None:
            """Keep the test's output clean."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/api/$default"
        finally:
            server.shutdown()
