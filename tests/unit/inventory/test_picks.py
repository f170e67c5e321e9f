"""Which units a line gets: turns, whole handling units, few places; never more than wanted, nor than is free."""

from hypothesis import given
from hypothesis import strategies as st

from inventory.domain.picks import NEVER, Candidate, Need, Share, missing, plan

TODAY = "2026-02-01"


def lying(holding: str, free: int, expires_on: str | None = None, **more: object) -> Candidate:
    """Free units of MILK in a place."""
    known: dict[str, object] = {"place": holding, "received_at": "2026-01-10T08:00:00.000Z"}
    return Candidate(holding, "MILK", free, expires_on=expires_on, **known | more)  # type: ignore[arg-type]


def planned(
    units: int, *candidates: Candidate, avoid: tuple[str, ...] = (), doubtful: tuple[str, ...] = ()
) -> list[tuple[str, int]]:
    """Where a line of `units` gets its units."""
    need = Need("1", "MILK", units, avoid, doubtful)
    return [(share.holding, share.units) for share in plan([need], candidates, TODAY)]


def test_what_expires_first_goes_first() -> None:
    assert planned(8, lying("late", 9, "2026-09-01"), lying("soon", 5, "2026-03-01")) == [("soon", 5), ("late", 3)]


def test_what_came_first_goes_first_when_nothing_expires() -> None:
    older = lying("older", 5, received_at="2026-01-02T08:00:00.000Z")
    assert planned(6, lying("newer", 9), older) == [("older", 5), ("newer", 1)]


def test_expired_units_stay_where_they_are() -> None:
    assert planned(5, lying("expired", 9, "2026-01-31"), lying("today", 2, TODAY)) == [("today", 2)]


def test_a_whole_handling_unit_goes_before_loose_units_when_the_line_needs_all_of_it() -> None:
    pallet = lying("106141412345678908", 48, unit_total=48)
    assert planned(50, lying("face", 60), pallet) == [("106141412345678908", 48), ("face", 2)]


def test_a_handling_unit_is_not_broken_while_loose_units_last() -> None:
    pallet = lying("106141412345678908", 48, unit_total=48)
    assert planned(30, pallet, lying("face", 30)) == [("face", 30)]


def test_a_handling_unit_with_other_goods_on_it_is_not_whole() -> None:
    mixed = lying("106141412345678908", 10, unit_total=48)
    assert planned(10, mixed, lying("face", 10)) == [("face", 10)]


def test_one_place_that_has_all_goes_before_several_that_have_some() -> None:
    assert planned(10, lying("some", 7), lying("others", 8), lying("all", 12)) == [("all", 10)]


def test_an_order_stays_in_the_zones_it_goes_to_anyway() -> None:
    lines = [Need("1", "MILK", 2), Need("2", "BREAD", 2)]
    bread = [Candidate("A-2", "BREAD", 5, "A-2", zone="A"), Candidate("B-2", "BREAD", 5, "B-2", zone="B")]
    assert plan(lines, [*bread, Candidate("B-1", "MILK", 5, "B-1", zone="B")], TODAY) == [
        Share("1", "B-1", 2),
        Share("2", "B-2", 2),
    ]


def test_where_a_picker_found_too_little_is_gone_to_last_even_for_what_expires_first() -> None:
    soon, late = lying("doubted", 9, "2026-03-01"), lying("other", 3, "2026-09-01")
    assert planned(5, soon, late, doubtful=("doubted",)) == [("other", 3), ("doubted", 2)]


def test_holdings_that_had_less_than_they_should_are_avoided() -> None:
    assert planned(5, lying("empty", 9), lying("other", 3), avoid=("empty",)) == [("other", 3)]


def test_two_lines_of_one_product_share_what_is_there() -> None:
    needs = [Need("1", "MILK", 4), Need("2", "MILK", 4)]
    shares = plan(needs, [lying("place", 6)], TODAY)
    assert shares == [Share("1", "place", 4), Share("2", "place", 2)]
    assert missing(needs, shares) == {"2": 2}


CANDIDATES = st.lists(
    st.builds(
        Candidate,
        holding=st.sampled_from(["A", "B", "C", "106141412345678908", "106141412345678915"]),
        sku=st.sampled_from(["MILK", "BREAD"]),
        free=st.integers(0, 20),
        place=st.just("P"),
        zone=st.sampled_from(["X", "Y"]),
        lot=st.sampled_from([None, "L1", "L2", "L3"]),
        expires_on=st.sampled_from([None, "2026-01-15", TODAY, "2026-05-01", "2026-06-01"]),
        received_at=st.sampled_from([None, "2026-01-01T00:00:00.000Z", "2026-01-02T00:00:00.000Z"]),
        unit_total=st.sampled_from([0, 0, 5, 20]),
    ),
    max_size=12,
    unique_by=lambda one: (one.holding, one.sku, one.lot, one.expires_on),
)
NEEDS = st.lists(
    st.builds(Need, line_id=st.just("0"), sku=st.sampled_from(["MILK", "BREAD"]), units=st.integers(1, 40)),
    max_size=4,
).map(lambda needs: [Need(str(number), need.sku, need.units) for number, need in enumerate(needs, 1)])


@given(NEEDS, CANDIDATES)
def test_no_line_gets_more_than_it_needs_and_no_holding_gives_more_than_is_free(
    needs: list[Need], candidates: list[Candidate]
) -> None:
    shares = plan(needs, candidates, TODAY)
    sku = {need.line_id: need.sku for need in needs}
    for need in needs:
        assert sum(share.units for share in shares if share.line_id == need.line_id) <= need.units
    for holding in {share.holding for share in shares}:
        for product in ("MILK", "BREAD"):
            given_away = sum(s.units for s in shares if s.holding == holding and sku[s.line_id] == product)
            sellable = [one for one in candidates if (one.expires_on or NEVER) >= TODAY]
            free = sum(one.free for one in sellable if (one.holding, one.sku) == (holding, product))
            assert given_away <= free


@given(NEEDS, CANDIDATES)
def test_a_line_is_short_only_when_nothing_is_left(needs: list[Need], candidates: list[Candidate]) -> None:
    shares = plan(needs, candidates, TODAY)
    lacking = missing(needs, shares)
    for product in ("MILK", "BREAD"):
        there = sum(one.free for one in candidates if one.sku == product and (one.expires_on or NEVER) >= TODAY)
        wanted = sum(need.units for need in needs if need.sku == product)
        short = sum(lacking.get(need.line_id, 0) for need in needs if need.sku == product)
        assert short == max(0, wanted - there)


@given(st.integers(1, 60), CANDIDATES)
def test_no_unit_is_taken_while_one_whose_turn_comes_before_is_left(
    units: int, candidates: list[Candidate]
) -> None:
    """A holding gives the units first whose turn comes first, so a share says which units it means."""
    milk = [one for one in candidates if one.sku == "MILK" and one.free and (one.expires_on or NEVER) >= TODAY]
    shares = plan([Need("1", "MILK", units)], milk, TODAY)
    taken: list[tuple[str, str]] = []
    left: list[tuple[str, str]] = []
    given_by = {share.holding: share.units for share in shares}
    for one in sorted(milk, key=lambda one: one.turn):
        here = min(one.free, given_by.get(one.holding, 0))
        given_by[one.holding] = given_by.get(one.holding, 0) - here
        if here:
            taken.append(one.turn)
        if here < one.free:
            left.append(one.turn)
    assert not taken or not left or max(taken) <= min(left)


@given(st.integers(1, 60), CANDIDATES)
def test_a_whole_handling_unit_is_taken_or_none_of_its_turn_fits(units: int, candidates: list[Candidate]) -> None:
    same_turn = [
        Candidate(
            one.holding, "MILK", one.free, "P", one.zone, one.lot, unit_total=one.free if one.unit_total else 0
        )
        for one in {one.holding: one for one in candidates if one.free}.values()
    ]
    taken = {share.holding: share.units for share in plan([Need("1", "MILK", units)], same_turn, TODAY)}
    loose = sum(taken.get(one.holding, 0) for one in same_turn if not one.unit_total)
    for unit in same_turn:
        if unit.unit_total and unit.holding not in taken:
            assert loose < unit.free, "loose units were taken where a whole unit would have fit"
