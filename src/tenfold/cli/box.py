"""`tenfold status` and `tenfold top`: devices with who is on them, watts, budget, counts."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from tenfold.cli.gpu import gpu_notes, heat_words
from tenfold.cli.parser import Parser, with_json
from tenfold.cli.show import say_json
from tenfold.cli.words import NOT_AVAILABLE, amount, gib, measured, one_line
from tenfold.client.call import Api
from tenfold.client.home import home_path
from tenfold.terms.short import device_words

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.text import Text

EVERY_S = 1.0
ROWS = 12  # jobs below the devices in `top`
NAMED = 3  # jobs named on one device
# Troubles that the head, or the lines below the devices, tell in other words already.
TOLD = frozenset(
    {"card.aside", "card.lost", "card.others", "card.relieved", "card.throttled", "rights.missing"}
)


def status(argv: list[str]) -> int:
    asked = with_json(Parser("status", "The box at a glance.")).parse_args(argv)
    seen = Api(home_path()).get("/api/box")
    if asked.json:
        say_json(seen)
        return 0
    from tenfold.cli.draw import console

    console().print(glance(seen))
    return 0


def top(argv: list[str]) -> int:
    parser = with_json(Parser("top", "The box and its jobs, live. Ctrl-C leaves."))
    parser.add_argument("--once", action="store_true", help="draw once and end")
    asked = parser.parse_args(argv)
    api = Api(home_path())
    if asked.json:
        say_json({**api.get("/api/box"), "rows": api.get("/api/jobs")["jobs"]})
        return 0
    from rich.live import Live

    from tenfold.cli.draw import console

    if asked.once:
        console().print(_page(api))
        return 0
    with Live(_page(api), console=console(), screen=True, auto_refresh=False) as live:
        while True:
            time.sleep(EVERY_S)
            live.update(_page(api), refresh=True)


def glance(seen: dict[str, Any]) -> RenderableType:
    """Head, one line a device, counts."""
    from rich.console import Group
    from rich.text import Text

    counts = Text("  ")
    for state, count in seen["jobs"].items():
        if count:
            counts.append_text(_count(state, count))
    notes = [Text(f"  {line}", style="yellow") for line in trouble_lines(seen)]
    notes += [Text(f"  {line}", style="dim") for line in gpu_notes(seen)]
    if notes:
        notes.append(Text())
    services = [Text(f"  {line}", style="dim") for line in service_lines(seen)]
    if services:
        services.append(Text())
    told = (*notes, *services)
    return Group(_head(seen), Text(), _devices(seen), Text(), *told, counts or Text())


def trouble_lines(seen: dict[str, Any]) -> list[str]:
    """What is wrong and is not told elsewhere, the worst first."""
    return [one_line(one["text"]) for one in seen["troubles"] if one["code"] not in TOLD]


def service_lines(seen: dict[str, Any]) -> list[str]:
    """`chat  running  http://127.0.0.1:7411/chat/`"""
    found = [(f"{s['job']} {one_line(s['name'])}", s["state"], s["url"]) for s in seen["services"]]
    name, state = (max((len(one[n]) for one in found), default=0) for n in (0, 1))
    return [f"{one[0]:<{name}}  {one[1]:<{state}}  {one[2]}" for one in found]


def _page(api: Api) -> RenderableType:
    from rich.console import Group
    from rich.text import Text

    from tenfold.cli.jobs import jobs_table

    views = api.get("/api/jobs")["jobs"]
    seen = api.get("/api/box")
    return Group(glance(seen), Text(), jobs_table(views[-ROWS:], seen["now_s"]))


def _head(seen: dict[str, Any]) -> Text:
    from rich.text import Text

    from tenfold.cli.daemon import box_words

    head = Text("  ")
    head.append(seen["box"]["name"], style="bold")
    head.append(f"  {box_words(seen['box'])}")
    if seen["modelled"]:
        head.append("  modelled", style="yellow")
    head.append(f"\n  {_watts(seen)}{rights_words(seen)}", style="dim")
    return head


def rights_words(seen: dict[str, Any]) -> str:
    """Without rights a limit is kept by starting less; the cards themselves keep none."""
    rights = seen.get("rights")
    return "; limits are advisory: tenfold rights" if rights and not rights["granted"] else ""


def _watts(seen: dict[str, Any]) -> str:
    """What it draws, and what it may draw now and next."""
    text = _draws(seen["reading"] or {})
    steps = seen["budget"]
    if not steps or measured(steps[0]["watts"]) is None:
        return f"{text}; no limit is set"
    text = f"{text} of {amount(steps[0]['watts'], 'W')}"
    if len(steps) > 1:
        at = time.strftime("%H:%M", time.localtime(steps[1]["start_s"]))
        text += f"; {amount(steps[1]['watts'], 'W')} from {at}"
    return text


def _draws(reading: dict[str, Any]) -> str:
    """All of it, or the GPUs alone where nothing tells the watts of the host."""
    gpus = [one["power_w"] for one in reading.get("devices", ()) if one.get("gpu")]
    known = [watts for watts in map(measured, gpus) if watts is not None]
    if measured(reading.get("power_w")) is None and gpus and len(known) == len(gpus):
        return f"GPUs draw {amount(sum(known), 'W')}"
    return f"draws {amount(reading.get('power_w'), 'W')}"


def _devices(seen: dict[str, Any]) -> RenderableType:
    from tenfold.cli.draw import bar, cells, table

    read = (seen["reading"] or {"devices": []})["devices"]
    readings = {reading["device"]: reading for reading in read}
    drawn = table(
        "  device", "job", "watts", "heat", "use", "memory", right=("watts", "heat"), cut=("job",)
    )
    for node in seen["box"]["nodes"]:
        for device in _gpus_first(node):
            reading = readings.get(device["id"], {})
            use = measured(reading.get("utilisation"))
            used = measured(reading.get("memory_used_gib"))
            memory = NOT_AVAILABLE if used is None else f"{used:.1f}"
            drawn.add_row(
                *cells(
                    f"  {device_words(device['id'])}",
                    _who(device["id"], seen["slots"]),
                    amount(reading.get("power_w"), "W"),
                    heat_words(reading),
                    NOT_AVAILABLE if use is None else f"{bar(use, 8)} {use:4.0%}",
                    f"{memory} of {gib(device['memory_gib'])}",
                )
            )
    return drawn


def _gpus_first(node: dict[str, Any]) -> list[dict[str, Any]]:
    """Every device that is there, also what no job is given; the CPU last."""
    aside = [one["device"] for one in node.get("aside", ())]
    return sorted([*node["devices"], *aside], key=lambda device: bool(device["kind"] != "gpu"))


def _who(device: str, slots: list[dict[str, Any]]) -> str:
    on_it = [_tenant(s) for s in slots if device in s["slot"]["devices"]]
    rest = len(on_it) - NAMED
    return ", ".join(on_it[:NAMED]) + (f" and {rest} more" if rest > 0 else "")


def _tenant(seat: dict[str, Any]) -> str:
    """`12 train`, and in front of it the slice where it has one."""
    part = seat["slot"].get("slice")
    told = f"{seat['job']} {seat['name']}".strip()
    return f"{part['profile']}: {told}" if part else told


def _count(state: str, count: int) -> Text:
    from rich.text import Text

    from tenfold.cli.draw import state_text

    return Text(f"{count} ").append_text(state_text(state)).append("   ")
