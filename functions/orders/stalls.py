"""Stalls: whoever finds that an order does not go on calls for a person, by the metric that an alarm rings on."""

from orders.contracts import FulfilmentStalled
from orders.domain.order import Order
from shared import telemetry
from shared.decider import Outcome

STALLED = "OrdersStalled"


def call_for_somebody(outcome: Outcome[Order]) -> None:
    """Count the order if it has stalled, or still does. One that is told twice is counted twice."""
    for event in outcome.events:
        if isinstance(event, FulfilmentStalled):
            telemetry.count(
                STALLED,
                "order stalled",
                order_id=event.order_id,
                waiting_for=event.waiting_for,
                since=event.since,
                correlation_id=outcome.command.metadata.correlation_id,
            )
