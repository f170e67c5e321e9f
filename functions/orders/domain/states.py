"""Where orders, their lines, payments, shipments and returns can stand, and how long each step may take."""

from datetime import timedelta

AUTHORIZATION_TIME = timedelta(hours=1)
PAYMENT_TIME = timedelta(days=3)
RESERVATION_TIME = timedelta(hours=1)
CANCELLATION_TIME = timedelta(hours=1)
BACKORDER_TIME = timedelta(days=30)
RELEASE_TIME = timedelta(days=7)
ALLOCATION_TIME = timedelta(hours=1)
PICKING_TIME = timedelta(days=7)
COLLECTION_TIME = timedelta(days=2)
PACKING_TIME = timedelta(days=2)
HOLDING_TIME = timedelta(days=7)
LABELLING_TIME = timedelta(hours=1)
LOADING_TIME = timedelta(days=7)
CAPTURE_TIME = timedelta(hours=1)
DEBT_TIME = timedelta(days=7)
DELIVERY_TIME = timedelta(days=30)
PARCELS_TIME = timedelta(days=2)
RETURN_TIME = timedelta(days=60)
REFUND_TIME = timedelta(hours=1)
STALLED_TIME = timedelta(days=1)
ATTEMPTS = 3

PLACED, RESERVING, RESERVED, BACKORDERED = "placed", "reserving", "reserved", "backordered"
ALLOCATING, ALLOCATED = "allocating", "allocated"
PICKING, PICKED, PACKED, LABELLED = "picking", "picked", "packed", "labelled"
PARTIALLY_DISPATCHED, DISPATCHED, DELIVERED = "partially_dispatched", "dispatched", "delivered"
CLOSED = "closed"
CANCELLING, CANCELLED = "cancelling", "cancelled"
STAGES = {
    **dict.fromkeys((PLACED, RESERVING, RESERVED, BACKORDERED), "waiting"),
    **dict.fromkeys((ALLOCATING, ALLOCATED, PICKING, PICKED, PACKED, LABELLED), "under way"),
    **dict.fromkeys((PARTIALLY_DISPATCHED, DISPATCHED, DELIVERED, CANCELLING), "under way"),
    CLOSED: "closed",
    CANCELLED: "cancelled",
}
"""The part of its way in which an order stands at a status: what changes only a few times."""
OPEN_STAGES = ("waiting", "under way")
"""Where orders stand that somebody or something waits for. The others are done, but for what comes back."""
STATUSES = tuple(STAGES)

LINE_PENDING, LINE_RESERVED, LINE_BACKORDERED, LINE_RELEASED = "pending", "reserved", "backordered", "released"
LINE_ALLOCATED, LINE_SHIPPED = "allocated", "shipped"
CLAIMING = (LINE_PENDING, LINE_RESERVED, LINE_BACKORDERED, LINE_ALLOCATED)
"""Where a line stands that may hold stock."""

PAYMENT_NONE, PAYMENT_REQUESTED, PAYMENT_AUTHORIZED = "none", "requested", "authorized"
PAYMENT_LAPSED, PAYMENT_DECLINED, PAYMENT_VOIDED = "lapsed", "declined", "voided"

LABEL_MADE, LABEL_FAILED, LABEL_VOID = "made", "failed", "void"
CAPTURE_REQUESTED, CAPTURED, CAPTURE_DECLINED = "requested", "captured", "declined"
RETURN_AUTHORIZED, RETURN_RECEIVED, RETURN_CLOSED = "authorized", "received", "closed"

WAIT_AUTHORIZATION, WAIT_PROVIDER = "payment authorization", "the payment provider"
WAIT_RELEASE, WAIT_STOCK, WAIT_ALLOCATION = "release to picking", "stock", "allocation"
WAIT_PICKING, WAIT_COLLECTION, WAIT_PACKING = "picking", "the end of picking", "packing"
WAIT_HOLD, WAIT_REST, WAIT_LABELS, WAIT_LOADING = (
    "release of a hold",
    "the rest of the order",
    "labels",
    "dispatch",
)
WAIT_CAPTURE, WAIT_DEBT, WAIT_DELIVERY = "capture", "a payment that was declined", "delivery"
WAIT_RETURN, WAIT_REFUND, WAIT_REFUND_DUE = "returned goods", "refund", "a refund that was declined"
WAIT_PARCELS = "what becomes of goods that did not arrive"
LEFT_ALTHOUGH_RECALLED = "goods that left although their lot is recalled"
ARRIVED_ALTHOUGH_GIVEN_UP = "goods that arrived although they were given up for lost"
LEFT_ALTHOUGH_HELD = "goods that left although their order was held"
NOT_WAITED_FOR = (LEFT_ALTHOUGH_RECALLED, LEFT_ALTHOUGH_HELD, ARRIVED_ALTHOUGH_GIVEN_UP)
"""What a person is called for, and the order does not wait for."""
TIMES = {
    WAIT_RELEASE: RELEASE_TIME,
    WAIT_STOCK: BACKORDER_TIME,
    WAIT_ALLOCATION: ALLOCATION_TIME,
    WAIT_PICKING: PICKING_TIME,
    WAIT_COLLECTION: COLLECTION_TIME,
    WAIT_PACKING: PACKING_TIME,
    WAIT_HOLD: HOLDING_TIME,
    WAIT_REST: BACKORDER_TIME,
    WAIT_LABELS: LABELLING_TIME,
    WAIT_LOADING: LOADING_TIME,
    WAIT_CAPTURE: CAPTURE_TIME,
    WAIT_DEBT: DEBT_TIME,
    WAIT_DELIVERY: DELIVERY_TIME,
    WAIT_PARCELS: PARCELS_TIME,
    WAIT_RETURN: RETURN_TIME,
    WAIT_REFUND: REFUND_TIME,
    WAIT_REFUND_DUE: DEBT_TIME,
}
