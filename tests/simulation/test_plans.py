"""Plans drawn by Hypothesis itself: what fails is shrunk by it."""

from hypothesis import HealthCheck, Phase, find, given, settings

from tests.simulation.planted import saga_without_compensation
from tests.simulation.run import simulate, told
from tests.simulation.strategies import Plan, plans

REPRODUCIBLE = settings(
    derandomize=True,
    database=None,
    deadline=None,
    max_examples=40,
    suppress_health_check=list(HealthCheck),
    print_blob=True,
)


@REPRODUCIBLE
@given(plans())
def test_everything_holds_whatever_people_do_and_whatever_the_weather(plan: Plan) -> None:
    report = simulate(plan)

    assert report.violation is None, told(plan, report)


def test_what_breaks_a_rule_is_shrunk_to_a_few_actions_without_faults() -> None:
    plan = find(
        plans(),
        lambda found: simulate(found, saga_without_compensation, tracing=False).violation is not None,
        settings=settings(REPRODUCIBLE, max_examples=300, phases=(Phase.generate, Phase.shrink)),
    )

    assert len(plan.actions) <= 8, plan
    assert plan.weather.weight == 0 or not plan.weather.enabled
