"""The decisions of a holding: which rules answer which command."""

from collections.abc import Callable, Sequence
from typing import Any

from msgspec import Struct

from inventory.domain import allocation, movement, outbound, stock
from inventory.domain.holding import Holding
from shared.events import Event

_RULES: dict[type[Struct], Callable[[Any, Holding], Sequence[Event]]] = {
    stock.AdjustStock: stock.adjust,
    stock.ReceiveGoods: stock.receive,
    stock.CountStock: stock.count,
    stock.ChangeStatus: stock.change_status,
    stock.WithdrawLot: outbound.recall,
    stock.WithdrawExpired: stock.withdraw_expired,
    stock.ApplyInspection: stock.apply_inspection,
    movement.DepartStock: movement.depart,
    movement.ArriveStock: movement.arrive,
    movement.TakeSpace: movement.take_space,
    movement.ExpectUnit: movement.expect_unit,
    movement.SettleUnit: movement.settle_unit,
    movement.ReleaseUnit: movement.release_unit,
    movement.ReleaseSpace: movement.release_space,
    movement.CreateUnit: movement.create_unit,
    movement.MoveUnit: movement.move_unit,
    movement.SendContainer: movement.send,
    movement.LandContainer: movement.land,
    allocation.AllocateUnits: allocation.allocate,
    allocation.DeallocateUnits: allocation.deallocate,
    outbound.PickStock: outbound.pick,
    outbound.CollectStock: outbound.collect,
    outbound.PackStock: outbound.pack,
    outbound.RejectStock: outbound.reject,
    outbound.FillCarton: outbound.fill,
    outbound.ShipStock: outbound.ship,
}


def decide(command: Struct, holding: Holding) -> Sequence[Event]:
    """What follows from `command`. Raises the rejections of its rule; KeyError for what is no command here."""
    return _RULES[type(command)](command, holding)
