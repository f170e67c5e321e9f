"""Whether a schema is still what its readers were promised: new optional fields only."""

from collections.abc import Iterator
from typing import Any

Schema = dict[str, Any]

_ANNOTATIONS = {"description", "title", "examples", "default"}


def incompatibilities(old: Schema, new: Schema) -> list[str]:
    """What in `new` breaks a reader of `old`, one sentence each; none when `new` only adds optional fields."""
    return list(_compare(old, new, old, new, "$"))


def _compare(old: Schema, new: Schema, old_root: Schema, new_root: Schema, at: str) -> Iterator[str]:
    old, new = _resolved(old, old_root), _resolved(new, new_root)
    for keyword in sorted((set(old) | set(new)) - _ANNOTATIONS - {"properties", "required", "items", "$defs"}):
        if keyword in ("anyOf", "prefixItems"):
            yield from _compare_each(old.get(keyword, []), new.get(keyword, []), old_root, new_root, at)
        elif old.get(keyword) != new.get(keyword):
            yield f"{at}: {keyword} was {old.get(keyword)!r} and is {new.get(keyword)!r}"
    if isinstance(old.get("items"), dict) and isinstance(new.get("items"), dict):
        yield from _compare(old["items"], new["items"], old_root, new_root, f"{at}[]")
    elif old.get("items") != new.get("items"):
        yield f"{at}: the items were {old.get('items')!r} and are {new.get('items')!r}"
    was, now = old.get("properties", {}), new.get("properties", {})
    for name in was:
        if name not in now:
            yield f"{at}.{name} is gone"
        else:
            yield from _compare(was[name], now[name], old_root, new_root, f"{at}.{name}")
    for name in sorted(set(new.get("required", [])) - set(old.get("required", []))):
        yield f"{at}.{name} is required now"
    for name in sorted(set(old.get("required", [])) - set(new.get("required", []))):
        yield f"{at}.{name} is no longer certain to be there"


def _compare_each(
    old: list[Schema], new: list[Schema], old_root: Schema, new_root: Schema, at: str
) -> Iterator[str]:
    if len(old) != len(new):
        yield f"{at}: there were {len(old)} forms and are {len(new)}"
        return
    for was, now in zip(old, new, strict=True):
        yield from _compare(was, now, old_root, new_root, at)


def _resolved(schema: Schema, root: Schema) -> Schema:
    while "$ref" in schema:
        schema = root["$defs"][schema["$ref"].rpartition("/")[2]]
    return schema
