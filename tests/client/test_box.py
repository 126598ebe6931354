"""`tenfold.connect()` against a real daemon."""

import socket

import pytest

import tenfold
from tenfold.client.call import Api
from tenfold.client.home import daemon_pid
from tenfold.client.start import _STARTED, DaemonOptions, start_daemon, start_if_absent
from tenfold.terms.job import Kind
from tenfold.terms.refusal import Refusal
from tenfold.terms.states import State

SMALL = '''"""Small: reads a file of yours."""

from pathlib import Path

from tenfold.catalogue.contract import WorkloadParams
from tenfold.terms.needs import Needs
from tenfold.terms.outcome import Result, Verdict


class Params(WorkloadParams):
    file: Path = Path("none")


SIZES = {}
REQUIRES = ()
RESUMES = False


def needs(params, device):
    return Needs()


def run(job, params):
    (job.artifacts / "a.txt").write_text(params.file.read_text())
    job.artifact("a.txt", "text", "A copy")
    return Result("Read.", {"letters": len(params.file.read_text())})


def check(params, result):
    return Verdict(result.figures["letters"] == 5, "It has five letters.")
'''


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    path = tmp_path_factory.mktemp("box")
    (path / "workloads" / "mine").mkdir(parents=True)
    (path / "workloads" / "mine" / "small.py").write_text(SMALL)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    start_daemon(path, DaemonOptions(port=port))
    yield path
    Api(path).post("/api/shutdown")
    for process in _STARTED:  # else Python warns at its end that one still runs
        process.wait(30)


@pytest.fixture
def box(home):
    return tenfold.connect(home)


def test_a_workload_from_asking_to_artifacts(box, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "f.txt").write_text("words")
    job = box.run("mine.small", file="f.txt")
    assert job.wait(60) is State.SUCCEEDED
    assert job.result.figures == {"letters": 5} and job.verdict.holds
    (artifact,) = job.artifacts
    assert artifact.path.read_text() == "words" and artifact.title == "A copy"
    assert artifact.path.is_relative_to(job.folder.path)


def test_a_command_its_log_and_what_waits_for_it(box, tmp_path):
    first = box.command(["sh", "-c", "echo $SAID"], variables={"SAID": "yes"}, cores=1)
    second = box.command(["pwd"], cwd=tmp_path, after=[first], name="where")
    assert second.wait(60) is State.SUCCEEDED
    assert first.log() == "yes\n" and second.log() == f"{tmp_path}\n"
    assert second.job.spec.after == (first.id,) and second.job.spec.name == "where"
    assert {first.id, second.id} <= {job.id for job in box.jobs(all=True)}


def test_stopping_and_trying_again(box):
    job = box.command(["sleep", "60"], kind=Kind.INTERACTIVE)
    assert job.wait(0) is not State.SUCCEEDED
    job.cancel()
    assert job.wait(60) is State.CANCELLED
    assert job.result is None
    assert job.explain().history[-1]["state"] == "cancelled"
    with pytest.raises(Refusal) as raised:
        job.pause()
    assert raised.value.code == "job.change"
    job.retry()
    job.cancel()
    assert job.wait(60) is State.CANCELLED


def test_what_is_wrong_is_a_refusal(box):
    def code(ask):
        with pytest.raises(tenfold.Refusal) as raised:
            ask()
        return raised.value.code

    assert code(lambda: box.run("mine.smal")) == "workload.unknown"
    assert code(lambda: box.run("mine.small", fil="x")) == "workload.param"
    assert code(lambda: box.command([])) == "command.empty"
    assert code(lambda: box.job("999")) == "job.unknown"


def test_a_second_start_is_content_with_the_first(home):
    pid = daemon_pid(home)
    assert start_if_absent(home) is False
    assert tenfold.connect(home, start=True).status()["pid"] == pid


def test_without_a_daemon_it_is_absent(tmp_path):
    with pytest.raises(Refusal) as raised:
        tenfold.connect(tmp_path)
    assert raised.value.code == "daemon.absent"


def test_a_daemon_that_dies_silently_leaves_its_last_line(tmp_path):
    with pytest.raises(Refusal) as raised:
        start_daemon(tmp_path, DaemonOptions(box="--nonsense"))
    assert raised.value.code == "daemon.start"
    assert "exit status" in raised.value.why and "daemon.log" in raised.value.why
