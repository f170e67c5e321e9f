"""Order batching: a plan at once, then a better one for as long as the caller lets it run.

The search is simulated annealing (Kirkpatrick, Gelatt and Vecchi 1983) over whole orders. Where only a goal of
units is wanted, a unit has a price that rises while units are missing and falls while there are too many, so that
orders come and go one by one instead of only in exchange. A promising order is found from where picks are cheap:
draw a list, draw a few sources of its zone, and ask for an order that wants the one that lies best. It cools
slowly at first: while it is hot, the batches settle which zones are theirs.
"""

import random
from collections.abc import Callable
from math import ceil, log

from picking.domain.batching.leaving import Leaving
from picking.domain.batching.model import Instance, Plan
from picking.domain.batching.state import Chosen, Known, State
from picking.domain.batching.walks import FAR, WorkingList

Spent = Callable[[int], float]
"""The share of the allowance (0 to 1) that is spent after so many steps. The caller's clock, or `steps(n)`."""

BATCHES_ASKED = 6
DRAWS = 6
HOT, COLD = 0.42, 0.08
"""The first and the last temperature, as parts of a unit's price."""
REASSIGN, WANDER, DROP = 0.2, 0.22, 0.33
ELSEWHERE = 0.1
"""How often an order may be asked for that another batch holds; where all orders are wanted, always."""
LEEWAY = 6


def steps(allowed: int) -> Spent:
    """An allowance of so many steps: the same plan on every machine."""
    return lambda made: made / allowed if allowed else 1.0


def first_plan(instance: Instance) -> Plan:
    """A feasible plan at once: cheap orders first, each into the best of a few batches."""
    return _constructed(instance).plan()


def solve(instance: Instance, spent: Spent, *, seed: int = 0) -> Plan:
    """The best plan found before `spent` reaches 1. The same seed and steps give the same plan.

    Units stay below the goal only where all orders together do.
    """
    search = _Search(_constructed(instance), random.Random(seed))
    search.run(spent)
    return search.best_plan()


def _constructed(instance: Instance) -> State:
    state = State(instance)
    pool = state.pickable
    cheapness = {
        order: sum(min(state.alone[source] for _, source, _ in need.candidates) for need in state.positions[order])
        / state.size[order]
        for order in pool
    }
    pool.sort(key=lambda order: (cheapness[order], order))
    goal = instance.goal if instance.goal is not None else sum(state.size)
    mean = sum(state.size[order] for order in pool) / max(1, len(pool))
    slack = 1.1 if instance.goal is not None else 1.0
    orders = min(slack * goal / max(1, mean), len(pool))
    for _ in range(ceil(orders / instance.limits.orders_per_batch)):
        state.open_batch()
    asked = 0
    for order in pool:
        if state.units >= goal:
            break
        best: tuple[int, int, Chosen] | None = None
        for _ in range(min(BATCHES_ASKED, len(state.members))):
            asked = (asked + 1) % len(state.members)
            if not state.full(asked) and (found := state.quote(asked, order, best[0] if best else FAR)):
                best = (found[0], asked, found[1])
        if best is None:
            batch = next((b for b in range(len(state.members)) if not state.full(b)), -1)
            batch = state.open_batch() if batch < 0 else batch
            if not (found := state.quote(batch, order, FAR)):
                continue
            best = (found[0], batch, found[1])
        state.place(best[1], order, best[2])
    return state


class _Search:
    """The annealing. `level` and `pressure` make the price of a unit: level + pressure x units missing."""

    def __init__(self, state: State, rng: random.Random) -> None:
        self.state, self.rng = state, rng
        self.goal = state.instance.goal
        mean = state.length / max(1, state.units)
        self.level = 0.75 * mean
        self.pressure = 8 * self.level / max(50, self.goal or 0)
        self.hottest, self.coldest = max(1e-3, HOT * self.level), max(1e-4, COLD * self.level)
        self.temperature = self.hottest
        self.pool = state.pickable
        self.chosen = [order for members in state.members for order in members]
        self._place_of = {order: n for n, order in enumerate(self.chosen)}
        self._wanted = self._entries()
        self._was: dict[int, tuple[int, list[tuple[int, WorkingList]]]] = {}
        """Where the orders that were moved since the best plan were in it: their batch, or -1, and their picks."""
        self.kept_length, self.kept_units = state.length, state.units
        self.made = 0
        self._leaving = [Leaving() for _ in state.members]

    def _entries(self) -> list[list[tuple[int, int, int]]]:
        """By zone: the sources that somebody wants, which order does, and for which of its positions; for a goal
        only the better half."""
        state = self.state
        wanted: list[list[tuple[int, int, int, int]]] = [[] for _ in state.zones]
        for order in self.pool:
            for place, need in enumerate(state.positions[order]):
                for least, source, zone in need.candidates:
                    wanted[zone].append((least, source, order, place))
        for entries in wanted:
            entries.sort()
            if self.goal is not None:
                del entries[ceil(0.55 * len(entries)) :]
        return [[(source, order, place) for _, source, order, place in entries] for entries in wanted]

    def run(self, spent: Spent) -> None:
        """Improve until the allowance is spent."""
        state, rng = self.state, self.rng
        draw = rng.random
        while self.chosen:
            if self.made % 64 == 0:
                if (share := spent(self.made)) >= 1:
                    return
                self.temperature = self.hottest * (self.coldest / self.hottest) ** (share * share)
                if self.goal is not None:
                    self.level = max(0.0, self.level + 0.005 * self.pressure * (self.goal + 1 - state.units))
            self.made += 1
            before = state.length
            order = self.chosen[int(draw() * len(self.chosen))]
            kind = draw()
            if kind < REASSIGN:
                self._reassign(order)
                continue
            if kind < WANDER:
                self._bring(int(draw() * len(state.members)), self.pool[int(draw() * len(self.pool))], None)
            elif kind < DROP and self.goal is not None:
                self._drop(order)
            else:
                batch = state.batch_of[order]
                self._bring(batch, *self._candidate(order))
            if state.length != before and self._better():
                self._was.clear()
                self.kept_length, self.kept_units = state.length, state.units

    def best_plan(self) -> Plan:
        """The shortest plan that reached the goal."""
        state = self.state
        for order in self._was:
            if state.batch_of[order] >= 0:
                state.take(order)
        for order, (batch, picks) in self._was.items():
            if batch >= 0:
                state.restore(batch, order, picks)
        return state.plan()

    def _better(self) -> bool:
        """Nearer to the goal than the plan that is kept, or as near and shorter."""
        state = self.state
        if self.goal is None:
            return state.length < self.kept_length and state.units >= self.kept_units
        missing, kept = max(0, self.goal - state.units), max(0, self.goal - self.kept_units)
        return missing < kept or (missing == kept and state.length < self.kept_length)

    def _allowed(self) -> float:
        """How much worse a move may be (Metropolis)."""
        return -self.temperature * log(1.0 - self.rng.random())

    def _price(self) -> float:
        """What one unit more is worth now."""
        return self.level + self.pressure * (self.goal - self.state.units) if self.goal is not None else 0.0

    def _worth(self, units: int) -> float:
        """What so many units more (or less, below zero) are worth now."""
        if self.goal is None or not units:
            return 0.0
        return self._price() * units - self.pressure * units * units / 2

    def _candidate(self, order: int) -> tuple[int, Known | None]:
        """An order that might suit a list of `order`'s: (the order or -1, which of its positions does)."""
        state, draw = self.state, self.rng.random
        free, batch_of = state.free, state.batch_of
        here, (source, tour) = batch_of[order], state.picks[order][int(draw() * len(state.picks[order]))]
        entries, added = self._wanted[state.zone[source]], tour.added
        outside = self.goal is not None and draw() >= ELSEWHERE
        best, found, place, suits = FAR, -1, 0, 0
        for _ in range(DRAWS):
            source, other, at = entries[int(draw() * len(entries))]
            if not free[source] or (batch_of[other] >= 0 if outside else batch_of[other] == here):
                continue
            if (cost := added(source)) < best:
                best, found, place, suits = cost, other, at, source
        if found < 0 or free[suits] < state.positions[found][place].units:
            return -1, None
        return found, (place, best, suits, tour)

    def _exchange(self, batch: int, new: int, known: Known | None) -> None:
        """Try to take an order from outside into a full batch, in the place of one that is not picked then.

        Who leaves is drawn once the newcomer is worth it: what a place can be had for is known before.
        """
        state, leaving, temperature, price = self.state, self._leaving[batch], self.temperature, self._price()
        allowed = self._allowed()
        limit = allowed + leaving.gain(state, batch, temperature, price) + price * state.size[new]
        if not (found := state.quote(batch, new, int(limit) + LEEWAY, known)):
            return
        out, rare = leaving.draw(state, batch, temperature, price, self.rng.random())
        limit = state.length + allowed + rare + self._worth(state.size[new] - state.size[out])
        was = state.take(out)
        state.place(batch, new, found[1])
        if state.length > limit:
            state.take(new)
            state.place(batch, out, was)
            return
        self._was.setdefault(new, (-1, []))
        self._was.setdefault(out, (batch, was))
        leaving.exchanged(state, new)
        self._forget(out)
        self._remember(new)

    def _bring(self, batch: int, new: int, known: Known | None) -> None:
        """Try to take an order into the batch. Out of a full one another must go: home, or into its place."""
        state = self.state
        if new < 0 or (other := state.batch_of[new]) == batch:
            return
        full = state.full(batch)
        if full and other < 0:
            if self.goal is not None:
                self._exchange(batch, new, known)
            return
        allowed, came = self._allowed(), 0 if other >= 0 else state.size[new]
        saved = -state.loss(new) if other >= 0 else 0
        out, went = -1, 0
        if full:
            out, rare = self._leaving[batch].draw(state, batch, self.temperature, self._price(), self.rng.random())
            allowed += rare
            saved -= state.loss(out)
            went = state.size[out]
        dropped, swapped = self._worth(came - went), self._worth(came)
        limit = int(allowed + dropped + saved) + LEEWAY
        if not (found := state.quote(batch, new, limit, known)):
            return
        before = state.length
        was = state.take(new) if other >= 0 else []
        out_was = state.take(out) if out >= 0 else []
        placed = returned = False
        if other < 0 or (found := state.quote(batch, new, FAR)):
            state.place(batch, new, found[1])
            placed = True
            if out >= 0 and other >= 0:
                bound = FAR if self.goal is None else int(swapped - dropped)
                if found := state.quote(other, out, bound):
                    state.place(other, out, found[1])
                    returned = True
            kept = returned or out < 0
            if (kept or self.goal is not None) and state.length - before <= allowed + (
                swapped if kept else dropped
            ):
                self._was.setdefault(new, (other, was))
                if out >= 0:
                    self._was.setdefault(out, (batch, out_was))
                if not kept:
                    self._forget(out)
                if out >= 0:
                    self._leaving[batch].exchanged(state, new)
                if other < 0:
                    self._remember(new)
                return
        if returned:
            state.take(out)
        if placed:
            state.take(new)
        if out >= 0:
            state.place(batch, out, out_was)
        if other >= 0:
            state.place(other, new, was)

    def _remember(self, order: int) -> None:
        self._place_of[order] = len(self.chosen)
        self.chosen.append(order)

    def _forget(self, order: int) -> None:
        place, last = self._place_of.pop(order), self.chosen.pop()
        if last != order:
            self.chosen[place] = last
            self._place_of[last] = place

    def _drop(self, order: int) -> None:
        state = self.state
        limit = self._allowed() + self._worth(-state.size[order])
        if state.loss(order) > limit + LEEWAY:
            return
        batch, before = state.batch_of[order], state.length
        was = state.take(order)
        if state.length - before > limit:
            state.place(batch, order, was)
        else:
            self._was.setdefault(order, (batch, was))
            self._forget(order)

    def _reassign(self, order: int) -> None:
        """Try another source for one of the order's positions."""
        state, batch = self.state, self.state.batch_of[order]
        place = int(self.rng.random() * len(state.positions[order]))
        need, (source, tour) = state.positions[order][place], state.picks[order][place]
        if len(need.candidates) < 2:
            return
        allowed, before = self._allowed(), state.length
        others = [other for other, _ in state.picks[order]]
        if state.cheapest(batch, need, int(allowed - tour.removed(source)) + LEEWAY, others)[1] < 0:
            return
        state.leave(batch, need, source, tour)
        cost, better, target = state.cheapest(batch, need, FAR, others)
        if better >= 0 and state.length + cost - before <= allowed:
            self._was.setdefault(order, (batch, list(state.picks[order])))
            state.picks[order][place] = (better, state.visit(batch, need, better, target))
        else:
            state.picks[order][place] = (source, state.visit(batch, need, source, tour))
