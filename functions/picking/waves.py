"""Waves: orders that wait are released to picking, by hand or by a rule."""

from typing import Annotated

from msgspec import Meta, Struct, structs

from picking.aggregates import WAVE, WAVE_RULE
from picking.contracts import (
    MAX_ORDERS_PER_WAVE,
    CarrierService,
    Composition,
    Criteria,
    ListLimits,
    Method,
    Priority,
    WaveId,
    Zone,
)
from picking.domain.wave import DescribeRule, RequestWave, Rule, TimeOfDay
from shared import clock
from shared.decider import execute
from shared.http_edge import Api, Request, Response
from shared.identifiers import DEFAULT_WAREHOUSE, Timestamp, WarehouseCode
from shared.rejection import PreconditionFailed, Unprocessable
from shared.resources import history

handler = Api()

RuleId = Annotated[
    str,
    Meta(
        pattern=r"^[a-z0-9][a-z0-9-]{0,39}$",
        description="A rule's name: 1 to 40 small letters, digits or dashes.",
        examples=["afternoon"],
    ),
]


class _Selection(Struct, frozen=True, forbid_unknown_fields=True):
    """Which of the orders that wait are released together, and how they are picked: see `Criteria`."""

    warehouse: WarehouseCode = DEFAULT_WAREHOUSE
    method: Method = "batch"
    min_priority: Priority = 0
    carrier_service: CarrierService | None = None
    zone: Zone | None = None
    composition: Composition | None = None
    max_orders: Annotated[int, Meta(ge=1, le=MAX_ORDERS_PER_WAVE)] = 100
    limits: ListLimits = ListLimits()


class NewWave(_Selection, frozen=True, forbid_unknown_fields=True):
    """Which of the orders that wait are released together, and how they are picked: see `Criteria`."""

    cut_off: Timestamp | None = None


class RuleDescription(_Selection, frozen=True, forbid_unknown_fields=True):
    """When waves are released: once `min_orders` wait, or the first of them for `max_wait_minutes`.

    `cut_off`: of orders that are to leave today by then, or were to leave before.
    """

    cut_off: TimeOfDay | None = None
    min_orders: Annotated[int, Meta(ge=1, le=MAX_ORDERS_PER_WAVE)] = 1
    max_wait_minutes: Annotated[int, Meta(ge=0, le=10_080)] = 30
    active: bool = True


class WaveReceipt(Struct, frozen=True):
    """The wave is asked for. GET /picking/waves/{id} tells which orders and lists it has got."""

    wave_id: WaveId
    status: str


@handler.route(
    "POST", "/picking/waves", scope="picking/write", returns=(202, WaveReceipt), rejects=(Unprocessable,)
)
def request_wave(request: Request, body: NewWave) -> Response:
    """Release orders that wait, the most urgent first. A wave that finds none has no lists."""
    wave_id = request.created_id()
    command = RequestWave(wave_id, Criteria(**structs.asdict(body)), clock.iso(clock.now()))
    outcome = execute(history(), WAVE, WAVE.stream_id(wave_id), request.command(command))
    receipt = WaveReceipt(wave_id, "requested")
    return Response(202, receipt, {"location": f"/picking/waves/{wave_id}"}, replayed=outcome.repeated)


@handler.route(
    "PUT",
    "/picking/wave-rules/{id}",
    scope="picking/write",
    returns=(200, Rule),
    rejects=(PreconditionFailed, Unprocessable),
)
def put_rule(request: Request, id: RuleId, body: RuleDescription) -> Response:
    """Make or change a rule. Each minute every active rule is looked at."""
    if body.cut_off is not None:
        from picking.daytime import require_time_zone

        require_time_zone(body.cut_off.time_zone, "cut_off.time_zone")
    described = structs.asdict(body)
    when = {name: described.pop(name) for name in ("min_orders", "max_wait_minutes", "active", "cut_off")}
    command = request.command(DescribeRule(id, Criteria(**described), **when))
    outcome = execute(history(), WAVE_RULE, WAVE_RULE.stream_id(id), command)
    return Response(200, outcome.stream.state, version=outcome.stream.sequence)
