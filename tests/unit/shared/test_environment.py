"""A Lambda's environment is a typed model that fails by name; clients and tables are made once."""

import os
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from shared import aws, clock, resources
from shared.environment import MisconfiguredError, environment, required
from tests.support.lambda_process import lambda_process


def test_variables_are_fields() -> None:
    with lambda_process("orders", "intake", events_table="orders-events", log_level="DEBUG"):
        told = environment()

    assert (told.service, told.capability, told.events_table, told.log_level) == (
        "orders",
        "intake",
        "orders-events",
        "DEBUG",
    )
    assert (told.views_table, told.bus_name) == ("", "")


@pytest.mark.parametrize("variable", ["SERVICE", "CAPABILITY"])
def test_a_missing_variable_is_named(variable: str) -> None:
    with lambda_process("orders", "intake"):
        del os.environ[variable]
        with pytest.raises(MisconfiguredError, match=variable):
            environment()


@pytest.mark.parametrize("name", ["events_table", "bus_name"])
def test_a_variable_that_this_lambda_was_not_given_is_named(name: str) -> None:
    with lambda_process("orders", "intake"), pytest.raises(MisconfiguredError, match=f"{name.upper()} is not set"):
        required(name)


def test_a_lambda_without_a_table_says_so() -> None:
    with lambda_process("orders", "intake"):
        with pytest.raises(MisconfiguredError, match="EVENTS_TABLE"):
            resources.history()
        with pytest.raises(MisconfiguredError, match="VIEWS_TABLE"):
            resources.views()


def test_clients_and_tables_are_made_once_per_process() -> None:
    for once in (aws.dynamodb, aws.eventbridge, aws.sqs, resources.history, resources.views):
        assert once() is once()


def test_clients_give_up_in_time() -> None:
    for client in (aws.dynamodb(), aws.eventbridge(), aws.sqs()):
        config: Any = client.meta.config
        assert (config.connect_timeout, config.read_timeout) == (2, 5)
        assert config.retries["total_max_attempts"] == 4


def test_time_is_utc_to_the_millisecond() -> None:
    now = clock.now()

    assert now.tzinfo is UTC
    assert now.microsecond % 1000 == 0


def test_time_as_text_sorts_like_time() -> None:
    early = datetime(2026, 1, 31, 9, 30, 0, 7000, tzinfo=UTC)
    elsewhere = early.astimezone(timezone(timedelta(hours=5))) + timedelta(milliseconds=1)

    assert clock.iso(early) == "2026-01-31T09:30:00.007Z"
    assert clock.iso(elsewhere) == "2026-01-31T09:30:00.008Z"


def test_the_sources_of_time_can_be_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "_now", clock._now)
    monkeypatch.setattr(clock, "_sleep", clock._sleep)
    waited: list[float] = []
    clock.use(lambda: datetime(2026, 1, 31, tzinfo=UTC), waited.append)

    clock.sleep(3)

    assert clock.iso(clock.now()) == "2026-01-31T00:00:00.000Z"
    assert waited == [3]
