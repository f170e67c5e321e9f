"""Chance that comes out the same on every machine."""

import random
from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate
from typing import TypeVar

T = TypeVar("T")


class Chance:
    """A seeded source of draws.

    It uses nothing of `random.Random` but `random()`, the one method whose sequence Python promises to keep
    between versions.
    """

    def __init__(self, seed: int) -> None:
        self._source = random.Random(seed)

    def within(self, low: int, high: int) -> int:
        """A whole number from `low` to `high`, both included."""
        return low + int(self._source.random() * (high - low + 1))

    def happens(self, probability: float) -> bool:
        """True with the given probability."""
        return self._source.random() < probability

    def one_of(self, choices: Sequence[T]) -> T:
        """One of `choices`, each as likely."""
        return choices[self.within(0, len(choices) - 1)]

    def shuffled(self, items: Sequence[T]) -> list[T]:
        """The items in a drawn order (Fisher-Yates)."""
        result = list(items)
        for last in range(len(result) - 1, 0, -1):
            other = self.within(0, last)
            result[last], result[other] = result[other], result[last]
        return result

    def weighted(self, cumulative: Sequence[float]) -> int:
        """An index, as likely as its share of the running totals in `cumulative`."""
        return bisect_right(cumulative, self._source.random() * cumulative[-1], hi=len(cumulative) - 1)


def zipf(count: int, exponent: float) -> list[float]:
    """Running totals of Zipf weights 1/rank^exponent for ranks 1 to `count`."""
    return list(accumulate(1 / rank**exponent for rank in range(1, count + 1)))
