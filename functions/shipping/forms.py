"""Pick-up forms: one paper that a carrier's driver scans instead of every carton, made once a load has left.

A load that waits for forms says so itself, so an outage of the carrier holds nothing up: the schedule comes back.
"""

from shared import telemetry
from shared.decider import Command, execute
from shared.event_store import Stream
from shared.resources import history, views
from shipping.aggregates import LOAD
from shipping.carrier_port import Refused
from shipping.conversation import Metadata
from shipping.domain.carrier import CARRIERS, Carrier
from shipping.domain.load import Load, NoteForm, NoteNoForm
from shipping.papers import form_key, keep
from shipping.sellers import seller

CARTONS_ON_A_FORM = 500


def make_forms(stream: Stream[Load], metadata: Metadata) -> Stream[Load]:
    """Have the forms made that the load waits for. Raises Unavailable when the carrier cannot be asked now."""
    found = views().get(CARRIERS[0], f"{CARRIERS[1]}{stream.state.carrier}", Carrier)
    carrier = found[0] if found is not None else Carrier()
    while consignments := _together(stream.state, carrier):
        answer = _asked(stream.state, consignments)
        telemetry.info("form asked for", load_id=stream.state.load_id, answer=type(answer).__name__)
        command = Command(answer, metadata(f"form/{consignments[0]}"))
        stream = execute(history(), LOAD, stream.id, command, known=stream).stream
    return stream


def _asked(load: Load, consignments: tuple[str, ...]) -> NoteForm | NoteNoForm:
    answer = seller().pickup_form(consignments)
    if isinstance(answer, Refused):
        return NoteNoForm(consignments, answer.reason)
    document = keep(form_key(load.load_id, answer.form), seller(), answer.document)
    return NoteForm(answer.form, consignments, document)


def _together(load: Load, carrier: Carrier) -> tuple[str, ...]:
    """Cartons of one of the account's carriers that are on no form yet, always the same ones."""
    if not load.waits_for_forms:
        return ()
    sells = {one.service: one.carrier for one in carrier.account.sells} if carrier.account is not None else {}
    first = sells.get(load.postage[min(load.postage)], "")
    same = sorted(one for one, service in load.postage.items() if sells.get(service, "") == first)
    return tuple(same[:CARTONS_ON_A_FORM])
