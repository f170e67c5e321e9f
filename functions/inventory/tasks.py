"""What is to be put away, and what orders have been given: lists for operators."""

from typing import Annotated

from msgspec import Meta, Struct

from inventory.aggregates import ALLOCATION
from inventory.domain.putaway import PutAway
from inventory.measures import Code
from inventory.putting_away import task_of
from inventory.task_contracts import Pick, TaskId
from inventory.task_views import BY_TASK_STATUS, TASK_STATUSES
from inventory.trails import as_it_is
from shared.http_edge import Api, ListQuery, Response, decode_cursor, encode_cursor
from shared.identifiers import DEFAULT_WAREHOUSE, OrderId, WarehouseCode
from shared.rejection import NotFound
from shared.resources import history, views

handler = Api()

Status = Annotated[str, Meta(pattern=f"^({'|'.join(TASK_STATUSES)})$", description="Where a task stands.")]


class TaskQuery(ListQuery, frozen=True, forbid_unknown_fields=True):
    """Which tasks: of which warehouse, in which status (undirected: no place was found), to which zone."""

    warehouse: WarehouseCode = DEFAULT_WAREHOUSE
    status: Status = "open"
    zone: Code | None = None


class TaskPage(Struct, frozen=True, omit_defaults=True):
    """Some tasks, the oldest first, and the cursor of the next page if there is one."""

    items: list[PutAway]
    cursor: str | None = None


class AllocatedLine(Struct, frozen=True, omit_defaults=True):
    """An order line: what is set aside for it (`picks`), and how many units of `wanted` are not."""

    line_id: str
    sku: str
    wanted: int
    allocated: int
    short: bool = False
    picks: tuple[Pick, ...] = ()


class AllocationDetails(Struct, frozen=True):
    """What an order was given, line by line."""

    order_id: str
    warehouse: str
    lines: list[AllocatedLine]


@handler.route("GET", "/inventory/put-away-tasks", scope="inventory/read", returns=(200, TaskPage))
def list_tasks(query: TaskQuery) -> Response:
    """The put-away tasks in one status, the oldest first."""
    page = views().list(
        PutAway,
        ("tasks", f"{query.warehouse}#{query.status}"),
        "queued",
        index=BY_TASK_STATUS,
        after=decode_cursor(query.cursor)[0] if query.cursor else None,
        limit=query.limit,
        matching=("zone", query.zone) if query.zone else None,
    )
    return Response(
        200, TaskPage([task for _, task in page.items], encode_cursor(page.next) if page.next else None)
    )


@handler.route(
    "GET", "/inventory/put-away-tasks/{id}", scope="inventory/read", returns=(200, PutAway), rejects=(NotFound,)
)
def get_task(id: TaskId) -> Response:
    """One put-away task."""
    stream = task_of(id)
    if not stream.sequence:
        raise NotFound(
            f"There is no put-away task {id!r}.",
            field="id",
            value=id,
            remedy="GET /inventory/put-away-tasks lists those that there are.",
            code="unknown-task",
        )
    return Response(200, stream.state, version=stream.sequence)


@handler.route(
    "GET",
    "/inventory/allocations/{order_id}",
    scope="inventory/read",
    returns=(200, AllocationDetails),
    rejects=(NotFound,),
)
def get_allocation(order_id: OrderId) -> Response:
    """Which units are set aside for an order."""
    stream = history().load(ALLOCATION, ALLOCATION.stream_id(order_id))
    if not stream.sequence:
        raise NotFound(
            f"Nothing was ever set aside for order {order_id!r}.",
            field="order_id",
            value=order_id,
            remedy="Release the order first: POST /orders/{id}/release.",
            code="no-allocation",
        )
    lines = [
        AllocatedLine(line_id, line.sku, line.quantity, line.got, line.short, line.picks)
        for line_id, line in as_it_is(stream.state).in_order
    ]
    return Response(200, AllocationDetails(order_id, stream.state.warehouse, lines), version=stream.sequence)
