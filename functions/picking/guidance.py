"""What a picker is shown of a list: position by position, where to go and what to take."""

from msgspec import Struct

from picking.domain.pick_list import LIST_DONE, OPEN, PickList, Progress, require_list


class Step(Struct, frozen=True, omit_defaults=True):
    """A position: go to `place`, take `units` of the product (of the lot, with the serials), into tote `slot`.

    `picked` were confirmed, `remaining` are still to be taken. `status` is open, picked, short or withdrawn.
    """

    position: int
    pick_id: str
    order_id: str
    line_id: str
    place: str
    sku: str
    units: int
    slot: int
    status: str
    picked: int = 0
    remaining: int = 0
    holding: str | None = None
    zone: str = ""
    lot: str | None = None
    expires_on: str | None = None
    serials: tuple[str, ...] = ()


class Guidance(Struct, frozen=True, omit_defaults=True):
    """A pick list in walking order, who has it, and the `next` position that is open; why it was `cancelled`."""

    list_id: str
    wave_id: str
    warehouse: str
    method: str
    status: str
    container: str
    walk_mm: int
    steps: tuple[Step, ...]
    zone: str = ""
    next: int | None = None
    operator: str | None = None
    until: str | None = None
    ship_by: str | None = None
    cancelled: str | None = None


def guidance(picklist: PickList, at: str) -> Guidance:
    """The list as it stands at `at`. Raises NotFound where there is none."""
    require_list(picklist)
    steps = tuple(_step(number, one) for number, one in enumerate(picklist.picks.values(), start=1))
    status = picklist.status(at)
    held = status != LIST_DONE and bool(picklist.operator)
    return Guidance(
        list_id=picklist.list_id,
        wave_id=picklist.wave_id,
        warehouse=picklist.warehouse,
        method=picklist.method,
        status=status,
        container=picklist.list_id,
        walk_mm=picklist.walk_mm,
        steps=steps,
        zone=picklist.zone,
        next=next((step.position for step in steps if step.status == OPEN), None),
        operator=picklist.operator if held else None,
        until=picklist.until if held else None,
        ship_by=picklist.ship_by,
        cancelled=picklist.cancelled or None,
    )


def _step(number: int, progress: Progress) -> Step:
    position = progress.position
    still_open = progress.status == OPEN
    return Step(
        position=number,
        pick_id=position.pick_id,
        order_id=position.order_id,
        line_id=position.line_id,
        place=position.place,
        sku=position.sku,
        units=position.units,
        slot=position.slot,
        status=progress.status,
        picked=progress.picked,
        remaining=progress.remaining if still_open else 0,
        holding=position.holding if position.holding != position.place else None,
        zone=position.zone,
        lot=position.lot,
        expires_on=position.expires_on,
        serials=progress.serials_left if still_open else (),
    )
