"""Other queues on the same two slots: how long until N no-ops are done? Used by `queueing.py`.

Each function runs `count` times /bin/true, two at a time, and returns figures, or raises `Absent`
with the reason. None of these peers fsyncs a submit; that is said beside their figures.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

WIDE = 2
NO_OP = "/bin/true"


class Absent(Exception):
    """A peer that cannot be measured here, and why."""


def task_spooler(count: int) -> dict[str, Any]:
    program = shutil.which("tsp") or shutil.which("ts")
    if program is None:
        raise Absent("no tsp on the PATH (Debian: task-spooler)")
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "TS_SOCKET": f"{folder}/socket", "TS_MAXFINISHED": "100000"}

        def ask(*words: str) -> str:
            done = subprocess.run(
                [program, *words], env=environment, capture_output=True, text=True, check=True
            )
            return done.stdout

        ask("-S", str(WIDE))
        try:
            began_s = time.perf_counter()
            for _ in range(count):
                ask("-n", NO_OP)
            submitted_s = time.perf_counter() - began_s
            while " running " in (listed := ask()) or " queued " in listed:
                time.sleep(0.01)
            done_s = time.perf_counter() - began_s
        finally:
            ask("-K")
    return {
        "version": _first_line([program, "-V"]),
        "submit_s": submitted_s,
        "done_s": done_s,
        "durable": "no: the list lives in the memory of its server",
    }


def hyperqueue(count: int) -> dict[str, Any]:
    """In a process of its own: its server runs inside the Python process that starts it."""
    try:
        found = version("hyperqueue")
    except PackageNotFoundError:
        raise Absent("the wheel `hyperqueue` is not installed") from None
    done = subprocess.run(
        [sys.executable, __file__, "hyperqueue", str(count)],
        capture_output=True,
        text=True,
        timeout=300,
    )
    if done.returncode:
        raise Absent(f"it did not run: {done.stderr.strip().splitlines()[-1:]}")
    submit_s, done_s = map(float, done.stdout.split()[-2:])
    return {
        "version": found,
        "submit_s": submit_s,
        "done_s": done_s,
        "durable": "no: without a journal",
        "note": "its client's wait asks about once a second; the end is that of the last no-op",
    }


def _hyperqueue_here(count: int) -> None:
    """The end is the time that the last task's own output file was written, so that the client's
    polling does not count against it."""
    from hyperqueue import Job, LocalCluster
    from hyperqueue.cluster import WorkerConfig

    with tempfile.TemporaryDirectory() as folder, LocalCluster() as cluster:
        cluster.start_worker(WorkerConfig(cores=WIDE))
        client = cluster.client()
        warm = Job()
        warm.program([NO_OP], stdout=None, stderr=None)
        client.wait_for_jobs([client.submit(warm)])
        job = Job()
        tasks = [job.program([NO_OP], stdout=None, stderr=None) for _ in range(count)]
        last = f"{folder}/last"
        job.program(["/bin/date", "+%s.%N"], stdout=last, stderr=None, deps=tasks)
        began_s = time.time()
        submitted = client.submit(job)
        submit_s = time.time() - began_s
        client.wait_for_jobs([submitted])
        print(submit_s, float(Path(last).read_text()) - began_s)


def slurm(count: int, tuned: bool) -> dict[str, Any]:
    """By hand, no systemd: own munge key and sockets, everything on loopback, as root."""
    for program in ("slurmctld", "slurmd", "sbatch", "munged"):
        if shutil.which(program) is None:
            raise Absent(f"no {program} on the PATH (Debian: slurmctld slurmd slurm-client munge)")
    if os.geteuid() != 0:
        raise Absent("its daemons are started by hand as root, and this is another user")
    with _slurm_cluster(tuned) as environment:
        began_s = time.perf_counter()
        for _ in range(count):
            subprocess.run(
                ["sbatch", "--quiet", "--output=/dev/null", "--wrap", NO_OP],
                env=environment,
                check=True,
                capture_output=True,
            )
        submitted_s = time.perf_counter() - began_s
        while left := len(_lines(["squeue", "-h"], environment)):
            if time.perf_counter() - began_s > 420:
                break
            time.sleep(0.1)
        done_s = time.perf_counter() - began_s
    return {
        "version": _first_line(["slurmctld", "-V"]),
        "submit_s": submitted_s,
        "done_s": done_s,
        "left": left,
        "durable": "its state is written to disk in the background, not before it answers",
        "settings": "batch_sched_delay=0, sched_interval=1" if tuned else "default",
    }


@contextmanager
def _slurm_cluster(tuned: bool) -> Iterator[dict[str, str]]:
    folder = Path(tempfile.mkdtemp(prefix="slurm-"))
    environment = {**os.environ, "SLURM_CONF": str(folder / "slurm.conf")}
    environment.pop("LD_PRELOAD", None)
    _write_configuration(folder, tuned)
    commands = [
        [
            "munged",
            "--foreground",
            "--force",
            f"--socket={folder}/munge.socket",
            f"--key-file={folder}/munge.key",
            f"--log-file={folder}/munged.log",
            f"--pid-file={folder}/munged.pid",
            f"--seed-file={folder}/munged.seed",
        ],
        ["slurmctld", "-D", "-i"],
        ["slurmd", "-D", "-N", "tenfold"],
    ]
    started: list[subprocess.Popen[bytes]] = []
    try:
        with open(folder / "log", "wb") as log:
            for command in commands:
                started.append(subprocess.Popen(command, env=environment, stdout=log, stderr=log))
                time.sleep(1.0)
        until_s = time.monotonic() + 30
        while "idle" not in " ".join(_lines(["sinfo", "-h", "-o", "%T"], environment)):
            if time.monotonic() > until_s:
                raise Absent(f"it did not come up: {(folder / 'log').read_text()[-400:]}")
            time.sleep(0.2)
        yield environment
    finally:
        for process in reversed(started):
            process.terminate()
            process.wait(20)
        shutil.rmtree(folder, ignore_errors=True)


def _write_configuration(folder: Path, tuned: bool) -> None:
    (folder / "munge.key").write_bytes(os.urandom(1024))
    (folder / "munge.key").chmod(0o600)
    for name in ("state", "spool"):
        (folder / name).mkdir()
    controller, worker = _free_port(), _free_port()
    lines = [
        "ClusterName=bench",
        f"SlurmctldHost={socket.gethostname()}(127.0.0.1)",
        f"SlurmctldPort={controller}",
        f"SlurmdPort={worker}",
        "SlurmUser=root",
        "AuthType=auth/munge",
        "CryptoType=crypto/munge",
        f"AuthInfo=socket={folder}/munge.socket",
        f"StateSaveLocation={folder}/state",
        f"SlurmdSpoolDir={folder}/spool",
        f"SlurmctldPidFile={folder}/slurmctld.pid",
        f"SlurmdPidFile={folder}/slurmd.pid",
        "ProctrackType=proctrack/linuxproc",
        "TaskPlugin=task/none",
        "MpiDefault=none",
        "ReturnToService=2",
        "SelectType=select/cons_tres",
        "SelectTypeParameters=CR_CPU",
        f"NodeName=tenfold NodeHostname={socket.gethostname()} NodeAddr=127.0.0.1 CPUs={WIDE}",
        "PartitionName=all Nodes=tenfold Default=YES State=UP",
    ]
    if tuned:
        lines.append("SchedulerParameters=batch_sched_delay=0,sched_interval=1")
    (folder / "slurm.conf").write_text("\n".join(lines) + "\n")


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def _lines(command: list[str], environment: dict[str, str]) -> list[str]:
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    return done.stdout.splitlines()


def _first_line(command: list[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True)
    return (done.stdout + done.stderr).strip().splitlines()[0]


if __name__ == "__main__":
    _hyperqueue_here(int(sys.argv[2]))
