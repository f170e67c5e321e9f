"""Log lines are JSON with the ids of a journey; trace context follows W3C Trace Context."""

import json
import re
from contextlib import suppress
from typing import Any

import pytest

from shared import telemetry
from tests.support.lambda_process import lambda_process

PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
VALID = re.compile(r"00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


@pytest.mark.usefixtures("time")
def test_a_line_says_when_where_and_what(capsys: pytest.CaptureFixture[str]) -> None:
    with telemetry.bound(correlation_id="journey-7"):
        telemetry.info("answered", status=201)

    assert lines(capsys) == [
        {
            "timestamp": "2026-01-31T09:30:00.000Z",
            "level": "INFO",
            "service": "depot",
            "capability": "bins",
            "message": "answered",
            "correlation_id": "journey-7",
            "status": 201,
        }
    ]


@pytest.mark.usefixtures("time")
def test_a_count_is_a_line_from_which_cloudwatch_takes_the_number(capsys: pytest.CaptureFixture[str]) -> None:
    telemetry.count("BinsLost", "bin lost", bin="A-1")
    [line] = lines(capsys)
    assert (line["level"], line["message"], line["bin"], line["BinsLost"]) == ("WARNING", "bin lost", "A-1", 1)
    [directive] = line["_aws"]["CloudWatchMetrics"]
    assert line["_aws"]["Timestamp"] == 1_769_851_800_000
    assert directive["Metrics"] == [{"Name": "BinsLost", "Unit": "Count"}]
    [[dimension]] = directive["Dimensions"]
    assert (directive["Namespace"], line[dimension]) == ("Stowage", "depot")


def test_what_is_bound_ends_with_its_block_even_when_it_fails(capsys: pytest.CaptureFixture[str]) -> None:
    with telemetry.bound(outer=1):
        with suppress(KeyError), telemetry.bound(inner=2):
            telemetry.warning("inside")
            raise KeyError
        telemetry.warning("between")
    telemetry.error("outside")

    assert [(line.get("outer"), line.get("inner"), line["level"]) for line in lines(capsys)] == [
        (1, 2, "WARNING"),
        (1, None, "WARNING"),
        (None, None, "ERROR"),
    ]


@pytest.mark.parametrize(
    ("level", "written"),
    [("DEBUG", 4), ("INFO", 3), ("WARNING", 2), ("ERROR", 1), ("unheard of", 3)],
)
def test_lines_below_the_level_are_left_out(level: str, written: int, capsys: pytest.CaptureFixture[str]) -> None:
    with lambda_process("depot", "bins", log_level=level):
        for write in (telemetry.debug, telemetry.info, telemetry.warning, telemetry.error):
            write("line")

    assert len(lines(capsys)) == written


def test_a_line_is_one_line_whatever_it_holds(capsys: pytest.CaptureFixture[str]) -> None:
    telemetry.info("two\nlines", error=ValueError("broken\nagain"), path="\ud800")

    [line] = lines(capsys)
    assert (line["message"], line["error"]) == ("two\nlines", "broken\nagain")


def test_a_child_span_stays_in_the_trace_of_its_parent() -> None:
    child = telemetry.child_traceparent(PARENT)

    assert VALID.fullmatch(child)
    assert child[:36] == PARENT[:36]
    assert child[36:52] != PARENT[36:52]
    assert child[52:] == PARENT[52:]


def test_a_decision_not_to_sample_is_kept() -> None:
    assert telemetry.child_traceparent(PARENT[:-2] + "00").endswith("-00")


@pytest.mark.parametrize(
    "parent",
    [
        "",
        "garbage",
        PARENT.upper(),
        PARENT[:-1],
        PARENT + "-more",
        PARENT + "\n",
        "ff" + PARENT[2:],
        "00-" + "0" * 32 + PARENT[35:],
        PARENT[:36] + "0" * 16 + "-01",
    ],
)
def test_what_is_no_trace_context_starts_a_new_trace(parent: str) -> None:
    child = telemetry.child_traceparent(parent)

    assert VALID.fullmatch(child)
    assert child[3:35] != PARENT[3:35]


def test_a_new_trace_is_sampled_and_unlike_any_other() -> None:
    made = {telemetry.new_traceparent() for _ in range(100)}

    assert len(made) == 100
    assert all(VALID.fullmatch(one) and one.endswith("-01") for one in made)
