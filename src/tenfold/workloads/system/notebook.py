"""Notebook: JupyterLab on the slot it was given.

An interactive job: it is never preempted, and ends when no kernel, terminal or page was used for
`idle_minutes`. It listens on 127.0.0.1 only and asks for a token, which is in the link that the
job shows as a note. It runs in an environment of its own (`tenfold env build notebook`, once), so
its kernels see that environment; register others with ipykernel. Notebooks are saved by
JupyterLab itself, below `root_dir`; the job has nothing to resume.

    tenfold run system.notebook
"""

from __future__ import annotations

import secrets
import socket
import time
from pathlib import Path
from typing import Any

from pydantic import Field

from tenfold.catalogue.contract import Job, WorkloadParams
from tenfold.terms.box import Device
from tenfold.terms.job import Kind
from tenfold.terms.needs import Needs
from tenfold.terms.outcome import Result
from tenfold.terms.refusal import refusal

SIZES: dict[str, dict[str, Any]] = {}
REQUIRES: tuple[str, ...] = ()
RESUMES = False
KIND = Kind.INTERACTIVE
LAUNCHES = True  # its kernels are processes of their own

ENVIRONMENT = "notebook"


class Params(WorkloadParams):
    root_dir: str = Field("~", description="The folder it shows and saves to.")
    port: int = Field(0, ge=0, le=65535, description="Where it listens; 0 takes a free port.")
    idle_minutes: float = Field(
        60.0,
        ge=0,
        description="It ends after so long without use; 0 is never.",
        json_schema_extra={"unit": "min"},
    )


def needs(params: Params, device: Device) -> Needs:
    """What JupyterLab and one small kernel take; give it more for your own work."""
    return Needs(
        cores=1,
        memory_gib=min(1.0, device.memory_gib),
        basis="JupyterLab with one small kernel; what is done in it nobody knows before",
    )


def serve(job: Job, params: Params) -> Result:
    began_s = time.monotonic()
    port = params.port or free_port()
    token = secrets.token_hex(24)
    link = f"http://127.0.0.1:{port}/lab?token={token}"
    status = job.process(
        argv(params, port),
        env=ENVIRONMENT,
        # Not in the arguments, which every user of the machine can read.
        variables={"JUPYTER_TOKEN": token},
        port=port,
        health="/api",
        ready=f"JupyterLab: {link}",
    )
    if status != 0:
        raise refusal("command.exit", status=status, id=job.id)
    seconds = time.monotonic() - began_s
    return Result(
        f"JupyterLab ended after {seconds / 60:.0f} min.", {"link": link, "seconds": seconds}
    )


def argv(params: Params, port: int) -> tuple[str, ...]:
    """The call of JupyterLab. Its own idle limits are used: they know kernels from pages."""
    idle_s = round(params.idle_minutes * 60)
    return (
        "python",
        "-m",
        "jupyterlab",
        "--no-browser",
        "--allow-root",
        "--ServerApp.ip=127.0.0.1",
        f"--ServerApp.port={port}",
        "--ServerApp.port_retries=0",
        f"--ServerApp.root_dir={Path(params.root_dir).expanduser()}",
        f"--ServerApp.shutdown_no_activity_timeout={idle_s}",
        f"--MappingKernelManager.cull_idle_timeout={idle_s}",
        f"--TerminalManager.cull_inactive_timeout={idle_s}",
        # Nothing leaves the machine: no news, no look for updates, no catalogue of extensions.
        "--LabApp.news_url=",
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
        "--LabApp.extension_manager=readonly",
    )


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
