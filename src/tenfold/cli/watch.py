"""Follow one job to its end, as `run` does: its way on stderr, what came out on stdout.

Ctrl-C leaves the job alone, and so does the death of the daemon: the watch waits for its return.
"""

from __future__ import annotations

import sys
import time
from typing import Any

from tenfold.cli.outcome import exit_status, show_end
from tenfold.cli.show import note, say_json
from tenfold.cli.tell import BarTeller, LineTeller, Teller
from tenfold.client.call import Api
from tenfold.client.follow import follow, job_path
from tenfold.terms.command import COMMAND
from tenfold.terms.refusal import Refusal

COUNTED_S = 1.0  # the tick that saw the end counts the energy as well, a moment later


def watch(api: Api, view: dict[str, Any], as_json: bool = False) -> int:
    """Returns the exit status that the job deserves."""
    job = view["id"]
    is_command = view["spec"]["workload"] == COMMAND
    teller: Teller = LineTeller(view)
    if not is_command and not as_json and sys.stderr.isatty():
        teller = BarTeller(view)
    page: dict[str, Any] = {}
    try:
        with teller:
            for glimpse in follow(api, job, log=is_command and not as_json):
                if glimpse.text:
                    teller.attempt(glimpse.attempt)
                    sys.stdout.write(glimpse.text)
                    sys.stdout.flush()
                teller.away(glimpse.away)
                if glimpse.page:
                    teller.page(glimpse.page)
                    page = glimpse.page
    except KeyboardInterrupt:
        note(f"\nJob {job} goes on without you.")
        note(f"  follow  tenfold logs -f {job}")
        note(f"  end     tenfold cancel {job}")
        raise
    page = _counted(api, page)
    if as_json:
        say_json(page)
    else:
        show_end(page, api.home)
    return exit_status(page["job"])


def _counted(api: Api, page: dict[str, Any]) -> dict[str, Any]:
    """The page with all its energy. For a command on the CPU nobody waits: nobody asks."""
    spec = page["job"]["spec"]
    needs = spec["needs"]
    if spec["workload"] == COMMAND and not (needs["gpus"] or needs["slice"] or needs["shared"]):
        return page
    until_s = time.monotonic() + COUNTED_S
    while page.get("energy") and not page["energy"]["final"] and time.monotonic() < until_s:
        time.sleep(0.05)
        try:
            page = api.get(job_path(page["job"]["id"]))
        except Refusal:
            break  # the daemon went away
    return page
