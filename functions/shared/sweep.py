"""Sweeps: a schedule looks after what has waited too long, one after the other, whatever becomes of another."""

from collections.abc import Callable, Iterable

from shared import telemetry

Work = tuple[str, Callable[[], object]]
"""Something to be done, and what it is about (a stream)."""


class SweepFailed(Exception):
    """Some could not be looked after; the next sweep finds them again."""


def sweep(
    work: Iterable[Work],
    *,
    waits: tuple[type[Exception], ...] = (),
    ends: tuple[type[Exception], ...] = (),
) -> None:
    """Do all of `work`. Raises SweepFailed when some of it failed, after everything was tried.

    An error of a kind in `waits` is none: what it met waits for the next sweep. One in `ends` ends the sweep, for
    all others would meet it too.
    """
    done = waiting = failed = 0
    for about, do in work:
        try:
            do()
            done += 1
        except ends as error:
            telemetry.warning("all wait", error=str(error))
            break
        except waits as error:
            waiting += 1
            telemetry.warning("waits", stream=about, error=f"{type(error).__name__}: {error}")
        except Exception as error:
            failed += 1
            telemetry.error("not looked after", stream=about, **telemetry.failure(error))
    telemetry.info("swept", done=done, waiting=waiting, failed=failed)
    if failed:
        raise SweepFailed(f"{failed} of {done + waiting + failed}")
