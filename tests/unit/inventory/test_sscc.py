"""SSCCs that inventory issues."""

from hypothesis import given, settings
from hypothesis import strategies as some

from inventory.sscc import candidates
from shared.gs1 import CARTON_EXTENSION, require_sscc
from tests.support.lambda_process import lambda_process


@settings(max_examples=30)
@given(some.text(min_size=1, max_size=40))
def test_a_command_asks_for_the_same_ones_every_time_and_for_none_of_packings(command_id: str) -> None:
    with lambda_process("inventory", "handling_units"):
        drawn = list(candidates(command_id))
        assert drawn == list(candidates(command_id))
    assert len(drawn) > 25
    assert len(set(drawn)) == len(drawn)
    for sscc in drawn:
        assert require_sscc(sscc)[0] != CARTON_EXTENSION
