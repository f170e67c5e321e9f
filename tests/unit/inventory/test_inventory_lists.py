"""The lists of products, locations and stock, page by page."""

from typing import Any

import pytest

from tests.unit.inventory.stockroom import Stockroom


def all_pages(room: Stockroom, path: str, limit: int, **query: str) -> list[list[dict[str, Any]]]:
    """Every page of a list."""
    pages: list[list[dict[str, Any]]] = []
    cursor: dict[str, str] = {}
    while True:
        answer = room.get(path, limit=str(limit), **query, **cursor)
        assert answer.status == 200, answer
        pages.append(answer.body["items"])
        if "cursor" not in answer.body:
            return pages
        cursor = {"cursor": answer.body["cursor"]}


@pytest.fixture(scope="module")
def shelf(room: Stockroom) -> Stockroom:
    """23 products, 23 places and their stock, shown in the lists."""
    for _ in range(23):
        room.adjust(room.product(), room.place(), 5)
    published = room.landscape.publish("inventory")
    room.deliver(*(event for event in published if event.type == "inventory.StockAdjusted"))
    room.landscape.project("inventory")
    return room


@pytest.mark.parametrize(
    ("path", "name"), [("products", "sku"), ("locations", "location"), ("stock", "sku")], ids=str
)
@pytest.mark.parametrize("limit", [1, 5, 22, 23, 24, 200])
def test_pages_hold_everything_once_in_order(shelf: Stockroom, path: str, name: str, limit: int) -> None:
    pages = all_pages(shelf, f"/inventory/{path}", limit)
    names = [item[name] for page in pages for item in page]
    assert len(names) == 23
    assert names == sorted(set(names))
    assert all(len(page) == limit for page in pages[:-1])


@pytest.mark.parametrize("path", ["products", "locations"])
def test_an_item_in_a_list_is_what_it_is_alone(shelf: Stockroom, path: str) -> None:
    for item in all_pages(shelf, f"/inventory/{path}", 200)[0][:3]:
        assert shelf.get(f"/inventory/{path}/{item.get('sku') or item['location']}").body == item


def test_stock_in_the_list_is_what_it_is_alone(shelf: Stockroom) -> None:
    for item in all_pages(shelf, "/inventory/stock", 200)[0][:3]:
        assert item["on_hand"] == 5
        assert shelf.get(f"/inventory/stock/{item['sku']}").body.items() >= item.items()


def test_another_warehouse_has_a_list_of_its_own(shelf: Stockroom) -> None:
    assert all_pages(shelf, "/inventory/stock", 50, warehouse="EAST") == [[]]


@pytest.mark.parametrize("path", ["products", "locations", "stock"])
@pytest.mark.parametrize("cursor", ["?", "bm9uZQ", "W10", "WyIiXQ", "WyJhIiwiYiJd", "ä"])
def test_a_cursor_that_is_none_of_ours_is_refused(shelf: Stockroom, path: str, cursor: str) -> None:
    answer = shelf.get(f"/inventory/{path}", cursor=cursor)
    assert (answer.status, answer.field) == (400, "cursor")


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"limit": "0"}, "limit"),
        ({"limit": "201"}, "limit"),
        ({"limit": "x"}, "limit"),
        ({"page": "2"}, "page"),
    ],
)
def test_a_query_that_makes_no_sense_is_refused(shelf: Stockroom, query: dict[str, str], field: str) -> None:
    answer = shelf.get("/inventory/products", **query)
    assert (answer.status, answer.field) == (400, field)
