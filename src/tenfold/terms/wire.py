"""Terms to and from JSON values, by their own type hints. Unknown fields are ignored on the way in,
so a newer writer does not break an older reader."""

from __future__ import annotations

import dataclasses
import types
import typing
from enum import Enum
from functools import cache
from typing import Any, TypeVar

from tenfold.terms.refusal import refusal

T = TypeVar("T")


def to_json(value: Any) -> Any:
    """A dataclass of ours, or any nesting of them, as JSON values."""
    kind = type(value)
    if kind in _PLAIN:
        return value
    if dataclasses.is_dataclass(kind):
        return {name: to_json(getattr(value, name)) for name in _names(kind)}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, list | tuple):
        return [to_json(item) for item in value]
    if isinstance(value, dict):
        return {key: to_json(item) for key, item in value.items()}
    return value


def from_json(kind: type[T], value: Any) -> T:
    """Inverse of `to_json` for `kind`; raises a Refusal (`wire.shape`) if it does not fit."""
    try:
        return typing.cast(T, _decode(kind, value))
    except (TypeError, ValueError, KeyError, AttributeError) as error:
        raise refusal("wire.shape", kind=kind.__name__, error=str(error)) from error


_PLAIN = frozenset({str, int, float, bool, type(None)})


@cache
def _names(kind: type) -> tuple[str, ...]:
    return tuple(field.name for field in dataclasses.fields(kind))


@cache
def _hints(kind: type) -> dict[str, Any]:
    return typing.get_type_hints(kind)


def _decode(kind: Any, value: Any) -> Any:
    origin = typing.get_origin(kind)
    if origin in (typing.Union, types.UnionType):
        return _decode_union(typing.get_args(kind), value)
    if origin is tuple:
        if not isinstance(value, list | tuple):
            raise TypeError(f"expected a list, got {value!r}")
        return tuple(_decode(typing.get_args(kind)[0], item) for item in value)
    if kind is Any or origin is dict:
        return value
    if dataclasses.is_dataclass(kind):
        if not isinstance(value, dict):
            raise TypeError(f"expected an object, got {value!r}")
        hints = _hints(typing.cast(type, kind))
        fields = {name: _decode(hints[name], value[name]) for name in hints if name in value}
        return typing.cast(Any, kind)(**fields)
    if isinstance(kind, type) and issubclass(kind, Enum):
        return kind(value)
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise TypeError(f"expected {kind.__name__}, got {value!r}")
    return value


def _decode_union(kinds: tuple[Any, ...], value: Any) -> Any:
    if value is None:
        return None
    failure: Exception = TypeError(f"nothing fits {value!r}")
    for kind in kinds:
        if kind is type(None):
            continue
        try:
            return _decode(kind, value)
        except (TypeError, ValueError) as error:
            failure = error
    raise failure
