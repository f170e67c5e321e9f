"""A local cloud of the tests' own: on a free port, with IAM enforced, deployed by the real CDK."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.app import SYSTEM
from local import people
from local.cloud import LocalCloud
from local.environment import CLOUD_VENV
from tests.support.shop import Shop


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloud]:
    """The running cloud with every stack deployed; it is stopped when the tests are done."""
    if not (CLOUD_VENV / "bin" / "python").exists():
        pytest.skip("the local cloud's environment is missing: run `make env`")
    directory: Path = tmp_path_factory.mktemp("cloud")
    cloud = LocalCloud(directory, auth=True)
    try:
        cloud.start()
        outputs = cloud.deploy()
        people.hire(cloud.client("cognito-idp"), outputs, list(SYSTEM.roles), directory / "passwords.json")
        yield cloud
    finally:
        cloud.stop()


@pytest.fixture(scope="session")
def shop(cloud: LocalCloud) -> Shop:
    """The deployed system as its users meet it: over HTTP, with a token."""
    outputs = cloud.outputs()
    passwords = cloud.outputs_file.with_name("passwords.json")
    cognito = cloud.client("cognito-idp")
    return Shop(outputs.api_url, token=lambda caller: people.token_of(caller, cognito, outputs, passwords))
