"""The whole map, synthesized for AWS and for the local cloud."""

from __future__ import annotations

import os

import pytest

from infra.app import SYSTEM
from infra.declaration import System
from local.environment import with_node
from tests.support.templates import Templates

# The CDK's core runs on Node, and starts it when it is imported: that must be the one of our environment.
os.environ.update(with_node(dict(os.environ)))

CONTEXT = {
    "aws": {"target": "aws"},
    "local": {"target": "local", "endpoint": "http://localhost:4566"},
}


def synthesize(target: str, folder: str, system: System = SYSTEM) -> Templates:
    """All templates of one target; cdk-nag runs along and fails on whatever nobody has looked at."""
    from aws_cdk import App

    from infra.stacks import build

    app = App(context=CONTEXT[target], outdir=folder)
    build(app, system)
    app.synth()
    return Templates.read(folder)


@pytest.fixture(scope="session")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Templates:
    return synthesize("aws", str(tmp_path_factory.mktemp("aws")))


@pytest.fixture(scope="session")
def local(tmp_path_factory: pytest.TempPathFactory) -> Templates:
    return synthesize("local", str(tmp_path_factory.mktemp("local")))


@pytest.fixture(params=["aws", "local"])
def either(request: pytest.FixtureRequest) -> Templates:
    templates = request.getfixturevalue(request.param)
    assert isinstance(templates, Templates)
    return templates
