"""Picking's deciders, by the streams they decide on."""

from picking.contracts import PUBLISHED
from picking.domain import next_list, pick_list, pick_order, wave
from shared.decider import Decider
from shared.events import EventCatalog

CATALOG = EventCatalog(
    "picking", (*PUBLISHED, *pick_order.EVENTS, *pick_list.EVENTS, *next_list.EVENTS, *wave.EVENTS)
)

PICK_ORDER = Decider(
    CATALOG, pick_order.PickOrder(), pick_order.evolve, category="PickOrder", decide=pick_order.decide
)
PICK_LIST = Decider(CATALOG, pick_list.PickList(), pick_list.evolve, category="PickList", decide=pick_list.decide)
NEXT_LIST = Decider(CATALOG, next_list.Choice(), next_list.evolve, category="NextList", decide=next_list.decide)
WAVE = Decider(CATALOG, wave.Wave(), wave.evolve, category="Wave", decide=wave.decide)
WAVE_RULE = Decider(CATALOG, wave.Rule(), wave.evolve_rule, category="WaveRule", decide=wave.decide_rule)
