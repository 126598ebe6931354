"""What a GPU tells beside its figures, in words for `tenfold status` and `tenfold top`."""

from __future__ import annotations

from typing import Any

from tenfold.cli.words import NOT_AVAILABLE, amount, measured, plural
from tenfold.terms.short import device_words

NAMED = 3  # processes named on one device


def heat_words(reading: dict[str, Any]) -> str:
    """`41 °C`; of a card that tells only its margin, how much of it is left."""
    told = amount(reading.get("temperature_c"), "°C")
    if told != NOT_AVAILABLE:
        return told
    margin_c = measured((reading.get("gpu") or {}).get("margin_c"))
    return NOT_AVAILABLE if margin_c is None else f"{margin_c:.0f} °C left"


def gpu_notes(seen: dict[str, Any]) -> list[str]:
    """Lines below the table: cards set aside or relieved, clocks held down, processes of others."""
    why = {
        one["device"]["id"]: one["why"]
        for node in seen["box"]["nodes"]
        for one in node.get("aside", ())
    }
    readings = (seen["reading"] or {"devices": []})["devices"]
    gpus = {reading["device"]: reading.get("gpu") or {} for reading in readings}
    relieved = {one["device"]: f"relieved: {one['why']}" for one in seen.get("relief", ())}
    notes = []
    for device in dict.fromkeys([*gpus, *why, *relieved]):
        gpu = gpus.get(device, {})
        told = [words[device] for words in (why, relieved) if device in words][:1]
        told += _listed(gpu.get("slices"), _slices)
        told += _listed(gpu.get("throttle"), ", ".join)
        told += _listed(gpu.get("processes"), _others)
        notes += [f"{device_words(device)}  {'; '.join(told)}"] if told else []
    return notes


def _listed(values: Any, words: Any) -> list[str]:
    """The words of a list with something in it; none of a missing one."""
    text = words(values) if isinstance(values, list) and values else ""
    return [text] if text else []


def _slices(slices: list[dict[str, Any]]) -> str:
    return f"{plural(len(slices), 'slice')}: {', '.join(one['profile'] for one in slices)}"


def _others(processes: list[dict[str, Any]]) -> str:
    """Who is there and none of ours; nobody ends them."""
    others = [one for one in processes if one.get("job") is None]
    if not others:
        return ""
    named = [f"{one['name'] or 'a process'} ({one['pid']})" for one in others[:NAMED]]
    more = f" and {len(others) - NAMED} more" if len(others) > NAMED else ""
    return f"not ours: {', '.join(named)}{more}"
