"""A best-seller: a large batch of requests for one SKU is few writes, sells what is there, serves the oldest."""

import random
from collections import Counter

from inventory.aggregates import PROMISE
from tests.bench.hot_sku import Asked, arrival, check, requests
from tests.support.landscape import Landscape, landscape

CONSUMER = ("inventory", "reservation")
SKU = "SKU-HOT"


def _order(number: int) -> str:
    return f"00000000-0000-4000-8000-{number:012d}"


def thousand() -> list[Asked]:
    """A thousand orders of one unit, each promised a second after the other, in no order."""
    asked = [
        (SKU, _order(number), f"2026-01-31T09:{number // 60:02d}:{number % 60:02d}.000Z") for number in range(1000)
    ]
    random.Random(7).shuffle(asked)
    return asked


def commits(system: Landscape) -> int:
    return system.history("inventory").load(PROMISE, PROMISE.stream_id("MAIN", SKU)).sequence


def test_a_batch_of_a_thousand_requests_is_few_writes_and_never_oversells() -> None:
    asked = thousand()
    with landscape() as system:
        system.deliver(CONSUMER, arrival(SKU, 400))
        assert system.deliver(CONSUMER, *requests(asked)) == []
        assert 1 <= commits(system) - 1 <= 4
        assert check(system.history("inventory"), asked, Counter({SKU: 400})) == 400


def test_within_a_batch_the_oldest_promises_are_served() -> None:
    asked = thousand()
    with landscape() as system:
        system.deliver(CONSUMER, arrival(SKU, 400))
        system.deliver(CONSUMER, *requests(asked))
        promise = system.history("inventory").load(PROMISE, PROMISE.stream_id("MAIN", SKU)).state
    assert {claim.order_id for claim in promise.reserved.values()} == {_order(number) for number in range(400)}


def test_the_same_batch_again_writes_nothing_that_sells_twice() -> None:
    asked = thousand()[:100]
    with landscape() as system:
        system.deliver(CONSUMER, arrival(SKU, 60))
        system.deliver(CONSUMER, *requests(asked))
        before = commits(system)
        assert system.deliver(CONSUMER, *requests(asked), receives=2) == []
        assert commits(system) == before
        assert check(system.history("inventory"), asked, Counter({SKU: 60})) == 60
