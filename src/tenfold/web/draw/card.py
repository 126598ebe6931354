"""A card as it is carved: its memory slots, who sits on them, and what it does now. And the host.

From one entry of `layout`, the device and its reading in /api/box. Nothing that cannot be read is
drawn as 0: it says n/a, and why in its title.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from tenfold.web.amounts import known, number, why_missing
from tenfold.web.draw.colour import hue
from tenfold.web.words import Words

FULL = 0.97  # from here on heat and memory are shown as nearly too much
SHOWN_ON_HOST = 6  # jobs on the CPU that are named; the rest is a number


def card_html(
    t: Words,
    layout: Mapping[str, Any],
    device: Mapping[str, Any],
    reading: Mapping[str, Any] | None,
    troubles: Sequence[str] = (),
) -> str:
    """`troubles`: sentences about this card."""
    name = escape(str(layout["device"]))
    aside = ""
    if layout.get("aside") and not troubles:
        aside = f'<p class="dim">{escape(t("box.aside"))}: {escape(layout["aside"])}</p>'
    marks = "".join(f'<p class="card-trouble"><b>!</b> {escape(text)}</p>' for text in troubles)
    return (
        f'<article class="card{" in-trouble" if troubles else ""}" data-device="{name}">'
        f'<header><h2>{name}</h2><span class="dim">{escape(layout["model"])}</span></header>'
        f"{marks}{aside}{_slots(t, layout)}"
        f'<div class="meters">{_readings(t, layout["parts"], device, reading)}</div></article>'
    )


def host_html(
    t: Words,
    layout: Mapping[str, Any],
    device: Mapping[str, Any],
    reading: Mapping[str, Any] | None,
) -> str:
    """The CPU of a node: how many of its cores jobs have, and which."""
    parts = layout["parts"]
    taken = sum(part["cores"] for part in parts)
    shown = "".join(_name_of(part, t) for part in parts[:SHOWN_ON_HOST])
    rest = len(parts) - SHOWN_ON_HOST
    more = f'<span class="dim">{escape(t("box.more", n=rest))}</span>' if rest > 0 else ""
    share = min(1.0, taken / layout["cores"]) if layout["cores"] else 0.0
    cores = _meter(t("box.cores"), f"{taken} / {layout['cores']}", share)
    return (
        f'<article class="card host" data-device="{escape(str(layout["device"]))}">'
        f"<header><h2>{escape(str(layout['device']))}</h2>"
        f'<span class="dim">{escape(layout["model"])}</span></header>'
        f'<div class="meters">{cores}{_readings(t, parts, device, reading)}</div>'
        f'<div class="host-jobs">{shown}{more}</div></article>'
    )


def _slots(t: Words, layout: Mapping[str, Any]) -> str:
    count, gib = layout["memory_slots"] or 1, layout["memory_gib"]
    parts = layout["parts"]
    shares = [part for part in parts if part["share"] is not None]
    if shares:
        blocks = "".join(_part(t, part, f"flex:{part['share']:.4f} 1 0", gib) for part in shares)
        left = 1.0 - sum(part["share"] for part in shares)
        free = f'<span class="free" style="flex:{left:.4f} 1 0"></span>' if left > 0.005 else ""
        return f'<div class="slots shared" role="list">{blocks}{free}</div>'
    taken = {slot for part in parts for slot in range(part["start"], part["start"] + part["size"])}
    free = "".join(
        f'<span class="free" style="grid-column:{slot + 1}"></span>'
        for slot in range(count)
        if slot not in taken
    )
    blocks = "".join(
        _part(
            t,
            part,
            f"grid-column:{part['start'] + 1}/span {part['size']}",
            gib,
            narrow=part["size"] == 1 < count,
        )
        for part in parts
    )
    label = escape(t("box.slots", n=count))
    return (
        f'<div class="slots" role="list" aria-label="{label}"'
        f' style="grid-template-columns:repeat({count},1fr)">{free}{blocks}</div>'
    )


def _part(
    t: Words, part: Mapping[str, Any], place: str, whole_gib: float, narrow: bool = False
) -> str:
    profile = part["profile"] or ""
    gib = _gib(part, whole_gib)
    size = "narrow" if narrow else "wide"
    data = (
        f'data-profile="{escape(profile)}" data-start="{part["start"]}"'
        f' data-job="{escape(part["job"] or "")}"'
    )
    if part["job"] is None:
        said = t("box.foreign") if part.get("foreign") else t("box.free")
        return (
            f'<span role="listitem" class="part idle {size}" style="{place}" {data}'
            f' title="{escape(f"{profile} {said}")}"><i>{escape(profile)}</i></span>'
        )
    name = part["name"] or part["job"]
    state = t(f"states.{part['state']}")
    memory = "" if gib is None else f", {gib:.3g} GiB"
    title = f"{name}: {profile or t('box.whole')}{memory}, {state}"
    return (
        f'<span role="listitem" class="cell" style="{place}"><a class="part {size} {part["state"]}"'
        f' style="--h:{hue(part["job"])}" {data} href="/job/{escape(part["job"])}"'
        f' title="{escape(title)}"><b>{escape(name)}</b><i>{escape(profile)}</i></a></span>'
    )


def _gib(part: Mapping[str, Any], whole_gib: float | None) -> float | None:
    """Memory of this card. A job on whole cards tells that of all of them."""
    if not part["profile"] and part["share"] is None:
        return whole_gib
    return known(part["memory_gib"])


def _name_of(part: Mapping[str, Any], t: Words) -> str:
    name = part["name"] or part["job"]
    return (
        f'<a class="chip" style="--h:{hue(part["job"])}" href="/job/{escape(part["job"])}">'
        f"{escape(name)} <i>{escape(t('box.n_cores', n=part['cores']))}</i></a>"
    )


def _readings(
    t: Words,
    parts: Sequence[Mapping[str, Any]],
    device: Mapping[str, Any],
    reading: Mapping[str, Any] | None,
) -> str:
    if reading is None:
        return f'<p class="dim">{escape(t("box.unread"))}</p>'
    gpu = reading.get("gpu") or {}
    limit_w = known(gpu.get("limit_w")) or (device.get("cap_w") or None)
    heat_c = known(reading["temperature_c"])
    margin_c = known(gpu.get("margin_c"))
    most_c = heat_c + margin_c if heat_c is not None and margin_c is not None else None
    most_c = most_c or device.get("max_operating_c")
    rows = [
        _of(t("box.power"), reading["power_w"], limit_w, "W"),
        _of(t("box.heat"), reading["temperature_c"], most_c, "°C", alarms=True),
        _memory(t, parts, device, reading),
        _of(t("box.use"), reading["utilisation"], 1.0, "%"),
    ]
    if reading.get("gpu") is not None or known(reading["fan"]) is not None:
        rows.append(_of(t("box.fan"), reading["fan"], 1.0, "%"))
    return "".join(rows)


def _memory(
    t: Words,
    parts: Sequence[Mapping[str, Any]],
    device: Mapping[str, Any],
    reading: Mapping[str, Any],
) -> str:
    """What is used of it; where nobody measures that, what jobs were given."""
    most = device.get("memory_gib")
    if known(reading["memory_used_gib"]) is not None:
        return _of(t("box.memory"), reading["memory_used_gib"], most, "GiB", alarms=True)
    given = sum(_gib(part, most) or 0.0 for part in parts if part["job"] is not None)
    return _of(t("box.given"), given, most, "GiB")


def _of(label: str, value: Any, most: float | None, unit: str, alarms: bool = False) -> str:
    """One reading, beside the most it may be where that is known."""
    now = known(value)
    if now is None:
        why = escape(why_missing(value))
        return (
            f'<div class="meter none" title="{why}"><span>{escape(label)}</span>'
            f"<span>n/a</span><u></u></div>"
        )
    if unit == "%":
        return _meter(label, f"{now:.0%}", now)
    said = f"{number(now)} {unit}" if most is None else f"{number(now)} / {number(most)} {unit}"
    return _meter(label, said, None if not most else now / most, alarms)


def _meter(label: str, said: str, share: float | None, alarms: bool = False) -> str:
    width = 0 if share is None else max(0.0, min(1.0, share)) * 100
    full = " full" if alarms and share is not None and share > FULL else ""
    return (
        f'<div class="meter{full}"><span>{escape(label)}</span>'
        f'<span class="num">{escape(said)}</span><u><s style="width:{width:.0f}%"></s></u></div>'
    )
