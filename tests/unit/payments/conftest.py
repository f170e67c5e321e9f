"""The payments service, deployed once per test module: every test uses orders of its own."""

from collections.abc import Iterator

import pytest

from tests.unit.payments.payments_cloud import PaymentsCloud, payments_cloud


@pytest.fixture(scope="module")
def cloud() -> Iterator[PaymentsCloud]:
    with payments_cloud() as deployed:
        yield deployed
