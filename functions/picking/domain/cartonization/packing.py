"""Cartonization: few cartons, then little void, always the same answer to the same question.

A carton is filled by guillotine cuts: an item goes into the corner of a free cuboid, and what is left of it is cut
into the cuboids above, beside and before it. Free cuboids are disjoint and stand on the floor or on the top of one
item, so nothing overlaps and everything is fully supported. Items go in by falling size, fragile ones last;
several orders and cuts compete. Of few items every division among cartons is looked at, each share in the smallest
carton that it is found to fit in; of many the best of some tries is taken.

The problem is NP-hard (three-dimensional bin packing: Martello, Pisinger and Vigo 2000); the effort is limited by
counting, not by time, so that a slow machine packs as well as a fast one.
"""

import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from copy import copy
from itertools import combinations_with_replacement, groupby, islice, pairwise, permutations, product
from math import prod

from picking.domain.cartonization.model import Carton, CartonType, Item, Oversize, Packing, Placement, Size

EFFORT = 60_000
"""Looks at a free cuboid per call, after which the first good answer stands. About 40 ms of CPU."""
TRIES = 200
MOST_SHARES = 128
"""Up to so many ways to take some of the items, every way to divide them among cartons is looked at."""
FEW = 30
CHOICES = 2_000
"""For up to `FEW` items so many choices of carton kinds are looked at for less void."""

Share = tuple[int, ...]
Sort = tuple[Size, int, bool, bool]
Order = Callable[[Item], tuple[int, ...]]
ORDERS: tuple[Order, ...] = (
    lambda item: (-item.volume,),
    lambda item: (-max(item.size), -item.volume),
    lambda item: (-item.size[0] * item.size[1], -item.size[2]),
    lambda item: (-item.size[2], -item.volume),
    lambda item: (-item.weight, -item.volume),
)
RULES = tuple((order, wide) for wide in (True, False) for order in ORDERS)


class _Space:
    """A free cuboid; `bearers` are the fragile items under it, by their place in `_Filling.bears`."""

    __slots__ = ("bearers", "corner", "size")

    def __init__(self, corner: Size, size: Size, bearers: tuple[int, ...]) -> None:
        self.corner, self.size, self.bearers = corner, size, bearers


class _Filling:
    """One carton while it is being filled."""

    def __init__(self, kind: CartonType, wide: bool) -> None:
        self.kind, self.wide = kind, wide
        self.spaces = [_Space((0, 0, 0), kind.size, ())]
        self.bears: list[int] = []
        self.weight = self.volume = self.looks = 0
        self.placed: list[tuple[Item, Placement]] = []

    def put(self, item: Item) -> bool:
        """Place the item where it fits best: low, then with little left beside it. False when it fits nowhere."""
        if self.weight + item.weight > self.kind.max_weight:
            return False
        best: tuple[int, int, int, int] | None = None
        found: tuple[int, Size] | None = None
        turns = _turns(item)
        for number, space in enumerate(self.spaces):
            self.looks += 1
            length, width, height = space.size
            if space.bearers and not (
                item.fragile and all(self.bears[bearer] >= item.weight for bearer in space.bearers)
            ):
                continue
            for turn in turns:
                over, beside = length - turn[0], width - turn[1]
                if over < 0 or beside < 0 or turn[2] > height:
                    continue
                score = (space.corner[2], min(over, beside), turn[2], over + beside)
                if best is None or score < best:
                    best, found = score, (number, turn)
        if found is None:
            return False
        self._place(item, self.spaces.pop(found[0]), found[1])
        return True

    def _place(self, item: Item, space: _Space, turn: Size) -> None:
        x, y, z = space.corner
        length, width, height = space.size
        for bearer in space.bearers:
            self.bears[bearer] -= item.weight
        above = space.bearers
        if item.fragile:
            above = (*above, len(self.bears))
            self.bears.append(item.weight)
        over, beside = length - turn[0], width - turn[1]
        whole = (over >= beside) == self.wide
        self.spaces += [
            free
            for free in (
                _Space((x, y, z + turn[2]), (turn[0], turn[1], height - turn[2]), above),
                _Space((x + turn[0], y, z), (over, width if whole else turn[1], height), space.bearers),
                _Space((x, y + turn[1], z), (turn[0] if whole else length, beside, height), space.bearers),
            )
            if min(free.size) > 0
        ]
        self.weight += item.weight
        self.volume += item.volume
        self.placed.append((item, Placement(item.id, space.corner, turn)))

    def with_items(self, items: Iterable[Item]) -> "_Filling":
        """The same with other items that are like those that lie in it."""
        found: dict[Sort, list[Item]] = {}
        for item in items:
            found.setdefault(_sort(item), []).append(item)
        filling = copy(self)
        filling.placed = [
            (other, Placement(other.id, placement.corner, placement.size))
            for item, placement in self.placed
            for other in (found[_sort(item)].pop(),)
        ]
        return filling

    def carton(self) -> Carton:
        """What it is in the end."""
        return Carton(self.kind.id, tuple(placement for _, placement in self.placed), self.weight)


class _Effort:
    """What may still be spent on better answers."""

    def __init__(self, looks: int) -> None:
        self.left, self.reserve = looks, looks // 3

    def fill(
        self, kind: CartonType, items: Sequence[Item], rule: tuple[Order, bool], *, all_of_them: bool
    ) -> _Filling | None:
        """A carton with what fits of the items; None when all were to fit and one does not."""
        order, wide = rule
        filling = _Filling(kind, wide)
        unfit: set[Sort] = set()
        for item in sorted(items, key=lambda item: (item.fragile, *order(item), item.id)):
            if _sort(item) in unfit or not filling.put(item):
                if all_of_them:
                    self.left -= filling.looks
                    return None
                unfit.add(_sort(item))
        self.left -= filling.looks
        return filling


def pack(items: Iterable[Item], cartons: Sequence[CartonType], *, effort: int = EFFORT) -> Packing:
    """The cartons for one order. Items that no carton holds are named in `own_carton`.

    Raises ValueError when two items share an id.
    """
    pieces = sorted(items, key=lambda item: item.id)
    if repeated := next((a.id for a, b in pairwise(pieces) if a.id == b.id), None):
        raise ValueError(f"two items are called {repeated}; number the pieces of a line")
    kinds = sorted(cartons, key=lambda kind: (kind.volume, kind.id))
    own = tuple(Oversize(item.id, reason) for item in pieces if (reason := _why_not(item, kinds)))
    named = {oversize.item for oversize in own}
    packable = sorted((item for item in pieces if item.id not in named), key=lambda item: item.hazard_class or "")
    groups = [list(group) for _, group in groupby(packable, key=lambda item: item.hazard_class or "")]
    packed: list[_Filling] = []
    for group in groups:
        packed += _packed(group, kinds, _Effort(effort * len(group) // max(1, len(packable))))
    void = sum(filling.kind.volume - filling.volume for filling in packed)
    return Packing(tuple(filling.carton() for filling in packed), own, void)


def least_cartons(items: Sequence[Item], cartons: Sequence[CartonType]) -> int:
    """By volume, weight and hazard class: no packing of the items (all packable) has fewer cartons."""
    total = 0
    room = max((kind.volume for kind in cartons), default=1)
    strength = max((kind.max_weight for kind in cartons), default=1)
    for hazard in {item.hazard_class for item in items}:
        group = [item for item in items if item.hazard_class == hazard]
        volume, weight = sum(item.volume for item in group), sum(item.weight for item in group)
        total += max(1, -(-volume // room), -(-weight // strength))
    return total


def _packed(items: list[Item], kinds: Sequence[CartonType], effort: _Effort) -> list[_Filling]:
    """The items of one hazard class: one carton, every way to divide few of them, or the best of some tries."""
    if single := _smallest(items, kinds, effort):
        return [single]
    divided = _divided(items, kinds, effort)
    tried = _tried(items, kinds, effort)
    return min(divided, tried, key=_measure) if divided else tried


def _tried(items: list[Item], kinds: Sequence[CartonType], effort: _Effort) -> list[_Filling]:
    """The fewest cartons of all tries, each then made as small as it can be, or all of them together."""
    least = least_cartons(items, kinds)
    best = _filled(items, kinds, effort, RULES[0])
    for rule in (*RULES[1:], *_shuffled(items)):
        if len(best) <= max(2, least) or effort.left <= effort.reserve:
            break
        best = min(best, _filled(items, kinds, effort, rule), key=_measure)
    shrunk = [_smallest([item for item, _ in filling.placed], kinds, effort) or filling for filling in best]
    return (_smaller(items, kinds, effort, shrunk) if len(items) <= FEW else None) or shrunk


def _smaller(
    items: Sequence[Item], kinds: Sequence[CartonType], effort: _Effort, best: Sequence[_Filling]
) -> list[_Filling] | None:
    """As many cartons with less void in all, looked for among other kinds, the least void first."""
    _, room = _measure(best)
    volume, weight = sum(item.volume for item in items), sum(item.weight for item in items)
    choices = islice(combinations_with_replacement(reversed(kinds), len(best)), CHOICES)
    enough = [
        choice
        for choice in choices
        if volume <= sum(kind.volume for kind in choice) < room and weight <= sum(k.max_weight for k in choice)
    ]
    for choice in sorted(enough, key=lambda choice: sum(kind.volume for kind in choice)):
        for rule in RULES:
            if effort.left <= 0:
                return None
            left, done = list(items), []
            for kind in choice:
                if (filling := effort.fill(kind, left, rule, all_of_them=False)) is not None:
                    packed = {item.id for item, _ in filling.placed}
                    left = [item for item in left if item.id not in packed]
                    done.append(filling)
            if not left:
                return [filling for filling in done if filling.placed]
    return None


def _divided(items: Sequence[Item], kinds: Sequence[CartonType], effort: _Effort) -> list[_Filling] | None:
    """The fewest cartons, then the least void, of all ways to divide the items; None where those are too many.

    A share of the items is so many of each sort that are alike. What one carton holds of them is known of each
    share, so the best division of a share is its best first carton and the best division of the rest.
    """
    sorts = [list(group) for _, group in groupby(sorted(items, key=_sort), key=_sort)]
    if prod(len(sort) + 1 for sort in sorts) > MOST_SHARES:
        return None
    singles: dict[Share, _Filling] = {}
    best: dict[Share, tuple[int, int, Share]] = {}
    whole = tuple(len(sort) for sort in sorts)
    for share in _shares(whole):
        if not any(share):
            best[share] = (0, 0, share)
            continue
        fewer = [(*share[:n], number - 1, *share[n + 1 :]) for n, number in enumerate(share) if number]
        if share != whole and all(part in singles or not any(part) for part in fewer):
            pieces = [item for sort, number in zip(sorts, share, strict=True) for item in sort[:number]]
            if (filling := _smallest(pieces, kinds, effort)) is not None:
                singles[share] = filling
        first = next(n for n, number in enumerate(share) if number)
        ways: list[tuple[int, int, Share]] = []
        for part in _shares(share):
            if part[first] and part in singles:
                cartons, room, _ = best[_less(share, part)]
                ways.append((cartons + 1, room + singles[part].kind.volume, part))
        best[share] = min(ways)
    done: list[_Filling] = []
    left = whole
    while any(left):
        part = best[left][2]
        items = [sort.pop() for sort, number in zip(sorts, part, strict=True) for _ in range(number)]
        done.append(singles[part].with_items(items))
        left = _less(left, part)
    return done


def _shares(whole: Share) -> Iterator[Share]:
    """Every share of a whole, each behind those that are part of it."""
    return product(*(range(number + 1) for number in whole))


def _less(share: Share, part: Share) -> Share:
    return tuple(a - b for a, b in zip(share, part, strict=True))


def _sort(item: Item) -> Sort:
    return item.size, item.weight, item.upright, item.fragile


def _shuffled(items: Sequence[Item]) -> Iterator[tuple[Order, bool]]:
    """Further orders, by volumes that are a third off at random: other tries, the same ones every time."""
    rng = random.Random(len(items))
    for n in range(TRIES):
        seeming = {item.id: int(item.volume * rng.uniform(0.67, 1.5)) for item in items}
        yield lambda item, seeming=seeming: (-seeming[item.id],), n % 2 == 0  # type: ignore[misc]


def _filled(
    items: Sequence[Item], kinds: Sequence[CartonType], effort: _Effort, rule: tuple[Order, bool]
) -> list[_Filling]:
    """Carton after carton, each of the kind that takes the most of what is left."""
    left, done = list(items), []
    while left:
        fillings = [effort.fill(kind, left, rule, all_of_them=False) for kind in _outermost(kinds)]
        fullest = max((f for f in fillings if f and f.placed), key=lambda f: (f.volume, -f.kind.volume, f.kind.id))
        packed = {item.id for item, _ in fullest.placed}
        left = [item for item in left if item.id not in packed]
        done.append(fullest)
    return done


def _smallest(items: Sequence[Item], kinds: Sequence[CartonType], effort: _Effort) -> _Filling | None:
    """The smallest carton that holds all of the items, if one does."""
    volume, weight = sum(item.volume for item in items), sum(item.weight for item in items)
    for kind in kinds:
        if kind.volume < volume or kind.max_weight < weight or any(not _fits(item, kind) for item in items):
            continue
        for n, rule in enumerate(RULES):
            if n and effort.left <= 0:
                break
            if filling := effort.fill(kind, items, rule, all_of_them=True):
                return filling
    return None


def _measure(fillings: Sequence[_Filling]) -> tuple[int, int]:
    return len(fillings), sum(filling.kind.volume for filling in fillings)


def _outermost(kinds: Sequence[CartonType]) -> list[CartonType]:
    """The kinds that no larger kind replaces."""
    return [
        kind
        for n, kind in enumerate(kinds)
        if not any(
            other.max_weight >= kind.max_weight
            and all(a >= b for a, b in zip(_stood(other), _stood(kind), strict=True))
            for other in kinds[n + 1 :]
        )
    ]


def _stood(kind: CartonType) -> Size:
    length, width, height = kind.size
    return max(length, width), min(length, width), height


def _turns(item: Item) -> tuple[Size, ...]:
    length, width, height = item.size
    if item.upright:
        return (
            ((length, width, height),) if length == width else ((length, width, height), (width, length, height))
        )
    return tuple(sorted({(turn[0], turn[1], turn[2]) for turn in permutations(item.size)}))


def _fits(item: Item, kind: CartonType) -> bool:
    return any(all(a <= b for a, b in zip(turn, kind.size, strict=True)) for turn in _turns(item))


def _why_not(item: Item, kinds: Sequence[CartonType]) -> str:
    fitting = [kind for kind in kinds if _fits(item, kind)]
    if not fitting:
        return "larger than every carton"
    strongest = max(kind.max_weight for kind in fitting)
    return "" if item.weight <= strongest else f"heavier than the {strongest} g that a carton of its size holds"
