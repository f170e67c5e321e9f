"""What the upkeep looks for in the read model: the index of whatever is due, and how it is shared out in it."""

from hashlib import blake2b

BY_DUE, BY_LOT = "by_due", "by_lot"
AWAITED, EXPIRING, BLOCKED = "awaited", "expiring", "blocked"
DUE_SHARDS = ("0", "1", "2", "3")


def due_shard(what: str, key: str) -> str:
    """The partition of the index where `key` is found among those that wait for `what`."""
    return f"{what}{int(blake2b(key.encode(), digest_size=1).hexdigest(), 16) % len(DUE_SHARDS)}"
