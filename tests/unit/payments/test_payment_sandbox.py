"""The sandbox answers like the test cards of real providers, and remembers its first answer."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from payments.provider import (
    Authorized,
    Declined,
    Hold,
    KeyReused,
    PaymentProvider,
    ProviderTimeout,
    authorization_key,
    void_key,
)
from payments.sandbox import Sandbox
from shared.money import Money
from tests.support.dynamodb_endpoints import endpoint
from tests.support.tables import create_ledger_table
from tests.unit.payments.payments_cloud import LEDGER, new_order

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

AMOUNT = Money(4990, "EUR")


@pytest.fixture(scope="module")
def client() -> Iterator["DynamoDBClient"]:
    with endpoint("moto") as started:
        client = started.client()
        create_ledger_table(client, LEDGER)
        yield client


@pytest.fixture
def sandbox(client: "DynamoDBClient") -> PaymentProvider:
    return Sandbox(client, LEDGER)


@pytest.fixture
def order() -> str:
    return new_order()


@pytest.fixture
def key(order: str) -> str:
    return authorization_key(order)


def hold(key: str, method: str = "tok_accepted", amount: Money = AMOUNT) -> Hold:
    """An authorization of the order that `key` ends with."""
    return Hold(key, key[-36:], amount, method)


def money(client: "DynamoDBClient", key: str) -> str:
    return client.get_item(TableName=LEDGER, Key={"pk": {"S": key}})["Item"]["money"]["S"]


def calls(client: "DynamoDBClient", key: str) -> int:
    return int(client.get_item(TableName=LEDGER, Key={"pk": {"S": key}})["Item"]["calls"]["N"])


def test_an_accepted_token_holds_money(sandbox: PaymentProvider, client: "DynamoDBClient", key: str) -> None:
    assert isinstance(sandbox.authorize(hold(key, "tok_accepted")), Authorized)
    assert money(client, key) == "held"


@pytest.mark.parametrize(
    ("method", "reason"),
    [
        ("tok_declined", "card_declined"),
        ("tok_insufficient_funds", "insufficient_funds"),
        ("tok_visa", "unknown_token"),
        ("", "unknown_token"),
    ],
)
def test_other_tokens_are_declined(
    sandbox: PaymentProvider, client: "DynamoDBClient", key: str, method: str, reason: str
) -> None:
    assert sandbox.authorize(hold(key, method)) == Declined(reason)
    assert money(client, key) == "refused"


def test_the_first_answer_is_the_answer(sandbox: PaymentProvider, client: "DynamoDBClient", key: str) -> None:
    first = sandbox.authorize(hold(key, "tok_accepted"))
    assert [sandbox.authorize(hold(key, "tok_accepted")) for _ in range(4)] == [first] * 4
    assert calls(client, key) == 5


@pytest.mark.parametrize(
    ("amount", "method"),
    [(Money(4991, "EUR"), "tok_accepted"), (Money(4990, "USD"), "tok_accepted"), (AMOUNT, "tok_declined")],
)
def test_one_key_with_two_requests_is_refused(
    sandbox: PaymentProvider, client: "DynamoDBClient", key: str, amount: Money, method: str
) -> None:
    sandbox.authorize(hold(key, "tok_accepted"))
    with pytest.raises(KeyReused):
        sandbox.authorize(hold(key, method, amount))
    assert (money(client, key), calls(client, key)) == ("held", 1)


def test_a_void_key_belongs_to_one_authorization(sandbox: PaymentProvider, order: str) -> None:
    sandbox.void(void_key(order), hold(authorization_key(order)))
    with pytest.raises(KeyReused):
        sandbox.void(void_key(order), hold(authorization_key(new_order())))


def test_the_answer_that_is_lost_once_was_an_authorization(
    sandbox: PaymentProvider, client: "DynamoDBClient", key: str
) -> None:
    with pytest.raises(ProviderTimeout):
        sandbox.authorize(hold(key, "tok_timeout_once"))
    assert money(client, key) == "held"
    assert isinstance(sandbox.authorize(hold(key, "tok_timeout_once")), Authorized)


def test_the_answer_that_is_always_lost_can_be_voided(
    sandbox: PaymentProvider, client: "DynamoDBClient", order: str, key: str
) -> None:
    for _ in range(3):
        with pytest.raises(ProviderTimeout):
            sandbox.authorize(hold(key, "tok_timeout_always"))
    assert money(client, key) == "held"
    sandbox.void(void_key(order), hold(key))
    assert money(client, key) == "voided"


def test_a_void_may_be_repeated(sandbox: PaymentProvider, client: "DynamoDBClient", order: str, key: str) -> None:
    first = sandbox.authorize(hold(key, "tok_accepted"))
    for _ in range(3):
        sandbox.void(void_key(order), hold(key))
    assert (money(client, key), calls(client, void_key(order))) == ("voided", 3)
    assert sandbox.authorize(hold(key, "tok_accepted")) == first, "the first answer, though it holds no more"
    assert money(client, key) == "voided"


def test_a_void_that_comes_before_its_authorization_keeps_it_from_holding_money(
    sandbox: PaymentProvider, client: "DynamoDBClient", order: str, key: str
) -> None:
    sandbox.void(void_key(order), hold(key))
    assert sandbox.authorize(hold(key, "tok_accepted")) == Declined("authorization_voided")
    assert money(client, key) == "voided"


def test_many_callers_at_once_get_one_answer(sandbox: PaymentProvider, client: "DynamoDBClient", key: str) -> None:
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda _: sandbox.authorize(hold(key, "tok_accepted")), range(64)))
    assert len({answer.authorization for answer in answers if isinstance(answer, Authorized)}) == 1
    assert not [answer for answer in answers if isinstance(answer, Declined)]
    assert calls(client, key) == 64


def test_of_many_callers_at_once_one_loses_its_answer(sandbox: PaymentProvider, key: str) -> None:
    def authorize(_: int) -> bool:
        try:
            sandbox.authorize(hold(key, "tok_timeout_once"))
        except ProviderTimeout:
            return False
        return True

    with ThreadPoolExecutor(16) as pool:
        assert list(pool.map(authorize, range(32))).count(False) == 1


def test_two_requests_at_once_under_one_key_are_never_both_taken(sandbox: PaymentProvider, key: str) -> None:
    def authorize(amount: int) -> int | None:
        try:
            sandbox.authorize(hold(key, "tok_accepted", Money(amount, "EUR")))
        except KeyReused:
            return None
        return amount

    with ThreadPoolExecutor(16) as pool:
        taken = set(pool.map(authorize, [100, 200] * 16)) - {None}
    assert len(taken) == 1
