"""The whole map, synthesized for AWS and for the local cloud."""

from __future__ import annotations

import os

import pytest
from aws_cdk import App

from infra.app import SYSTEM
from infra.stacks import build
from local.environment import with_node
from tests.support.templates import Templates

os.environ.update(with_node(dict(os.environ)))  # the CDK's core runs on Node, ours and no other

CONTEXT = {
    "aws": {"target": "aws"},
    "local": {"target": "local", "endpoint": "http://localhost:4566"},
}


def synthesize(target: str, folder: str) -> Templates:
    """All templates of one target; cdk-nag runs along and fails on whatever nobody has looked at."""
    app = App(context=CONTEXT[target], outdir=folder)
    build(app, SYSTEM)
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
