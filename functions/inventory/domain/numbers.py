"""Sets of numbers that mostly follow each other, kept as ranges: what has been seen, in little room for ever."""

Numbers = tuple[tuple[int, int], ...]
"""Ranges (first, last), in order, none touching another."""


def has(numbers: Numbers, number: int) -> bool:
    """Whether `number` is among them."""
    return any(first <= number <= last for first, last in numbers)


def adding(numbers: Numbers, number: int) -> Numbers:
    """`numbers` and `number`."""
    if has(numbers, number):
        return numbers
    merged: list[tuple[int, int]] = []
    for first, last in sorted((*numbers, (number, number))):
        if merged and first <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(merged[-1][1], last))
        else:
            merged.append((first, last))
    return tuple(merged)
