"""Goes on with a payment's own journey: its correlation id and trace, whoever continues it."""

from collections.abc import Callable

from shared import telemetry
from shared.events import CommandMetadata
from shared.resources import history


def going_on(stream_id: str, cause: CommandMetadata) -> Callable[[str], CommandMetadata]:
    """The metadata of what follows from `cause`, by a name that tells its parts apart."""
    first = history().commit(stream_id, 1)
    journey = first.commands[0] if first is not None else cause

    def metadata(part: str) -> CommandMetadata:
        return CommandMetadata(
            command_id=f"{cause.command_id}/{part}",
            correlation_id=journey.correlation_id,
            traceparent=telemetry.child_traceparent(journey.traceparent),
            causation_id=cause.command_id,
            actor=cause.actor,
        )

    return metadata
