"""What is written in a form, as params; and what is wrong with it, as a Refusal a field.

A field that is left empty is not given: the size's value holds, else the default. What only the
workload knows (a value that fits no other) is the describer's to refuse.
"""

from __future__ import annotations

import json
import math
import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from tenfold.terms.refusal import Refusal, refusal
from tenfold.web.parts.form import Field, defaults, plain
from tenfold.web.words import Words


@dataclass(frozen=True)
class Read:
    """What a form says: the params that differ from those of its size, and what is wrong."""

    params: dict[str, Any]
    wrong: dict[str, Refusal]


def read(
    t: Words,
    workload: str,
    form: Iterable[Field],
    raws: Mapping[str, Any],
    size: Mapping[str, Any],
) -> Read:
    """A field that `raws` does not have counts as not touched."""
    params: dict[str, Any] = {}
    wrong: dict[str, Refusal] = {}
    form = list(form)
    base = defaults(form, size)
    for field in form:
        raw = raws.get(field.name)
        if raw is None:
            continue
        try:
            value = value_of(t, field, raw)
        except ValueError as error:
            said = f"'{field.name}' = {raw!r}"
            wrong[field.name] = refusal(
                "workload.param", name=workload, param=said, why=str(error), field=field.name
            )
            continue
        if value is not None and value != base[field.name]:
            params[field.name] = value
    return Read(params, wrong)


def value_of(t: Words, field: Field, raw: Any) -> Any:
    """None where nothing is written; ValueError, with a sentence to show, where it is wrong."""
    if field.kind in ("switch", "choices"):
        return raw
    text = str(raw)
    if field.kind in ("text", "long", "path"):
        return (text.strip() if field.kind == "path" else text) or ("" if field.default else None)
    text = text.strip()
    if not text:
        return None
    if field.kind in ("integer", "number"):
        return _within(t, field, _number(t, text, field.kind == "integer"))
    if field.kind == "numbers":
        return [_number(t, one.strip(), False) for one in _parts(text)]
    if field.kind == "lines":
        return [line.strip() for line in text.splitlines() if line.strip()]
    if field.kind == "command":
        return _words(t, text)
    if field.kind == "choice":
        return next((one for one in field.choices if plain(one) == text), text)
    try:
        return json.loads(text)
    except ValueError as error:
        raise ValueError(t("form.not_json", error=error)) from error


def _number(t: Words, text: str, whole: bool) -> float | int:
    try:
        value = float(text)
    except ValueError:
        raise ValueError(t("form.not_a_number")) from None
    if not math.isfinite(value):
        raise ValueError(t("form.not_a_number"))
    if not whole:
        return value
    if not value.is_integer():
        raise ValueError(t("form.not_whole"))
    return int(value)


def _within(t: Words, field: Field, value: float | int) -> float | int:
    low, high = field.low, field.high
    if low is not None and (value < low or (field.above and value == low)):
        raise ValueError(t("form.above" if field.above else "form.least", n=plain(low)))
    if high is not None and (value > high or (field.below and value == high)):
        raise ValueError(t("form.below" if field.below else "form.most", n=plain(high)))
    return value


def _parts(text: str) -> list[str]:
    return [part for part in text.replace(";", ",").split(",") if part.strip()]


def _words(t: Words, text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError:
        raise ValueError(t("form.quotes")) from None
