"""The switching rules: which lots lead from normal to tightened, reduced, discontinued and back."""

from receiving.aggregates import QUALITY
from receiving.domain.sampling import DISCONTINUED, NORMAL, REDUCED, TIGHTENED, Severity
from receiving.domain.switching import JudgeLot, LotJudged, Quality, SetSeverity, SeverityChanged
from shared.events import Event
from tests.support.scenarios import given


def lots(*conforming: bool, severity: Severity = NORMAL, score: int = 0) -> list[Event]:
    """The events of some lots, one after the other, from a new start."""
    events: list[Event] = []
    quality = Quality(severity=severity)
    for good in conforming:
        for event in QUALITY.decide(judge(f"{len(events):036d}", good, quality.severity, score), quality):
            events.append(event)
            quality = QUALITY.evolve(quality, event)
    return events


def judge(inspection: str, good: bool, severity: Severity, score: int = 0, allowed: bool = True) -> JudgeLot:
    return JudgeLot("ACME", "MUG", inspection.replace("x", "a"), severity, good, score, allowed)


def severity_after(*conforming: bool, start: Severity = NORMAL, score: int = 0) -> Severity:
    state = Quality(severity=start)
    for event in lots(*conforming, severity=start, score=score):
        state = QUALITY.evolve(state, event)
    return state.severity


def test_two_of_five_lots_not_accepted_tighten_the_inspection() -> None:
    assert severity_after(False, True, True, True, False) == TIGHTENED
    assert severity_after(False, False) == TIGHTENED


def test_two_lots_not_accepted_further_apart_do_not() -> None:
    assert severity_after(False, True, True, True, True, False) == NORMAL


def test_five_accepted_lots_in_a_row_lead_back_to_normal() -> None:
    assert severity_after(*[True] * 5, start=TIGHTENED) == NORMAL
    assert severity_after(True, True, True, True, False, True, start=TIGHTENED) == TIGHTENED


def test_five_lots_not_accepted_on_tightened_inspection_discontinue_it() -> None:
    assert severity_after(False, True, False, True, False, False, True, False, start=TIGHTENED) == DISCONTINUED


def test_a_switching_score_of_thirty_reduces_the_inspection() -> None:
    assert severity_after(*[True] * 10, score=3) == REDUCED
    assert severity_after(*[True] * 9, score=3) == NORMAL
    assert severity_after(*[True] * 15, score=2) == REDUCED


def test_a_lot_without_score_starts_the_score_again() -> None:
    assert severity_after(*[True] * 9, False, *[True] * 9, score=3) == NORMAL


def test_reduced_inspection_is_not_begun_where_the_plan_does_not_want_it() -> None:
    state = Quality(score=28)
    [event] = QUALITY.decide(judge("1" * 36, True, NORMAL, 2, allowed=False), state)
    assert isinstance(event, LotJudged)


def test_one_lot_not_accepted_ends_reduced_inspection() -> None:
    assert severity_after(True, False, start=REDUCED) == NORMAL


def test_a_lot_sampled_before_the_switch_does_not_count_after_it() -> None:
    tightened = SeverityChanged(supplier="ACME", sku="MUG", severity=TIGHTENED, reason="9.3.1")
    outcome = given(QUALITY, tightened).when(judge("2" * 36, False, NORMAL))
    assert outcome.state == Quality(severity=TIGHTENED, judged=("2" * 36,))


def test_the_same_lot_is_judged_once() -> None:
    judged = LotJudged(supplier="ACME", sku="MUG", inspection_id="3" * 36, severity=NORMAL, conforming=False)
    given(QUALITY, judged).when(judge("3" * 36, False, NORMAL)).then()


def test_a_person_resumes_a_discontinued_inspection_as_tightened_only() -> None:
    discontinued = SeverityChanged(supplier="ACME", sku="MUG", severity=DISCONTINUED, reason="9.4")
    outcome = given(QUALITY, discontinued).when(SetSeverity("ACME", "MUG", TIGHTENED, "New process"))
    outcome.then(SeverityChanged(supplier="ACME", sku="MUG", severity=TIGHTENED, reason="New process"))
    given(QUALITY, discontinued).when(SetSeverity("ACME", "MUG", NORMAL, "Please")).then_rejected("no-such-switch")
    given(QUALITY, discontinued).when(SetSeverity("ACME", "MUG", DISCONTINUED, "Same")).then()
