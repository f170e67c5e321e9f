"""Times of day where people work, and which moment each of them is today."""

from datetime import datetime, time
from zoneinfo import ZoneInfo

from picking.domain.wave import TimeOfDay
from shared import clock
from shared.rejection import Unprocessable


def require_time_zone(name: str, field: str) -> None:
    """Raise Unprocessable where there is no time zone of that name."""
    try:
        ZoneInfo(name)
    except (KeyError, OSError, ValueError) as problem:  # an unknown one, a group of zones, or no name at all
        raise Unprocessable(
            f"There is no time zone {name}.",
            field=field,
            value=name,
            remedy="Name one of the IANA time zone database: Europe/Berlin, America/New_York, UTC.",
            code="unknown-time-zone",
        ) from problem


def today_at(daily: TimeOfDay, now: datetime) -> str:
    """The moment when it is that time on the day that it is there at `now`.

    A time that clocks skip on that day comes as much later as they skip; of one that they show twice, the first.
    """
    zone = ZoneInfo(daily.time_zone)
    today = now.astimezone(zone).date()
    return clock.iso(datetime.combine(today, time.fromisoformat(daily.time), zone))
