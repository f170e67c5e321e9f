"""Going on with a journey: whoever continues a stream's story keeps its correlation id and its trace."""

from msgspec import structs

from shared import telemetry
from shared.events import CommandMetadata
from shared.resources import history


def going_on(stream_id: str, cause: CommandMetadata) -> CommandMetadata:
    """`cause` (a schedule, a webhook) on the journey of the stream's first commit, or its own if there is none."""
    first = history().commit(stream_id, 1)
    if first is None:
        return cause
    journey = first.commands[0]
    return structs.replace(
        cause,
        correlation_id=journey.correlation_id,
        traceparent=telemetry.child_traceparent(journey.traceparent),
        causation_id=cause.command_id,
    )
