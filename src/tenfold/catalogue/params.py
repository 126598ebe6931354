"""The params of one run: the field's default, then the size's value, then what was given."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from tenfold.catalogue.contract import WorkloadParams
from tenfold.catalogue.loading import Workload
from tenfold.terms.refusal import Refusal, refusal


def resolved(workload: Workload, given: Mapping[str, Any], size: str | None) -> WorkloadParams:
    """Raises a Refusal: `workload.size`, or `workload.param` for the first value that is wrong."""
    name = workload.entry.name
    if size is not None and size not in workload.sizes:
        sizes = ", ".join(workload.sizes) or "none"
        first = next(iter(workload.sizes), "")
        raise refusal("workload.size", name=name, size=size, sizes=sizes, first=first)
    values = {**workload.sizes.get(size or "", {}), **given}
    try:
        return workload.params.model_validate(values)
    except ValidationError as error:
        raise _refused(workload, error) from error


def _refused(workload: Workload, error: ValidationError) -> Refusal:
    first = error.errors(include_url=False)[0]
    field = ".".join(str(part) for part in first["loc"])
    place = field or "these values"
    if first["type"] == "extra_forbidden":
        why = _nearest(place, list(workload.params.model_fields))
        param = f"the param '{place}'"
    else:
        message = first["msg"].removeprefix("Value error, ")
        why = f"{message[:1].upper()}{message[1:]}."
        value = "" if first["type"] == "missing" else f" = {first['input']!r}"
        param = f"'{place}'{value}"
    name = workload.entry.name
    return refusal("workload.param", name=name, param=param, why=why, field=field)


def _nearest(field: str, fields: list[str]) -> str:
    near = difflib.get_close_matches(field, fields, n=1, cutoff=0.4)
    if near:
        return f"It has no such field; the nearest is '{near[0]}'."
    return f"It has no such field; it has {', '.join(fields) or 'none'}."
