"""SSCCs of cartons: valid, ours, and each given out once, whoever asks when."""

from collections.abc import Iterator

import pytest
from moto import mock_aws

from picking import carton_numbering
from picking.carton_numbering import BLOCK, new_ssccs
from shared import aws
from shared.gs1 import CARTON_EXTENSION, require_sscc
from shared.rejection import Unavailable
from tests.support.faults import counting, losing_answers
from tests.support.lambda_process import lambda_process
from tests.support.tables import create_events_table


@pytest.fixture(autouse=True)
def process() -> Iterator[None]:
    carton_numbering._numbers.cache_clear()
    with mock_aws(), lambda_process("picking", "packing", events_table="picking-events"):
        create_events_table(aws.dynamodb(), "picking-events")
        yield
    carton_numbering._numbers.cache_clear()


def another_process() -> None:
    carton_numbering._numbers.cache_clear()


def test_every_number_is_given_out_once_across_processes() -> None:
    given: list[str] = []
    for _ in range(4):
        another_process()
        given += new_ssccs(3) + new_ssccs(1)
    given += new_ssccs(BLOCK + 7)
    assert len(set(given)) == len(given)
    for sscc in given:
        assert require_sscc(sscc).startswith(f"{CARTON_EXTENSION}0614141")


def test_a_block_costs_one_write_and_lasts() -> None:
    with counting(aws.dynamodb()) as traffic:
        for _ in range(BLOCK):
            new_ssccs(1)
    assert traffic.asked("PutItem") == 1


def test_a_block_whose_answer_was_lost_is_nobodys() -> None:
    first = new_ssccs(1)
    another_process()
    with losing_answers(aws.dynamodb(), "PutItem"), pytest.raises(Unavailable):
        new_ssccs(1)
    another_process()
    assert not set(new_ssccs(BLOCK)) & set(first)
