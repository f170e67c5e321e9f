"""The local cloud's life: it takes a free port, ends with everything it started, and keeps to its own folder."""

from __future__ import annotations

import os
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from local.cloud import LocalCloud, LocalCloudError, Process

pytestmark = pytest.mark.cloud


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[LocalCloud]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    cloud = LocalCloud(tmp_path / "cloud", port=port)
    yield cloud
    cloud.stop()


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def _until_gone(pid: int) -> bool:
    deadline = time.monotonic() + 10
    while _alive(pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    return not _alive(pid)


def _started(cloud: LocalCloud) -> Process:
    process = cloud.running()
    assert process is not None
    return process


def test_a_started_cloud_answers_and_a_stopped_one_is_gone(cloud: LocalCloud) -> None:
    cloud.start()
    pid = _started(cloud).pid
    assert cloud.client("sts").get_caller_identity()["Account"] == "000000000000"
    assert cloud.stop()
    assert not _alive(pid)
    assert cloud.running() is None


def test_starting_twice_keeps_the_first_and_stopping_twice_is_harmless(cloud: LocalCloud) -> None:
    cloud.start()
    first = _started(cloud)
    cloud.start()
    assert _started(cloud) == first
    assert cloud.stop()
    assert not cloud.stop()


def test_a_stopped_cloud_leaves_its_port_free_at_once(cloud: LocalCloud) -> None:
    for _ in range(3):
        cloud.start()
        cloud.stop()


def test_stopping_ends_a_process_the_cloud_left_behind(cloud: LocalCloud) -> None:
    """When the cloud was killed, its Lambda workers are ended all the same."""
    cloud.start()
    pid = _started(cloud).pid
    worker = _worker_of(cloud)  # a process of its own
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    assert cloud.running() is None
    cloud.stop()
    assert _until_gone(worker)


def _worker_of(cloud: LocalCloud) -> int:
    """A Lambda whose answer is its own process id."""
    lambdas = cloud.client("lambda")
    lambdas.create_function(
        FunctionName="whoami",
        Runtime="python3.13",
        Role="arn:aws:iam::000000000000:role/any",
        Handler="index.handler",
        Code={
            "ZipFile": _zipped(
                "import os\ndef handler(event, context):\n    print('here')\n    return os.getpid()\n"
            )
        },
    )
    answer = lambdas.invoke(FunctionName="whoami")
    return int(answer["Payload"].read())


def _zipped(code: str) -> bytes:
    import io
    import zipfile

    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("index.py", code)
    return buffer.getvalue()


def test_lambdas_see_nothing_of_the_callers_aws_settings(
    cloud: LocalCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://elsewhere.example")
    monkeypatch.setenv("AWS_PROFILE", "production")
    cloud.start()
    environ = Path(f"/proc/{_started(cloud).pid}/environ")
    if not environ.exists():
        pytest.skip("needs /proc to look into the process")
    content = environ.read_bytes()
    assert b"elsewhere.example" not in content
    assert b"AWS_PROFILE" not in content


def test_another_process_with_the_remembered_number_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "cloud.json").write_bytes(msgspec.json.encode(Process(pid=os.getpid(), port=1)))
    cloud = LocalCloud(tmp_path)
    assert cloud.running() is None
    assert not cloud.stop()


def test_a_cloud_that_cannot_start_says_why(tmp_path: Path) -> None:
    missing = LocalCloud(tmp_path, python=tmp_path / "nowhere" / "python")
    with pytest.raises(LocalCloudError, match="make env"):
        missing.start()


def test_a_port_that_is_taken_is_named_in_the_log(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        cloud = LocalCloud(tmp_path, port=int(taken.getsockname()[1]))
        with pytest.raises(LocalCloudError, match="already in use"):
            cloud.start()
