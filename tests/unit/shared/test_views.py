"""Read models: documents under their keys, pages in the order of an index."""

import pytest
from msgspec import Struct

from shared import aws
from shared.availability import Throttled
from shared.rejection import Unavailable
from shared.views import Views
from tests.support.faults import counting, losing_answers, refusing


class Box(Struct, frozen=True):
    name: str


def fill(views: Views, count: int, colour: str = "red") -> list[str]:
    names = [f"{colour}-{number:03d}" for number in range(count)]
    for number, name in enumerate(names):
        index = {"colour": colour, "placed": name, "parity": "even" if number % 2 == 0 else "odd"}
        views.put("Box", name, Box(name), 1, index)
    return names


def names(views: Views, limit: int, **more: object) -> list[list[str]]:
    """All pages of the red boxes."""
    pages: list[list[str]] = []
    after: str | None = None
    while True:
        page = views.list(
            Box,
            ("colour", "red"),
            "placed",
            index="by_colour",
            limit=limit,
            after=after,
            **more,  # type: ignore[arg-type]
        )
        pages.append([box.name for _, box in page.items])
        after = page.next
        if after is None:
            return pages


class TestDocuments:
    def test_what_is_put_is_got_with_its_version(self, views: Views) -> None:
        assert views.put("Box", "a", Box("a"), 3)
        assert views.get("Box", "a", Box) == (Box("a"), 3)
        assert views.get("Box", "b", Box) is None

    @pytest.mark.parametrize(("version", "stands"), [(2, False), (3, False), (4, True)])
    def test_only_a_higher_version_replaces_a_document(self, views: Views, version: int, stands: bool) -> None:
        views.put("Box", "a", Box("old"), 3)

        assert views.put("Box", "a", Box("new"), version) is stands
        assert views.get("Box", "a", Box) == ((Box("new"), 4) if stands else (Box("old"), 3))

    def test_which_of_many_are_present_is_asked_a_hundred_at_a_time(self, views: Views) -> None:
        there = fill(views, 150)

        with counting(aws.dynamodb()) as traffic:
            present = views.present([("Box", name) for name in [*there, *there, "no such box"]])

        assert present == {("Box", name) for name in there}
        assert traffic.operations == ["BatchGetItem", "BatchGetItem"]
        assert views.present([]) == set()

    @pytest.mark.parametrize("operation", ["GetItem", "PutItem", "Query", "BatchGetItem"])
    def test_a_table_that_refuses_or_is_silent_is_unavailable(self, views: Views, operation: str) -> None:
        def use() -> None:
            views.get("Box", "a", Box)
            views.put("Box", "a", Box("a"), 1)
            views.present([("Box", "a")])
            views.list(Box, ("pk", "Box"), "sk")
            list(views.keys(("colour", "red"), "placed", "by_colour", "z"))

        with refusing(aws.dynamodb(), operation, "ThrottlingException"), pytest.raises(Throttled):
            use()
        with losing_answers(aws.dynamodb(), operation), pytest.raises(Unavailable):
            use()


class TestPages:
    @pytest.mark.parametrize("limit", [1, 3, 7, 9, 10, 11, 50])
    @pytest.mark.parametrize("descending", [False, True])
    def test_pages_hold_everything_once_and_in_order(self, views: Views, limit: int, descending: bool) -> None:
        expected = fill(views, 10)
        fill(views, 5, "blue")

        pages = names(views, limit, descending=descending)

        assert [name for page in pages for name in page] == (expected[::-1] if descending else expected)
        assert all(len(page) == limit for page in pages[:-1])

    @pytest.mark.parametrize("limit", [1, 4, 5, 6, 50])
    def test_a_filtered_list_holds_all_that_match_and_nothing_else(self, views: Views, limit: int) -> None:
        expected = fill(views, 10)[::2]

        pages = names(views, limit, matching=("parity", "even"))

        assert [name for page in pages for name in page] == expected
        assert all(len(page) <= limit for page in pages)

    def test_a_list_of_the_table_itself_goes_by_its_own_keys(self, views: Views) -> None:
        expected = fill(views, 3)

        page = views.list(Box, ("pk", "Box"), "sk")

        assert page.items == [(name, Box(name)) for name in expected]
        assert page.next is None

    def test_an_empty_list_is_one_empty_page(self, views: Views) -> None:
        assert names(views, 10) == [[]]

    def test_what_is_due_comes_in_order_up_to_a_bound(self, views: Views) -> None:
        for name in ("c", "a", "b"):
            views.put(f"Box#{name}", "view", Box(name), 1, {"colour": "red", "placed": name})

        assert list(views.keys(("colour", "red"), "placed", "by_colour", upto="b")) == ["Box#a", "Box#b"]


class TestManyAtOnce:
    def test_documents_are_read_a_hundred_at_a_time_with_their_versions(self, views: Views) -> None:
        there = fill(views, 150)

        with counting(aws.dynamodb()) as traffic:
            found = views.get_many([("Box", name) for name in (*there, "none", there[0])], Box, consistent=True)

        assert found == {("Box", name): (Box(name), 1) for name in there}
        assert traffic.operations == ["BatchGetItem", "BatchGetItem"]

    def test_a_prefix_finds_its_documents_and_no_others(self, views: Views) -> None:
        fill(views, 3)
        fill(views, 2, "blue")

        assert views.under("Box", "blue-", Box) == {f"blue-00{n}": (Box(f"blue-00{n}"), 1) for n in range(2)}

    @pytest.mark.parametrize("limit", [1, 3, 6, 7, 50])
    def test_pointers_lead_through_an_index_page_by_page(self, views: Views, limit: int) -> None:
        there = fill(views, 7)
        found: list[tuple[str, str]] = []
        after: str | None = None
        while True:
            page = views.pointers(("colour", "red"), "placed", "by_colour", after=after, limit=limit)
            found += [pointer for _, pointer in page.items]
            if (after := page.next) is None:
                break
        assert found == [("Box", name) for name in there]

    def test_pointers_end_where_they_are_told_to(self, views: Views) -> None:
        fill(views, 7)
        page = views.pointers(("colour", "red"), "placed", "by_colour", upto="red-002", after="red-000")
        assert [sort for sort, _ in page.items] == ["red-001", "red-002"]
        beyond = views.pointers(("colour", "red"), "placed", "by_colour", upto="red-002", after="red-004")
        assert (beyond.items, beyond.next) == ([], None)

    @pytest.mark.parametrize("limit", [1, 2, 50])
    def test_a_span_is_listed_page_by_page(self, views: Views, limit: int) -> None:
        fill(views, 9)
        listed = names(views, limit, span=("red-002", "red-005"))
        assert [name for page in listed for name in page] == ["red-002", "red-003", "red-004", "red-005"]
        assert names(views, 5, span=("red-005", "red-002")) == [[]]

    def test_the_last_of_a_span_is_one_query_away(self, views: Views) -> None:
        fill(views, 9)
        with counting(aws.dynamodb()) as traffic:
            page = views.list(Box, ("pk", "Box"), "sk", span=(" ", "red-004~"), descending=True, limit=1)
        assert [name for name, _ in page.items] == ["red-004"]
        assert traffic.operations == ["Query"]
