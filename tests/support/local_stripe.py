"""A Stripe to test against: localstripe, in a process and an environment of its own, over real HTTP."""

import fcntl
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import urllib3

KEY = "sk_test_localstripe"
ACCEPTED, DECLINED, AUTHENTICATED = "4242424242424242", "4000000000000341", "4000002760003184"
"""Stripe's test cards: accepted; declined when charged; asking for authentication."""

_ROOT = Path(__file__).resolve().parents[2]
_SERVER = Path(__file__).with_name("local_stripe_server.py")
_PACKAGES = _ROOT / "tests" / "requirements-localstripe.txt"
_HOME = _ROOT / ".local" / "localstripe-venv"
_PATIENCE_SECONDS = 30.0
_HTTP = urllib3.PoolManager(retries=False)


@dataclass(frozen=True)
class LocalStripe:
    """A running server at `url`."""

    url: str

    def card(self, number: str = ACCEPTED) -> str:
        """A payment method of that card."""
        card = {"number": number, "exp_month": "12", "exp_year": "2035", "cvc": "123"}
        made = self._ask("POST", "payment_methods", {"type": "card"} | {f"card[{k}]": v for k, v in card.items()})
        return str(made["id"])

    def kept_card(self, number: str = ACCEPTED) -> str:
        """The same, left with us by a customer: it can be held again."""
        customer, card = str(self._ask("POST", "customers", {"name": "Ann"})["id"]), self.card(number)
        self._ask("POST", f"payment_methods/{card}/attach", {"customer": customer})
        return f"{customer}_{card}"

    def intents(self, order_id: str) -> list[dict[str, Any]]:
        """Every payment intent that was made for an order."""
        wanted = {"query": f"metadata['order_id']:'{order_id}'"}
        return list(self._ask("GET", "payment_intents/search", wanted)["data"])

    def refunds(self, intent: str) -> list[dict[str, Any]]:
        """Every refund of an intent."""
        return list(self._ask("GET", "refunds", {"payment_intent": intent})["data"])

    def cancel(self, intent: str) -> None:
        """Cancel an intent at Stripe, as somebody does by hand."""
        self._ask("POST", f"payment_intents/{intent}/cancel")

    def capture(self, intent: str) -> None:
        """Capture all of an intent by hand."""
        self._ask("POST", f"payment_intents/{intent}/capture")

    def refund(self, intent: str, amount: int) -> dict[str, Any]:
        """Give some of an intent's money back by hand."""
        made: dict[str, Any] = self._ask("POST", "refunds", {"payment_intent": intent, "amount": str(amount)})
        return made

    def _ask(self, method: str, path: str, fields: dict[str, str] | None = None) -> Any:
        headers = urllib3.make_headers(basic_auth=f"{KEY}:")
        said: dict[str, Any] = {"fields": fields or {}, "headers": headers, "timeout": 10.0}
        if method == "POST":
            said["encode_multipart"] = False
        answer = _HTTP.request(method, f"{self.url}/v1/{path}", **said)
        assert answer.status == 200, answer.data
        return answer.json()


@contextmanager
def local_stripe() -> Iterator[LocalStripe]:
    """A server with nothing in it, on a free port. Skips the test, saying why, where it cannot be installed."""
    python = _installed()
    port = _free_port()
    process = subprocess.Popen([str(python), str(_SERVER), str(port)], cwd=_ROOT)
    try:
        url = f"http://127.0.0.1:{port}"
        _await(url, process)
        yield LocalStripe(url)
    finally:
        process.terminate()
        process.wait(timeout=10)


def _installed() -> Path:
    """The interpreter of localstripe's environment, which is made when it is not there or of other versions."""
    python, made_of = _HOME / "bin" / "python", _HOME / "requirements.txt"
    _HOME.parent.mkdir(exist_ok=True)
    with (_HOME.parent / "localstripe.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if made_of.is_file() and made_of.read_bytes() == _PACKAGES.read_bytes():
            return python
        shutil.rmtree(_HOME, ignore_errors=True)
        try:
            subprocess.run([sys.executable, "-m", "venv", str(_HOME)], check=True, capture_output=True)
            install = [str(python), "-m", "pip", "install", "--quiet", "--requirement", str(_PACKAGES)]
            subprocess.run(install, check=True, capture_output=True, text=True, timeout=300)
        except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
            said = str(getattr(error, "stderr", "") or error).strip().splitlines()[-1:]
            pytest.skip(f"localstripe cannot be installed from {_PACKAGES.name}: {' '.join(said)}")
        shutil.copy(_PACKAGES, made_of)
    return python


def _await(url: str, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < until:
        if process.poll() is not None:
            raise RuntimeError(f"localstripe ended with {process.returncode}")
        with suppress(urllib3.exceptions.HTTPError):
            _HTTP.request("GET", f"{url}/_config/ready", timeout=5.0)
            return
        threading.Event().wait(0.05)
    raise TimeoutError(f"localstripe does not answer after {_PATIENCE_SECONDS} s")


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


class Line:
    """A TCP line to a server that can be cut just when an answer comes: the server has done what it was asked."""

    def __init__(self, url: str) -> None:
        host, _, port = url.removeprefix("http://").partition(":")
        self._server = (host, int(port))
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._cut_at = ""
        self._times = 0
        self.cuts = 0
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self) -> str:
        """Where the line begins."""
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def cut_at(self, path: str, times: int = 1) -> None:
        """Lose the answers to the next POSTs (so many) whose first line holds `path`."""
        self._cut_at, self._times = path, times

    def close(self) -> None:
        """Take no more connections."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                caller, _ = self._listener.accept()
                threading.Thread(target=self._carry, args=(caller,), daemon=True).start()

    def _carry(self, caller: socket.socket) -> None:
        """Carry requests to the server, and its answers back until one of them is to be lost."""
        lost = threading.Event()
        with caller, socket.create_connection(self._server) as server, suppress(OSError):
            threading.Thread(target=self._answer, args=(server, caller, lost), daemon=True).start()
            while sent := caller.recv(65536):
                first = sent.partition(b"\r\n")[0].decode(errors="replace")
                if self._times and first.startswith("POST") and self._cut_at in first:
                    self._times -= 1
                    lost.set()
                server.sendall(sent)

    def _answer(self, server: socket.socket, caller: socket.socket, lost: threading.Event) -> None:
        with suppress(OSError):
            while answer := server.recv(65536):
                if lost.is_set():
                    self.cuts += 1
                    break
                caller.sendall(answer)
            caller.shutdown(socket.SHUT_RDWR)
