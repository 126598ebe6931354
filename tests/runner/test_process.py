"""`job.process`: its status, its end with the runner, its stop."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tenfold.folder.paths import TOKEN_VARIABLE, JobFolder, StopFile
from tenfold.runner import process
from tenfold.runner.process import Ended, run_process
from tenfold.runner.stop import StopFlag
from tenfold.terms.job import StopFor
from tenfold.terms.refusal import Refusal


@pytest.fixture
def ran(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv(TOKEN_VARIABLE, "t" * 32)

    def run(*argv: str, **options: Any) -> Ended:
        options.setdefault("cwd", tmp_path)
        options.setdefault("variables", {})
        options.setdefault("stop", StopFlag(JobFolder(tmp_path), 1))
        return run_process(argv, env="", home=tmp_path, **options)

    return run


@pytest.mark.parametrize(
    ("script", "status"), [("exit 0", 0), ("exit 7", 7), ("kill -KILL $$", 137)]
)
def test_exit_status(ran: Any, script: str, status: int) -> None:
    assert ran("sh", "-c", script) == Ended(status)


@pytest.mark.parametrize("bound", [True, False])
def test_it_dies_with_the_runner(
    ran: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bound: bool
) -> None:
    """Both ways of binding: by setpriv, and by a function before exec."""
    if bound and not process.binder():
        pytest.skip("this machine has no setpriv")
    if not bound:
        monkeypatch.setattr(process, "binder", lambda: ())
    note = tmp_path / "pid"
    runner = os.fork()
    if runner == 0:
        try:
            ran("sh", "-c", f"echo $$ > {note}.half; mv {note}.half {note}; exec sleep 600")
        finally:
            os._exit(1)
    end_s = time.monotonic() + 30
    while not note.exists() and time.monotonic() < end_s:
        time.sleep(0.01)
    descriptor = os.pidfd_open(int(note.read_text()))
    os.kill(runner, signal.SIGKILL)
    os.waitpid(runner, 0)
    assert process.has_ended(descriptor, 30.0)
    os.close(descriptor)


def test_a_stop_is_passed_on(ran: Any, tmp_path: Path) -> None:
    script = "trap 'echo bye > told; exit 5' TERM; touch up; while :; do sleep 0.05; done"
    stop = StopFlag(JobFolder(tmp_path), 1)
    JobFolder(tmp_path).write_stop(StopFile(1, StopFor.CANCEL))
    assert ran("sh", "-c", script, stop=stop, grace_s=30.0) == Ended(5, stopped=True)
    assert (tmp_path / "told").read_text() == "bye\n"


def test_after_the_grace_it_is_killed_with_its_group(ran: Any, tmp_path: Path) -> None:
    script = "trap '' TERM; sleep 600 & echo $! > child; wait; sleep 600"
    JobFolder(tmp_path).write_stop(StopFile(1, StopFor.CANCEL))
    stop = StopFlag(JobFolder(tmp_path), 1)
    assert ran("sh", "-c", script, stop=stop, grace_s=0.2) == Ended(137, stopped=True)
    child = Path("/proc") / (tmp_path / "child").read_text().strip()
    end_s = time.monotonic() + 10
    while (child / "cmdline").exists() and (child / "cmdline").read_bytes():
        assert time.monotonic() < end_s
        time.sleep(0.01)


def test_a_watch_ends_it(ran: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "LOOK_S", 0.02)
    monkeypatch.setattr(process, "WATCH_S", 0.02)
    asked: list[int] = []

    def watch(pid: int) -> str | None:
        asked.append(pid)
        return "enough" if len(asked) == 3 else None

    assert ran("sleep", "600", watch=watch) == Ended(143, why="enough")
    assert len(set(asked)) == 1


def test_a_watch_that_raises_leaves_nothing(ran: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "LOOK_S", 0.02)
    monkeypatch.setattr(process, "WATCH_S", 0.02)
    pids: list[int] = []

    def watch(pid: int) -> str | None:
        pids.append(pid)
        raise KeyError("odd")

    with pytest.raises(KeyError, match="odd"):
        ran("sleep", "600", watch=watch)
    with pytest.raises(ProcessLookupError):
        os.kill(pids[0], 0)


def test_what_it_is_given(ran: Any, tmp_path: Path) -> None:
    script = "printf '%s %s %s' $TENFOLD_ATTEMPT $MINE $PYTHONUNBUFFERED > seen; cat >> seen"
    variables = {"MINE": "yes", TOKEN_VARIABLE: "forged"}
    assert ran("sh", "-c", script, variables=variables) == Ended(0)
    assert (tmp_path / "seen").read_text() == f"{'t' * 32} yes 1"


def test_missing_command_and_folder(ran: Any, tmp_path: Path) -> None:
    with pytest.raises(Refusal) as missing:
        ran("no-such-program-here")
    assert missing.value.code == "command.missing"
    assert "the main environment" in missing.value.why
    (tmp_path / "script.sh").write_text("exit 0\n")
    with pytest.raises(Refusal) as not_executable:
        ran("./script.sh")
    assert not_executable.value.code == "command.missing"
    with pytest.raises(Refusal) as nowhere:
        ran("true", cwd=tmp_path / "none")
    assert nowhere.value.code == "command.cwd"


def test_the_main_environment_comes_first(ran: Any, tmp_path: Path) -> None:
    assert ran("python", "-c", "import sys; open('exe', 'w').write(sys.executable)") == Ended(0)
    assert Path((tmp_path / "exe").read_text()).parent == Path(sys.executable).parent
