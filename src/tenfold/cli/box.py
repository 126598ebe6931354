"""`tenfold status` and `tenfold top`: devices with who is on them, watts, budget, counts."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from tenfold.cli.parser import Parser, with_json
from tenfold.cli.show import say_json
from tenfold.cli.words import NOT_AVAILABLE, amount, device_words, gib, measured
from tenfold.client.call import Api
from tenfold.client.home import home_path

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.text import Text

EVERY_S = 1.0
ROWS = 12  # jobs below the devices in `top`
NAMED = 3  # jobs named on one device


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
    return Group(_head(seen), Text(), _devices(seen), Text(), counts or Text())


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
    head.append(f"\n  {_watts(seen)}", style="dim")
    return head


def _watts(seen: dict[str, Any]) -> str:
    """What it draws, and what it may draw now and next."""
    text = amount((seen["reading"] or {}).get("power_w"), "W")
    steps = seen["budget"]
    if not steps or measured(steps[0]["watts"]) is None:
        return f"draws {text}; no limit is set"
    text = f"draws {text} of {amount(steps[0]['watts'], 'W')}"
    if len(steps) > 1:
        at = time.strftime("%H:%M", time.localtime(steps[1]["start_s"]))
        text += f"; {amount(steps[1]['watts'], 'W')} from {at}"
    return text


def _devices(seen: dict[str, Any]) -> RenderableType:
    from tenfold.cli.draw import bar, cells, table

    read = (seen["reading"] or {"devices": []})["devices"]
    readings = {reading["device"]: reading for reading in read}
    drawn = table(
        "  device", "job", "watts", "heat", "use", "memory", right=("watts", "heat"), cut=("job",)
    )
    for node in seen["box"]["nodes"]:
        for device in node["devices"]:
            reading = readings.get(device["id"], {})
            use = measured(reading.get("utilisation"))
            used = measured(reading.get("memory_used_gib"))
            memory = NOT_AVAILABLE if used is None else f"{used:.1f}"
            drawn.add_row(
                *cells(
                    f"  {device_words(device['id'])}",
                    _who(device["id"], seen["slots"]),
                    amount(reading.get("power_w"), "W"),
                    amount(reading.get("temperature_c"), "°C"),
                    NOT_AVAILABLE if use is None else f"{bar(use, 8)} {use:4.0%}",
                    f"{memory} of {gib(device['memory_gib'])}",
                )
            )
    return drawn


def _who(device: str, slots: list[dict[str, Any]]) -> str:
    on_it = [f"{s['job']} {s['name']}".strip() for s in slots if device in s["slot"]["devices"]]
    rest = len(on_it) - NAMED
    return ", ".join(on_it[:NAMED]) + (f" and {rest} more" if rest > 0 else "")


def _count(state: str, count: int) -> Text:
    from rich.text import Text

    from tenfold.cli.draw import state_text

    return Text(f"{count} ").append_text(state_text(state)).append("   ")
