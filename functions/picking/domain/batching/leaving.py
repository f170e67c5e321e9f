"""Which order leaves a full batch to make room for another."""

from bisect import bisect_left
from itertools import accumulate
from math import exp, log

from picking.domain.batching.state import State

COOLED = 0.9
"""Weights are drawn up anew when the temperature has fallen to this share of theirs,"""
CHANGES = 8
"""or when so many orders of the batch were exchanged: each moves lists that others are on, too."""
UNLIKELY = -200.0


class Leaving:
    """The members of one batch, each weighed by what the plan gains when it leaves (heat bath, Gibbs sampling).

    An exchange is as good as both of its ends; of fifty members few are worth losing when it is cold. To draw them
    by weight and to correct for that (`rare`) finds as many exchanges as trying every member against the newcomer.
    Weights may be a little stale: the correction is by the weight with which the order was drawn.
    """

    __slots__ = ("_changes", "_drawn", "_free", "_members", "_sums", "_temperature", "_top", "_weights", "_worth")

    def __init__(self) -> None:
        self._members: list[int] = []
        self._weights: list[float] = []
        self._sums: list[float] = []
        self._temperature = self._worth = self._top = self._free = 0.0
        self._drawn = self._changes = 0

    def gain(self, state: State, batch: int, temperature: float, worth: float) -> float:
        """What a place can be had for, whoever leaves: the walk saved less the units lost at the price `worth`."""
        if self._changes >= CHANGES or temperature < COOLED * self._temperature or not self._members:
            self._weigh(state, batch, temperature, worth)
        return self._free

    def draw(self, state: State, batch: int, temperature: float, worth: float, share: float) -> tuple[int, float]:
        """The member at `share` of all weights, and how much worse its exchange may be for being drawn rarely.
        `worth` is the price of a unit."""
        self.gain(state, batch, temperature, worth)
        if state.batch_of[self._pointed(share)] != batch:
            self._weigh(state, batch, temperature, worth)
        order = self._pointed(share)
        return order, temperature * log(self._sums[-1] / self._weights[self._drawn])

    def exchanged(self, state: State, new: int) -> None:
        """The order drawn last has left, and `new` is in its place."""
        self._changes += 1
        self._members[self._drawn] = new
        self._weights[self._drawn] = exp(min(10.0, max(UNLIKELY, self._gain(state, new) - self._top)))
        self._add_up()

    def _pointed(self, share: float) -> int:
        self._drawn = bisect_left(self._sums, share * self._sums[-1])
        return self._members[self._drawn]

    def _gain(self, state: State, order: int) -> float:
        return (-state.loss(order) - self._worth * state.size[order]) / self._temperature

    def _weigh(self, state: State, batch: int, temperature: float, worth: float) -> None:
        self._changes, self._temperature, self._worth = 0, temperature, worth
        self._members = list(state.members[batch])
        gains = [self._gain(state, order) for order in self._members]
        self._top = max(gains)
        self._weights = [exp(max(UNLIKELY, gain - self._top)) for gain in gains]
        self._add_up()

    def _add_up(self) -> None:
        self._sums = list(accumulate(self._weights))
        self._free = self._temperature * (self._top + log(self._sums[-1]))
