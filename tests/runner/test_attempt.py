"""A runner from claim to outcome, as a process of its own, from the folder alone."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import Any

import pytest

from tenfold.folder import lock
from tenfold.folder.paths import JobFolder, StopFile
from tenfold.terms.job import StopFor
from tenfold.terms.outcome import Ending, Verdict

NOT_CURRENT = 3

# Counts to `steps` and saves every step; `go` in the folder lets it pass the step `wait_at`.
COUNTING = """
class Params(WorkloadParams):
    steps: int = 10
    wait_at: int = -1
def run(job, params):
    found = job.resume()
    step = found.step if found else 0
    total = int((found.folder / "total").read_text()) if found else 0
    while step < params.steps:
        step += 1
        total = total * 31 + step
        job.log(step, total_low=total % 1000)
        job.checkpoint(lambda folder: (folder / "total").write_text(str(total)), step, every_s=0)
        while step == params.wait_at and not (job.folder / "go").exists():
            time.sleep(0.01)
    return Result("counted", {"total": total})
def check(params, result):
    return Verdict(result.figures["total"] > 0, "the total is above 0", {"gate": 0.0})
"""


def test_from_the_folder_alone(lab: Any) -> None:
    folder = lab.job(lab.workload("count", COUNTING), {"steps": 3})
    bare = {name: os.environ[name] for name in ("PATH", "LD_PRELOAD", "NETGUARD_LOG")}
    argv = [sys.executable, "-m", "tenfold.runner", str(folder.path), "1"]
    assert subprocess.run(argv, env=bare, timeout=60).returncode == 0
    outcome = folder.read_outcome(1)
    assert outcome is not None and outcome.ending is Ending.SUCCEEDED
    assert outcome.result is not None
    assert outcome.result.figures == {"total": (1 * 31 + 2) * 31 + 3}
    assert outcome.verdict == Verdict(True, "the total is above 0", {"gate": 0.0})
    assert outcome.last_step == 3
    (began,) = lab.events(folder, "began")
    assert began["resumed_step"] is None
    assert [line["step"] for line in lab.events(folder, "checkpoint")] == [1, 2, 3]
    assert not list(folder.attempt(1).glob(".reserve"))


def test_the_slot_is_in_the_environment(lab: Any) -> None:
    body = """
    def run(job, params):
        names = ("TENFOLD_ATTEMPT", "TENFOLD_JOB", "CUDA_VISIBLE_DEVICES", "OMP_NUM_THREADS")
        shown = open("/proc/self/environ").read()
        figures = {name: os.environ[name] for name in names}
        figures["shown"] = os.environ["TENFOLD_ATTEMPT"] in shown
        figures["session"] = os.getsid(0) == os.getpid()
        figures["cwd"] = os.getcwd()
        return Result("seen", figures)
    """
    folder = lab.job(lab.workload("env", body), cores=2)
    figures = lab.run(folder, env={"TENFOLD_ATTEMPT": "", "OMP_NUM_THREADS": "64"}).result.figures
    assert figures == {
        "TENFOLD_ATTEMPT": folder.read_current().token,
        "TENFOLD_JOB": "1",
        "CUDA_VISIBLE_DEVICES": "",
        "OMP_NUM_THREADS": "2",
        "shown": True,
        "session": True,
        "cwd": str(folder.work),
    }


def test_an_attempt_runs_once(lab: Any) -> None:
    folder = lab.job(lab.workload("count", COUNTING))
    lab.run(folder)
    before = folder.outcome(1).read_bytes()
    assert lab.start(folder).wait(60) == NOT_CURRENT
    assert folder.outcome(1).read_bytes() == before


def test_a_second_runner_leaves_the_first_alone(lab: Any) -> None:
    folder = lab.job(lab.workload("count", COUNTING), {"steps": 5, "wait_at": 2})
    first = lab.start(folder)
    lab.until(lambda: lab.events(folder, "checkpoint"))
    assert lab.start(folder).wait(60) == NOT_CURRENT
    assert lock.holder(folder.lock) == first.pid
    (folder.path / "go").touch()
    assert first.wait(60) == 0


def test_a_superseded_attempt_does_not_run(lab: Any) -> None:
    folder = lab.job(lab.workload("count", COUNTING))
    lab.promise(folder, 2)
    assert lab.start(folder, attempt=1).wait(60) == NOT_CURRENT
    assert not folder.attempt(1).exists()


def test_a_killed_runner_leaves_no_outcome_and_the_next_continues(lab: Any) -> None:
    folder = lab.job(lab.workload("count", COUNTING), {"steps": 6, "wait_at": 4})
    first = lab.start(folder)
    lab.until(lambda: len(lab.events(folder, "checkpoint")) == 4)
    first.kill()
    first.wait()
    assert lock.holder(folder.lock) is None
    assert folder.read_outcome(1) is None
    (folder.path / "go").touch()
    outcome = lab.run(lab.promise(folder, 2), 2)
    whole = lab.run(lab.job("lab.count", {"steps": 6}, id="2"))
    assert outcome.result == whole.result
    assert lab.events(folder, "began", 2)[0]["resumed_step"] == 4
    assert [line["step"] for line in lab.events(folder, "checkpoint", 2)] == [5, 6]


def test_a_stop_saves_first(lab: Any) -> None:
    body = COUNTING.replace("every_s=0", "every_s=1e9").replace(
        'not (job.folder / "go").exists()', "not job.stop_asked"
    )
    folder = lab.job(lab.workload("count", body), {"steps": 6, "wait_at": 4})
    runner = lab.start(folder)
    lab.until(lambda: len(lab.events(folder, "metrics")) == 4)
    lab.stop(folder, runner)
    assert runner.wait(60) == 0
    stopped = folder.read_outcome(1)
    assert stopped is not None and stopped.ending is Ending.STOPPED
    assert stopped.last_step == 5
    outcome = lab.run(lab.promise(folder, 2), 2)
    assert outcome.result == lab.run(lab.job("lab.count", {"steps": 6}, id="2")).result


def test_a_stop_for_an_older_attempt_stops_nothing(lab: Any) -> None:
    folder = lab.job(lab.workload("count", COUNTING), {"steps": 4, "wait_at": 2})
    lab.promise(folder, 2)
    runner = lab.start(folder, attempt=2)
    lab.until(lambda: len(lab.events(folder, "checkpoint", 2)) == 2)
    folder.write_stop(StopFile(1, StopFor.PAUSE))
    (folder.path / "go").touch()
    assert runner.wait(60) == 0
    outcome = folder.read_outcome(2)
    assert outcome is not None and outcome.ending is Ending.SUCCEEDED


def test_a_machine_that_goes_down_is_heard_without_a_stop_file(lab: Any) -> None:
    body = COUNTING.replace("every_s=0", "every_s=1e9").replace(
        'not (job.folder / "go").exists()', "not job.stop_asked"
    )
    folder = lab.job(lab.workload("count", body), {"steps": 6, "wait_at": 4})
    runner = lab.start(folder)
    lab.until(lambda: len(lab.events(folder, "metrics")) == 4)
    runner.terminate()
    assert runner.wait(60) == 0
    outcome = folder.read_outcome(1)
    assert outcome is not None and outcome.ending is Ending.STOPPED
    assert outcome.last_step == 5


def test_a_stop_before_the_runner_is_up_is_heard(lab: Any) -> None:
    folder = lab.job(lab.workload("count", COUNTING))
    folder.write_stop(StopFile(1, StopFor.PAUSE))
    outcome = lab.run(folder)
    assert outcome.ending is Ending.STOPPED
    assert outcome.last_step == 1


def test_a_workload_that_raises(lab: Any) -> None:
    folder = lab.job(lab.workload("bad", "def run(job, params):\n    {}['missing key']\n"))
    outcome = lab.run(folder)
    assert outcome.ending is Ending.FAILED
    assert outcome.refusal["code"] == "workload.raised"
    assert "KeyError: 'missing key'" in outcome.refusal["why"]
    assert "bad.py" in outcome.error and "in run" in outcome.error
    assert "KeyError" in lab.log(folder)


def test_a_refusal_of_the_workload_is_kept(lab: Any) -> None:
    body = """
    def run(job, params):
        raise Refusal('own', 'No.', 'Because.', 'stop', {"where": job.folder, "n": float("nan")})
    """
    outcome = lab.run(lab.job(lab.workload("own", body)))
    assert outcome.ending is Ending.FAILED
    assert outcome.refusal["code"] == "own"
    assert outcome.refusal["facts"] == {"where": str(lab.home / "jobs" / "1"), "n": None}
    assert outcome.error is None


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ("def run(job, params):\n    sys.exit(0)\n", "SystemExit"),
        ("def run(job, params):\n    return 7\n", "returned int"),
        ("def run(job, params):\n    return Result('x', {'a': object()})\n", "not JSON"),
        ("import nosuchmodule\ndef run(job, params): pass\n", "nosuchmodule"),
        ("def run(job, params):\n    job.artifact('none.png', 'image', 'x')\n", "none.png"),
        ("def run(job, params):\n    job.artifact('../job.json', 'text', 'x')\n", "artifacts"),
    ],
)
def test_what_is_wrong_is_named(lab: Any, body: str, named: str) -> None:
    outcome = lab.run(lab.job(lab.workload("odd", body)))
    assert outcome.ending is Ending.FAILED
    assert named in outcome.refusal["why"]


def test_a_thread_left_behind_does_not_keep_the_slot(lab: Any) -> None:
    body = """
    def run(job, params):
        import threading
        threading.Thread(target=lambda: time.sleep(3600)).start()
        return Result("done")
    """
    assert lab.run(lab.job(lab.workload("thread", body))).ending is Ending.SUCCEEDED


def test_a_daemon_left_behind_shows_the_token(lab: Any) -> None:
    body = """
    def run(job, params):
        child = subprocess.Popen(["sleep", "600"], start_new_session=True)
        if os.fork() == 0:
            os.setsid()
            if os.fork() == 0:
                time.sleep(600)
            os._exit(0)
        time.sleep(0.1)
        return Result("left", {"pid": child.pid})
    """
    folder = lab.job(lab.workload("leaves", body))
    outcome = lab.run(folder)
    left = lab.carriers(folder)
    for pid in left:
        os.kill(pid, signal.SIGKILL)
    assert len(left) == 2
    assert outcome.result.figures["pid"] in left


def test_what_the_workload_tells(lab: Any) -> None:
    body = """
    def run(job, params):
        for step in job.progress(range(20), unit="row"):
            job.log(step, loss=1.0 / (step + 1))
        job.log(99, loss=float("nan"), other=2)
        (job.artifacts / "a.txt").write_text("hello")
        job.artifact(job.artifacts / "a.txt", "text", "A word")
        try:
            import numpy
            number = numpy.float32(0.5)
        except ImportError:
            number = 0.5
        return Result("told", {"half": number, "bad": float("inf"), "pair": (1, 2)})
    """
    folder = lab.job(lab.workload("tells", body))
    assert lab.run(folder).result.figures == {"half": 0.5, "bad": None, "pair": [1, 2]}
    last = lab.events(folder, "progress")[-1]
    assert (last["done"], last["total"], last["unit"], last["eta_s"]) == (20, 20, "row", 0)
    metrics = lab.events(folder, "metrics")
    assert [line["step"] for line in metrics] == [*range(20), 99]
    assert metrics[-1]["values"] == {"other": 2.0}
    assert lab.events(folder, "note")[0]["text"] == "loss is nan at step 99"
    (artifact,) = lab.events(folder, "artifact")
    assert (artifact["path"], artifact["artifact_kind"]) == ("artifacts/a.txt", "text")


def test_usage_and_a_folder_that_is_none(lab: Any) -> None:
    argv = [sys.executable, "-m", "tenfold.runner"]
    assert subprocess.run(argv, capture_output=True).returncode == 2
    nowhere = [*argv, str(lab.home / "none"), "1"]
    done = subprocess.run(nowhere, capture_output=True, text=True)
    assert done.returncode == 4
    assert "job.json" not in done.stderr and "current.json" in done.stderr
    damaged = JobFolder(lab.home / "jobs" / "1")
    damaged.path.mkdir(parents=True)
    (damaged.path / "current.json").write_text("{")
    assert subprocess.run([*argv, str(damaged.path), "1"], capture_output=True).returncode == 4
