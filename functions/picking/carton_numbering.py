"""The SSCCs that packing gives to cartons: counted, never drawn, and with a range of their own."""

from collections import deque
from functools import cache

from picking.domain.carton_numbers import NumbersTaken, TakeNumbers
from picking.packing_aggregates import CARTON_NUMBERS
from shared import ids
from shared.decider import Command, execute
from shared.environment import environment
from shared.events import originating
from shared.gs1 import CARTON_EXTENSION, serial_digits, sscc
from shared.resources import history

BLOCK = 500
"""Cartons per write; a process that ends wastes fewer than that, of a thousand million."""


@cache
def _numbers() -> deque[int]:
    """What this process has left of the blocks that it took."""
    return deque()


def new_ssccs(count: int) -> list[str]:
    """So many SSCCs, each given out once. Raises Contended, Unavailable."""
    prefix = environment().gs1_company_prefix
    digits = serial_digits(prefix)
    numbers = _numbers()
    while len(numbers) < count:
        numbers.extend(_block(prefix, max(BLOCK, count)))
    return [sscc(prefix, CARTON_EXTENSION, f"{numbers.popleft() % 10**digits:0{digits}d}") for _ in range(count)]


def _block(prefix: str, count: int) -> range:
    command = Command(TakeNumbers(count), originating(ids.new_id(), actor="stowage.picking"))
    outcome = execute(history(), CARTON_NUMBERS, CARTON_NUMBERS.stream_id(prefix), command)
    [taken] = (event for event in outcome.events if isinstance(event, NumbersTaken))
    return range(taken.first, taken.first + taken.count)
