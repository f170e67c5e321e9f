"""How picking's read models are found: their indexes, and in which order they list."""

BY_LIST, BY_POOL, BY_UNFINISHED = "by_list", "by_pool", "by_unfinished"
POOL, URGENCY = "pool", "urgency"
LIST, PLACE = "list", "place"
UNFINISHED, SINCE = "unfinished", "since"
WAVES = "waves"
RULES = "rules"
_NEVER = "9999"
_MOST_URGENT = 9


def urgency(priority: int, ship_by: str | None, name: str) -> str:
    """A sort key: what is most urgent first, then what leaves first."""
    return f"{_MOST_URGENT - priority}#{ship_by or _NEVER}#{name}"


def lists_of(warehouse: str, status: str) -> str:
    """The partition of a warehouse's pick lists that stand so."""
    return f"lists#{warehouse}#{status}"


def waves_of(warehouse: str) -> str:
    """The partition of a warehouse's waves."""
    return f"waves#{warehouse}"
