"""Picking's deciders, by the streams they decide on."""

from picking.contracts import PUBLISHED
from shared.events import EventCatalog

CATALOG = EventCatalog("picking", PUBLISHED)
