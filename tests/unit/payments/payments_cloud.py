"""The payments service in a cloud of its own: messages go in; history, ledger and answers come out."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from unittest.mock import patch

from moto import mock_aws
from msgspec import Raw
from msgspec.structs import replace

from payments import authorization, providers, views
from payments.domain import PAYMENTS, Payment
from shared import aws, codec, ids, resources
from shared.envelope import CloudEvent
from shared.event_store import EventStore
from tests.support.faults import at_moment
from tests.support.lambda_process import lambda_process
from tests.support.tables import create_events_table, create_ledger_table, create_views_table

EVENTS, VIEWS, LEDGER, BUS = "payments-events", "payments-views", "payments-sandbox", "stowage"


@dataclass(frozen=True)
class LedgerRow:
    """What the sandbox provider remembers of one idempotency key."""

    calls: int
    money: str
    authorization: str


def requested(order_id: str, method: str = "tok_accepted", attempt: int = 1, amount: int = 4990) -> CloudEvent:
    """The order's request to hold its amount, with a field that payments does not know."""
    return _event(
        order_id,
        "orders.PaymentAuthorizationRequested",
        attempt,
        {
            "order_id": order_id,
            "amount": amount,
            "currency": "EUR",
            "method": method,
            "attempt": attempt,
            "gift_wrap": True,
        },
    )


def void_requested(order_id: str, attempt: int = 1) -> CloudEvent:
    """The order's request to let go of its amount."""
    data: dict[str, object] = {"order_id": order_id, "reason": "order cancelled"}
    return _event(order_id, "orders.PaymentVoidRequested", 100 + attempt, data)


def _event(order_id: str, kind: str, sequence: int, data: dict[str, object]) -> CloudEvent:
    return CloudEvent(
        id=f"Order#{order_id}@{sequence}.0",
        source="stowage.orders",
        type=kind,
        subject=f"Order#{order_id}",
        time="2026-01-31T09:30:00.000Z",
        dataschema=f"urn:stowage:event:{kind}:1",
        sequence=f"{sequence:010d}.0000",
        correlationid=f"journey-{order_id}",
        causationid="request-1",
        traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        data=Raw(codec.to_json(data)),
    )


class PaymentsCloud:
    """The service's Lambdas over their three tables."""

    def deliver(self, *messages: CloudEvent, receives: int = 1) -> list[CloudEvent]:
        """Give one batch to a worker that remembers nothing; the messages that have to come again."""
        resources.history.cache_clear()
        providers.provider.cache_clear()
        records = [
            {
                "messageId": str(number),
                "receiptHandle": f"receipt-{number}",
                "attributes": {"ApproximateReceiveCount": str(receives)},
                "body": codec.to_json(message).decode(),
            }
            for number, message in enumerate(messages)
        ]
        answer = authorization.handler({"Records": records}, None)
        return [messages[int(failure["itemIdentifier"])] for failure in answer["batchItemFailures"]]

    def drain(self, *messages: CloudEvent, rounds: int = 12) -> None:
        """Deliver `messages` as the queue does, until none fails any more."""
        left = list(messages)
        for receives in range(1, rounds + 1):
            left = [again for message in left for again in self.deliver(message, receives=receives)]
            if not left:
                return
        raise AssertionError(f"after {rounds} deliveries these still fail: {left}")

    def overtake(self, slow: CloudEvent, fast: CloudEvent) -> None:
        """Deliver `slow`, and all of `fast` just after the provider has answered `slow`."""
        asked_the_provider = 3
        with at_moment(aws.dynamodb(), asked_the_provider, lambda: self.drain(fast)):
            self.drain(slow)

    def payment(self, order_id: str) -> Payment:
        """The order's payment as its stream has it."""
        return self._history().load(PAYMENTS, PAYMENTS.stream_id(order_id)).state

    def happened(self, order_id: str) -> list[str]:
        """The names of the events on the order's stream, oldest first."""
        return [
            event.type.removeprefix("payments.")
            for commit in self._history().read(PAYMENTS.stream_id(order_id))
            for event in commit.events
        ]

    def commits(self, order_id: str) -> int:
        """How many writes the order's stream has cost."""
        return sum(1 for _ in self._history().read(PAYMENTS.stream_id(order_id)))

    def stream_records(self, order_id: str) -> list[dict[str, Any]]:
        """The order's commits as the table's stream hands them to the outbox and the projector."""
        items = aws.dynamodb().query(
            TableName=EVENTS,
            KeyConditionExpression="pk = :pk AND begins_with(sk, :commits)",
            ExpressionAttributeValues={":pk": {"S": PAYMENTS.stream_id(order_id)}, ":commits": {"S": "C#"}},
        )["Items"]
        return [{"eventName": "INSERT", "dynamodb": {"NewImage": item}} for item in items]

    def ledger(self, order_id: str) -> dict[str, LedgerRow]:
        """What the provider knows under the order's two keys, by what each is for."""
        rows: dict[str, LedgerRow] = {}
        for purpose in ("authorize", "void"):
            key = {"pk": {"S": f"{purpose}-{order_id}"}}
            item = aws.dynamodb().get_item(TableName=LEDGER, Key=key).get("Item")
            if item:
                rows[purpose] = LedgerRow(
                    calls=int(item.get("calls", {"N": "0"})["N"]),
                    money=item.get("money", {"S": ""})["S"],
                    authorization=item.get("authorization", {"S": ""})["S"],
                )
        return rows

    def keys(self, order_id: str) -> set[str]:
        """Every idempotency key with which the provider was ever called for the order."""
        pages = aws.dynamodb().get_paginator("scan").paginate(TableName=LEDGER)
        return {item["pk"]["S"] for page in pages for item in page["Items"] if order_id in item["pk"]["S"]}

    def holds(self, order_id: str) -> bool:
        """Whether the provider holds money for the order."""
        return any(row.money == "held" for row in self.ledger(order_id).values())

    @staticmethod
    def _history() -> EventStore:
        return EventStore(aws.dynamodb(), EVENTS)


def new_order() -> str:
    """The id of an order that no other test knows."""
    return ids.new_id()


@contextmanager
def payments_cloud() -> Iterator[PaymentsCloud]:
    """The service, deployed, with a circuit that never opens: the tests make more timeouts than a day has."""
    with (
        mock_aws(),
        lambda_process(
            "payments",
            "authorization",
            events_table=EVENTS,
            views_table=VIEWS,
            providers_table=LEDGER,
            payment_provider="sandbox",
            bus_name=BUS,
            log_level="ERROR",
        ),
        patch.object(providers, "SANDBOX", replace(providers.SANDBOX, failures=1_000_000)),
    ):
        _forget()
        create_events_table(aws.dynamodb(), EVENTS)
        create_views_table(aws.dynamodb(), VIEWS, {"by_moment": ("due", "moment")}, keys_only=["by_moment"])
        create_ledger_table(aws.dynamodb(), LEDGER)
        yield PaymentsCloud()
        _forget()


def _forget() -> None:
    providers.provider.cache_clear()
    providers.adapter.cache_clear()
    views._projector.cache_clear()
