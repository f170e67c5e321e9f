"""Structured logs and trace context.

A log line is one JSON object with service, capability and the ids that tie a journey together. Trace context
(W3C Trace Context, `traceparent`) travels inside events, because the AWS header is lost on streams and replays.
"""

import json
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from traceback import extract_tb

import msgspec

from shared import clock, ids
from shared.environment import environment

METRICS = "Stowage"
"""The namespace of our metrics in CloudWatch."""
_FRAMES_TOLD = 8
_LEVELS = {"DEBUG": 10, "INFO": 20, "WARNING": 30, "ERROR": 40}
_TRACEPARENT = re.compile(r"00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})")
_bound: ContextVar[dict[str, object]] = ContextVar("log_fields")


def _log(level: str, message: str, fields: dict[str, object]) -> None:
    settings = environment()
    if _LEVELS[level] < _LEVELS.get(settings.log_level, 20):
        return
    line = {
        "timestamp": clock.iso(clock.now()),
        "level": level,
        "service": settings.service,
        "capability": settings.capability,
        "message": message,
        **_bound.get({}),
        **fields,
    }
    try:
        text = msgspec.json.encode(line, enc_hook=str).decode()
    except ValueError:  # text that is no Unicode, such as half of a surrogate pair
        text = json.dumps(line, default=str)
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def debug(message: str, **fields: object) -> None:
    """Write a DEBUG line."""
    _log("DEBUG", message, fields)


def info(message: str, **fields: object) -> None:
    """Write an INFO line."""
    _log("INFO", message, fields)


def warning(message: str, **fields: object) -> None:
    """Write a WARNING line: odd, but handled."""
    _log("WARNING", message, fields)


def error(message: str, **fields: object) -> None:
    """Write an ERROR line: somebody has to look."""
    _log("ERROR", message, fields)


def count(metric: str, message: str, **fields: object) -> None:
    """Write a WARNING line that counts one more in a metric of the service, by which an alarm rings.

    It is in CloudWatch's embedded metric format: CloudWatch reads the number from the log.
    """
    measured = {
        "Timestamp": int(clock.now().timestamp() * 1000),
        "CloudWatchMetrics": [
            {
                "Namespace": METRICS,
                "Dimensions": [["service"]],
                "Metrics": [{"Name": metric, "Unit": "Count"}],
            }
        ],
    }
    _log("WARNING", message, {**fields, metric: 1, "_aws": measured})


def failure(error: BaseException) -> dict[str, object]:
    """The fields of a line that tell of `error`: what it says, and the innermost calls it came through."""
    frames = extract_tb(error.__traceback__)[-_FRAMES_TOLD:]
    return {
        "error": f"{type(error).__name__}: {error}",
        "stack": [f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in frames],
    }


@contextmanager
def bound(**fields: object) -> Iterator[None]:
    """Add `fields` to every line written inside the block."""
    token = _bound.set({**_bound.get({}), **fields})
    try:
        yield
    finally:
        _bound.reset(token)


def new_traceparent() -> str:
    """A new trace with its first span, sampled."""
    return f"00-{ids.random_hex(32)}-{ids.random_hex(16)}-01"


def child_traceparent(parent: str) -> str:
    """A new span in the trace of `parent`; a new trace when `parent` is no valid traceparent."""
    match = _TRACEPARENT.fullmatch(parent)
    if match is None or set(match[1]) == {"0"} or set(match[2]) == {"0"}:
        return new_traceparent()
    return f"00-{match[1]}-{ids.random_hex(16)}-{match[3]}"
