"""Typed JSON with msgspec, and with persistent maps (`immutables.Map`) for states that grow large."""

from hashlib import blake2b
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

import msgspec
from immutables import Map

T = TypeVar("T")


def _encode_extra(value: object) -> object:
    if isinstance(value, Map):
        return dict(value.items())
    raise NotImplementedError(f"{type(value).__name__} has no JSON form")


def _decode_extra(wanted: Any, value: Any) -> Any:
    if (get_origin(wanted) or wanted) is Map:
        plain = dict.__class_getitem__(get_args(wanted))
        return Map(msgspec.convert(value, plain, dec_hook=_decode_extra, str_keys=True))
    raise NotImplementedError(f"{wanted} has no JSON form")


_encoder = msgspec.json.Encoder(enc_hook=_encode_extra)
_sorting_encoder = msgspec.json.Encoder(enc_hook=_encode_extra, order="sorted")
_decoders: dict[Any, msgspec.json.Decoder[Any]] = {}


def to_json(value: object) -> bytes:
    """`value` as UTF-8 JSON."""
    return _encoder.encode(value)


def from_json(data: bytes | str, kind: type[T]) -> T:
    """The `kind` that `data` holds. Raises msgspec.ValidationError or DecodeError saying where and what."""
    decoder = _decoders.get(kind)
    if decoder is None:
        decoder = _decoders[kind] = msgspec.json.Decoder(kind, dec_hook=_decode_extra)
    decoded: T = decoder.decode(data)
    return decoded


def fingerprint(value: object) -> str:
    """16 hexadecimal digits that two equal values share, whatever the order of their fields."""
    return blake2b(_sorting_encoder.encode(value), digest_size=8).hexdigest()


def shape(kind: Any) -> str:
    """16 hexadecimal digits that change when the fields or types of `kind`, or of what it holds, change."""
    seen: dict[str, list[tuple[str, str]]] = {}
    _describe(kind, seen)
    return fingerprint(seen)


def _describe(kind: Any, seen: dict[str, list[tuple[str, str]]]) -> None:
    for argument in get_args(kind):
        _describe(argument, seen)
    if not (isinstance(kind, type) and issubclass(kind, msgspec.Struct)):
        return
    name_of_kind = f"{kind.__module__}.{kind.__qualname__}"
    if name_of_kind in seen:
        return
    hints = get_type_hints(kind)
    seen[name_of_kind] = [(name, str(hints[name])) for name in kind.__struct_fields__]
    for name in kind.__struct_fields__:
        _describe(hints[name], seen)
