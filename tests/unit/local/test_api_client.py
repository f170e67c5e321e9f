"""The client repeats what may succeed, never does anything twice, and says what was refused."""

import base64
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from local.client import ATTEMPTS, LONGEST_WAIT_SECONDS, ApiClient, Refused, Unreachable, path_of
from tests.unit.local.fake_api import HANG_UP, Answer, ScriptedApi, served


class Sleeps:
    """A clock that notes how long it was asked to sleep."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    def __call__(self, seconds: float) -> None:
        self.seconds.append(seconds)


class Tokens:
    """Issues a new token, good for `seconds`, each time it is asked."""

    def __init__(self, seconds: float = 3600) -> None:
        self._seconds = seconds
        self.issued: list[str] = []

    def __call__(self) -> str:
        claims = json.dumps({"exp": time.time() + self._seconds, "jti": len(self.issued)}).encode()
        self.issued.append(f"header.{base64.urlsafe_b64encode(claims).decode().rstrip('=')}.signature")
        return self.issued[-1]


@contextmanager
def client_of(api: ScriptedApi, sleep: Sleeps | None = None, tokens: Tokens | None = None) -> Iterator[ApiClient]:
    with served(api) as base_url:
        yield ApiClient(base_url, tokens or Tokens(), sleep=sleep or Sleeps())


@pytest.mark.parametrize("trouble", [429, 500, 502, 503, 504, HANG_UP])
def test_a_post_is_repeated_after_trouble_with_the_same_idempotency_key(trouble: int) -> None:
    api = ScriptedApi(Answer(trouble), Answer(trouble), Answer(201, {"order_id": "1"}))
    with client_of(api) as client:
        reply = client.post("/orders", {"channel": "webshop"}, "key-1")
    assert reply.status == 201
    assert [seen.headers["Idempotency-Key"] for seen in api.seen] == ["key-1"] * 3
    assert {(seen.path, seen.body) for seen in api.seen} == {("/api/$default/orders", b'{"channel":"webshop"}')}


def test_waits_grow_are_bounded_and_as_long_as_the_api_asks_for() -> None:
    sleep = Sleeps()
    api = ScriptedApi(Answer(503), Answer(503), Answer(429, headers={"Retry-After": "2"}), Answer(200, {}))
    with client_of(api, sleep) as client:
        client.put("/inventory/products/A", {})
    first, second, asked_for = sleep.seconds
    assert 0 <= first <= 0.2
    assert 0 <= second <= 0.4
    assert asked_for == 2


def test_it_gives_up_after_a_bounded_number_of_tries_and_says_what_went_wrong() -> None:
    sleep = Sleeps()
    api = ScriptedApi(Answer(503, {"detail": "The service is busy."}))
    with client_of(api, sleep) as client, pytest.raises(Unreachable, match=r"PUT /x .* 503 The service is busy\."):
        client.put("/x", {})
    assert len(api.seen) == ATTEMPTS
    assert max(sleep.seconds) <= LONGEST_WAIT_SECONDS


def test_a_refusal_is_not_repeated_and_tells_what_the_problem_document_says() -> None:
    problem = {
        "type": "urn:stowage:problem:invalid-field",
        "title": "Invalid field",
        "detail": "name: Expected str.",
        "errors": [{"field": "name", "message": "Expected `str`.", "remedy": "Send text.", "value": 3}],
    }
    api = ScriptedApi(Answer(422, problem))
    with client_of(api) as client, pytest.raises(Refused) as refused:
        client.put("/inventory/products/A", {"name": 3})
    assert len(api.seen) == 1
    assert refused.value.status == 422
    assert str(refused.value.problem) == "name: Expected `str`. Send text."


def test_a_refusal_that_is_no_problem_document_is_told_as_it_is() -> None:
    api = ScriptedApi(Answer(403, ["Forbidden"]))
    with client_of(api) as client, pytest.raises(Refused, match="Forbidden"):
        client.get("/orders", dict)


def test_one_token_serves_until_it_is_about_to_expire() -> None:
    lasting, expiring = Tokens(seconds=3600), Tokens(seconds=30)
    for tokens in (lasting, expiring):
        with client_of(ScriptedApi(Answer(200, {})), tokens=tokens) as client:
            client.get("/orders", dict)
            client.get("/orders", dict)
    assert len(lasting.issued) == 1
    assert len(expiring.issued) == 2


def test_a_token_that_is_no_longer_taken_is_replaced_once() -> None:
    tokens = Tokens()
    api = ScriptedApi(Answer(401, {"message": "Unauthorized"}), Answer(200, {}))
    with client_of(api, tokens=tokens) as client:
        client.get("/orders", dict)
    assert [seen.headers["Authorization"] for seen in api.seen] == [f"Bearer {token}" for token in tokens.issued]
    with (
        client_of(ScriptedApi(Answer(401, {"message": "Unauthorized"}))) as client,
        pytest.raises(Refused, match="401"),
    ):
        client.get("/orders", dict)


def test_a_list_is_read_page_by_page() -> None:
    api = ScriptedApi(
        Answer(200, {"items": [{"n": 1}, {"n": 2}], "cursor": "a+b"}), Answer(200, {"items": [{"n": 3}]})
    )
    with client_of(api) as client:
        items = list(client.pages("/orders", dict[str, int], status="placed", limit=2))
    assert [item["n"] for item in items] == [1, 2, 3]
    assert [seen.path.partition("?")[2] for seen in api.seen] == [
        "status=placed&limit=2",
        "status=placed&limit=2&cursor=a%2Bb",
    ]


def test_what_does_not_exist_is_none_when_looked_for_and_an_error_when_needed() -> None:
    with client_of(ScriptedApi(Answer(404, {"detail": "There is no product A."}))) as client:
        assert client.find("/inventory/products/A", dict) is None
        with pytest.raises(Refused, match="There is no product A"):
            client.get("/inventory/products/A", dict)


@pytest.mark.parametrize(("header", "replayed"), [({}, False), ({"Idempotent-Replayed": "true"}, True)])
def test_a_repeated_answer_is_recognised(header: dict[str, str], replayed: bool) -> None:
    with client_of(ScriptedApi(Answer(201, {}, header))) as client:
        assert client.post("/orders", {}, "key-1").replayed is replayed


def test_a_path_is_escaped() -> None:
    assert path_of("inventory", "products", "a/b c") == "/inventory/products/a%2Fb%20c"
