"""Budgets: what a handler's cold start may import. They name modules, they do not time."""

import json
from collections.abc import Mapping
from functools import cache

import msgspec
import pytest
from msgspec import Struct

from infra.declaration import Kind
from tests.bench.imports import FLOOR, cold_start, handlers, run_fresh

PACKAGES = frozenset({"msgspec", "immutables", "gc"})
"""Packages beyond boto3's own. `gc` is built in: with higher thresholds a start spends less, not more."""

_BUILD = "_sysconfigdata__"
"""What Python calls the module about its own build ends in the platform's name."""
LIBRARIES: Mapping[str, frozenset[str]] = {
    "inventory.identification": frozenset({"biip", "epcpy", "importlib"}),
    "receiving.imports": frozenset({"pydifact"}),
    "inventory.labels": frozenset({"zint", "html", "pkgutil", "pydoc", "sysconfig"}),
    "shipping.documents": frozenset({"zint", "html", "pkgutil", "pydoc", "sysconfig"}),
    "receiving.return_labels": frozenset({"zint", "html", "pkgutil", "pydoc", "sysconfig"}),
}
"""Those that a handler has in a layer of its own besides.

biip reads its lists by importlib.resources; zint's bindings import pydoc, which asks Python about its own build.
"""

KERNEL = frozenset(
    [
        "address",
        "availability",
        "aws",
        "clock",
        "codec",
        "environment",
        "event_store",
        "events",
        "gs1",
        "identifiers",
        "ids",
        "money",
        "quantity",
        "rejection",
        "telemetry",
    ]
)
WORKER = KERNEL | {"decider", "resources", "views"}
EDGE = WORKER | {"http_edge"}
CONSUMER = WORKER | {"consumer", "envelope"}
BUDGETS: Mapping[Kind, frozenset[str]] = {
    Kind.OUTBOX: KERNEL | {"envelope", "outbox"},
    Kind.PROJECTOR: WORKER | {"projection"},
    Kind.COMMAND: EDGE | CONSUMER,  # orders.intake asks the assortment, which is also a consumer
    Kind.QUERY: EDGE | {"journal", "projection"},
    Kind.HEALTH: EDGE | {"health"},
    Kind.REACTION: CONSUMER,
    Kind.REPLICA: CONSUMER,
    Kind.SCHEDULE: WORKER | {"journeys", "projection", "sweep"},
}
"""Which modules of `shared` a handler of each kind may import."""
READS_LISTS = frozenset(
    {
        "inventory.put_away",
        "inventory.alternatives",
        "inventory.allocation",
        "inventory.outbound",
        "inventory.put_away_tasks",
        "shipping.loads",
    }
)
"""Those that choose among what lists show: the documents' shapes stand beside the projections that write them."""

AT_PROVIDER = frozenset({"resilience"})
OF_ANOTHER = frozenset({"journeys"})
PAPER = frozenset({"labelling", "labelling.drawing", "labelling.rendering", "labelling.symbols"})
SHEETS = frozenset({"sheets"})
CODES = frozenset({"codes", "codes.problems"})
READS_CODES = CODES | {
    f"codes.{name}"
    for name in ("application_identifiers", "barcodes", "digital_links", "element_strings", "values")
}
FURTHER: Mapping[str, frozenset[str]] = {
    **{f"payments.{name}": AT_PROVIDER for name in ("authorization", "settlement", "movements", "expiry")},
    "payments.webhooks": AT_PROVIDER | OF_ANOTHER,
    "shipping.webhooks": OF_ANOTHER,
    "shipping.waiting": AT_PROVIDER,
    "inventory.labels": PAPER | READS_CODES,
    "inventory.identification": READS_CODES,
    "payments.reconciliation": AT_PROVIDER | SHEETS,
    **{f"picking.{name}": CODES for name in ("picking", "packing")},
    "receiving.reports": SHEETS,
    "shipping.documents": PAPER,
    "receiving.return_labels": PAPER,
}
"""Which modules of `shared` a handler may import besides.

Those that ask others guard their calls; those that others tell something go on with a stream's journey. Scans of
products are read with what they hold beside the GTIN; the tables of that are loaded with the first such scan.
"""

HEAVY = frozenset(
    {"asyncio", "multiprocessing", "sqlite3", "unittest", "xmlrpc", "pydantic", "aws_lambda_powertools"}
)
_FORKING = """
import gc, io, json, os, sys, traceback
from shared import aws
aws.dynamodb()
for code in json.loads(sys.argv[1]):
    ours, childs = os.pipe()
    child = os.fork()
    if not child:
        try:
            exec(code, {})
            told = {"modules": list(sys.modules), "collections": gc.get_stats()[2]["collections"]}
        except BaseException:
            told = {"failed": traceback.format_exc()}
        with os.fdopen(childs, "w") as end:
            json.dump(told, end)
        os._exit(0)
    os.close(childs)
    with os.fdopen(ours) as end:
        print(end.read())
    os.waitpid(child, 0)
"""
"""Runs each piece of code in a copy of a process that has done what every handler does first: make its client.

boto3 is nine tenths of a start, and the same in each.
"""


class Start(Struct):
    """What a cold start has imported, and how often it searched all its objects for garbage."""

    modules: frozenset[str] = frozenset()
    collections: int = 0
    failed: str = ""


@cache
def starts() -> Mapping[str, Start]:
    """The starts of all handlers, by their code."""
    return _started(tuple(cold_start(module, kind) for module, kind in handlers().items()))


def started(code: str) -> Start:
    """What `code` does when it is run by a process that has its client."""
    return starts().get(code) or _started((code,))[code]


@cache
def _started(codes: tuple[str, ...]) -> Mapping[str, Start]:
    lines = run_fresh(_FORKING, json.dumps(codes)).splitlines()
    found = {code: msgspec.json.decode(line, type=Start) for code, line in zip(codes, lines, strict=True)}
    assert not [start.failed for start in found.values() if start.failed]
    return found


@cache
def floor() -> frozenset[str]:
    """The modules that boto3 and a client of DynamoDB import by themselves."""
    return frozenset(run_fresh(f"{FLOOR}\nimport sys; print(*sys.modules)").split())


def beyond_boto3(code: str) -> frozenset[str]:
    """The packages that `code` imports on top of boto3 and its client; the standard library counts by module."""
    return frozenset(name.partition(".")[0] for name in started(code).modules - floor())


def over_budget(module: str, code: str, kind: Kind) -> frozenset[str]:
    """What `code` imports and that handler, of that kind, has no need of."""
    service = module.partition(".")[0]
    packages = beyond_boto3(code) - PACKAGES - LIBRARIES.get(module, frozenset()) - {"shared", service}
    if "sysconfig" not in packages and module in LIBRARIES:
        packages = frozenset(name for name in packages if not name.startswith(_BUILD))
    kernel = {name.partition(".")[2] for name in started(code).modules if name.startswith("shared.")}
    allowed = BUDGETS[kind] | ({"projection"} if module in READS_LISTS else set())
    return packages | {f"shared.{name}" for name in kernel - allowed - FURTHER.get(module, frozenset())}


@pytest.mark.parametrize("module", handlers())
def test_a_handler_imports_only_what_its_kind_may(module: str) -> None:
    kind = handlers()[module]
    over = over_budget(module, cold_start(module, kind), kind)
    assert not over, (
        f"{module} imports {sorted(over)}: import it where it is used, or state here why every start pays"
    )


@pytest.mark.parametrize(
    "module", sorted({"orders.outbox", "orders.views", "orders.intake", "inventory.reservation"})
)
def test_no_handler_imports_a_heavy_module(module: str) -> None:
    assert not started(cold_start(module, handlers()[module])).modules & HEAVY - floor()


@pytest.mark.parametrize("module", handlers())
def test_a_cold_start_never_searches_all_it_has_made_for_garbage(module: str) -> None:
    assert started(cold_start(module, handlers()[module])).collections == 0


def test_every_kind_has_a_budget() -> None:
    assert set(BUDGETS) == set(Kind)


@pytest.mark.parametrize(
    ("more", "found"),
    [
        ("import asyncio", "asyncio"),
        ("import attrs", "attrs"),
        ("import shared.http_edge", "shared.http_edge"),
        ("import inventory.contracts", "inventory"),
    ],
)
def test_the_budget_notices_what_an_outbox_has_no_need_of(more: str, found: str) -> None:
    start = cold_start("orders.outbox", Kind.OUTBOX)
    assert found in over_budget("orders.outbox", f"{start}\n{more}", Kind.OUTBOX)
