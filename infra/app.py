"""The map of the whole system: every service, capability, route with its scope, and subscription.

`cdk synth` runs this file; importing it needs nothing of AWS's, so that tests and simulations read the same map.
"""

from infra.declaration import (
    Grant,
    Index,
    MachineClient,
    Service,
    Signal,
    System,
    command,
    machinery,
    query,
    reaction,
    replica,
    routes,
    schedule,
)

TELLING_MAY_LAG_S = 1
"""For so long the outboxes collect what several orders have to tell alike."""
LISTS_MAY_LAG_S = 10
"""For so long lists may be behind that nobody works from at once: what comes meanwhile is written once."""

# fmt: off
INVENTORY = Service("inventory", (
    command("catalog", {"PUT /inventory/products/{sku}": "inventory/write"}),
    command("locations", {"PUT /inventory/locations/{id}": "inventory/write"}),
    command("stock", {
        "POST /inventory/stock/adjustments": "inventory/write",
        "POST /inventory/stock/receipts": "inventory/write",
        "POST /inventory/stock/status-changes": "inventory/write",
        "POST /inventory/stock/counts": "inventory/write",
    }),
    command("moves", {"POST /inventory/stock/moves": "inventory/write"}),
    command("transfers", {
        "POST /inventory/stock/transfers": "inventory/write",
        "POST /inventory/stock/transfers/{id}/arrival": "inventory/write",
    }),
    command("handling_units", {
        "POST /inventory/handling-units": "inventory/write",
        "POST /inventory/handling-units/{sscc}/contents": "inventory/write",
        "POST /inventory/handling-units/{sscc}/moves": "inventory/write",
        "POST /inventory/handling-units/{sscc}/nesting": "inventory/write",
        "POST /inventory/handling-units/{sscc}/splits": "inventory/write",
        "POST /inventory/handling-units/{sscc}/emptying": "inventory/write",
    }),
    command("lots", {
        "POST /inventory/lots/{sku}/{lot}/block": "inventory/write",
        "POST /inventory/lots/{sku}/{lot}/unblock": "inventory/write",
    }),
    command("put_away", {
        "POST /inventory/put-away-tasks/{id}/claim": "inventory/write",
        "POST /inventory/put-away-tasks/{id}/release": "inventory/write",
        "POST /inventory/put-away-tasks/{id}/direction": "inventory/write",
        "POST /inventory/put-away-tasks/{id}/confirmation": "inventory/write",
    }, also=frozenset({Grant.READ_VIEWS})),
    command("alternatives", {
        "POST /inventory/allocations/{order_id}/lines/{line_id}/alternatives": "inventory/write",
    }, also=frozenset({Grant.READ_VIEWS})),
    query("tasks", {
        "GET /inventory/put-away-tasks": "inventory/read",
        "GET /inventory/put-away-tasks/{id}": "inventory/read",
        "GET /inventory/allocations/{order_id}": "inventory/read",
    }),
    query("queries", {
        "GET /inventory/products": "inventory/read",
        "GET /inventory/products/{sku}": "inventory/read",
        "GET /inventory/locations": "inventory/read",
        "GET /inventory/locations/{id}": "inventory/read",
        "GET /inventory/stock": "inventory/read",
        "GET /inventory/stock/{sku}": "inventory/read",
        "GET /inventory/locations/{id}/stock": "inventory/read",
        "GET /inventory/handling-units": "inventory/read",
        "GET /inventory/handling-units/{sscc}": "inventory/read",
    }),
    query("tracing", {
        "GET /inventory/stock/{sku}/movements": "inventory/read",
        "GET /inventory/stock/{sku}/as-of": "inventory/read",
        "GET /inventory/lots/{sku}/{lot}": "inventory/read",
        "GET /inventory/lots/{sku}/{lot}/trace": "inventory/read",
        "GET /inventory/serials/{sku}/{serial}": "inventory/read",
        "GET /inventory/transfers": "inventory/read",
    }),
    query("identification", {"POST /inventory/scans": "inventory/read"}, libraries="identification"),
    query("labels", {"POST /inventory/labels": "inventory/read"}, libraries="labels"),
    reaction("reservation", batch=100, window_s=1, calculates=True, on=(
        "orders.ReservationRequested", "orders.ReservationReleaseRequested", "inventory.StockAdjusted",
        "inventory.StockReceived", "inventory.StockStatusChanged", "inventory.StockCounted",
        "inventory.SupplyCorrected", "inventory.ContainerDeparted", "inventory.ContainerArrived",
        "inventory.StockShipped",
    )),
    reaction("arrivals", batch=10, calculates=True, on=(
        "receiving.GoodsReceived", "receiving.InspectionDecided", "receiving.LotRecalled",
        "receiving.LotRecallLifted", "inventory.StockDeparted", "inventory.StockArrived",
        "inventory.HandlingUnitCreated", "inventory.HandlingUnitMoved", "inventory.ContainerDeparted",
        "inventory.TransferArrived",
    )),
    reaction("recalls", on=("inventory.LotBlocked",), also=frozenset({Grant.READ_VIEWS})),
    schedule("upkeep", every_minutes=5),
    reaction("allocation", batch=2, calculates=True, also=frozenset({Grant.READ_VIEWS}), on=(
        "orders.AllocationRequested", "orders.ReservationReleaseRequested", "orders.ShipmentRefused",
        "inventory.LineBroken",
        "inventory.StockAllocated", "inventory.StockDeallocated", "inventory.PutAwayConfirmed",
    )),
    reaction("put_away_tasks", batch=10, calculates=True, also=frozenset({Grant.READ_VIEWS}), on=(
        "inventory.GoodsAssigned", "inventory.StockReceived", "inventory.StockStatusChanged",
        "inventory.StockDeallocated", "inventory.StockDeparted", "inventory.HandlingUnitMoved",
        "inventory.PutAwayConfirmed", "inventory.StockAdjusted", "inventory.StockCounted",
    )),
    reaction("outbound", batch=30, window_s=1, also=frozenset({Grant.READ_VIEWS}), on=(
        "picking.UnitsPicked", "picking.PickShort", "picking.UnitsRejected", "picking.CartonPacked",
        "shipping.ShipmentDispatched",
    )),
    schedule("unsettled", every_minutes=5),
    *machinery("inventory", outbox_window_s=TELLING_MAY_LAG_S),
), indexes=(
    Index("by_kind", "places", "reached"),
    Index("by_task_status", "tasks", "queued"),
    Index("by_unsettled", "unsettled", "since", keys_only=True),
    Index("by_sku", "stocked", "held", keys_only=True),
    Index("by_lot", "lot", "held", keys_only=True),
    Index("by_product", "product", "first", keys_only=True),
    Index("by_time", "movements", "moved"),
    Index("by_place", "place", "unit", keys_only=True),
    Index("by_transfer_status", "transfers", "dispatched"),
    Index("by_due", "due", "deadline", keys_only=True),
))

ORDERS = Service("orders", (
    command("intake", {
        "POST /orders": "orders/write",
        "POST /orders/{id}/cancellation": "orders/write",
        "POST /orders/{id}/release": "orders/write",
    }, also=frozenset({Grant.READ_VIEWS})),
    command("releases", {"POST /orders/releases": "orders/write"}, also=frozenset({Grant.READ_VIEWS})),
    command("amendments", {
        "PUT /orders/{id}/ship-to": "orders/write",
        "PUT /orders/{id}/priority": "orders/write",
        "PUT /orders/{id}/payment-method": "orders/write",
        "POST /orders/{id}/holds": "orders/write",
        "POST /orders/{id}/holds/{kind}/release": "orders/write",
        "POST /orders/{id}/capture-retries": "orders/supervise",
        "POST /orders/{id}/refund-retries": "orders/supervise",
    }),
    command("substitutions", {
        "POST /orders/{id}/lines/{line_id}/substitutions": "orders/substitute",
    }, also=frozenset({Grant.READ_VIEWS})),
    command("returns", {
        "POST /orders/{id}/returns": "orders/write",
        "POST /orders/{id}/losses": "orders/supervise",
    }),
    query("queries", {"GET /orders": "orders/read", "GET /orders/{id}": "orders/read"}),
    reaction("fulfilment", batch=40, window_s=2, on=(
        "payments.PaymentAuthorized", "payments.PaymentDeclined", "payments.PaymentDelayed",
        "payments.PaymentAbandoned", "payments.PaymentVoided",
        "payments.PaymentReauthorized", "payments.ReauthorizationDeclined",
        "inventory.LineReserved", "inventory.LineShort", "inventory.LineBroken",
        "inventory.ReservationReleased", "inventory.LineAllocated", "inventory.LineUnallocated",
        "inventory.CartonRecalled", "shipping.CartonKept",
        "payments.PaymentCaptured", "payments.CaptureDeclined", "payments.PaymentRefunded",
        "payments.RefundDeclined", "picking.PickingStarted", "picking.OrderPicked", "picking.OrderPacked",
        "shipping.ShipmentLabelled", "shipping.LabelFailed", "shipping.ShipmentVoided",
        "shipping.ShipmentDispatched", "shipping.ShipmentDelivered", "shipping.DeliveryFailed",
        "receiving.ReturnReceived",
    )),
    reaction("replacements", on=("orders.ReplacementRequested", "orders.ReplacementUndone")),
    replica("assortment", on=("inventory.ProductRegistered", "inventory.ProductChanged")),
    schedule("deadlines", every_minutes=1),
    schedule("overdue", every_minutes=24 * 60, calculates=True),
    *machinery("orders", views_window_s=LISTS_MAY_LAG_S, outbox_window_s=TELLING_MAY_LAG_S),
), indexes=(
    Index("by_stage", "stage", "placed", keys_only=True),
    Index("by_channel", "channel", "placed", keys_only=True),
    Index("by_deadline", "due", "deadline", keys_only=True),
    Index("by_stalled", "stalled", "placed", keys_only=True),
), signals=(
    Signal("OrdersStalled", "Orders do not go on: GET /orders?stalled=true lists them, see docs/operations.md"),
))

PAYMENT_PROVIDER = "sandbox"  # or "stripe": see docs/payments.md


def payments(provider: str) -> Service:
    """The payments service, which asks `provider`."""
    asks = frozenset({Grant.KEEP_LEDGER})
    library = None
    if provider == "stripe":
        asks, library = asks | {Grant.READ_KEYS}, "stripe"
    at_provider = {"PAYMENT_PROVIDER": provider}
    return Service("payments", (
        reaction("authorization", batch=1,
                 on=("orders.PaymentAuthorizationRequested", "orders.PaymentRenewalRequested",
                     "orders.PaymentVoidRequested"),
                 also=asks, environment=at_provider, libraries=library),
        reaction("settlement", batch=1, on=("orders.CaptureRequested", "orders.RefundRequested"),
                 also=asks, environment=at_provider, libraries=library),
        command("movements", {
            "POST /payments/{order_id}/captures": "payments/write",
            "POST /payments/{order_id}/refunds": "payments/write",
        }, also=asks, environment=at_provider, libraries=library),
        schedule("expiry", every_minutes=1, also=asks, environment=at_provider, libraries=library),
        command("webhooks", {"POST /payments/webhooks/stripe": None}, also=asks, environment=at_provider,
                libraries=library),
        query("reconciliation", {"GET /payments/reconciliation": "payments/read"},
              also=asks | {Grant.AUDIT_LEDGER}, environment=at_provider, libraries=library),
        query("queries", {"GET /payments/{order_id}": "payments/read"}),
        *machinery("payments", views_window_s=LISTS_MAY_LAG_S, outbox_window_s=TELLING_MAY_LAG_S),
    ), indexes=(
        Index("by_moment", "due", "moment", keys_only=True),
    ), ledger_table="payments-sandbox", keys="stowage/payments/stripe")


PAYMENTS = payments(PAYMENT_PROVIDER)

RECEIVING = Service("receiving", (
    command("announcements", {"POST /receiving/shipments": "receiving/write"}, also=frozenset({Grant.READ_VIEWS})),
    command("imports", {"POST /receiving/shipments/imports": "receiving/write"},
            also=frozenset({Grant.READ_VIEWS}), libraries="notices"),
    command("arrivals", {
        "POST /receiving/shipments/{id}/arrival": "receiving/write",
        "POST /receiving/shipments/{id}/receipts": "receiving/write",
        "POST /receiving/shipments/{id}/closing": "receiving/write",
        "POST /receiving/unannounced-shipments": "receiving/write",
    }, also=frozenset({Grant.READ_VIEWS})),
    command("plans", {
        "PUT /receiving/inspection-plans/{id}": "receiving/write",
        "POST /receiving/suppliers/{supplier}/products/{sku}/severity": "receiving/write",
    }),
    command("inspections", {
        "POST /receiving/inspections/{id}/results": "receiving/write",
        "POST /receiving/inspections/{id}/decision": "receiving/write",
    }),
    command("attachments", {"POST /receiving/inspections/{id}/attachments": "receiving/write"},
            also=frozenset({Grant.ATTACH})),
    query("attached", {"GET /receiving/inspections/{id}/attachments": "receiving/read"},
          also=frozenset({Grant.FETCH_ATTACHED})),
    command("recalls", {
        "POST /receiving/recalls": "receiving/write",
        "POST /receiving/recalls/lifting": "receiving/write",
    }),
    query("queries", {
        "GET /receiving/shipments": "receiving/read",
        "GET /receiving/shipments/{id}": "receiving/read",
        "GET /receiving/returns/{code}": "receiving/read",
        "GET /receiving/inspections": "receiving/read",
        "GET /receiving/inspections/{id}": "receiving/read",
        "GET /receiving/inspection-plans": "receiving/read",
        "GET /receiving/recalls": "receiving/read",
    }),
    query("return_labels", {"GET /receiving/returns/{id}/label": "receiving/read"}, libraries="labels"),
    query("reports", {
        f"GET /receiving/reports/{name}": "receiving/read"
        for name in ("received", "discrepancies", "open", "suppliers", "dock-to-stock", "inspections", "returns")
    }),
    reaction("quality", batch=2, on=(
        "receiving.InspectionsRequested", "receiving.InspectionLotsCompleted", "receiving.InspectionDecided",
    )),
    reaction("returns", batch=10, on=("orders.ReturnAuthorized",)),
    reaction("doubts", on=("inventory.SerialsRepeated",)),
    reaction("scoring", batch=100, window_s=1, on=("receiving.ShipmentClosed", "inventory.PutAwayConfirmed")),
    replica("masterdata", on=(
        "inventory.ProductRegistered", "inventory.ProductChanged",
        "inventory.LocationRegistered", "inventory.LocationChanged",
    )),
    *machinery("receiving"),
), indexes=(
    Index("by_list", "list", "place"),
    Index("by_supplier", "supplied", "place"),
    Index("by_period", "period", "moment"),
    Index("by_due", "due", "expected"),
), attachments_kept_days=5 * 365)

PICKING = Service("picking", (
    reaction("requests", on=(
        "orders.PickingRequested", "orders.CancellationStarted", "orders.RemainderCancelled",
        "orders.UnpackingRequested",
    )),
    command("waves", {
        "POST /picking/waves": "picking/write",
        "PUT /picking/wave-rules/{id}": "picking/write",
    }, libraries="timezones"),
    reaction("releasing", batch=1, calculates=True, also=frozenset({Grant.READ_VIEWS}),
             on=("picking.WaveRequested",)),
    schedule("wave_rules", every_minutes=1, libraries="timezones"),
    command("picking", {
        "POST /picking/pick-lists/next": "picking/write",
        "POST /picking/pick-lists/{id}/claim": "picking/write",
        "POST /picking/pick-lists/{id}/release": "picking/write",
        "POST /picking/pick-lists/{id}/confirmations": "picking/write",
        "POST /picking/pick-lists/{id}/hand-over": "picking/supervise",
        "POST /picking/pick-lists/{id}/cancellation": "picking/supervise",
    }, also=frozenset({Grant.READ_VIEWS})),
    reaction("progress", batch=100, window_s=1, on=("picking.PartPicked", "picking.ItemsRejected")),
    query("queries", {
        "GET /picking/pool": "picking/read",
        "GET /picking/orders/{id}": "picking/read",
        "GET /picking/waves": "picking/read",
        "GET /picking/waves/{id}": "picking/read",
        "GET /picking/wave-rules": "picking/read",
        "GET /picking/pick-lists": "picking/read",
        "GET /picking/pick-lists/{id}": "picking/read",
    }),
    replica("masterdata", on=(
        "inventory.ProductRegistered", "inventory.ProductChanged",
        "inventory.LocationRegistered", "inventory.LocationChanged",
        "inventory.LotBlocked", "inventory.LotUnblocked",
    )),
    command("carton_types", {"PUT /picking/carton-types/{id}": "picking/write"}),
    command("packing", {
        "POST /picking/orders/{id}/packing": "picking/write",
        "POST /picking/orders/{id}/packing/completion": "picking/supervise",
        "POST /picking/orders/{id}/rejections": "picking/write",
        "POST /picking/orders/{id}/cartons": "picking/write",
        "POST /picking/orders/{id}/cartons/{sscc}/items": "picking/write",
        "POST /picking/orders/{id}/cartons/{sscc}/removals": "picking/write",
        "POST /picking/orders/{id}/cartons/{sscc}/closing": "picking/write",
        "POST /picking/orders/{id}/cartons/{sscc}/override": "picking/supervise",
    }, also=frozenset({Grant.READ_VIEWS})),
    query("packing_queries", {
        "GET /picking/carton-types": "picking/read",
        "GET /picking/orders/{id}/packing": "picking/read",
        "GET /picking/orders/{id}/packing-proposal": "picking/read",
    }),
    query("packing_slips", {"GET /picking/orders/{id}/packing-slip": "picking/read"}, libraries="labels"),
    *machinery("picking", outbox_window_s=TELLING_MAY_LAG_S),
), indexes=(
    Index("by_list", "list", "place"),
    Index("by_pool", "pool", "urgency", keys_only=True),
    Index("by_unfinished", "unfinished", "since", keys_only=True),
))

AT_CARRIERS = {
    "EASYPOST_URL": "https://api.easypost.com/v2",
    "EASYPOST_FILES": "https://easypost-files.s3.us-west-2.amazonaws.com,"
                      "https://easypost-files.s3-us-west-2.amazonaws.com",
}
ASKS_CARRIERS = frozenset({
    Grant.READ_VIEWS, Grant.KEEP_LEDGER, Grant.READ_KEYS, Grant.ATTACH, Grant.REMOVE_ATTACHED,
})
SHIPPING = Service("shipping", (
    command("carriers", {"PUT /shipping/carriers/{id}": "shipping/supervise"}),
    command("shipments", {
        "POST /shipping/shipments/{id}/void": "shipping/write",
        "POST /shipping/shipments/{id}/labelling": "shipping/write",
        "POST /shipping/shipments/{id}/reprints": "shipping/write",
        "POST /shipping/shipments/{id}/tracking": "shipping/write",
        "POST /shipping/shipments/{id}/return-labels": "shipping/write",
    }, also=ASKS_CARRIERS, environment=AT_CARRIERS, libraries="easypost"),
    query("queries", {
        "GET /shipping/carriers": "shipping/read",
        "GET /shipping/carriers/{id}": "shipping/read",
        "GET /shipping/shipments": "shipping/read",
        "GET /shipping/shipments/{id}": "shipping/read",
        "GET /shipping/loads": "shipping/read",
        "GET /shipping/loads/{id}": "shipping/read",
    }),
    query("documents", {
        "GET /shipping/shipments/{id}/labels": "shipping/read",
        "GET /shipping/shipments/{id}/labels/document": "shipping/read",
        "GET /shipping/shipments/{id}/return-labels": "shipping/read",
        "GET /shipping/loads/{id}/manifest": "shipping/read",
        "GET /shipping/loads/{id}/pickup-forms": "shipping/read",
    }, also=frozenset({Grant.ATTACH, Grant.FETCH_ATTACHED}), libraries="labels"),
    command("loads", {
        "POST /shipping/loads": "shipping/write",
        "POST /shipping/loads/{id}/scans": "shipping/write",
        "POST /shipping/loads/{id}/unloading": "shipping/write",
        "POST /shipping/loads/{id}/dispatch": "shipping/write",
    }, also=frozenset({Grant.READ_VIEWS})),
    reaction("dispatch", batch=5, on=("shipping.LoadDispatchStarted",)),
    reaction("labels", batch=1, also=ASKS_CARRIERS, environment=AT_CARRIERS, libraries="easypost", on=(
        "orders.ShipmentRequested", "orders.ShipToChanged", "orders.ShipmentCancellationRequested",
        "orders.ShipmentHoldsChanged", "inventory.CartonRecalled",
    )),
    command("webhooks", {"POST /shipping/webhooks/easypost": None},
            also=frozenset({Grant.READ_VIEWS, Grant.READ_KEYS})),
    schedule("waiting", every_minutes=1, also=ASKS_CARRIERS, environment=AT_CARRIERS, libraries="easypost"),
    *machinery("shipping", outbox_window_s=TELLING_MAY_LAG_S),
), indexes=(
    Index("by_open", "open", "since"),
    Index("by_due", "due", "moment", keys_only=True),
), ledger_table="shipping-circuits", attachments_kept_days=90, keys="stowage/shipping/easypost")

READ_ALL = (
    "inventory/read", "orders/read", "payments/read", "picking/read", "receiving/read", "shipping/read",
)

SYSTEM = System(
    services=(INVENTORY, RECEIVING, ORDERS, PAYMENTS, PICKING, SHIPPING),
    edge_routes=routes({"GET /health": None, "GET /openapi.json": None}),
    roles={
        "viewer": READ_ALL,
        "operator": (
            *READ_ALL, "inventory/write", "orders/substitute", "picking/write", "receiving/write",
            "shipping/write",
        ),
        "integrator": (*READ_ALL, "inventory/write", "receiving/write", "orders/write", "orders/substitute"),
        "supervisor": (
            *READ_ALL, "inventory/write", "receiving/write", "orders/write", "orders/substitute",
            "orders/supervise", "payments/write", "picking/write", "picking/supervise", "shipping/write",
            "shipping/supervise",
        ),
    },
    machine_clients=(
        MachineClient("integrator", (
            "inventory/read", "inventory/write", "orders/read", "orders/write", "orders/substitute",
            "payments/read", "picking/read", "receiving/read", "receiving/write", "shipping/read",
        )),
        MachineClient("monitor", READ_ALL),
    ),
)
# fmt: on

if __name__ == "__main__":
    from infra.stacks import synthesize

    synthesize(SYSTEM)
