"""Makes what the project runs in: `.venv`, the local cloud's own environment, and the CDK command line.

Runs on any Python 3.11+ before anything is installed, so it uses the standard library only.
`python3 -m local.environment` builds what is missing or whose requirement files have changed.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from local.progress import Step

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
CLOUD_VENV = ROOT / ".local" / "cloud-venv"
NODE_MODULES = ROOT / "node_modules"
LOGS = ROOT / ".local" / "logs"
OLDEST_PYTHON = (3, 11)
STAMP = "stowage.stamp"


class EnvironmentNotBuilt(Exception):
    """An installation failed; the message ends with what the installer said."""


def cdk_command() -> list[str]:
    """The CDK command line, run by the Node of the development environment."""
    return [str(node()), str(NODE_MODULES / "aws-cdk" / "bin" / "cdk")]


def node() -> Path:
    """The Node beside the running Python (it comes from PyPI), else the one on the PATH."""
    beside = Path(sys.executable).parent / "node"
    found = beside if beside.exists() else shutil.which("node")
    if found is None:
        raise EnvironmentNotBuilt("no Node beside this Python nor on the PATH: run `make env`")
    return Path(found)


def with_node(environment: dict[str, str]) -> dict[str, str]:
    """The same variables with Node's folder first on the PATH, and quiet about its version."""
    return {
        **environment,
        "PATH": f"{node().parent}{os.pathsep}{environment.get('PATH', os.defpath)}",
        "JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION": "1",
        "CDK_DISABLE_CLI_TELEMETRY": "true",
    }


def build() -> None:
    """Builds what is missing, the independent parts side by side. Raises EnvironmentNotBuilt."""
    failures: list[EnvironmentNotBuilt] = []

    def guarded(work: Callable[[], None]) -> threading.Thread:
        def run() -> None:
            try:
                work()
            except EnvironmentNotBuilt as failure:
                failures.append(failure)

        thread = threading.Thread(target=run)
        thread.start()
        return thread

    for thread in (guarded(_cloud_venv), guarded(_development)):
        thread.join()
    if failures:
        raise failures[0]


def _development() -> None:
    libraries = ("identification", "labels", "notices", "timezones")
    own = ("requirements.txt", *(f"requirements-{name}.txt" for name in libraries))
    requirements = [ROOT / name for name in ("requirements-dev.txt", *own, "constraints.txt")]
    _venv(VENV, requirements, "development environment (.venv)")
    lock = ROOT / "package-lock.json"
    stamp = _digest([lock])
    if not _is_built(NODE_MODULES, stamp):
        npm = VENV / "bin" / "npm"
        path = f"{npm.parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
        with Step("AWS CDK command line (node_modules)"):
            _run([str(npm), "ci", "--no-audit", "--no-fund"], "npm", {**os.environ, "PATH": path})
        (NODE_MODULES / STAMP).write_text(stamp)


def _cloud_venv() -> None:
    requirements = [ROOT / name for name in ("requirements-local.txt", "constraints-local.txt")]
    _venv(CLOUD_VENV, requirements, "the local cloud's environment (.local/cloud-venv)")


def _venv(folder: Path, requirements: Sequence[Path], what: str) -> None:
    """A virtual environment of this Python; anything less than complete is made anew."""
    stamp = _digest(requirements)
    if _is_built(folder, stamp):
        return
    with Step(what):
        _run([sys.executable, "-m", "venv", "--clear", str(folder)], f"{folder.name}-venv", dict(os.environ))
        _run(
            [
                *(str(folder / "bin" / "python"), "-m", "pip", "install", "--disable-pip-version-check"),
                *("--progress-bar", "off", "--requirement", str(requirements[0])),
            ],
            f"{folder.name}-pip",
            {**os.environ, "PIP_REQUIRE_VIRTUALENV": "false"},
        )
    (folder / STAMP).write_text(stamp)


def _digest(files: Sequence[Path]) -> str:
    version = f"{sys.version_info.major}.{sys.version_info.minor}".encode()
    return hashlib.sha256(b"\0".join([version, *(file.read_bytes() for file in files)])).hexdigest()


def _is_built(folder: Path, stamp: str) -> bool:
    try:
        return (folder / STAMP).read_text() == stamp
    except OSError:
        return False


def _run(command: Sequence[str], name: str, environment: dict[str, str]) -> None:
    LOGS.mkdir(parents=True, exist_ok=True)
    log = LOGS / f"{name}.log"
    with log.open("w") as output:
        done = subprocess.run(
            command, stdout=output, stderr=subprocess.STDOUT, env=environment, cwd=ROOT, check=False
        )
    if done.returncode:
        said = "\n".join(log.read_text(errors="replace").splitlines()[-15:])
        raise EnvironmentNotBuilt(f"{' '.join(command)} failed ({log}):\n{said}")


if __name__ == "__main__":
    if sys.version_info < OLDEST_PYTHON:
        sys.exit(f"Stowage needs Python 3.11 or newer; {sys.executable} is {sys.version.split()[0]}.")
    try:
        build()
    except EnvironmentNotBuilt as failure:
        sys.exit(str(failure))
