"""What becomes of a shipment: given what has happened, when something is asked, then it happens or is refused."""

from collections.abc import Iterable
from functools import reduce
from itertools import permutations
from typing import Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.address import Address
from shared.events import Event
from shared.money import Money
from shared.rejection import Conflict, NotFound, Rejection
from shipping.contracts import (
    DeliveryFailed,
    LabelFailed,
    LabelledCarton,
    ShipmentDelivered,
    ShipmentDispatched,
    ShipmentLabelled,
    ShipmentVoided,
    TrackingStatus,
    TrackingUpdated,
)
from shipping.domain.shipment import (
    AddressChanged,
    CarrierAsked,
    CarrierChosen,
    ChangeAddress,
    Dispatch,
    LabelBought,
    LabelShipment,
    News,
    NoOffer,
    NoteAsked,
    NoteReturnBought,
    NoteReturnPostage,
    NoteReturnRefused,
    Offer,
    OfferedLabel,
    OrderLabelsAgain,
    OrderReturnLabel,
    PackedCarton,
    Purchase,
    RequestShipment,
    ReturnChoiceDue,
    ReturnLabelBought,
    ReturnLabelOrdered,
    ReturnPostageChosen,
    ReturnPurchaseDue,
    Shipment,
    ShipmentAccepted,
    ShipmentCommand,
    ShipmentWithdrawn,
    Track,
    Withdraw,
    decide,
    due,
    evolve,
)

ONE, TWO = "106141412345678908", "106141412345678915"
BERLIN = Address(name="Kim Example", street1="Langer Weg 12", city="Berlin", postal_code="10115", country="DE")
VIENNA = Address(name="Kim Example", street1="Am Ring 1", city="Wien", postal_code="1010", country="AT")
AT, LATER, LATEST = (f"2026-01-31T{hour}:00:00.000Z" for hour in ("10", "11", "12"))

ACCEPTED = ShipmentAccepted(
    shipment_id="s",
    order_id="o",
    warehouse="MAIN",
    ship_to=BERLIN,
    address_number=7,
    cartons=(PackedCarton(ONE, 400, 300, 200, 2_000), PackedCarton(TWO, 400, 300, 200, 3_000)),
    value=Money(5_000, "EUR"),
)
MOVED = AddressChanged(shipment_id="s", order_id="o", ship_to=VIENNA, address_number=9)
WITHDRAWN = ShipmentWithdrawn(shipment_id="s", order_id="o", reason="called off", by_order=True)
VOIDED = ShipmentVoided(shipment_id="s", order_id="o")


def offer(revision: int = 1) -> Offer:
    return Offer(
        revision=revision,
        carrier="own-fleet",
        service="standard",
        cost=Money(780, "EUR"),
        labels=(OfferedLabel(ONE, f"OF1{revision}"), OfferedLabel(TWO, f"OF2{revision}")),
    )


def labelled(revision: int = 1, at: str = AT) -> ShipmentLabelled:
    return ShipmentLabelled(
        shipment_id="s",
        order_id="o",
        warehouse="MAIN",
        carrier="own-fleet",
        service="standard",
        cartons=(LabelledCarton(ONE, f"OF1{revision}"), LabelledCarton(TWO, f"OF2{revision}")),
        cost=Money(780, "EUR"),
        labelled_at=at,
    )


def dispatched(*ssccs: str, load: str = "l") -> ShipmentDispatched:
    return ShipmentDispatched(
        shipment_id="s",
        order_id="o",
        warehouse="MAIN",
        load_id=load,
        carrier="own-fleet",
        cartons=ssccs,
        dispatched_at=LATER,
    )


def shipment(*events: Event) -> Shipment:
    return reduce(evolve, events, Shipment())  # type: ignore[arg-type]


def when(command: ShipmentCommand, *given: Event) -> list[Event]:
    return list(decide(command, shipment(*given)))


def refused(command: ShipmentCommand, *given: Event) -> Rejection:
    with pytest.raises(Rejection) as caught:
        decide(command, shipment(*given))
    return caught.value


class TestLabels:
    def test_a_requested_shipment_is_accepted_and_labelled_at_once(self) -> None:
        assert when(RequestShipment(ACCEPTED, offer(), AT)) == [ACCEPTED, labelled()]

    def test_asked_for_again_it_is_not_labelled_twice(self) -> None:
        assert when(RequestShipment(ACCEPTED, offer(), LATER), ACCEPTED, labelled()) == []

    def test_without_a_carrier_it_says_so_once_and_waits(self) -> None:
        failed = LabelFailed(shipment_id="s", order_id="o", reason="no-carrier", permanent=False)
        assert when(RequestShipment(ACCEPTED, NoOffer(1), AT)) == [ACCEPTED, failed]
        assert when(LabelShipment(NoOffer(1), LATER), ACCEPTED, failed) == []
        assert when(LabelShipment(offer(), LATER), ACCEPTED, failed) == [labelled(at=LATER)]

    def test_an_offer_for_other_labels_than_those_it_waits_for_is_left_alone(self) -> None:
        assert when(LabelShipment(offer(1), LATER), ACCEPTED, MOVED) == []

    def test_a_new_address_makes_new_labels(self) -> None:
        assert when(ChangeAddress(MOVED, offer(2), LATER), ACCEPTED, labelled()) == [MOVED, labelled(2, LATER)]

    def test_an_address_that_came_before_the_shipment_is_the_one_it_goes_to(self) -> None:
        state = shipment(MOVED, ACCEPTED)
        assert (state.ship_to, state.address_number, state.revision) == (VIENNA, 9, 2)

    def test_an_older_address_that_comes_late_changes_nothing(self) -> None:
        late = AddressChanged(shipment_id="s", order_id="o", ship_to=BERLIN, address_number=8)
        assert when(ChangeAddress(late, offer(3), LATER), ACCEPTED, labelled(), MOVED, labelled(2)) == []

    def test_what_has_left_goes_where_it_goes(self) -> None:
        assert when(ChangeAddress(MOVED, offer(2), LATER), ACCEPTED, labelled(), dispatched(ONE)) == []


class TestCallingOff:
    def test_a_labelled_shipment_that_its_order_calls_off_is_void(self) -> None:
        command = Withdraw("s", "o", "called off", by_order=True)
        assert when(command, ACCEPTED, labelled()) == [WITHDRAWN, VOIDED]
        assert when(command, ACCEPTED, labelled(), WITHDRAWN, VOIDED) == []

    def test_one_that_is_called_off_before_it_is_known_never_gets_labels(self) -> None:
        assert when(Withdraw("s", "o", "called off", by_order=True)) == [WITHDRAWN, VOIDED]
        assert when(RequestShipment(ACCEPTED, offer(), AT), WITHDRAWN, VOIDED) == [ACCEPTED]
        assert shipment(WITHDRAWN, VOIDED, ACCEPTED).status == "voided"

    def test_what_has_left_cannot_be_called_off(self) -> None:
        given = (ACCEPTED, labelled(), dispatched(ONE))
        assert when(Withdraw("s", "o", "called off", by_order=True), *given) == []
        assert refused(Withdraw("s", "", "wrong", by_order=False), *given).code == "shipment-has-left"

    def test_called_off_by_hand_it_can_be_labelled_again_but_not_when_its_order_called_it_off(self) -> None:
        by_hand = ShipmentWithdrawn(shipment_id="s", order_id="o", reason="torn", by_order=False)
        [_, again] = when(OrderLabelsAgain(offer(2), LATER), ACCEPTED, labelled(), by_hand, VOIDED)
        assert again == labelled(2, LATER)
        code = refused(OrderLabelsAgain(offer(2), LATER), ACCEPTED, labelled(), WITHDRAWN, VOIDED).code
        assert code == "shipment-called-off"

    def test_an_order_that_calls_off_what_was_voided_by_hand_is_answered_too(self) -> None:
        by_hand = ShipmentWithdrawn(shipment_id="s", order_id="o", reason="torn", by_order=False)
        command = Withdraw("s", "o", "called off", by_order=True)
        assert when(command, ACCEPTED, labelled(), by_hand, VOIDED) == [WITHDRAWN, VOIDED]

    def test_another_address_ends_what_was_voided_by_hand_but_not_what_its_order_called_off(self) -> None:
        by_hand = ShipmentWithdrawn(shipment_id="s", order_id="o", reason="wrong address", by_order=False)
        voided = (ACCEPTED, labelled(), by_hand, VOIDED)
        anew = when(ChangeAddress(MOVED, offer(2), LATER), *voided)
        assert anew == [MOVED, labelled(2, LATER)]
        assert shipment(*voided, *anew).status == "labelled"
        assert when(ChangeAddress(MOVED, offer(3), LATER), *voided, *anew) == [], "told twice"
        late = AddressChanged(shipment_id="s", order_id="o", ship_to=BERLIN, address_number=8)
        assert when(ChangeAddress(late, offer(2), LATER), ACCEPTED, MOVED, labelled(2), by_hand, VOIDED) == []
        assert when(ChangeAddress(MOVED, offer(2), LATER), *voided, WITHDRAWN, VOIDED) == [MOVED]
        assert shipment(*voided, WITHDRAWN, VOIDED, MOVED).status == "voided"
        assert shipment(*voided, MOVED).status == "requested", "it waits for a carrier that takes it there"

    def test_nobody_voids_what_nobody_knows(self) -> None:
        assert isinstance(refused(Withdraw("s", "", "torn", by_order=False)), NotFound)


class TestDispatch:
    def test_cartons_leave_once_whatever_load_names_them_again(self) -> None:
        command = Dispatch("l", "own-fleet", (ONE,), LATER)
        assert when(command, ACCEPTED, labelled()) == [dispatched(ONE)]
        assert when(command, ACCEPTED, labelled(), dispatched(ONE)) == []
        both = Dispatch("m", "own-fleet", (ONE, TWO), LATER)
        assert when(both, ACCEPTED, labelled(), dispatched(ONE)) == [dispatched(TWO, load="m")]

    @pytest.mark.parametrize(
        ("given", "carrier", "code"),
        [
            ((ACCEPTED,), "own-fleet", "no-labels"),
            ((ACCEPTED, labelled()), "others", "other-carrier"),
            ((ACCEPTED, labelled(), WITHDRAWN, VOIDED), "own-fleet", "shipment-called-off"),
            ((ACCEPTED, labelled(), MOVED), "own-fleet", "no-labels"),
        ],
    )
    def test_what_is_not_to_leave_stays(self, given: Iterable[Event], carrier: str, code: str) -> None:
        rejection = refused(Dispatch("l", carrier, (ONE,), LATER), *given)
        assert isinstance(rejection, Conflict)
        assert rejection.code == code

    def test_of_a_cancellation_and_a_dispatch_the_first_one_counts(self) -> None:
        dispatch, cancel = (
            Dispatch("l", "own-fleet", (ONE, TWO), LATER),
            Withdraw("s", "o", "called off", by_order=True),
        )
        gone = shipment(ACCEPTED, labelled(), *when(dispatch, ACCEPTED, labelled()))
        assert list(decide(cancel, gone)) == []
        assert gone.status == "dispatched"
        void = shipment(ACCEPTED, labelled(), *when(cancel, ACCEPTED, labelled()))
        with pytest.raises(Conflict):
            decide(dispatch, void)


class TestTracking:
    LEFT = (ACCEPTED, labelled(), dispatched(ONE, TWO))

    def test_the_shipment_is_delivered_when_its_last_carton_is(self) -> None:
        first = when(Track((News(ONE, "delivered", LATER),)), *self.LEFT)
        assert [type(event) for event in first] == [TrackingUpdated]
        [_, delivered] = when(Track((News(TWO, "delivered", LATEST),)), *self.LEFT, *first)
        assert delivered == ShipmentDelivered(shipment_id="s", order_id="o", delivered_at=LATEST)

    def test_older_news_do_not_undo_newer_ones_and_the_same_news_are_no_news(self) -> None:
        out = Track((News(ONE, "out_for_delivery", LATEST),))
        told = when(out, *self.LEFT)
        assert when(out, *self.LEFT, *told) == []
        assert when(Track((News(ONE, "in_transit", LATER),)), *self.LEFT, *told) == []

    def test_that_it_was_delivered_stays_true_whatever_was_heard_since(self) -> None:
        returned = when(Track((News(ONE, "returned", LATEST),)), *self.LEFT)
        told = when(Track((News(ONE, "delivered", LATER),)), *self.LEFT, *returned)
        state = shipment(*self.LEFT, *returned, *told)
        assert (state.cartons[ONE].tracking, state.cartons[ONE].delivered_at) == ("returned", LATER)

    def test_trouble_is_raised(self) -> None:
        events = when(Track((News(ONE, "exception", LATER, "nobody at home"),)), *self.LEFT)
        assert [type(event).__name__ for event in events] == ["TrackingUpdated", "DeliveryExceptionRaised"]

    def test_a_driver_cannot_deliver_what_has_not_left(self) -> None:
        command = Track((News(TWO, "delivered", LATEST),), by_driver=True)
        assert refused(command, ACCEPTED, labelled(), dispatched(ONE)).code == "carton-not-dispatched"

    def test_a_carton_of_another_shipment_is_named(self) -> None:
        rejection = refused(Track((News("306141412345678902", "delivered", LATER),)), *self.LEFT)
        assert (rejection.code, rejection.value) == ("foreign-carton", "306141412345678902")

    @settings(deadline=None)
    @given(
        st.lists(
            st.builds(
                News,
                st.sampled_from([ONE, TWO]),
                st.sampled_from(["in_transit", "out_for_delivery", "exception", "returned", "delivered"]),
                st.sampled_from([AT, LATER, LATEST]),
            ),
            max_size=4,
        )
    )
    def test_in_whatever_order_news_come_the_shipment_ends_the_same(self, news: list[News]) -> None:
        ends = set()
        for order in permutations(news):
            state = shipment(*self.LEFT)
            deliveries = 0
            for one in (*order, *order):
                for event in decide(Track((one,)), state):
                    deliveries += isinstance(event, ShipmentDelivered)
                    state = evolve(state, event)  # type: ignore[arg-type]
            complete = all(carton.delivered_at for carton in state.cartons.values())
            assert deliveries == complete
            ends.add(tuple((c.sscc, c.tracking, c.heard_at) for c in state.cartons.values()))
        assert len(ends) == 1


class TestComingBack:
    GONE = (ACCEPTED, labelled(), dispatched(ONE, TWO))

    def heard(self, *news: tuple[str, TrackingStatus, str]) -> list[list[str]]:
        """What each of the news, told twice, makes known of the end of the delivery."""
        state, said = shipment(*self.GONE), []
        for sscc, status, at in (one for one in news for _ in range(2)):
            events = list(decide(Track((News(sscc, status, at),)), state))
            state = reduce(evolve, events, state)  # type: ignore[arg-type]
            ends = (DeliveryFailed, ShipmentDelivered)
            said += [
                [type(one).__name__, *(one.returned if isinstance(one, DeliveryFailed) else ())]
                for one in events
                if isinstance(one, ends)
            ]
        return said

    def test_once_nothing_is_on_its_way_it_is_told_what_came_back(self) -> None:
        assert self.heard((ONE, "delivered", AT), (TWO, "returned", LATER)) == [["DeliveryFailed", TWO]]
        assert self.heard((TWO, "returned", AT), (ONE, "delivered", LATER)) == [["DeliveryFailed", TWO]]
        both = self.heard((TWO, "returned", AT), (ONE, "returned", LATER))
        assert both == [["DeliveryFailed", *sorted((ONE, TWO))]]
        assert self.heard((TWO, "returned", AT), (ONE, "exception", LATER)) == []

    def test_what_is_delivered_after_all_is_told_as_well(self) -> None:
        said = self.heard((TWO, "returned", AT), (ONE, "delivered", AT), (TWO, "delivered", LATER))
        assert said == [["DeliveryFailed", TWO], ["ShipmentDelivered"]]

    def test_a_carton_that_is_still_here_keeps_the_delivery_open(self) -> None:
        state = shipment(ACCEPTED, labelled(), dispatched(ONE))
        events = decide(Track((News(ONE, "returned", LATER),)), state)
        assert not any(isinstance(one, DeliveryFailed) for one in events)


class TestWhateverHappens:
    """Requests, addresses, cancellations, dispatches: each twice, in every order."""

    COMMANDS = ("request", "move", "cancel", "dispatch")

    @given(st.permutations([*COMMANDS, *COMMANDS]))
    def test_a_shipment_has_left_or_is_void_and_never_both(self, order: list[str]) -> None:
        state = Shipment()
        happened: list[Event] = []
        for name in order:
            command: ShipmentCommand
            match name:
                case "request":
                    revision = evolve(state, ACCEPTED).revision
                    command = RequestShipment(ACCEPTED, offer(revision), AT)
                case "move":
                    answer = offer(evolve(state, MOVED).revision) if state.is_requested else None
                    command = ChangeAddress(MOVED, answer, AT)
                case "cancel":
                    command = Withdraw("s", "o", "called off", by_order=True)
                case _:
                    command = Dispatch("l", "own-fleet", (ONE, TWO), LATER)
            try:
                events = list(decide(command, state))
            except Rejection:
                continue
            happened += events
            state = reduce(evolve, events, state)  # type: ignore[arg-type]
        kinds = [type(event) for event in happened]
        assert kinds.count(ShipmentDispatched) + kinds.count(ShipmentVoided) == 1
        assert kinds.count(ShipmentAccepted) == 1
        if ShipmentDispatched in kinds:
            assert kinds.index(ShipmentLabelled) < kinds.index(ShipmentDispatched)


BOUGHT = (
    ACCEPTED,
    CarrierChosen(
        shipment_id="s",
        revision=1,
        carrier="easypost",
        service="standard",
        currency="USD",
        purchases=(Purchase(ONE, "shp_1", "rate_1", 758), Purchase(TWO, "shp_2", "rate_2", 758)),
    ),
    LabelBought(
        shipment_id="s", sscc=ONE, consignment="shp_1", tracking_number="OF11", document="application/pdf"
    ),
    LabelBought(shipment_id="s", sscc=TWO, consignment="shp_2", tracking_number="OF21"),
    labelled(),
)
AWAY = (*BOUGHT, dispatched(ONE, TWO))


class TestSilentCarriers:
    def test_the_most_silent_carton_says_since_when_nothing_is_known(self) -> None:
        assert shipment(*BOUGHT).last_heard == "", "it has not left"
        assert shipment(*AWAY).last_heard == LATER
        heard = when(NoteAsked((News(ONE, "in_transit", LATEST),), LATEST), *AWAY)
        assert heard[0] == CarrierAsked(shipment_id="s", asked_at=LATEST)
        assert [type(event) for event in heard[1:]] == [TrackingUpdated]
        assert shipment(*AWAY, *heard[1:]).last_heard == LATER
        assert shipment(*AWAY, *heard).last_heard == LATEST

    def test_an_answer_without_news_only_moves_the_next_question(self) -> None:
        assert when(NoteAsked((), LATEST), *AWAY) == [CarrierAsked(shipment_id="s", asked_at=LATEST)]

    @pytest.mark.parametrize("status", ["delivered", "returned"])
    def test_what_is_there_or_back_is_not_asked_for(self, status: Literal["delivered", "returned"]) -> None:
        news = (News(ONE, status, LATEST), News(TWO, status, LATEST))
        there = (*AWAY, *when(NoteAsked(news, LATEST), *AWAY))
        assert shipment(*there).under_way == []
        assert when(NoteAsked(news, LATEST), *there) == []

    def test_our_own_fleet_is_not_asked(self) -> None:
        assert shipment(ACCEPTED, labelled(), dispatched(ONE, TWO)).under_way == []


class TestReturnLabels:
    ORDERED = ReturnLabelOrdered(shipment_id="s", return_id="r", sscc=ONE)
    POSTAGE = Purchase(ONE, "shp_9", "rate_9", 700)
    CHOSEN = ReturnPostageChosen(shipment_id="s", return_id="r", purchase=POSTAGE, currency="USD")

    def test_one_is_ordered_named_and_bought_once(self) -> None:
        order, choice = OrderReturnLabel("r", ONE), NoteReturnPostage("r", self.POSTAGE, "USD")
        assert when(order, *AWAY) == [self.ORDERED]
        ordered = (*AWAY, self.ORDERED)
        assert isinstance(due(shipment(*ordered)), ReturnChoiceDue)
        assert when(choice, *ordered) == [self.CHOSEN]
        chosen = (*ordered, self.CHOSEN)
        step = due(shipment(*chosen))
        assert isinstance(step, ReturnPurchaseDue)
        assert step.purchase == self.POSTAGE
        assert when(NoteReturnPostage("r", Purchase(ONE, "shp_10", "rate_10", 700), "USD"), *chosen) == []
        [bought] = when(NoteReturnBought("r", ONE, "94001", "application/pdf"), *chosen)
        assert isinstance(bought, ReturnLabelBought)
        done = (*chosen, bought)
        assert due(shipment(*done)) is None
        for late in (order, choice, NoteReturnBought("r", ONE, "94001", ""), NoteReturnRefused("r", ONE, "late")):
            assert when(late, *done) == []

    def test_each_carton_of_a_return_has_its_own(self) -> None:
        [other] = when(OrderReturnLabel("r", TWO), *AWAY, self.ORDERED)
        assert set(shipment(*AWAY, self.ORDERED, other).return_labels) == {f"r/{ONE}", f"r/{TWO}"}

    def test_one_that_was_refused_can_be_ordered_again(self) -> None:
        [no] = when(NoteReturnRefused("r", ONE, "no-service-for-returns"), *AWAY, self.ORDERED)
        refusal = (*AWAY, self.ORDERED, no)
        assert due(shipment(*refusal)) is None
        assert when(OrderReturnLabel("r", ONE), *refusal) == [self.ORDERED]

    def test_only_what_a_carrier_took_along_can_come_back_with_it(self) -> None:
        order = OrderReturnLabel("r", ONE)
        assert refused(order, *BOUGHT).code == "carton-not-dispatched"
        assert refused(order, ACCEPTED, labelled(), dispatched(ONE)).code == "no-labels-for-returns"
        assert refused(OrderReturnLabel("r", "306141412345678902"), *AWAY).code == "foreign-carton"
