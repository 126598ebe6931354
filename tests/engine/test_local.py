"""Jobs on this machine, through the real daemon: started, stopped, resumed, adopted, refused."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

import pytest
from engine.conftest import ended, explained, log_of, private, until
from faults.daemon import PrivateDaemon, kill_marked
from faults.shims import preload

from tenfold.engine import cgroup
from tenfold.folder import lock
from tenfold.folder.paths import JobFolder
from tenfold.terms.refusal import Refusal

COMMAND = "system.command"


def command(daemon: PrivateDaemon, *argv: str, **more: object) -> str:
    return daemon.submit(workload=COMMAND, params={"argv": list(argv)}, **more)


def python(daemon: PrivateDaemon, code: str, **more: object) -> str:
    return command(daemon, sys.executable, "-c", code, **more)


def test_a_command_runs_and_its_words_are_kept(daemon: PrivateDaemon) -> None:
    job = ended(daemon, command(daemon, "/bin/sh", "-c", "echo out; echo err >&2"))
    assert job["state"] == "succeeded" and job["outcome"]["exit_code"] == 0
    assert sorted(log_of(daemon, job["id"]).split()) == ["err", "out"]


def test_a_failing_command_keeps_its_exit_status(daemon: PrivateDaemon) -> None:
    job = ended(daemon, command(daemon, "/bin/sh", "-c", "exit 7"))
    assert job["state"] == "failed" and job["outcome"]["exit_code"] == 7
    assert job["attempt"] == 1
    assert job["outcome"]["refusal"]["code"] == "command.exit"


def test_a_command_that_does_not_exist_is_told_in_words(daemon: PrivateDaemon) -> None:
    job = ended(daemon, command(daemon, "no-such-program-here"))
    assert job["state"] == "failed"
    assert job["outcome"]["refusal"]["code"] == "command.missing"


def test_retry_tries_a_failing_command_again(daemon: PrivateDaemon) -> None:
    job = ended(daemon, command(daemon, "/bin/sh", "-c", "exit 1", retry=2))
    assert (job["state"], job["attempt"], job["crashes"]) == ("failed", 3, 3)


def test_after_waits_for_success_and_fails_with_a_failure(daemon: PrivateDaemon) -> None:
    first = command(daemon, "/bin/sh", "-c", "sleep 2")
    second = command(daemon, "/bin/true", after=[first])
    waiting = explained(daemon, second)
    assert waiting["job"]["state"] == "queued" and f"job {first}" in waiting["why"]
    assert ended(daemon, second)["state"] == "succeeded"
    began = {job: daemon.api.get(f"/api/jobs/{job}")["attempts"][0] for job in (first, second)}
    assert began[second]["promised_s"] >= began[first]["ended_s"]
    slow = command(daemon, "/bin/sh", "-c", "sleep 0.3; exit 1")
    failed = ended(daemon, command(daemon, "/bin/true", after=[slow]))
    assert (failed["state"], failed["attempt"]) == ("failed", 0) and slow in failed["reason"]
    with pytest.raises(Refusal) as told:
        command(daemon, "/bin/true", after=[slow])
    assert told.value.code == "job.after"


def alive(pid: int) -> bool:
    """A zombie is dead; that nobody collects it here is not ours to mend."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def test_cancel_ends_a_command_and_all_it_started(daemon: PrivateDaemon) -> None:
    """Also what left its session: it is gone before the job counts as over."""
    code = (
        "import os, time\n"
        "if os.fork() == 0:\n"
        "    os.setsid(); print(os.getpid(), flush=True); time.sleep(600)\n"
        "time.sleep(600)"
    )
    job = python(daemon, code)
    until(daemon, job, "running")
    while not (text := log_of(daemon, job).strip()):
        time.sleep(0.02)
    stray = int(text)
    daemon.api.post(f"/api/jobs/{job}/cancel")
    assert ended(daemon, job)["state"] == "cancelled"
    assert not alive(stray)


def test_what_hides_its_token_is_ended_as_well(daemon: PrivateDaemon) -> None:
    """An emptied environment and a session of its own: only the cgroup knows whose it is."""
    if cgroup.parent(daemon.home.parent) is None:
        pytest.skip("this machine gives us no cgroup of our own")
    job = command(daemon, "/bin/sh", "-c", "setsid env -i sleep 600 & echo $!; sleep 0.2")
    assert ended(daemon, job)["state"] == "succeeded"
    assert not alive(int(log_of(daemon, job)))


def test_a_queued_job_is_cancelled_at_once_and_may_be_retried(daemon: PrivateDaemon) -> None:
    blocker = command(daemon, "sleep", "600", cores=4)
    until(daemon, blocker, "running")
    job = command(daemon, "/bin/true")
    told = explained(daemon, job)
    assert any(blocker in place["why"] for place in told["places"]), told
    assert daemon.api.post(f"/api/jobs/{job}/cancel")["job"]["state"] == "cancelled"
    with pytest.raises(Refusal) as refused:
        daemon.api.post(f"/api/jobs/{job}/pause")
    assert refused.value.code == "job.change"
    daemon.api.post(f"/api/jobs/{job}/retry")
    daemon.api.post(f"/api/jobs/{blocker}/cancel")
    assert ended(daemon, job)["state"] == "succeeded"


def test_higher_priority_goes_first(daemon: PrivateDaemon) -> None:
    blocker = command(daemon, "sleep", "600", cores=4)
    until(daemon, blocker, "running")
    low = command(daemon, "/bin/true", cores=4)
    high = command(daemon, "/bin/true", cores=4, priority=5)
    daemon.api.post(f"/api/jobs/{blocker}/cancel")
    for job in (low, high):
        ended(daemon, job)
    began = {job: daemon.api.get(f"/api/jobs/{job}")["attempts"][0] for job in (low, high)}
    assert began[high]["promised_s"] < began[low]["promised_s"]


def test_pause_saves_gives_the_slot_back_and_resume_goes_on(daemon: PrivateDaemon) -> None:
    job = daemon.submit(workload="odd.dreams")
    until(daemon, job, "running")
    time.sleep(0.3)
    daemon.api.post(f"/api/jobs/{job}/pause")
    paused = until(daemon, job, "paused")
    assert paused["slot"] is None and paused["last_step"] == 7
    assert daemon.api.get("/api/box")["slots"] == []
    daemon.api.post(f"/api/jobs/{job}/resume")
    done = ended(daemon, job)
    assert (done["state"], done["attempt"]) == ("succeeded", 2)
    assert done["outcome"]["result"]["figures"] == {"from": 7}


def test_a_plain_command_is_not_paused_unless_it_yields(daemon: PrivateDaemon) -> None:
    job = command(daemon, "sleep", "600")
    until(daemon, job, "running")
    with pytest.raises(Refusal) as told:
        daemon.api.post(f"/api/jobs/{job}/pause")
    assert told.value.code == "job.pause"
    daemon.api.post(f"/api/jobs/{job}/cancel")
    willing = command(daemon, "sleep", "600", yields=True)
    until(daemon, willing, "running")
    daemon.api.post(f"/api/jobs/{willing}/pause")
    until(daemon, willing, "paused")
    daemon.api.post(f"/api/jobs/{willing}/cancel")
    assert ended(daemon, job)["state"] == ended(daemon, willing)["state"] == "cancelled"


def test_a_service_is_healthy_sleeps_and_wakes(daemon: PrivateDaemon) -> None:
    job = daemon.submit(workload="load.beacon")
    until(daemon, job, "running")
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        history = daemon.api.get(f"/api/jobs/{job}/explain")["history"]
        if any(event["kind"] == "health" and event["healthy"] for event in history):
            break
        time.sleep(0.05)
    else:
        raise AssertionError(history)
    daemon.api.post(f"/api/jobs/{job}/pause")
    until(daemon, job, "asleep")
    daemon.api.post(f"/api/jobs/{job}/resume")
    until(daemon, job, "running")
    daemon.api.post(f"/api/jobs/{job}/cancel")
    assert ended(daemon, job)["state"] in ("cancelled", "succeeded")


def test_children_run_while_the_parent_holds_nothing(daemon: PrivateDaemon) -> None:
    job = daemon.submit(workload="load.family", params={})
    done = ended(daemon, job)
    assert done["state"] == "succeeded", log_of(daemon, job)
    children = daemon.api.get(f"/api/jobs/{job}")["children"]
    assert children and all(child["state"] == "succeeded" for child in children)
    assert all(child["spec"]["parent"] == job for child in children)
    events = daemon.api.get(f"/api/jobs/{job}/explain")["history"]
    assert any(event.get("reason") == "waits for its children" for event in events)


def test_cancelling_a_parent_cancels_its_children(daemon: PrivateDaemon) -> None:
    blocker = command(daemon, "sleep", "600", cores=3)
    job = daemon.submit(workload="load.family", params={})
    deadline = time.monotonic() + 15
    while not daemon.api.get(f"/api/jobs/{job}")["children"] and time.monotonic() < deadline:
        time.sleep(0.02)
    daemon.api.post(f"/api/jobs/{job}/cancel")
    daemon.api.post(f"/api/jobs/{blocker}/cancel")
    ended(daemon, job)
    for child in daemon.api.get(f"/api/jobs/{job}")["children"]:
        assert ended(daemon, child["id"])["state"] in ("cancelled", "succeeded")


def test_a_workload_that_raises_fails_with_its_traceback(daemon: PrivateDaemon) -> None:
    job = ended(daemon, daemon.submit(workload="odd.raises"))
    assert (job["state"], job["attempt"]) == ("failed", 1)
    assert "KeyError" in job["outcome"]["refusal"]["why"]
    assert "the missing key" in job["outcome"]["error"]


def test_a_workload_that_kills_its_import_is_refused_at_submit(daemon: PrivateDaemon) -> None:
    with pytest.raises(Refusal) as told:
        daemon.submit(workload="odd.dies")
    assert told.value.code == "workload.broken" and "9" in told.value.why


def test_unknown_names_and_wrong_values_name_the_nearest(daemon: PrivateDaemon) -> None:
    with pytest.raises(Refusal) as told:
        daemon.submit(workload="load.cout")
    assert told.value.code == "workload.unknown" and "load.count" in told.value.why
    with pytest.raises(Refusal) as told:
        daemon.submit(workload="load.count", params={"stepps": 3})
    assert told.value.code == "workload.param" and "steps" in told.value.why
    with pytest.raises(Refusal) as told:
        daemon.submit(workload="load.count", params={"steps": 0})
    assert told.value.code == "workload.param"


def test_what_can_never_fit_is_refused_with_what_does(daemon: PrivateDaemon) -> None:
    with pytest.raises(Refusal) as told:
        command(daemon, "/bin/true", cores=64)
    assert told.value.code == "job.too-large"
    assert "64" in told.value.why and "4" in told.value.why
    with pytest.raises(Refusal) as told:
        command(daemon, "/bin/true", gpus=1)
    assert told.value.code == "job.too-large"


def test_a_killed_runner_goes_on_from_its_checkpoint(daemon: PrivateDaemon) -> None:
    job = daemon.submit(workload="load.count", params={"steps": 30, "step_ms": 20})
    while (until(daemon, job, "running", "succeeded")["last_step"] or 0) < 5:
        time.sleep(0.02)
    pid = lock.holder(JobFolder(daemon.home / "jobs" / job).lock)
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    done = ended(daemon, job)
    assert (done["state"], done["attempt"]) == ("succeeded", 2)
    assert done["outcome"]["verdict"]["holds"] is True


def test_a_damaged_job_folder_fails_its_job_and_nothing_else(daemon: PrivateDaemon) -> None:
    """A file stands where the attempts should be: no runner can ever claim one."""
    blocker = command(daemon, "sleep", "600", cores=4)
    until(daemon, blocker, "running")
    job = command(daemon, "/bin/true")
    folder = daemon.home / "jobs" / job
    folder.mkdir(parents=True)
    (folder / "attempts").write_text("not a folder")
    other = command(daemon, "/bin/true")
    daemon.api.post(f"/api/jobs/{blocker}/cancel")
    assert ended(daemon, other)["state"] == "succeeded"
    damaged = ended(daemon, job)
    assert damaged["state"] == "failed"
    assert damaged["outcome"]["refusal"]["code"] == "job.folder"


def test_a_full_disk_pauses_the_job_and_loses_nothing(tmp_path: Path) -> None:
    daemon = private(tmp_path)
    flag = tmp_path / "full"
    preload(daemon.environment, "diskfull")
    daemon.environment["DISKFULL_FLAG"] = str(flag)
    daemon.environment["DISKFULL_ROOT"] = str(daemon.home / "jobs")
    daemon.start()
    try:
        job = daemon.submit(workload="odd.fills")
        paused = until(daemon, job, "paused", "failed", "succeeded")
        assert paused["state"] == "paused" and paused["last_step"] == 0
        assert paused["outcome"]["refusal"]["code"] == "disk.full"
        flag.unlink()
        daemon.api.post(f"/api/jobs/{job}/resume")
        done = ended(daemon, job)
        assert done["state"] == "succeeded"
        assert done["outcome"]["result"]["figures"] == {"first": 1}
    finally:
        daemon.end()
        kill_marked(str(tmp_path))


def test_kill_dash_nine_of_the_daemon_and_the_job_goes_on(tmp_path: Path) -> None:
    """The owner's story: the command never notices; what ended meanwhile is known as well."""
    daemon = private(tmp_path)
    daemon.start()
    try:
        code = "import time\nfor n in range(90): print(n, flush=True); time.sleep(0.1)"
        running = python(daemon, code)
        short = command(daemon, "/bin/sh", "-c", "sleep 0.5; exit 3")
        until(daemon, running, "running")
        until(daemon, short, "running")
        pid = lock.holder(JobFolder(daemon.home / "jobs" / running).lock)
        daemon.kill()
        time.sleep(1.0)
        daemon.start()
        assert lock.holder(JobFolder(daemon.home / "jobs" / running).lock) == pid
        failed = ended(daemon, short)
        assert (failed["state"], failed["outcome"]["exit_code"], failed["attempt"]) == (
            "failed",
            3,
            1,
        )
        done = ended(daemon, running)
        assert (done["state"], done["attempt"]) == ("succeeded", 1)
        assert log_of(daemon, running).split() == [str(n) for n in range(90)]
    finally:
        daemon.end()
        kill_marked(str(tmp_path))
