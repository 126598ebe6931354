"""Where, when and under which name a run is asked for: the part of the form that all workloads
share, and what it says to POST /api/jobs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tenfold.terms.command import COMMAND
from tenfold.terms.refusal import Refusal
from tenfold.web.parts.form import Field
from tenfold.web.parts.written import read
from tenfold.web.words import Words

FIRST = "first"  # wherever it fits first
PLACES = ("gpus", "slice", "cores")
HOURS = ("", "anytime", "cheap", "night", "quiet-ok")
KINDS = ("batch", "service", "interactive")
MINUTE_S = 60.0


def order_fields(t: Words, workload: str, box: Mapping[str, Any]) -> list[Field]:
    """Of what GET /api/box tells: no whole GPUs are offered where there is none."""
    devices = [device for node in box["box"]["nodes"] for device in node["devices"]]
    gpus = [device for device in devices if device["kind"] == "gpu"]
    cores = max((device["cores"] for device in devices), default=1)
    profiles = tuple(dict.fromkeys(name for gpu in gpus for name in _profiles(gpu)))
    places = [FIRST, *(["gpus"] if gpus else []), *(["slice"] if profiles else []), "cores"]
    found = [_choice(t, "where", tuple(places), FIRST)]
    if gpus:
        found.append(_field(t, "gpus", "integer", low=1, high=len(gpus)))
    if profiles:
        found.append(_field(t, "slice", "choice", default=profiles[0], choices=profiles))
    found.append(_field(t, "cores", "integer", low=1, high=max(1, cores)))
    found.append(_field(t, "memory_gib", "number", unit="GiB", low=0, above=True))
    if workload == COMMAND:
        minutes = t("form.units.min")
        found.append(_field(t, "minutes", "number", unit=minutes, low=0, above=True))
        found.append(_choice(t, "kind", KINDS, "batch"))
    return [
        *found,
        _choice(t, "when", HOURS, ""),
        _field(t, "priority", "integer", default=0, low=-1000, high=1000),
        _field(t, "name", "text", default=""),
    ]


def order_of(
    t: Words, workload: str, form: list[Field], raws: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, Refusal]]:
    """The fields of POST /api/jobs beside the params, and what is wrong by field."""
    where = raws.get("where", FIRST)
    chosen = {name: raw for name, raw in raws.items() if name not in PLACES or name == where}
    said = read(t, workload, form, chosen, {})
    body = {name: value for name, value in said.params.items() if name not in ("where", "minutes")}
    if where == "slice":  # the first of the list is no less a choice
        body.setdefault("slice", next(f.default for f in form if f.name == "slice"))
    if "minutes" in said.params:
        body["time_s"] = said.params["minutes"] * MINUTE_S
    return body, said.wrong


def order_values(spec: Mapping[str, Any]) -> dict[str, Any]:
    """Of a job that was: what its form would have said. What a workload needs it says itself
    again; of a command the owner had said it."""
    found = {name: spec[name] for name in ("priority", "when") if spec.get(name)}
    if spec.get("name") and spec["name"] != spec["workload"]:
        found["name"] = spec["name"]
    needs = spec["needs"]
    if spec["workload"] != COMMAND:
        return found
    if needs.get("slice"):
        found |= {"where": "slice", "slice": needs["slice"]}
    elif needs.get("gpus"):
        found |= {"where": "gpus", "gpus": needs["gpus"]}
    elif needs.get("cores", 1) > 1:
        found |= {"where": "cores", "cores": needs["cores"]}
    if needs.get("time_s"):
        found["minutes"] = needs["time_s"] / MINUTE_S
    if spec.get("kind") and spec["kind"] != "batch":
        found["kind"] = spec["kind"]
    return found | {"memory_gib": needs["memory_gib"]}


def _field(t: Words, name: str, kind: str, **more: Any) -> Field:
    label, help = t(f"catalogue.order.{name}"), t(f"catalogue.order.{name}_help")
    return Field(name, kind, label, help, **more)


def _choice(t: Words, name: str, choices: tuple[str, ...], default: str) -> Field:
    labels = tuple(t(f"catalogue.{name}.{choice or 'unsaid'}") for choice in choices)
    return _field(t, name, "choice", default=default, choices=choices, labels=labels)


def _profiles(gpu: Mapping[str, Any]) -> list[str]:
    return [profile["name"] for profile in (gpu.get("mig") or {}).get("profiles", ())]
