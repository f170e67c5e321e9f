"""The provider's books against ours: when they agree, and every way in which they may not."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from payments import reconciliation
from payments.movements_view import Moved
from payments.provider import ProviderMovement
from payments.reconciliation import compared
from shared import aws, clock, codec
from tests.support.clocks import movable_clock
from tests.support.landscape import Answer, landscape
from tests.support.local_stripe import KEY, Line, LocalStripe, local_stripe
from tests.unit.payments.test_settlement import Till
from tests.unit.payments.test_stripe import system

NAME = ("cap_1", False)
AT = "2026-01-31T09:30:00.000Z"
MINE = Moved("captured", "cap_1", "o1", 5000, "EUR", AT)
THEIRS = ProviderMovement("captured", "cap_1", "o1", 5000, "EUR", AT)


class Auditor(Till):
    """The payments service, and who compares its books."""

    def report(self, **query: str) -> dict[str, Any]:
        self.system.project("payments")
        answer = self.asked(**query)
        assert answer.status == 200, answer
        body: dict[str, Any] = answer.body
        return body

    def asked(self, **query: str) -> Answer:
        return self.system.call("GET", "/payments/reconciliation", query=query)


@pytest.fixture
def auditor() -> Iterator[Auditor]:
    with landscape() as deployed:
        yield Auditor(deployed)


def today(after: int = 0) -> str:
    return (datetime.now(UTC).date() + timedelta(days=after)).isoformat()


@pytest.mark.parametrize(
    ("mine", "theirs", "difference"),
    [
        (MINE, THEIRS, None),
        (None, THEIRS, "unknown_here"),
        (MINE, None, "unknown_at_provider"),
        (Moved("captured", "cap_1", "o1", 5000, "EUR", AT, noted=True), THEIRS, "moved_by_others"),
        (Moved("captured", "cap_1", "o1", 4999, "EUR", AT), THEIRS, "amount_differs"),
        (Moved("captured", "cap_1", "o1", 5000, "USD", AT), THEIRS, "currency_differs"),
        (Moved("captured", "cap_1", "o2", 5000, "EUR", AT), THEIRS, "order_differs"),
    ],
)
def test_every_difference_has_a_name(
    mine: Moved | None, theirs: ProviderMovement | None, difference: str | None
) -> None:
    found = list(compared({NAME: mine} if mine else {}, {NAME: theirs} if theirs else {}))
    assert [one.difference for one in found] == ([difference] if difference else [])


def test_books_agree_when_everything_was_recorded(auditor: Auditor) -> None:
    for _ in range(2):
        order = auditor.authorized()
        auditor.capture(order, 3000)
        auditor.capture(order, 2000, "d2")
        auditor.refund(order, 1250)
    report = auditor.report(**{"from": today(-1), "to": today(1)})
    assert report["agrees"], report
    assert [tuple(total.values()) for total in report["totals"]] == [
        ("captured", "EUR", 4, 10000, 4, 10000),
        ("refunded", "EUR", 2, 2500, 2, 2500),
    ]


def test_what_only_one_side_knows_is_named_with_its_order_and_amount(auditor: Auditor) -> None:
    order = auditor.authorized()
    auditor.capture(order, 5000)
    ledger = {"pk": {"S": f"authorize-{order}"}}
    [row] = [
        name
        for name in aws.dynamodb().get_item(TableName="payments-sandbox", Key=ledger)["Item"]
        if name.startswith("capture/")
    ]
    aws.dynamodb().update_item(
        TableName="payments-sandbox",
        Key={"pk": {"S": f"authorize-{order}"}},
        UpdateExpression="REMOVE #it",
        ExpressionAttributeNames={"#it": row},
    )
    [difference] = auditor.report()["differences"]
    assert (difference["difference"], difference["order_id"]) == ("unknown_at_provider", order)
    assert (difference["amount"], difference["provider_amount"]) == (5000, None)


def test_a_movement_whose_answer_was_lost_is_unknown_here_until_it_is_found(auditor: Auditor) -> None:
    order = auditor.authorized("tok_capture_timeout")
    assert not auditor.capture(order, 5000)
    assert [one["difference"] for one in auditor.report()["differences"]] == ["unknown_here"]
    assert auditor.capture(order, 5000, receives=2)
    assert auditor.report()["agrees"]


def test_differences_come_as_a_sheet(auditor: Auditor) -> None:
    order = auditor.authorized("tok_capture_timeout")
    auditor.capture(order, 5000)
    answer = auditor.asked(format="csv")
    assert answer.headers["content-type"].startswith("text/csv")
    heading, row = str(answer.body).strip().split("\r\n")
    assert heading == "difference,kind,reference,order_id,at,currency,amount,provider_amount"
    assert row.startswith("unknown_here,captured,cap_")
    assert row.endswith(",EUR,,5000")


def test_other_periods_show_nothing_of_today(auditor: Auditor) -> None:
    auditor.capture(auditor.authorized("tok_capture_timeout"), 5000)
    report = auditor.report(**{"from": "2025-03-01", "to": "2025-03-31"})
    assert (report["agrees"], report["totals"], report["from"], report["to"]) == (
        True,
        [],
        "2025-03-01",
        "2025-03-31",
    )


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"from": "2026-02-30"}, "from"),
        ({"from": "2026-02-02", "to": "2026-02-01"}, "to"),
        ({"from": "2026-01-01", "to": "2026-02-01"}, "from"),
        ({"from": "2026-01-31T25:00Z"}, "from"),
        ({"from": "2026-01-31T14:00Z", "to": "2026-01-31T14:00Z"}, "to"),
        ({"from": "2026-01-31 14:00"}, "from"),
    ],
)
def test_a_period_that_is_none_is_refused(auditor: Auditor, query: dict[str, str], field: str) -> None:
    answer = auditor.asked(**query)
    assert (answer.status, answer.field) == (400, field)


def test_a_busy_day_is_compared_in_parts(auditor: Auditor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reconciliation, "MAX_MOVEMENTS", 2)
    with movable_clock() as time:
        begun = clock.now()
        for _ in range(2):
            for _ in range(2):
                auditor.capture(auditor.authorized(), 1000)
            time.pass_time(timedelta(hours=3))
        refused = auditor.asked(**{"from": f"{begun:%Y-%m-%d}"})
        assert (refused.status, refused.field) == (413, "from")
        assert "T14:00Z" in refused.body["errors"][0]["remedy"]
        for hours in (0, 3):
            begin, end = (f"{begun + timedelta(hours=hours, minutes=more):%Y-%m-%dT%H:%MZ}" for more in (-5, 5))
            report = auditor.report(**{"from": begin, "to": end})
            assert (report["agrees"], report["totals"][0]["count"]) == (True, 2)
            assert (report["from"][:16], report["to"][:16]) == (begin[:16], end[:16])


@pytest.fixture(scope="module")
def server() -> Iterator[LocalStripe]:
    with local_stripe() as running:
        yield running


def test_stripes_balance_is_compared_and_what_was_done_by_hand_is_found(server: LocalStripe) -> None:
    line = Line(server.url)
    with landscape(system(line.url)) as deployed:
        kept = codec.to_json({"api_key": KEY}).decode()
        aws.secretsmanager().create_secret(Name="stowage/payments/stripe", SecretString=kept)
        auditor = Auditor(deployed)
        order = auditor.authorized(server.card())
        assert auditor.capture(order, 3000)
        assert auditor.refund(order, 1000)
        assert auditor.report()["agrees"]
        [intent] = server.intents(order)
        back = server.refund(intent["id"], 700)
        report = auditor.report()
        [difference] = report["differences"]
        assert (difference["difference"], difference["reference"]) == ("unknown_here", back["id"])
        assert (difference["order_id"], difference["provider_amount"]) == (order, 700)
        assert [(one["kind"], one["amount"], one["provider_amount"]) for one in report["totals"]] == [
            ("captured", 3000, 3000),
            ("refunded", 1000, 1700),
        ]
        assert clock.iso(clock.now())[:10] == report["from"]
    line.close()
