"""Assortment: which SKUs can be ordered and what may be sent instead, as inventory has announced them."""

from functools import cache
from typing import Any

from msgspec import Struct

from orders.subscriptions import ProductRegistered
from shared import codec
from shared.consumer import react_each
from shared.envelope import CloudEvent
from shared.resources import views


class Article(Struct, frozen=True):
    """A product that can be ordered; `substitutes` may be sent instead, the best first."""

    sku: str
    name: str
    substitutes: tuple[str, ...] = ()


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Note the products that inventory has registered, or described anew."""
    return react_each(event, _note)


def unknown(skus: set[str]) -> set[str]:
    """Those of `skus` that inventory has not announced (yet)."""
    unsure = skus - _known()
    present = views().present(_key(sku) for sku in unsure)
    _known().update(sku for sku in unsure if _key(sku) in present)
    return skus - _known()


def substitutes(sku: str) -> tuple[str, ...]:
    """What may be sent instead of a product, the best first."""
    found = views().get(*_key(sku), Article)
    return found[0].substitutes if found else ()


def _note(event: CloudEvent) -> None:
    product = codec.from_json(bytes(event.data), ProductRegistered)
    article = Article(product.sku, product.name, product.substitutes)
    views().put(*_key(product.sku), article, event.commit_sequence)


def _key(sku: str) -> tuple[str, str]:
    return f"Article#{sku}", "Article"


@cache
def _known() -> set[str]:
    """The SKUs that this process has seen; a product is never unregistered."""
    return set()
