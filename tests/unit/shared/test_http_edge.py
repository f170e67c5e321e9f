"""The HTTP edge answers every wrong request with the field, the value and the way out."""

import base64
import json
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import Meta, Raw, Struct

from shared.http_edge import (
    MAX_BODY_BYTES,
    Api,
    Document,
    ListQuery,
    Request,
    Response,
    decode_cursor,
    encode_cursor,
)
from shared.identifiers import Sku
from shared.quantity import Quantity
from shared.rejection import Conflict, Invalid, NotFound, Unavailable
from tests.support.bin_of_units import Put

SCOPE = "depot/write"
TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


class Line(Struct, frozen=True, forbid_unknown_fields=True):
    sku: Sku
    quantity: Quantity


class Delivery(Struct, frozen=True, forbid_unknown_fields=True):
    supplier: Annotated[str, Meta(min_length=1, max_length=20)]
    lines: Annotated[list[Line], Meta(min_length=1)]
    priority: Literal["low", "high"] = "low"
    weights: dict[Annotated[str, Meta(max_length=3)], int] = {}
    contact: Line | None = None


class Search(ListQuery, frozen=True, forbid_unknown_fields=True):
    colour: Literal["red", "blue"] | None = None


class Seen(Struct, frozen=True):
    """What the handler was given."""

    supplier: str = ""
    limit: int = 0
    sku: str = ""


@dataclass
class Depot:
    """An API with one route of each kind, and what its handlers were given."""

    requests: list[Request] = field(default_factory=list)
    failure: Exception | None = None
    answer: Response = field(default_factory=lambda: Response(200, Seen()))
    api: Api = field(default_factory=Api)

    def __post_init__(self) -> None:
        @self.api.route("POST", "/deliveries", scope=SCOPE, returns=(201, Seen))
        def receive(body: Delivery, request: Request) -> Response:
            self.requests.append(request)
            if self.failure:
                raise self.failure
            return Response(201, Seen(supplier=body.supplier))

        @self.api.route("PUT", "/products/{sku}", scope=SCOPE, returns=(200, Seen))
        def describe(sku: Sku, request: Request) -> Response:
            self.requests.append(request)
            return Response(200, Seen(sku=sku), version=3)

        @self.api.route("GET", "/products", scope="depot/read", returns=(200, Seen))
        def search(query: Search) -> Response:
            return Response(200, Seen(limit=query.limit))

        @self.api.route("GET", "/open", scope=None, returns=(200, Seen))
        def anything() -> Response:
            return self.answer

    def call(
        self,
        route: str,
        *,
        body: Any = None,
        headers: dict[str, str] | None = None,
        query: dict[str, str] | None = None,
        path: dict[str, str] | None = None,
        scope: str = f"{SCOPE} depot/read",
        subject: str = "client-1",
        base64_encoded: bool = False,
    ) -> "Answer":
        event = {
            "version": "2.0",
            "routeKey": route,
            "rawPath": route.partition(" ")[2],
            "headers": headers or {},
            "requestContext": {"authorizer": {"jwt": {"claims": {"sub": subject, "scope": scope}}}},
            "body": body,
            "isBase64Encoded": base64_encoded,
        }
        if query is not None:
            event["queryStringParameters"] = query
        if path is not None:
            event["pathParameters"] = path
        raw = self.api(event)
        return Answer(raw["statusCode"], raw["headers"], json.loads(raw["body"]) if raw["body"] else None)

    def post(self, body: Any, **more: Any) -> "Answer":
        headers = {"content-type": "application/json", "idempotency-key": "key-1"} | more.pop("headers", {})
        text = body if isinstance(body, str) else json.dumps(body)
        headers = {name: value for name, value in headers.items() if value is not None}
        return self.call("POST /deliveries", body=text, headers=headers, **more)


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: Any

    def refusal(self, status: int, code: str) -> dict[str, Any]:
        """The one field error of this answer, which has to be a problem of that status and code."""
        assert self.status == status, self.body
        assert self.headers["content-type"] == "application/problem+json"
        assert self.body["type"] == f"urn:stowage:problem:{code}"
        assert self.body["status"] == status
        assert self.body["detail"]
        assert self.body["title"]
        assert self.body["correlation_id"] == self.headers["x-correlation-id"]
        [error] = self.body["errors"]
        assert error["message"]
        assert error["remedy"]
        named: dict[str, Any] = error
        return named


@pytest.fixture
def depot() -> Depot:
    return Depot()


def delivery(**changes: Any) -> dict[str, Any]:
    whole = {"supplier": "ACME", "lines": [{"sku": "MUG", "quantity": 2}]} | changes
    return {name: value for name, value in whole.items() if value is not ...}


def line(**changes: Any) -> dict[str, Any]:
    whole = {"sku": "MUG", "quantity": 2} | changes
    return {name: value for name, value in whole.items() if value is not ...}


def test_a_right_request_is_answered(depot: Depot) -> None:
    answer = depot.post(delivery())

    assert (answer.status, answer.body["supplier"]) == (201, "ACME")
    assert answer.headers["content-type"] == "application/json"


class TestBodies:
    @pytest.mark.parametrize(
        ("body", "named", "value"),
        [
            (delivery(supplier=...), "supplier", None),
            (delivery(lines=...), "lines", None),
            (delivery(supplier=""), "supplier", ""),
            (delivery(supplier=7), "supplier", 7),
            (delivery(supplier="x" * 300), "supplier", "x" * 200 + "…"),
            (delivery(lines=[]), "lines", None),
            (delivery(lines="many"), "lines", "many"),
            (delivery(lines=[line(quantity=...)]), "lines[0].quantity", None),
            (delivery(lines=[line(), line(quantity=-1)]), "lines[1].quantity", -1),
            (delivery(lines=[line(quantity=0)]), "lines[0].quantity", 0),
            (delivery(lines=[line(quantity=1.5)]), "lines[0].quantity", 1.5),
            (delivery(lines=[line(quantity=10**30)]), "lines[0].quantity", 10**30),
            (delivery(lines=[line(quantity="2")]), "lines[0].quantity", "2"),
            (delivery(lines=[line(quantity=True)]), "lines[0].quantity", True),
            (delivery(lines=[line(quantity=None)]), "lines[0].quantity", None),
            (delivery(lines=[line(sku="no such#sku")]), "lines[0].sku", "no such#sku"),
            (delivery(lines=[line(colour="red")]), "lines[0].colour", "red"),
            (delivery(lines=[5]), "lines[0]", 5),
            (delivery(note="hello"), "note", "hello"),
            (delivery(priority="urgent"), "priority", "urgent"),
            (delivery(weights={"a": "heavy"}), "weights", None),
            (delivery(weights={"long": 1}), "weights", None),
            (delivery(contact={"sku": "MUG"}), "contact.quantity", None),
            ([], "body", None),
            ("null", "body", None),
            ("7", "body", 7),
            ('{"supplier":"ACME","lines":[{"sku":"MUG","quantity":1e999}]}', "lines[0].quantity", None),
        ],
    )
    def test_what_does_not_fit_is_named(self, depot: Depot, body: Any, named: str, value: object) -> None:
        error = depot.post(body).refusal(422, "invalid-field")

        assert error["field"] == named
        assert error.get("value") == value

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "{",
            "hello",
            '{"supplier":"ACME",}',
            '{"supplier":7,"lines":',
            '{"supplier":"ACME","lines":[{"quantity":-1}',
            '{"supplier":"\\ud800","lines":[]}',
            "[" * 100_000,
            '{"supplier":' * 40_000,
        ],
    )
    def test_what_is_no_json_is_said_to_be_none(self, depot: Depot, text: str) -> None:
        answer = depot.post(text)

        assert answer.refusal(400, "invalid-json")["field"] == "body"

    def test_a_body_with_half_a_surrogate_pair_is_no_text(self, depot: Depot) -> None:
        assert depot.post('{"supplier":"\ud800"}').refusal(400, "invalid-request")["field"] == "body"

    @pytest.mark.parametrize("encoded", [b'{"supplier":"\xff"}', b"\xff\xfe", b'\xef\xbb\xbf{"supplier":1}'])
    def test_a_body_that_is_not_utf_8_is_no_json(self, depot: Depot, encoded: bytes) -> None:
        answer = depot.post(base64.b64encode(encoded).decode(), base64_encoded=True)

        assert answer.status == 400

    def test_a_body_that_is_base64_encoded_is_read(self, depot: Depot) -> None:
        text = base64.b64encode(json.dumps(delivery(supplier="Müller")).encode()).decode()

        assert depot.post(text, base64_encoded=True).body["supplier"] == "Müller"

    def test_a_body_that_is_said_to_be_base64_and_is_not_is_refused(self, depot: Depot) -> None:
        assert depot.post("a", base64_encoded=True).refusal(400, "invalid-request")["field"] == "body"

    @pytest.mark.parametrize(
        "media_type", ["application/json; charset=utf-8", "Application/JSON", "application/x+json"]
    )
    def test_json_may_be_called_by_its_variants(self, depot: Depot, media_type: str) -> None:
        assert depot.post(delivery(), headers={"content-type": media_type}).status == 201

    @pytest.mark.parametrize("media_type", [None, "", "text/plain", "application/xml", "application/jsonx"])
    def test_another_content_type_is_refused(self, depot: Depot, media_type: str | None) -> None:
        error = depot.post(delivery(), headers={"content-type": media_type}).refusal(415, "unsupported-media-type")

        assert (error["field"], error["value"]) == ("Content-Type", media_type or "")

    def test_two_megabytes_are_too_much(self, depot: Depot) -> None:
        error = depot.post(delivery(supplier="x" * 2_000_000)).refusal(413, "too-large")

        assert error["field"] == "body"
        assert error["value"] > 2_000_000
        assert str(MAX_BODY_BYTES) in error["message"]

    @settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
            lambda inner: (
                st.lists(inner)
                | st.dictionaries(
                    st.sampled_from(["supplier", "lines", "sku", "quantity", "weights", "contact"]) | st.text(),
                    inner,
                )
            ),
        )
    )
    def test_no_body_is_our_fault(self, depot: Depot, body: Any) -> None:
        answer = depot.post(body)

        assert answer.status in {201, 400, 422}
        if answer.status != 201:
            assert answer.body["errors"][0]["field"]

    @settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(st.text() | st.binary().map(lambda raw: raw.decode("latin-1")))
    def test_no_text_is_our_fault(self, depot: Depot, text: str) -> None:
        assert depot.post(text).status in {201, 400, 422}


class TestPathAndQuery:
    def test_a_path_parameter_that_does_not_fit_is_named(self, depot: Depot) -> None:
        answer = depot.call("PUT /products/{sku}", path={"sku": "no such#sku"})
        error = answer.refusal(400, "invalid-field")

        assert (error["field"], error["value"]) == ("sku", "no such#sku")

    @pytest.mark.parametrize(
        ("query", "named", "value"),
        [
            ({"limit": "many"}, "limit", "many"),
            ({"limit": "0"}, "limit", "0"),
            ({"limit": "201"}, "limit", "201"),
            ({"colour": "green"}, "colour", "green"),
            ({"color": "red"}, "color", "red"),
        ],
    )
    def test_a_query_parameter_that_does_not_fit_is_named(
        self, depot: Depot, query: dict[str, str], named: str, value: str
    ) -> None:
        error = depot.call("GET /products", query=query).refusal(400, "invalid-field")

        assert (error["field"], error["value"]) == (named, value)

    @pytest.mark.parametrize(
        ("query", "limit"), [(None, 50), ({}, 50), ({"limit": "7"}, 7), ({"colour": "red"}, 50)]
    )
    def test_what_is_left_out_has_its_default(
        self, depot: Depot, query: dict[str, str] | None, limit: int
    ) -> None:
        assert depot.call("GET /products", query=query).body["limit"] == limit


class TestRepeatability:
    def test_a_post_without_an_idempotency_key_is_refused(self, depot: Depot) -> None:
        error = depot.post(delivery(), headers={"idempotency-key": None}).refusal(400, "invalid-request")

        assert error["field"] == "Idempotency-Key"
        assert depot.requests == []

    @pytest.mark.parametrize("key", ["", " ", "two words", "x" * 201, "ключ", "key\n", "tab\tbed"])
    def test_an_odd_idempotency_key_is_refused(self, depot: Depot, key: str) -> None:
        error = depot.post(delivery(), headers={"idempotency-key": key}).refusal(400, "invalid-request")

        assert (error["field"], error["value"]) == ("Idempotency-Key", key[:200])

    def test_the_same_request_is_the_same_command_with_the_same_result(self, depot: Depot) -> None:
        depot.post(delivery())
        depot.post(dict(reversed(delivery().items())))

        first, second = depot.requests
        assert first.metadata.command_id == second.metadata.command_id
        assert first.metadata.fingerprint == second.metadata.fingerprint
        assert first.created_id() == second.created_id()

    @pytest.mark.parametrize(
        "other",
        [
            {"headers": {"idempotency-key": "key-2"}},
            {"subject": "client-2"},
        ],
    )
    def test_another_key_or_caller_is_another_command(self, depot: Depot, other: dict[str, Any]) -> None:
        depot.post(delivery())
        depot.post(delivery(), **other)

        first, second = depot.requests
        assert first.metadata.command_id != second.metadata.command_id
        assert first.created_id() != second.created_id()

    def test_the_same_key_with_another_body_is_noticed(self, depot: Depot) -> None:
        depot.post(delivery())
        depot.post(delivery(supplier="Other"))

        first, second = depot.requests
        assert first.metadata.command_id == second.metadata.command_id
        assert first.metadata.fingerprint != second.metadata.fingerprint

    def test_a_put_needs_no_key_and_may_have_one(self, depot: Depot) -> None:
        for headers in ({}, {}, {"idempotency-key": "a"}, {"Idempotency-Key": "a"}):
            depot.call("PUT /products/{sku}", path={"sku": "MUG"}, headers=headers)

        ids = [request.metadata.command_id for request in depot.requests]
        assert len({*ids[:3]}) == 3
        assert ids[2] == ids[3]

    def test_a_replayed_answer_says_so(self, depot: Depot) -> None:
        depot.answer = Response(201, Seen(), {"location": "/deliveries/7"}, replayed=True)

        assert depot.call("GET /open").headers["idempotent-replayed"] == "true"


class TestEntityTags:
    def test_a_version_is_the_entity_tag(self, depot: Depot) -> None:
        assert depot.call("PUT /products/{sku}", path={"sku": "MUG"}).headers["etag"] == '"3"'

    @pytest.mark.parametrize(
        ("tag", "version"), [(None, None), ("*", None), ('"3"', 3), (' "3" ', 3), ('W/"12"', 12), ('"0"', 0)]
    )
    def test_if_match_is_the_version_that_the_caller_has_seen(
        self, depot: Depot, tag: str | None, version: int | None
    ) -> None:
        headers = {} if tag is None else {"if-match": tag}
        depot.call("PUT /products/{sku}", path={"sku": "MUG"}, headers=headers)

        [request] = depot.requests
        assert request.if_match == version
        assert request.command(Put(1)).if_match == version

    @pytest.mark.parametrize("tag", ["3", '"three"', '""', '"1", "2"', '"-1"', '"٣"', f'"{"9" * 5000}"'])
    def test_another_entity_tag_is_refused(self, depot: Depot, tag: str) -> None:
        answer = depot.call("PUT /products/{sku}", path={"sku": "MUG"}, headers={"if-match": tag})

        assert answer.refusal(400, "invalid-request")["field"] == "If-Match"


class TestCallers:
    def test_a_token_without_the_scope_is_refused(self, depot: Depot) -> None:
        error = depot.post(delivery(), scope="depot/read").refusal(403, "forbidden")

        assert error["field"] == "Authorization"
        assert "'depot/write'" in error["message"]
        assert depot.requests == []

    def test_the_scope_is_looked_at_before_the_request(self, depot: Depot) -> None:
        assert depot.post("{", scope="").status == 403

    @pytest.mark.parametrize("context", [{}, {"authorizer": {}}, {"authorizer": {"jwt": {"claims": {}}}}])
    def test_a_call_that_no_authorizer_has_seen_has_no_scope(self, depot: Depot, context: object) -> None:
        event = {"routeKey": "GET /products", "rawPath": "/products", "requestContext": context}

        assert depot.api(event)["statusCode"] == 403

    def test_an_open_route_needs_no_token(self, depot: Depot) -> None:
        assert depot.api({"routeKey": "GET /open", "rawPath": "/open"})["statusCode"] == 200

    def test_a_command_says_who_asked_and_continues_the_callers_trace(self, depot: Depot) -> None:
        depot.post(delivery(), headers={"traceparent": TRACEPARENT, "x-correlation-id": "journey-7"})

        [request] = depot.requests
        assert (request.actor, request.metadata.actor) == ("client-1", "client-1")
        assert request.scopes == {SCOPE, "depot/read"}
        assert request.metadata.correlation_id == "journey-7"
        assert request.metadata.traceparent[:36] == TRACEPARENT[:36]
        assert request.metadata.traceparent != TRACEPARENT

    def test_a_machine_is_known_by_its_client_id(self, depot: Depot) -> None:
        claims = {"client_id": "machine", "scope": SCOPE}
        depot.api(
            {
                "routeKey": "PUT /products/{sku}",
                "pathParameters": {"sku": "MUG"},
                "requestContext": {"authorizer": {"jwt": {"claims": claims}}},
            }
        )

        assert depot.requests[0].actor == "machine"

    @pytest.mark.parametrize("given", ["", "two words", "x" * 201, "id\r\nset-cookie: a=b", "id\n"])
    def test_an_odd_correlation_id_is_replaced(self, depot: Depot, given: str) -> None:
        answer = depot.call("GET /open", headers={"x-correlation-id": given})

        assert answer.headers["x-correlation-id"] not in {given, ""}
        assert len(answer.headers["x-correlation-id"]) == 36

    def test_a_correlation_id_comes_back(self, depot: Depot) -> None:
        headers = depot.call("GET /open", headers={"X-Correlation-Id": "journey-7"}).headers

        assert headers["x-correlation-id"] == "journey-7"


class TestAnswers:
    def test_an_unknown_operation_is_not_found(self, depot: Depot) -> None:
        answer = depot.call("GET /nothing")

        assert (answer.status, answer.body["type"]) == (404, "urn:stowage:problem:not-found")
        assert answer.body["instance"] == "/nothing"

    def test_a_rejection_is_a_problem_with_its_field_value_and_remedy(self, depot: Depot) -> None:
        depot.failure = Conflict(
            "The dock is taken.", field="dock", value=4, remedy="Choose another.", code="dock-taken"
        )

        answer = depot.post(delivery())

        assert answer.refusal(409, "dock-taken") == {
            "field": "dock",
            "value": 4,
            "message": "The dock is taken.",
            "remedy": "Choose another.",
        }
        assert answer.body["title"] == "Dock taken"
        assert answer.body["detail"] == "The dock is taken."

    def test_a_rejection_without_a_field_has_no_field_errors(self, depot: Depot) -> None:
        depot.failure = NotFound("There is no such delivery.")

        answer = depot.post(delivery())

        assert (answer.status, "errors" in answer.body) == (404, False)

    def test_a_failure_of_ours_hides_what_happened_and_logs_it(
        self, depot: Depot, capsys: pytest.CaptureFixture[str]
    ) -> None:
        depot.failure = KeyError("secret of the house")

        answer = depot.post(delivery(), headers={"x-correlation-id": "journey-7"})

        assert (answer.status, answer.body["type"]) == (500, "urn:stowage:problem:internal-error")
        assert "secret" not in json.dumps(answer.body)
        assert "KeyError" not in json.dumps(answer.body)
        failed, answered = map(json.loads, capsys.readouterr().out.splitlines())
        assert (failed["level"], failed["correlation_id"]) == ("ERROR", "journey-7")
        assert "secret of the house" in failed["error"]
        assert (answered["route"], answered["status"]) == ("POST /deliveries", 500)

    def test_a_busy_table_is_a_reason_to_come_again(self, depot: Depot) -> None:
        depot.failure = Unavailable("throttled")

        answer = depot.post(delivery())

        assert (answer.status, answer.body["type"]) == (503, "urn:stowage:problem:unavailable")
        assert answer.headers["retry-after"] == "1"

    def test_an_answer_may_be_ready_made(self, depot: Depot) -> None:
        depot.answer = Response(200, Raw(b'{"openapi":"3.1.0"}'))

        assert depot.call("GET /open").body == {"openapi": "3.1.0"}

    def test_an_answer_may_have_headers_and_no_body(self, depot: Depot) -> None:
        depot.answer = Response(204, headers={"location": "/deliveries/7"})

        answer = depot.call("GET /open")

        assert (answer.status, answer.body, answer.headers["location"]) == (204, None, "/deliveries/7")

    def test_every_call_is_one_log_line(self, depot: Depot, capsys: pytest.CaptureFixture[str]) -> None:
        depot.call("GET /open")

        [line] = capsys.readouterr().out.splitlines()
        assert json.loads(line)["message"] == "answered"


class TestCursors:
    @given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), min_size=1), min_size=1, max_size=3))
    def test_a_cursor_gives_back_what_it_was_made_of(self, parts: list[str]) -> None:
        assert decode_cursor(encode_cursor(*parts), len(parts)) == parts

    @given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), min_size=1), min_size=1, max_size=3))
    def test_a_cursor_is_safe_in_an_address(self, parts: list[str]) -> None:
        assert encode_cursor(*parts).replace("-", "").replace("_", "").isalnum()

    @given(st.text())
    def test_whatever_is_no_cursor_is_refused(self, text: str) -> None:
        with suppress(Invalid):
            assert encode_cursor(*decode_cursor(text))

    @pytest.mark.parametrize(
        "cursor",
        [
            "",
            "hello",
            "[]",
            encode_cursor("a", "b"),
            encode_cursor(),
            encode_cursor(""),
            encode_cursor("x" * 1025),
        ],
    )
    def test_a_cursor_of_another_list_is_refused(self, cursor: str) -> None:
        with pytest.raises(Invalid, match="no cursor of this list") as refusal:
            decode_cursor(cursor)

        assert (refusal.value.field, refusal.value.value) == ("cursor", cursor[:200])


@pytest.mark.parametrize("character", ["\n", "\t", "\r", "\x00", "\x1b"])
def test_control_characters_are_kept_out_of_every_text(depot: Depot, character: str) -> None:
    error = depot.post(delivery(lines=[line(sku=f"MUG{character}")])).refusal(422, "invalid-field")
    assert error["field"] == "lines[0].sku"
    error = depot.post(delivery(supplier=f"AC{character}ME")).refusal(422, "invalid-field")
    assert error["field"] == "supplier"
    error = depot.call("PUT /products/{sku}", path={"sku": f"MUG{character}"}).refusal(400, "invalid-field")
    assert error["field"] == "sku"


def test_escapes_that_stand_for_ordinary_characters_are_taken(depot: Depot) -> None:
    assert depot.post('{"supplier":"A\\u0043ME \\"best\\"","lines":[{"sku":"MUG","quantity":2}]}').status == 201


def test_the_log_of_a_failed_request_says_where_it_failed(
    depot: Depot, capsys: pytest.CaptureFixture[str]
) -> None:
    depot.failure = ZeroDivisionError("by nothing")
    assert depot.post(delivery()).status == 500
    [line_] = [json.loads(text) for text in capsys.readouterr().out.splitlines() if "request failed" in text]
    assert line_["error"] == "ZeroDivisionError: by nothing"
    assert line_["stack"][-1].startswith("test_http_edge.py:")


def test_a_query_parameter_without_a_value_counts_as_left_out(depot: Depot) -> None:
    assert depot.call("GET /products", query={"limit": "", "cursor": ""}).body == depot.call("GET /products").body


class Codes(Struct, frozen=True):
    codes: list[str]
    note: str = ""


def test_a_route_may_take_control_characters_and_answer_with_a_document() -> None:
    api = Api()
    media = ("text/x", "image/x")

    @api.route("POST", "/raw", scope=None, returns=(200, Codes), any_characters=("codes",), media=media)
    def raw(body: Codes) -> Response:
        text = "|".join(body.codes)
        binary = text.startswith("\x1d")
        return Response(200, Document("image/x" if binary else "text/x", text.encode(), binary))

    def ask(*codes: str, note: str = "") -> dict[str, Any]:
        body = json.dumps({"codes": codes, "note": note})
        return api({"routeKey": "POST /raw", "headers": {"content-type": "application/json"}, "body": body})

    text, binary = ask("a\x1db"), ask("\x1da")
    assert (text["body"], text["headers"]["content-type"], text["isBase64Encoded"]) == ("a\x1db", "text/x", False)
    assert (base64.b64decode(binary["body"]), binary["isBase64Encoded"]) == (b"\x1da", True)
    refused = ask("a\x1db", note="a\x1db")
    assert (refused["statusCode"], json.loads(refused["body"])["errors"][0]["field"]) == (422, "note")
