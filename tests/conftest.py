"""How the tests are shared out between two processes."""

import pytest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep the tests of a file together, and all end-to-end tests: one deployed cloud serves them.

    They take longest and begin first; otherwise one process would wait for them at the end.
    """
    items.sort(key=lambda item: not _is_end_to_end(item))
    for item in items:
        item.add_marker(pytest.mark.xdist_group("e2e" if _is_end_to_end(item) else str(item.path)))


def _is_end_to_end(item: pytest.Item) -> bool:
    return item.path.parent.name == "e2e"
