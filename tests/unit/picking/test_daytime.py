"""A time of day in a place is another moment each day, also when clocks are changed there."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from picking.daytime import require_time_zone, today_at
from picking.domain.wave import TimeOfDay
from shared.rejection import Unprocessable


@pytest.mark.parametrize(
    ("daily", "now", "moment"),
    [
        (("16:00", "Europe/Berlin"), "2026-01-31T09:30", "2026-01-31T15:00"),
        (("16:00", "Europe/Berlin"), "2026-01-31T22:59", "2026-01-31T15:00"),
        (("16:00", "Europe/Berlin"), "2026-01-31T23:00", "2026-02-01T15:00"),
        (("16:00", "America/New_York"), "2026-02-01T04:59", "2026-01-31T21:00"),
        (("16:00", "America/New_York"), "2026-02-01T05:00", "2026-02-01T21:00"),
        (("16:00", "Pacific/Auckland"), "2026-01-31T11:00", "2026-02-01T03:00"),
        (("16:00", "Asia/Kolkata"), "2026-01-31T18:30", "2026-02-01T10:30"),
        (("16:00", "Europe/Berlin"), "2026-03-28T12:00", "2026-03-28T15:00"),
        (("16:00", "Europe/Berlin"), "2026-03-29T00:30", "2026-03-29T14:00"),
        (("02:30", "Europe/Berlin"), "2026-03-29T12:00", "2026-03-29T01:30"),
        (("16:00", "Europe/Berlin"), "2026-10-25T00:30", "2026-10-25T15:00"),
        (("02:30", "Europe/Berlin"), "2026-10-25T12:00", "2026-10-25T00:30"),
        (("00:00", "UTC"), "2026-01-31T23:59", "2026-01-31T00:00"),
    ],
)
def test_it_is_the_moment_of_the_day_that_it_is_there(daily: tuple[str, str], now: str, moment: str) -> None:
    at = datetime.fromisoformat(now).replace(tzinfo=UTC)
    assert today_at(TimeOfDay(*daily), at) == f"{moment}:00.000Z"


@given(
    st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC)),
    st.times(),
    st.sampled_from(["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia", "UTC"]),
)
def test_it_is_less_than_a_day_and_an_hour_away_and_never_goes_back(
    now: datetime, time: object, zone: str
) -> None:
    daily = TimeOfDay(str(time)[:5], zone)
    then = datetime.fromisoformat(today_at(daily, now))
    assert abs((then - now).total_seconds()) <= 25 * 3_600
    later = datetime.fromisoformat(today_at(daily, now.replace(year=now.year + 1, day=1)))
    assert later > then


@pytest.mark.parametrize("name", ["Europe/Bielefeld", "Europe", "../etc/passwd"])
def test_only_time_zones_that_there_are_can_be_named(name: str) -> None:
    require_time_zone("Europe/Berlin", "cut_off.time_zone")
    with pytest.raises(Unprocessable) as refused:
        require_time_zone(name, "cut_off.time_zone")
    assert (refused.value.code, refused.value.field, refused.value.value) == (
        "unknown-time-zone",
        "cut_off.time_zone",
        name,
    )
