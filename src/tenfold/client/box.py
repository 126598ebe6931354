"""`tenfold.connect()`: the box as a Python object, on which one runs workloads and commands."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from tenfold.client.call import Api
from tenfold.client.follow import job_path
from tenfold.client.home import address, home_path
from tenfold.client.job import JobHandle
from tenfold.client.schema import with_absolute_paths
from tenfold.client.start import start_if_absent
from tenfold.client.submit import submit
from tenfold.terms.command import COMMAND
from tenfold.terms.job import Kind


def connect(home: str | os.PathLike[str] | None = None, start: bool = False) -> ConnectedBox:
    """The box that the daemon of `home` (else TENFOLD_HOME, else ~/.tenfold) looks after.

    Without a daemon that is a Refusal (`daemon.absent`), or with `start=True` the order to bring
    one up in the background.
    """
    path = home_path(home)
    if start:
        start_if_absent(path)
    address(path)
    return ConnectedBox(Api(path))


class ConnectedBox:
    """Holds nothing but the way to the daemon; it may be used from several threads."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def __repr__(self) -> str:
        return f"<box of {self._api.home}>"

    def run(self, workload: str, size: str | None = None, **params: Any) -> JobHandle:
        """Ask for one run of a catalogue entry; returns once the daemon has it on the disk."""
        described = self._api.get(f"/api/workloads/{quote(workload, safe='')}")
        given = with_absolute_paths(params, described["schema"])
        return self.submit({"workload": workload, "size": size, "params": given})

    def command(
        self,
        argv: Sequence[str],
        *,
        cwd: str | os.PathLike[str] | None = None,  # the caller's own where None
        env: str = "",
        variables: Mapping[str, str] | None = None,
        launch: str = "",
        port: int = 0,
        health: str = "",
        idle_minutes: float = 0.0,
        kind: Kind = Kind.BATCH,
        after: Iterable[JobHandle | str] = (),
        **asked: Any,  # gpus, slice, cores, memory_gib, time_s, retry, yields, name, priority
    ) -> JobHandle:
        """Ask for one run of a command of your own. Fields of `asked` go to POST /api/jobs."""
        params = {
            "argv": [os.fspath(word) for word in argv],
            "cwd": str(Path(cwd or "").absolute()),
            "env": env,
            "variables": [f"{name}={value}" for name, value in (variables or {}).items()],
            "launch": launch,
            "port": port,
            "health": health,
            "idle_minutes": idle_minutes,
        }
        ids = [job.id if isinstance(job, JobHandle) else job for job in after]
        return self.submit(
            {"workload": COMMAND, "params": params, "kind": kind.value, "after": ids, **asked}
        )

    def submit(self, body: dict[str, Any]) -> JobHandle:
        """Any body of POST /api/jobs; sent so that a lost answer makes no second job."""
        said = {name: value for name, value in body.items() if value is not None}
        return JobHandle(self._api, submit(self._api, said)["id"])

    def job(self, id: str | int) -> JobHandle:
        self._api.get(job_path(str(id)))  # a Refusal where there is none
        return JobHandle(self._api, str(id))

    def jobs(self, all: bool = False) -> list[JobHandle]:
        """Newest last: those not ended and the last twenty, or all of them."""
        views = self._api.get("/api/jobs", all=int(all))["jobs"]
        return [JobHandle(self._api, view["id"]) for view in views]

    def status(self) -> dict[str, Any]:
        """The box at a glance, as GET /api/box gives it."""
        return dict(self._api.get("/api/box"))
