"""`tenfold up` and `tenfold down`: the daemon of this home, as a process in the background."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

from tenfold.cli.boot import write_unit
from tenfold.cli.parser import Parser, with_json
from tenfold.cli.show import BOLD, DIM, note, rows, say, say_json, tint
from tenfold.cli.words import gib, plural
from tenfold.client.call import Api
from tenfold.client.home import PORT, address, daemon_pid, home_path, usual_port
from tenfold.client.start import (
    DaemonOptions,
    daemon_argv,
    daemon_variables,
    start_daemon,
    start_if_absent,
)
from tenfold.terms.refusal import Refusal, refusal

DOWN_S = 20.0


def up(argv: list[str]) -> int:
    parser = with_json(Parser("up", "Start the daemon and the dashboard on 127.0.0.1."))
    add = parser.add_argument
    add("--box", metavar="BOX", help="auto, a declared box such as 10xH100-PCIe, or a file")
    add("--port", type=int, metavar="N", help=f"({PORT})")
    add("--speed", type=float, metavar="X", help="of the clock of a declared box (1)")
    add("--foreground", action="store_true", help="stay in this terminal until Ctrl-C")
    add("--at-boot", action="store_true", help="write a systemd user unit instead of starting")
    asked = parser.parse_args(argv)
    home = home_path()
    options = DaemonOptions(_box_name(asked.box or "auto"), asked.port or usual_port(), asked.speed)
    if asked.at_boot:
        return write_unit(home, options, asked.json)
    if asked.foreground:
        _in_foreground(home, options)
    pid = daemon_pid(home)
    if pid is not None and (asked.box or asked.port or asked.speed):
        raise refusal("daemon.second", home=home, pid=pid)
    if pid is None:
        seen = start_daemon(home, options)
    else:
        seen = Api(home).get("/api/box")
    _show_up(home, seen, was_up=pid is not None, as_json=asked.json)
    return 0


def ensure_daemon(home: Path) -> None:
    """Start a daemon in the background if none answers, and say so."""
    if start_if_absent(home):
        note(f"Started the daemon for {home}; tenfold down ends it.")


def down(argv: list[str]) -> int:
    parser = with_json(Parser("down", "End the daemon. Running jobs go on and are found again."))
    asked = parser.parse_args(argv)
    home = home_path()
    pid = daemon_pid(home)
    if pid is None:
        _show_down(home, None, asked.json)
        return 0
    Api(home).post("/api/shutdown")
    until_s = time.monotonic() + DOWN_S
    while daemon_pid(home) == pid:
        if time.monotonic() >= until_s:
            raise refusal("daemon.stays", pid=pid, seconds=DOWN_S)
        time.sleep(0.05)
    _show_down(home, pid, asked.json)
    return 0


def box_words(box: dict[str, Any]) -> str:
    """`10 × H100 PCIe 80 GB; host 64 cores, 512 GiB`."""
    models: dict[str, int] = {}
    hosts = []
    for device in (device for node in box["nodes"] for device in node["devices"]):
        if device["kind"] == "gpu":
            models[device["model"]] = models.get(device["model"], 0) + 1
        else:
            hosts.append(f"{plural(device['cores'], 'core')}, {gib(device['memory_gib'])}")
    gpus = [f"{count} × {model}" for model, count in models.items()]
    aside = sum(len(node.get("aside", ())) for node in box["nodes"])
    more = [f"{plural(aside, 'GPU')} set aside"] if aside else []
    return "; ".join([*(gpus or ["no GPU"]), *more, *hosts])


def _box_name(box: str) -> str:
    """A file is named from the root, since the daemon works elsewhere."""
    return str(Path(box).absolute()) if Path(box).is_file() else box


def _in_foreground(home: Path, options: DaemonOptions) -> None:
    """Becomes the daemon; its last words would go to the log, so they come to the terminal."""
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise refusal("home.unwritable", home=home, why=str(error)) from error
    command = daemon_argv(home, options)
    os.execve(command[0], command, daemon_variables(home))


def _show_up(home: Path, seen: dict[str, Any], was_up: bool, as_json: bool) -> None:
    found = address(home)
    link = _link(home)
    if as_json:
        said = {"url": found.url, "link": link, "pid": found.pid, "was_up": was_up}
        say_json({**said, "home": str(home), "box": seen["box"], "modelled": seen["modelled"]})
        return
    label = tint(" (modelled)", DIM) if seen["modelled"] else ""
    say(f"{tint('Tenfold', BOLD)} {'was up already' if was_up else 'is up'} at {found.url}")
    say(
        rows(
            [
                ("open", f"{link}  {tint('(once, in your browser)', DIM)}"),
                ("box", f"{seen['box']['name']}: {box_words(seen['box'])}{label}"),
                ("home", str(home)),
                ("next", "tenfold workloads, or tenfold run -- COMMAND"),
            ]
        )
    )


def _link(home: Path) -> str:
    try:
        return str(Api(home).post("/api/link")["url"])
    except Refusal as no:
        note(f"No link to the dashboard: {no.what}")
        return ""


def _show_down(home: Path, pid: int | None, as_json: bool) -> None:
    if as_json:
        say_json({"home": str(home), "ended": pid})
    elif pid is None:
        say(f"No daemon is up for {home}.")
    else:
        say("The daemon has ended. Running jobs go on; tenfold up finds them again.")
