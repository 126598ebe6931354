"""The daemon process: `python -m tenfold.api.daemon --home H --port P --box B [--speed X]`.

It takes the home's lock, opens the ledger, looks at the box, starts the tick and serves the API on
127.0.0.1. If it cannot, it writes the Refusal as the last line of its output and exits with 2.
It may be killed at any moment: the next one adopts what runs.
"""

from __future__ import annotations

import argparse
import gc
import json
import logging
import math
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType

import uvicorn

from tenfold.api.app import application
from tenfold.api.door import Keys
from tenfold.engine.carve import carvable
from tenfold.engine.clock import Clock, modelled_clock
from tenfold.engine.curves import CurvesFile
from tenfold.engine.describe import Describer
from tenfold.engine.desk import Desk
from tenfold.engine.home import Home
from tenfold.engine.house import House
from tenfold.engine.limits import owners
from tenfold.engine.local import LocalEngine
from tenfold.engine.modelled import ModelledEngine
from tenfold.engine.sighting import Engine
from tenfold.engine.tick import tick
from tenfold.folder.durable import write_json
from tenfold.folder.paths import TOKEN_VARIABLE
from tenfold.hardware import detect
from tenfold.hardware.detect import Meter
from tenfold.ledger.ledger import Ledger
from tenfold.rights.ask import Rights
from tenfold.site.config.config import check_moved
from tenfold.site.config.config import read as read_site
from tenfold.site.settings import SiteConfig
from tenfold.terms.box import Box
from tenfold.terms.refusal import Refusal, refusal
from tenfold.version import VERSION

SWITCH_S = 0.0005  # how long a thread may keep the others from running


def main(argv: list[str] | None = None) -> int:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)  # else a line for each look of a page
    arguments = _arguments(argv)
    _leave_job()
    # The tick and the ledger's thread compute beside the server, which must not wait 5 ms for them.
    sys.setswitchinterval(SWITCH_S)
    try:
        if not 0 < arguments.speed < math.inf:
            raise refusal("box.speed", speed=arguments.speed)
        _serve(Home(arguments.home.resolve()), arguments.port, arguments.box, arguments.speed)
    except Refusal as told:
        sys.stderr.write(json.dumps({"refusal": told.as_json()}, default=str) + "\n")
        return 2
    return 0


def _leave_job() -> None:
    """Started from inside a job, the daemon must not count as something that job left behind. What
    the kernel shows of a process is what it was started with, so it is started anew without."""
    of_a_job = {TOKEN_VARIABLE, "TENFOLD_JOB"} & set(os.environ)
    if of_a_job:
        kept = {name: value for name, value in os.environ.items() if name not in of_a_job}
        os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], kept)


def _serve(home: Home, port: int, box_name: str, speed: float) -> None:
    home.prepare()
    held = home.take()
    keys = Keys(home.token())
    listening = _listen(port)
    port = listening.getsockname()[1]
    check_moved(home.config, home.site)
    site = read_site(home.site)
    rights = Rights()
    if box_name == detect.AUTO:
        rights.look()  # first: then what a daemon before this one had set is put back
    box = detect.box(box_name)
    if rights.granted:
        box = carvable(owners(box, rights.ask), home.carves_live)
    curves = None if box.modelled else CurvesFile(home.curves)
    ledger = Ledger(home.ledger)
    house = _house(home, box, site, ledger, speed, port, rights, curves)
    house.check_site()

    def end(*_: object) -> None:
        server.should_exit = True
        house.describer.close()
        app.state.streams.close()
        app.state.planner.close()

    app = application(house, keys, home.path, port, end)
    server = _Server(
        uvicorn.Config(
            app,
            log_level="warning",
            access_log=False,
            timeout_graceful_shutdown=3,
            loop="asyncio",
            http="h11",
        ),
        end,
    )
    for number in (signal.SIGTERM, signal.SIGINT):
        # The server gives the signal back when it has ended; by default that would kill us here.
        signal.signal(number, end)
    # What is here now stays: a collection that walks all of it would hold up a submit for 30 ms.
    gc.collect()
    gc.freeze()
    house.run(tick)
    write_json(
        home.daemon_file,
        {
            "pid": os.getpid(),
            "port": port,
            "url": f"http://127.0.0.1:{port}",
            "version": VERSION,
            "box": box.name,
            "started_s": time.time(),
        },
    )
    try:
        server.run(sockets=[listening])
    finally:
        house.close()
        home.daemon_file.unlink(missing_ok=True)
        os.close(held)


class _Server(uvicorn.Server):
    """Takes its signals as `end` does: what would keep it waiting is told to go."""

    def __init__(self, config: uvicorn.Config, end: Callable[[], None]) -> None:
        super().__init__(config)
        self._end = end

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        super().handle_exit(sig, frame)
        self._end()


def _house(
    home: Home,
    box: Box,
    site: SiteConfig,
    ledger: Ledger,
    speed: float,
    port: int,
    rights: Rights,
    curves: CurvesFile | None,
) -> House:
    wake = threading.Event()
    engine: Engine
    clock: Clock
    meter = Meter(box, rights.look)
    if box.modelled:
        engine, clock = ModelledEngine(), modelled_clock(ledger, speed)
    else:
        engine, clock = LocalEngine(home.jobs, wake.set, meter.processes), time.time
    desk = None if box.modelled else Desk(home.path, port + 1, wake.set)
    describer = Describer(home.path)
    return House(site, ledger, meter, engine, clock, describer, wake, desk, rights, curves)


def _listen(port: int) -> socket.socket:
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind(("127.0.0.1", port))
        listening.listen(2048)  # at once: until then another daemon could bind it as well
    except OverflowError as error:
        listening.close()
        raise refusal(
            "daemon.port", port=port, other=_free_port(), why="Ports end at 65535."
        ) from error
    except OSError as error:
        listening.close()
        why = f"{error.strerror}; another program may be listening there."
        raise refusal("daemon.port", port=port, other=_free_port(), why=why) from error
    return listening


def _free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _arguments(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tenfold.api.daemon")
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--port", type=int, default=7410)
    parser.add_argument("--box", default="auto")
    parser.add_argument("--speed", type=float, default=1.0)
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(main())
