"""What holds for received goods: how products are tracked, how fresh they must be, which plan inspects them."""

from collections.abc import Collection, Mapping

from receiving.domain.plan import Plan
from receiving.domain.shipment import Terms
from receiving.keys import plan_key
from receiving.masterdata import Article, articles
from shared.resources import views


def terms_for(supplier: str, skus: Collection[str], known: Mapping[str, Article]) -> dict[str, Terms]:
    """The terms by SKU, for those of `skus` that inventory has announced. `known` need not be read again."""
    found = dict(known) | dict(articles([sku for sku in skus if sku not in known]))
    plans = _plans(supplier, found.values())
    return {sku: _terms(supplier, article, plans) for sku, article in found.items()}


def _terms(supplier: str, article: Article, plans: Mapping[str, Plan]) -> Terms:
    """The most specific plan that there is wins, whether it inspects or (not active) exempts."""
    plan = next((plans[name] for name in _candidates(supplier, article) if name in plans), None)
    inspected = plan is not None and plan.active
    return Terms(
        tracking=article.tracking,
        minimum_shelf_life_days=article.minimum_shelf_life_days,
        category=article.category,
        plan=plan.plan_id if plan and inspected else "",
        aql=plan.aql if plan and inspected else "",
        reduced_allowed=plan.reduced_allowed if plan else True,
    )


def _candidates(supplier: str, article: Article) -> list[str]:
    category = [f"category.{article.category}"] if article.category else []
    return [f"sku.{article.sku}", f"supplier.{supplier}", *category]


def _plans(supplier: str, known: Collection[Article]) -> dict[str, Plan]:
    names = {name for article in known for name in _candidates(supplier, article)}
    found = views().documents(Plan, (plan_key(name) for name in names))
    return {plan.plan_id: plan for plan in found.values()}
