"""Ask for a job so that asking twice is harmless.

A submit is acknowledged only when it is on the disk. If the answer is lost on the way, the job may
or may not exist; so every submit carries a random key, the daemon returns the same job for the
same key, and the submit is simply sent again.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from typing import Any

from tenfold.client.call import Api
from tenfold.client.home import address
from tenfold.terms.refusal import Refusal

TRIES = 20
PAUSE_S = 0.5


def submit(
    api: Api, body: dict[str, Any], pause: Callable[[float], None] = time.sleep
) -> dict[str, Any]:
    """The job view of the new job. A daemon that is absent at the first try is a Refusal; one that
    goes away during the call is given time to come back."""
    keyed = {"key": secrets.token_hex(12), **body}
    address(api.home)  # absent before anything was sent: no reason to wait
    for left in reversed(range(TRIES)):
        try:
            return dict(api.post("/api/jobs", keyed)["job"])
        except Refusal as no:
            if no.code != "daemon.absent" or left == 0:
                raise
            pause(PAUSE_S)
    raise AssertionError("the last try returns or raises")
