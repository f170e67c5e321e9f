"""The order and the saga that sees it through, pure.

    placed ─► reserving ─► reserved ─► allocating ─► allocated ─► picking ─► picked ─► packed ─► labelled
                  │  ▲        │ release                                                            │
                  ▼  │        ▼                                                                    ▼
               backordered ◄── a promise broken                         partially dispatched ─► dispatched
                                                                                                   │
    cancelling ─► cancelled, from everywhere until all has left             closed ◄── delivered ◄─┘

`states` has the words, `facts` and `commands` what happens and what is asked, `order` what is known, `saga` what
follows from being asked or told, `course` what follows from what is known.
"""

from orders.contracts import PUBLISHED
from orders.domain import facts, release
from shared.events import EventCatalog

CATALOG = EventCatalog("orders", (*PUBLISHED, *facts.PRIVATE, *release.PRIVATE))
