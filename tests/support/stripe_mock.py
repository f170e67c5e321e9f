"""Stripe's own test server, stripe-mock: it checks requests against Stripe's API, and answers with its fixtures.

It keeps nothing, so every answer is a fixture. What of it has to be otherwise for a test (a status, an order's id)
is laid over it on the way back.
"""

import fcntl
import json
import os
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import urllib3

from tests.support.dynamodb_endpoints import free_port

KEY = "sk_test_fixtures"
VERSION = "v0.203.0"
_HOME = Path(__file__).resolve().parents[2] / ".local" / "stripe-mock" / VERSION
_PATIENCE_SECONDS = 60.0
_HTTP = urllib3.PoolManager(retries=False)


class StripeMock:
    """A running server, and what is laid over its answers: by the beginning of `METHOD /v1/path`."""

    def __init__(self, upstream: str) -> None:
        self._upstream = upstream
        self.overlays: dict[str, dict[str, Any]] = {}
        self.asked: list[str] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        """Where it is asked."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def fixture(self, path: str) -> dict[str, Any]:
        """An object of Stripe's as its fixtures have it."""
        headers = urllib3.make_headers(basic_auth=f"{KEY}:")
        answer = _HTTP.request("GET", f"{self._upstream}/v1/{path}", headers=headers, timeout=10.0)
        assert answer.status == 200, answer.data
        found: dict[str, Any] = answer.json()
        return found

    def close(self) -> None:
        """Take no more requests."""
        self._server.shutdown()
        self._server.server_close()

    def _carried(self, method: str, path: str, headers: dict[str, str], body: bytes) -> tuple[int, bytes]:
        request = f"{method} {path}"
        self.asked.append(request)
        answer = _HTTP.request(method, self._upstream + path, body=body or None, headers=headers, timeout=10.0)
        told = answer.json()
        if answer.status == 200:
            for beginning in sorted(self.overlays, key=len):
                told |= self.overlays[beginning] if request.startswith(beginning) else {}
        return answer.status, json.dumps(told).encode()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        mock = self

        class Carrier(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _carry(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length", 0)))
                passed = {name: value for name, value in self.headers.items() if name.lower() != "host"}
                status, answer = mock._carried(self.command, self.path, passed, body)
                self.send_response(status)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            do_GET = do_POST = _carry  # noqa: N815 - http.server calls them so

            def log_message(self, format: str, *_arguments: object) -> None:
                """Tests say themselves what was asked."""

        return Carrier


@contextmanager
def stripe_mock() -> Iterator[StripeMock]:
    """A server on a free port. Skips the test, saying why, where it cannot be installed."""
    program, port = _installed(), free_port()
    address = f"127.0.0.1:{port}"
    process = subprocess.Popen([str(program), "-http-addr", address], stdout=subprocess.DEVNULL)
    try:
        _await(f"http://{address}", process)
        mock = StripeMock(f"http://{address}")
        yield mock
        mock.close()
    finally:
        process.terminate()
        process.wait(timeout=10)


def _installed() -> Path:
    """The program, which Go fetches and builds when it is not there; its checksum database vouches for it."""
    program = _HOME / "stripe-mock"
    _HOME.mkdir(parents=True, exist_ok=True)
    with (_HOME / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if program.is_file():
            return program
        go = shutil.which("go")
        if go is None:
            pytest.skip("stripe-mock is built by Go, which is not installed: https://go.dev/doc/install")
        module = f"github.com/stripe/stripe-mock@{VERSION}"
        try:
            built = {**os.environ, "GOBIN": str(_HOME)}
            subprocess.run(
                [go, "install", module], check=True, capture_output=True, text=True, timeout=600, env=built
            )
        except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
            said = str(getattr(error, "stderr", "") or error).strip().splitlines()[-1:]
            pytest.skip(f"Go cannot install {module}: {' '.join(said)}")
    return program


def _await(url: str, process: "subprocess.Popen[bytes]") -> None:
    until = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < until:
        if process.poll() is not None:
            raise RuntimeError(f"stripe-mock ended with {process.returncode}")
        with suppress(urllib3.exceptions.HTTPError):
            _HTTP.request("GET", url, timeout=5.0)
            return
        threading.Event().wait(0.05)
    raise TimeoutError(f"stripe-mock does not answer after {_PATIENCE_SECONDS} s")
