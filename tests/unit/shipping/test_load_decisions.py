"""What becomes of loads, and of the shipments on them, in whatever order people and messages come."""

from functools import reduce

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.address import Address
from shared.events import Event
from shared.money import Money
from shared.rejection import Conflict, Rejection
from shipping.contracts import LoadDispatched, LoadDispatchStarted, ShipmentDispatched, ShipmentVoided
from shipping.domain import shipment as shipments
from shipping.domain.load import (
    MAX_CARTONS,
    SHIPMENTS_AT_ONCE,
    DispatchLoad,
    Form,
    FormMade,
    FormRefused,
    Load,
    LoadCommand,
    LoadedShipment,
    LoadOpened,
    NoteForm,
    NoteNoForm,
    OpenLoad,
    Postage,
    RefusedShipment,
    ScanOn,
    Settle,
    TakeOff,
    decide,
    evolve,
)

AT = "2026-01-31T10:00:00.000Z"
OPENED = LoadOpened(load_id="l", warehouse="MAIN", carrier="own-fleet", opened_at=AT)
BERLIN = Address(name="Kim Example", street1="Langer Weg 12", city="Berlin", postal_code="10115", country="DE")


def after(*commands: LoadCommand, load: Load | None = None) -> Load:
    state = load or evolve(Load(), OPENED)
    for command in commands:
        state = reduce(evolve, decide(command, state), state)  # type: ignore[arg-type]
    return state


def scan(shipment_id: str, *aboard: str, every: tuple[str, ...] = ()) -> ScanOn:
    return ScanOn((LoadedShipment(shipment_id, aboard, every or aboard),), AT)


class TestLoading:
    def test_a_load_is_opened_once(self) -> None:
        command = OpenLoad("l", "MAIN", "own-fleet", AT)
        assert list(decide(command, Load())) == [OPENED]
        assert list(decide(command, evolve(Load(), OPENED))) == []

    def test_a_carton_that_is_on_it_is_not_put_on_again(self) -> None:
        load = after(scan("s", "1"))
        assert list(decide(scan("s", "1"), load)) == []

    def test_cartons_of_the_same_shipment_that_are_not_on_it_are_missing(self) -> None:
        load = after(scan("s", "1", every=("1", "2")), scan("t", "3"))
        assert load.missing == {"s": ("2",)}

    def test_what_is_taken_off_is_missing_when_others_stay_and_forgotten_when_none_does(self) -> None:
        load = after(scan("s", "1", "2"), TakeOff(("2", "9"), AT))
        assert load.missing == {"s": ("2",)}
        assert after(TakeOff(("1",), AT), load=load).shipments == {}

    def test_a_full_load_is_full(self) -> None:
        load = after(scan("s", *map(str, range(MAX_CARTONS))))
        with pytest.raises(Conflict, match="2001 cartons"):
            decide(scan("t", "x"), load)

    def test_what_has_left_takes_nothing_on_and_lets_nothing_off(self) -> None:
        load = after(scan("s", "1"), DispatchLoad(leave_behind=False, at=AT))
        for command in (scan("t", "2"), TakeOff(("1",), AT)):
            with pytest.raises(Conflict, match="has left"):
                decide(command, load)


class TestLeaving:
    def test_an_empty_load_does_not_leave(self) -> None:
        with pytest.raises(Conflict, match="Nothing is on the load"):
            decide(DispatchLoad(leave_behind=True, at=AT), after())

    def test_missing_cartons_are_named_and_stay_behind_only_when_that_is_said(self) -> None:
        load = after(scan("s", "1", every=("1", "2")))
        with pytest.raises(Conflict) as caught:
            decide(DispatchLoad(leave_behind=False, at=AT), load)
        assert [one.value for one in caught.value.further] == ["2"]
        [started] = decide(DispatchLoad(leave_behind=True, at=AT), load)
        assert isinstance(started, LoadDispatchStarted)
        assert [one.ssccs for one in started.shipments] == [("1",)]

    def test_it_leaves_once(self) -> None:
        dispatch = DispatchLoad(leave_behind=False, at=AT)
        assert list(decide(dispatch, after(scan("s", "1"), dispatch))) == []

    def test_a_large_load_leaves_in_parts_and_has_left_when_all_are_settled(self) -> None:
        count = 2 * SHIPMENTS_AT_ONCE + 1
        load = after(*(scan(f"s{number:04d}", str(number)) for number in range(count)))
        parts = list(decide(DispatchLoad(leave_behind=False, at=AT), load))
        load = reduce(evolve, parts, load)  # type: ignore[arg-type]
        told: list[Event] = []
        for part in (*reversed(parts), *parts):
            assert isinstance(part, LoadDispatchStarted)
            settle = Settle(part.number, tuple(one.shipment_id for one in part.shipments), ())
            events = list(decide(settle, load))
            told += [event for event in events if isinstance(event, LoadDispatched)]
            load = reduce(evolve, events, load)  # type: ignore[arg-type]
        [left] = told
        assert isinstance(left, LoadDispatched)
        assert (left.shipments, left.cartons, load.status) == (count, count, "dispatched")

    def test_shipments_that_were_called_off_are_not_counted(self) -> None:
        load = after(scan("s", "1"), scan("t", "2"), DispatchLoad(leave_behind=False, at=AT))
        settle = Settle(1, ("s",), (RefusedShipment("t", "shipment-called-off"),))
        [_, left] = decide(settle, load)
        assert isinstance(left, LoadDispatched)
        assert (left.shipments, left.refused) == (1, ("t",))


CARTONS = {"s": ("s1", "s2"), "t": ("t1",)}
STEPS = [
    *(("scan", load, sscc) for load in ("l", "m") for sscc in ("s1", "s2", "t1")),
    *(("off", load, sscc) for load in ("l", "m") for sscc in ("s1", "t1")),
    *(("dispatch", load, "") for load in ("l", "m")),
    *(("deliver", load, "") for load in ("l", "m")),
    *(("cancel", "", shipment_id) for shipment_id in CARTONS),
]


class Yard:
    """Two loads and two shipments; messages are delivered when a step says so, also again."""

    def __init__(self) -> None:
        self.loads = {
            load_id: evolve(
                Load(), LoadOpened(load_id=load_id, warehouse="MAIN", carrier="own-fleet", opened_at=AT)
            )
            for load_id in ("l", "m")
        }
        self.shipments: dict[str, shipments.Shipment] = {}
        self.told: list[Event] = []
        self.sent: dict[str, list[LoadDispatchStarted]] = {"l": [], "m": []}
        for shipment_id, ssccs in CARTONS.items():
            accepted = shipments.ShipmentAccepted(
                shipment_id=shipment_id,
                order_id=f"o-{shipment_id}",
                warehouse="MAIN",
                ship_to=BERLIN,
                address_number=1,
                cartons=tuple(shipments.PackedCarton(sscc, 1, 1, 1, 1) for sscc in ssccs),
                value=Money(1, "EUR"),
            )
            offer = shipments.Offer(
                revision=1,
                carrier="own-fleet",
                service="standard",
                cost=Money(1, "EUR"),
                labels=tuple(shipments.OfferedLabel(sscc, f"OF{sscc}") for sscc in ssccs),
            )
            self.shipments[shipment_id] = shipments.Shipment()
            self.ship(shipment_id, shipments.RequestShipment(accepted, offer, AT))

    def ship(self, shipment_id: str, command: shipments.ShipmentCommand) -> str:
        """Ask a shipment; the code of its refusal."""
        try:
            events = shipments.decide(command, self.shipments[shipment_id])
        except Rejection as rejection:
            return rejection.code
        for event in events:
            self.shipments[shipment_id] = shipments.evolve(self.shipments[shipment_id], event)  # type: ignore[arg-type]
            self.told.append(event)
        return ""

    def load(self, load_id: str, command: LoadCommand) -> None:
        """Ask a load."""
        try:
            events = decide(command, self.loads[load_id])
        except Rejection:
            return
        for event in events:
            self.loads[load_id] = evolve(self.loads[load_id], event)  # type: ignore[arg-type]
            if isinstance(event, LoadDispatchStarted):
                self.sent[load_id].append(event)

    def step(self, what: str, load_id: str, subject: str) -> None:
        """One step of somebody."""
        match what:
            case "scan":
                owner = subject[0]
                left = self.shipments[owner].cartons
                every = tuple(sscc for sscc in CARTONS[owner] if not left[sscc].load_id)
                if subject in every:
                    self.load(load_id, ScanOn((LoadedShipment(owner, (subject,), every),), AT))
            case "off":
                self.load(load_id, TakeOff((subject,), AT))
            case "dispatch":
                self.load(load_id, DispatchLoad(leave_behind=True, at=AT))
            case "cancel":
                self.ship(subject, shipments.Withdraw(subject, f"o-{subject}", "called off", by_order=True))
            case _:
                for part in self.sent[load_id]:
                    self.deliver(part)

    def deliver(self, part: LoadDispatchStarted) -> None:
        """A part of a load reaches its shipments."""
        gone, refused = [], []
        for one in part.shipments:
            dispatch = shipments.Dispatch(part.load_id, part.carrier, one.ssccs, part.dispatched_at)
            if code := self.ship(one.shipment_id, dispatch):
                refused.append(RefusedShipment(one.shipment_id, code))
            else:
                gone.append(one.shipment_id)
        self.load(part.load_id, Settle(part.number, tuple(gone), tuple(refused)))


@given(st.lists(st.sampled_from(STEPS), max_size=25))
def test_every_carton_leaves_at_most_once_and_never_when_its_shipment_was_called_off(
    steps: list[tuple[str, str, str]],
) -> None:
    yard = Yard()
    for step in steps:
        yard.step(*step)
    for load_id in ("l", "m"):
        yard.step("deliver", load_id, "")
    left = [sscc for event in yard.told if isinstance(event, ShipmentDispatched) for sscc in event.cartons]
    assert len(left) == len(set(left))
    void = {event.shipment_id for event in yard.told if isinstance(event, ShipmentVoided)}
    for shipment_id, ssccs in CARTONS.items():
        assert not (shipment_id in void and set(ssccs) & set(left))
    for load_id, load in yard.loads.items():
        assert load.status in ("open", "dispatched")
        if load.status == "dispatched":
            aboard = {
                sscc
                for one in load.shipments
                if one not in load.refused
                for sscc in load.aboard_of(one)
                if yard.shipments[one].cartons[sscc].load_id == load_id
            }
            assert aboard == {sscc for sscc in left if yard.shipments[sscc[0]].cartons[sscc].load_id == load_id}


class TestPickupForms:
    def left(self) -> Load:
        """A load that has left with three bought labels."""
        postage = tuple(Postage(f"shp_{number}", "standard") for number in (1, 2, 3))
        return after(scan("s", "1", "2", "3"), DispatchLoad(False, AT), Settle(1, ("s",), (), postage))

    def test_a_load_waits_for_forms_only_once_it_has_left_with_bought_labels(self) -> None:
        assert not after(scan("s", "1"), DispatchLoad(False, AT), Settle(1, ("s",), ())).waits_for_forms
        many = [scan(f"s{n}", str(n)) for n in range(SHIPMENTS_AT_ONCE + 1)]
        half = Settle(1, ("s0",), (), (Postage("shp_1", "standard"),))
        assert not after(*many, DispatchLoad(False, AT), half).waits_for_forms, "the other part is still to come"
        assert self.left().waits_for_forms

    def test_a_carton_is_on_one_form_whoever_notes_it_and_how_often(self) -> None:
        first, second = (
            NoteForm("sf_1", ("shp_1", "shp_2"), "application/pdf"),
            NoteForm("sf_2", ("shp_2", "shp_3"), ""),
        )
        assert list(decide(first, self.left())) == [
            FormMade(load_id="l", form="sf_1", consignments=("shp_1", "shp_2"), document="application/pdf")
        ]
        load = after(first, first, load=self.left())
        assert (load.postage, load.forms) == ({"shp_3": "standard"}, (Form("sf_1", 2, "application/pdf"),))
        load = after(second, second, load=load)
        assert not load.waits_for_forms
        assert load.forms[1:] == (Form("sf_2", 1),)

    def test_cartons_for_which_no_form_is_made_wait_no_more(self) -> None:
        command = NoteNoForm(("shp_1", "shp_2", "shp_3"), "form-refused")
        assert list(decide(command, self.left())) == [
            FormRefused(load_id="l", consignments=command.consignments, reason="form-refused")
        ]
        load = after(command, command, load=self.left())
        assert (load.postage, load.forms) == ({}, (Form("", 3, refused="form-refused"),))
