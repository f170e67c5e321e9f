"""An EasyPost of our own on loopback: answers as the real one does, as far as shipping asks it.

It keeps what was made, bought and refunded, and can be told to fail, before or after it has done what it should.
"""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

RATES = (("USPS", "GroundAdvantage", "7.58"), ("USPS", "Express", "33.10"), ("UPSDAP", "Ground", "9.01"))


class EasyPostServer:
    """What the account holds, and how the server behaves."""

    def __init__(self) -> None:
        self.shipments: dict[str, dict[str, Any]] = {}
        self.requests: list[str] = []
        self.keys: set[str] = set()
        self.down = False
        self.label: tuple[int, bytes] = (200, b"%PDF-1.4 a label")
        self.label_url = ""
        self.ways: dict[str, list[dict[str, Any]]] = {}
        self.forms: list[list[str]] = []
        self.forms_refused = False
        self.lose: Callable[[str], bool] = lambda _request: False
        self.url = ""

    def bought(self) -> list[str]:
        """The references of what was paid for and not given back."""
        return sorted(
            one["reference"]
            for one in self.shipments.values()
            if one["tracking_code"] and not one["refund_status"]
        )

    @property
    def files(self) -> str:
        """The address under which documents are."""
        return self.url.removesuffix("/v2")

    def asked(self, beginning: str) -> int:
        """How many requests began so."""
        return sum(request.startswith(beginning) for request in self.requests)

    def scanned(self, number: str, status: str, at: str) -> None:
        """A carrier's scan of a carton."""
        step = {"object": "TrackingDetail", "status": status, "datetime": at, "message": "scanned"}
        self.ways.setdefault(number, []).append(step)

    def answer(self, method: str, path: str, body: dict[str, Any]) -> tuple[int, dict[str, Any] | bytes]:
        """The status and body of an answer."""
        self.requests.append(f"{method} {path}")
        if path.startswith("/files/"):
            return self.label
        if self.down:
            return 503, _error("SERVICE.UNAVAILABLE", "down for maintenance")
        url = urlsplit(path)
        if url.path == "/v2/trackers":
            status, answer = 200, self._trackers(parse_qs(url.query)["tracking_codes[]"])
        elif url.path == "/v2/scan_forms":
            status, answer = self._form([one["id"] for one in body["scan_form"]["shipments"]])
        else:
            status, answer = self._done(method, path.removeprefix("/v2/shipments").strip("/").split("/"), body)
        if self.lose(f"{method} {path}"):
            return 504, _error("GATEWAY.TIMEOUT", "no answer in time")
        return status, answer

    def _trackers(self, numbers: list[str]) -> dict[str, Any]:
        trackers = [
            {"object": "Tracker", "tracking_code": number, "tracking_details": self.ways[number]}
            for number in numbers
            if number in self.ways
        ]
        return {"trackers": trackers, "has_more": False}

    def _form(self, shipments: list[str]) -> tuple[int, dict[str, Any]]:
        taken = [one for one in shipments if self.shipments[one]["scan_form"]]
        if self.forms_refused or taken:
            return 422, _error("SCAN_FORM.CREATE.INVALID", "One or more of the shipments cannot be on it.")
        self.forms.append(shipments)
        number = len(self.forms)
        form = {
            "id": f"sf_{number}",
            "object": "ScanForm",
            "status": "created",
            "form_url": f"{self.files}/files/scan_form/sf_{number}.pdf",
        }
        for one in shipments:
            self.shipments[one]["scan_form"] = form
        return 201, form

    def _done(self, method: str, where: list[str], body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        if where == [""]:
            return self._make(body["shipment"])
        shipment = self.shipments.get(where[0])
        if shipment is None:
            return 404, _error("NOT_FOUND", "The requested resource could not be found.")
        match (method, where[1:]):
            case ("GET", []):
                return 200, shipment
            case ("POST", ["buy"]):
                if shipment["tracking_code"]:
                    return 422, _error("SHIPMENT.POSTAGE.EXISTS", "Postage already exists for this shipment.")
                assert body["rate"]["id"] in {rate["id"] for rate in shipment["rates"]}
                shipment["tracking_code"] = f"9400{int(shipment['id'].removeprefix('shp_')):018d}"
                kind = shipment["options"]["label_format"].lower()
                label_url = self.label_url or f"{self.files}/files/postage_label/{shipment['id']}.{kind}"
                shipment["postage_label"] = {"object": "PostageLabel", "label_url": label_url}
                return 200, shipment
            case ("POST", ["refund"]):
                shipment["refund_status"] = "submitted"
                return 200, shipment
        return 405, _error("METHOD_NOT_ALLOWED", "no such operation")

    def _make(self, asked: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        if asked["to_address"]["zip"] == "00000":
            return 422, _error(
                "SHIPMENT.INVALID_PARAMS", "Unable to create shipment, one or more parameters invalid."
            )
        number = len(self.shipments) + 1
        rates = [
            {
                "id": f"rate_{number}_{at}",
                "carrier": carrier,
                "service": service,
                "rate": rate,
                "currency": "USD",
            }
            for at, (carrier, service, rate) in enumerate(RATES)
        ]
        made = {
            "id": f"shp_{number}",
            "object": "Shipment",
            "reference": asked["reference"],
            "is_return": asked.get("is_return", False),
            "from": asked["from_address"]["street1"],
            "parcel": asked["parcel"],
            "rates": rates,
            "tracking_code": None,
            "refund_status": None,
            "options": asked["options"],
            "postage_label": None,
            "scan_form": None,
        }
        self.shipments[made["id"]] = made
        return 201, made


@contextmanager
def easypost_server() -> Iterator[EasyPostServer]:
    """The server, while the block runs."""
    state = EasyPostServer()

    class Handler(BaseHTTPRequestHandler):
        """Hands requests to the server's state."""

        def _handle(self) -> None:
            length = int(self.headers.get("content-length") or 0)
            body = json.loads(self.rfile.read(length) or b"{}")
            if not self.path.startswith("/files/"):
                state.keys.add(self.headers["authorization"])
            status, answer = state.answer(self.command, self.path, body)
            content = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = _handle  # noqa: N815 - the library's names

        def log_message(self, format: str, *arguments: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    state.url = f"http://127.0.0.1:{server.server_port}/v2"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _error(code: str, message: str) -> dict[str, Any]:
    return {"error": {"code": code, "message": message, "errors": []}}
