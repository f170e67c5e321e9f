"""What the Lambdas are made of: dependency layers, and per service one asset with its folder and the kernel.

No containers: pip fetches the wheels of the target platform, and the code is zipped as it stands.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from aws_cdk import IgnoreMode
from aws_cdk import aws_lambda as lambda_

from infra.target import ROOT, Target

CACHE = ROOT / ".local" / "layers"
LAMBDA_PLATFORM = "manylinux2014_aarch64"


def service_code(target: Target, package: str) -> lambda_.Code:
    """The zip of one service: its own package and `shared`, nothing else.

    Its hash depends on the files' names and contents only, so an unchanged service is not deployed again.
    """
    if not (target.functions / package).is_dir():
        raise FileNotFoundError(f"{target.functions / package}: the service has no folder")
    return lambda_.Code.from_asset(
        str(target.functions),
        ignore_mode=IgnoreMode.GIT,
        exclude=["/*", f"!/{package}", "!/shared", "__pycache__", "*.pyc"],
    )


def requirements(libraries: str | None = None) -> Path:
    """The packages that every Lambda has, or the further ones that some need. Raises FileNotFoundError."""
    file = ROOT / (f"requirements-{libraries}.txt" if libraries else "requirements.txt")
    if not file.is_file():
        raise FileNotFoundError(f"{file}: the map names these libraries, but nothing says what they are")
    return file


def dependencies(target: Target, libraries: str | None = None) -> Path:
    """Folder of a dependency layer (`python/...`), built once per requirements, platform and Python."""
    platform = _host_platform() if target.local else LAMBDA_PLATFORM
    wanted = requirements(libraries)
    digest = hashlib.sha256(f"{platform}|{target.python}|".encode() + wanted.read_bytes()).hexdigest()
    layer = CACHE / f"{platform}-py{target.python.replace('.', '')}-{digest[:16]}"
    if not layer.is_dir():
        _build(layer, wanted, [] if target.local else _wheels_only(target.python))
    return layer


def _build(layer: Path, wanted: Path, platform_options: list[str]) -> None:
    """Installs into a folder beside `layer` and renames it, so that a broken download leaves nothing behind."""
    CACHE.mkdir(parents=True, exist_ok=True)
    staging = Path(tempfile.mkdtemp(dir=CACHE, prefix="building-"))
    try:
        packages = staging / "python"
        subprocess.run(  # noqa: S603 - our own interpreter and files
            [
                *(sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"),
                *("--no-compile", "--target", str(packages), "--requirement", str(wanted)),
                *platform_options,
            ],
            check=True,
            stdout=sys.stderr,
        )
        shutil.rmtree(packages / "bin", ignore_errors=True)  # its scripts name this machine's interpreter
        staging.chmod(0o755)
        os.replace(staging, layer)
    except OSError:
        if not layer.is_dir():  # otherwise another deployment has just built the same layer
            raise
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _wheels_only(python: str) -> list[str]:
    return [
        *("--platform", LAMBDA_PLATFORM, "--platform", "manylinux_2_28_aarch64"),
        *("--implementation", "cp", "--python-version", python, "--only-binary=:all:"),
    ]


def _host_platform() -> str:
    return f"{sys.platform}-{os.uname().machine}"
