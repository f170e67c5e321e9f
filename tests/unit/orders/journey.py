"""An order on its way through the domain: released, allocated, packed, sent, as far as a test needs it."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from msgspec import Struct

from orders.aggregates import ORDER
from orders.contracts import Carton, FulfilmentStalled, OrderLine, Pick, UnitsOfLine
from orders.domain.commands import (
    NoteAllocatedLine,
    NoteAuthorization,
    NoteCapture,
    NoteDelivery,
    NoteDispatch,
    NoteLabels,
    NotePacked,
    NotePicked,
    NotePickingStarted,
    NoteReservedLine,
    PlaceOrder,
    ReleaseOrder,
)
from orders.domain.order import Order
from orders.domain.states import STALLED_TIME
from shared.address import Address
from shared.clock import iso
from shared.events import Event
from tests.support.scenarios import Given, given

E = TypeVar("E", bound=Event)

ID = "7d0c3a3e-1f0b-8a52-9c58-6f2f1f4b7a10"
NOW = datetime(2026, 1, 31, 9, 30, tzinfo=UTC)
LINES = (OrderLine("1", "MUG", 5, 895), OrderLine("2", "CUP", 2, 500))
VALUE = 5 * 895 + 2 * 500
HOME = Address(name="Kim", street1="Weg 1", city="Bonn", postal_code="53111", country="DE")
OFFICE = Address(name="Kim", street1="Ring 9", city="Bonn", postal_code="53113", country="DE")
FIRST = "00000000-0000-8000-8000-000000000001"
SECOND = "00000000-0000-8000-8000-000000000002"
CARTONS = {
    FIRST: (
        Carton("106141412345678908", 400, 300, 200, 2_350),
        Carton("106141412345678922", 400, 300, 200, 1_200),
    ),
    SECOND: (Carton("106141412345678915", 400, 300, 200, 900),),
}
SKUS = {line.line_id: line.sku for line in LINES}


def place(lines: Iterable[OrderLine] = LINES, ship_to: Address | None = HOME, **more: object) -> PlaceOrder:
    """An order of five mugs and two cups."""
    wanted = PlaceOrder(ID, "webshop", "WS-1", None, "MAIN", "EUR", "tok_accepted", iso(NOW), tuple(lines), NOW)
    return _replaced(wanted, ship_to=ship_to, **more)


def _replaced(command: PlaceOrder, **changes: object) -> PlaceOrder:
    fields = {name: getattr(command, name) for name in command.__struct_fields__}
    return PlaceOrder(**(fields | changes))


def told(order: Order, *commands: Struct) -> Order:
    """The order after `commands`, none of which is refused."""
    for command in commands:
        outcome = Given(ORDER, order).when(command)
        assert outcome.rejection is None, outcome.rejection
        order = outcome.state
    return order


def allocated_line(line: str, answer: int = 1, units: int = 0) -> NoteAllocatedLine:
    """Inventory has set the units of a line aside."""
    wanted = units or next(one.quantity for one in LINES if one.line_id == line)
    return NoteAllocatedLine(line, answer, (Pick(f"A-{line}", f"A-{line}", wanted),), NOW)


def packed(shipment: str = FIRST, at: datetime = NOW, **units: int) -> NotePacked:
    """Picking has packed a shipment; `units` by line (`_1=5`), without any the whole order."""
    counts = {name.removeprefix("_"): count for name, count in units.items()} or {"1": 5, "2": 2}
    lines = tuple(UnitsOfLine(line, SKUS[line], count) for line, count in counts.items())
    return NotePacked(shipment, CARTONS[shipment], lines, at)


def reserved(**more: object) -> Order:
    """The order, ready to be released."""
    answers = (NoteReservedLine("1", 1, NOW), NoteReservedLine("2", 1, NOW))
    return told(given(ORDER).when(place(**more)).state, NoteAuthorization("auth_1", NOW), *answers)  # type: ignore[arg-type]


def released(**more: object) -> Order:
    """The order, waiting for concrete units."""
    return told(reserved(**more), ReleaseOrder(NOW))


def allocated(**more: object) -> Order:
    """The order, ready to be picked."""
    return told(released(**more), allocated_line("1"), allocated_line("2"))


def collected(**more: object) -> Order:
    """The order, ready to be packed."""
    return told(allocated(**more), NotePickingStarted(NOW), NotePicked(True, NOW))


def labels(shipment: str = FIRST, answer: int = 1) -> NoteLabels:
    """Shipping has labelled a shipment."""
    return NoteLabels(shipment, answer, NOW)


def left(shipment: str = FIRST, *cartons: str) -> NoteDispatch:
    """A shipment has left, or only some of its cartons."""
    gone = cartons or tuple(carton.sscc for carton in CARTONS[shipment])
    return NoteDispatch(shipment, gone, iso(NOW), NOW)


def arrived(shipment: str = FIRST) -> NoteDelivery:
    """The customer has a shipment."""
    return NoteDelivery(shipment, iso(NOW + timedelta(days=1)), NOW)


def paid(shipment: str = FIRST, amount: int = VALUE) -> NoteCapture:
    """The money for a shipment is taken."""
    return NoteCapture(shipment, amount, NOW)


def dispatched(**more: object) -> Order:
    """The order, all of it sent in one shipment."""
    return told(collected(**more), packed(), labels(), left())


def closed(**more: object) -> Order:
    """The order, delivered and paid."""
    return told(dispatched(**more), paid(), arrived())


def stalled(waiting_for: str, at: datetime, since: datetime | None = None) -> FulfilmentStalled:
    """A person is called at a moment, and will be again the day after."""
    again = iso(at + STALLED_TIME)
    return FulfilmentStalled(order_id=ID, waiting_for=waiting_for, since=iso(since or at), look_again=again)


def only(kind: type[E], events: Iterable[Event]) -> E:
    """The one event of a kind."""
    [found] = [event for event in events if isinstance(event, kind)]
    return found
