"""DynamoDB endpoints to test against, each started for the test run and stopped after it.

| name | what | needs |
|---|---|---|
| moto | in this process | nothing |
| simulated | the simulation's own, in this process | nothing |
| local-cloud | the emulator of `make run`, an instance of its own | `.local/cloud-venv`, or STOWAGE_CLOUD_PYTHON |
| dynamodb-local | AWS's own DynamoDB Local | Java 17 and Maven (downloads about 50 MB once) |
| external | whatever answers at STOWAGE_DYNAMODB_ENDPOINT | that variable |
"""

import inspect
import os
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, cast

import boto3
import pytest
from botocore.config import Config
from moto import mock_aws

from local.cloud import LocalCloud
from tests.simulation.boto3_client import client_of
from tests.simulation.dynamodb import Database

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_ADDRESS = "STOWAGE_DYNAMODB_ENDPOINT"
NAMES = ("moto", "simulated", "local-cloud", "dynamodb-local", *(["external"] if os.environ.get(_ADDRESS) else []))

_REPOSITORY = Path(__file__).resolve().parents[2]
_POM = _REPOSITORY / "tests" / "contract" / "dynamodb-local" / "pom.xml"
_JARS = _REPOSITORY / ".local" / "dynamodb-local" / "3.1.0"
_SERVER = "software.amazon.dynamodb.services.local.main.ServerRunner"
_CONFIG = Config(connect_timeout=5, read_timeout=30, retries={"mode": "standard", "total_max_attempts": 1})


class _OneAtATime:
    """A client of an emulator that is not atomic under threads: its operations wait for one another."""

    def __init__(self, client: Any, lock: AbstractContextManager[Any]) -> None:
        self._client = client
        self._lock = lock

    def __getattr__(self, name: str) -> Any:
        attribute = getattr(self._client, name)
        if not inspect.ismethod(attribute):
            return attribute

        def locked(*arguments: Any, **named: Any) -> Any:
            with self._lock:
                return attribute(*arguments, **named)

        return locked


@dataclass(frozen=True)
class Endpoint:
    """A DynamoDB that answers at `url` (None: in this process). `lock` keeps its requests apart where needed."""

    name: str
    url: str | None = None
    access_key: str = "test"
    secret_key: str = "test"
    lock: AbstractContextManager[Any] | None = None
    database: Database | None = None

    def client(self) -> "DynamoDBClient":
        """A new client, which tries once."""
        if self.database is not None:
            return cast("DynamoDBClient", _OneAtATime(client_of(self.database), self.lock or threading.RLock()))
        client = boto3.client(
            "dynamodb",
            endpoint_url=self.url,
            region_name="us-east-1",
            aws_access_key_id=self.access_key,
            aws_secret_access_key=self.secret_key,
            config=_CONFIG,
        )
        return cast("DynamoDBClient", _OneAtATime(client, self.lock)) if self.lock else client


@contextmanager
def endpoint(name: str) -> Iterator[Endpoint]:
    """The endpoint `name`, running. Skips the test with the reason where it cannot run."""
    with _STARTS[name]() as started:
        yield started


@contextmanager
def _moto() -> Iterator[Endpoint]:
    with pytest.MonkeyPatch.context() as patch, mock_aws():
        for variable in [variable for variable in os.environ if variable.startswith("AWS_ENDPOINT_URL")]:
            patch.delenv(variable)
        yield Endpoint("moto", lock=threading.RLock())


@contextmanager
def _simulated() -> Iterator[Endpoint]:
    yield Endpoint("simulated", lock=threading.RLock(), database=Database())


@contextmanager
def _local_cloud() -> Iterator[Endpoint]:
    python = Path(
        os.environ.get("STOWAGE_CLOUD_PYTHON") or _REPOSITORY / ".local" / "cloud-venv" / "bin" / "python"
    )
    if not python.exists():
        pytest.skip(
            f"the local cloud is not installed: there is no {python} (`make run` or `make test` installs it)"
        )
    with TemporaryDirectory() as directory:
        cloud = LocalCloud(Path(directory), port=free_port(), python=python)
        try:
            cloud.start()
            yield Endpoint("local-cloud", cloud.endpoint)
        finally:
            cloud.stop()


@contextmanager
def _dynamodb_local() -> Iterator[Endpoint]:
    java, maven = shutil.which("java"), shutil.which("mvn")
    if java is None or maven is None:
        pytest.skip("DynamoDB Local needs `java` and `mvn` on the PATH")
    if not _JARS.exists():
        _download(maven)
    port = free_port()
    command = [java, "-XX:TieredStopAtLevel=1", f"-Dsqlite4java.library.path={_JARS}", "-cp", f"{_JARS}/*"]
    with _running([*command, _SERVER, "-inMemory", "-port", str(port)], port) as failure:
        if failure:
            pytest.skip(f"DynamoDB Local does not start on this machine: {failure}")
        yield Endpoint("dynamodb-local", f"http://127.0.0.1:{port}")


@contextmanager
def _external() -> Iterator[Endpoint]:
    yield Endpoint(
        "external",
        os.environ[_ADDRESS],
        os.environ.get("AWS_ACCESS_KEY_ID", "test"),
        os.environ.get("AWS_SECRET_ACCESS_KEY", "test"),
    )


def free_port() -> int:
    """A TCP port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _download(maven: str) -> None:
    """Fetch DynamoDB Local and what it needs; all of it is there, or nothing."""
    partial = _JARS.with_name(f"{_JARS.name}.{os.getpid()}")
    fetched = subprocess.run(
        [maven, "-q", "-B", "-f", str(_POM), "dependency:copy-dependencies", f"-DoutputDirectory={partial}"],
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    if fetched.returncode:
        shutil.rmtree(partial, ignore_errors=True)
        pytest.skip(f"Maven cannot fetch DynamoDB Local: {fetched.stdout.strip()[:300]}")
    partial.rename(_JARS)


@contextmanager
def _running(command: list[str], port: int) -> Iterator[str]:
    """Run `command` until the block ends. Yields why it does not answer on `port`, or nothing."""
    with TemporaryDirectory() as directory:
        process = subprocess.Popen(command, cwd=directory, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            yield _wait_for(process, port)
        finally:
            process.terminate()
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                process.kill()


def _wait_for(process: "subprocess.Popen[bytes]", port: int, seconds: float = 30) -> str:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if process.poll() is not None:
            return f"it ended with {process.returncode}"
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=1):
                return ""
        except OSError:
            time.sleep(0.05)
    return f"nothing listens on port {port} after {seconds:.0f} seconds"


_STARTS: dict[str, Callable[[], Any]] = {
    "moto": _moto,
    "simulated": _simulated,
    "local-cloud": _local_cloud,
    "dynamodb-local": _dynamodb_local,
    "external": _external,
}
