"""What the Lambdas are made of."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from aws_cdk import App, Stack
from aws_cdk import aws_lambda as lambda_

from infra.app import SYSTEM
from infra.packaging import dependencies, service_code
from infra.target import Target
from tests.support.templates import Templates

RUNTIME_PACKAGES = {"msgspec", "immutables"}


def _code_folder(templates: Templates, function: str) -> Path:
    key = templates.function(function)["Code"]["S3Key"]
    return templates.assembly / f"asset.{key.removesuffix('.zip')}"


def _asset_key(functions: Path, package: str) -> str:
    """The key under which a package would be uploaded."""
    app = App()
    stack = Stack(app, "one")
    lambda_.Function(
        stack,
        "Function",
        runtime=lambda_.Runtime.PYTHON_3_13,
        handler="any.handler",
        code=service_code(Target(local=False, functions=functions), package),
    )
    template = app.synth().get_stack_by_name("one").template
    (function,) = [found for found in template["Resources"].values() if found["Type"] == "AWS::Lambda::Function"]
    return str(function["Properties"]["Code"]["S3Key"])


@pytest.fixture
def functions(tmp_path: Path) -> Path:
    for package in ("orders", "payments", "shared"):
        (tmp_path / package / "domain").mkdir(parents=True)
        (tmp_path / package / "domain" / "__init__.py").write_text(f'"""{package}"""\n')
    return tmp_path


@pytest.mark.parametrize("service", ["edge", *(service.name for service in SYSTEM.services)])
def test_a_lambda_holds_its_service_and_the_kernel_only(aws: Templates, service: str) -> None:
    function = next(
        found for found in aws.of_type("Lambda::Function") if found["Handler"].startswith(f"{service}.")
    )
    code = _code_folder(aws, function.name)
    assert {entry.name for entry in code.iterdir()} == {service, "shared"}
    assert not [file for file in code.rglob("*") if file.suffix == ".pyc" or file.name == "__pycache__"]


def test_all_lambdas_of_a_service_share_one_package_on_both_targets(aws: Templates, local: Templates) -> None:
    for service in SYSTEM.services:
        keys = {
            templates.function(service.function(capability))["Code"]["S3Key"]
            for templates in (aws, local)
            for capability in service.capabilities
        }
        assert len(keys) == 1


def test_a_package_changes_with_its_code_and_with_nothing_else(functions: Path) -> None:
    before = _asset_key(functions, "orders")
    (functions / "payments" / "more.py").write_text("another service's code")
    (functions / "orders" / "__pycache__").mkdir()
    (functions / "orders" / "__pycache__" / "domain.cpython-313.pyc").write_bytes(b"compiled")
    os.utime(functions / "orders" / "domain" / "__init__.py", (0, 0))
    assert _asset_key(functions, "orders") == before
    (functions / "shared" / "more.py").write_text("the kernel's code")
    assert _asset_key(functions, "orders") != before


def test_a_service_without_a_folder_is_named(functions: Path) -> None:
    with pytest.raises(FileNotFoundError, match="picking"):
        service_code(Target(local=False, functions=functions), "picking")


def test_the_layer_for_aws_has_arm_binaries_of_lambdas_python() -> None:
    packages = dependencies(Target(local=False, functions=Path("functions"))) / "python"
    assert {entry.name for entry in packages.iterdir()} >= RUNTIME_PACKAGES
    binaries = [file.name for file in packages.rglob("*.so")]
    assert binaries
    assert all("cpython-313-aarch64" in name for name in binaries), binaries


@pytest.mark.parametrize(
    ("libraries", "packages"),
    [
        ("identification", {"biip", "epcpy"}),
        ("labels", {"reportlab", "zint"}),
        ("notices", {"pydifact"}),
        ("timezones", {"tzdata"}),
        ("stripe", {"stripe", "requests"}),
    ],
)
def test_further_libraries_are_in_layers_of_their_own_for_arm_too(libraries: str, packages: set[str]) -> None:
    layer = dependencies(Target(local=False, functions=Path("functions")), libraries) / "python"
    names = {entry.name.partition(".")[0] for entry in layer.iterdir()}
    assert names >= packages
    assert not names & RUNTIME_PACKAGES
    assert not [file.name for file in layer.rglob("*.so*") if "x86_64" in file.name]


def test_only_who_needs_further_libraries_has_their_layer(aws: Templates) -> None:
    inventory = SYSTEM.service("inventory")
    for capability in inventory.capabilities:
        layers = aws.function(inventory.function(capability))["Layers"]
        assert len(layers) == (2 if capability.libraries else 1)


@pytest.mark.parametrize("target", [True, False], ids=["local", "aws"])
def test_a_layer_is_built_once_and_holds_no_trace_of_this_machine(target: bool) -> None:
    where = Target(local=target, functions=Path("functions"))
    layer = dependencies(where)
    assert dependencies(where) == layer
    assert not (layer / "python" / "bin").exists()
    assert not list(layer.rglob("__pycache__"))
