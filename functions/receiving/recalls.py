"""Recalls: lots that must not be used, wherever they are."""

from msgspec import Struct, structs

from receiving.aggregates import RECALL
from receiving.contracts import LotRecalled, LotRecallLifted, Reason
from receiving.domain.recall import LiftRecall, Recall, RecallLot
from shared.decider import Outcome, execute
from shared.http_edge import Api, Request, Response
from shared.identifiers import LotNumber, Sku
from shared.rejection import NotFound, Unprocessable
from shared.resources import history

handler = Api()


class NewRecall(Struct, frozen=True, forbid_unknown_fields=True):
    """Which lot, and why."""

    sku: Sku
    lot: LotNumber
    reason: Reason


class RecalledLot(Struct, frozen=True, forbid_unknown_fields=True):
    """Which lot may be used again."""

    sku: Sku
    lot: LotNumber


@handler.route(
    "POST", "/receiving/recalls", scope="receiving/write", returns=(201, Recall), rejects=(Unprocessable,)
)
def recall_lot(request: Request, body: NewRecall) -> Response:
    """Recall a lot: inventory blocks it wherever it is. Recalling it twice changes nothing."""
    command = request.command(RecallLot(body.sku, body.lot, body.reason))
    outcome = execute(history(), RECALL, RECALL.stream_id(body.sku, body.lot), command)
    return Response(201, _answer(outcome), replayed=outcome.repeated)


@handler.route(
    "POST",
    "/receiving/recalls/lifting",
    scope="receiving/write",
    returns=(200, Recall),
    rejects=(NotFound, Unprocessable),
)
def lift_recall(request: Request, body: RecalledLot) -> Response:
    """Let a recalled lot be used again. Lifting it twice changes nothing."""
    outcome = execute(history(), RECALL, RECALL.stream_id(body.sku, body.lot), request.command(LiftRecall()))
    return Response(200, _answer(outcome), replayed=outcome.repeated)


def _answer(outcome: Outcome[Recall]) -> Recall:
    """The recall as the request left it, also when repeated later; as it stands where that changed nothing."""
    for event in outcome.events:
        if isinstance(event, LotRecalled):
            return Recall(event.sku, event.lot, True, event.reason)
        if isinstance(event, LotRecallLifted):
            return structs.replace(outcome.stream.state, active=False)
    return outcome.stream.state
