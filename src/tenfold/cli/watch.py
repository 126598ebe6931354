"""Follow one job to its end, as `run` does: its way on stderr, what came out on stdout.

Ctrl-C leaves the job alone, and so does the death of the daemon: the watch waits for its return.
"""

from __future__ import annotations

import sys
from typing import Any

from tenfold.cli.outcome import exit_status, show_end
from tenfold.cli.show import note, say_json
from tenfold.cli.tell import BarTeller, LineTeller, Teller
from tenfold.client.call import Api
from tenfold.client.follow import follow
from tenfold.terms.command import COMMAND


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
    if as_json:
        say_json(page)
    else:
        show_end(page, api.home)
    return exit_status(page["job"])
