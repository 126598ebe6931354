"""Jobs over HTTP: submit whole or not at all, look, read logs and artifacts; nothing else."""

from __future__ import annotations

import json
import sys
import time
from typing import Any
from urllib.parse import quote

import pytest
from api.conftest import ask
from engine.conftest import ended, until
from faults.daemon import PrivateDaemon

from tenfold.api.jobs import LOG_AT_ONCE
from tenfold.terms.refusal import Refusal

SHOWS = '''"""Shows: leaves artifacts, one of them a page that would like to run a script."""

import os

from tenfold.catalogue.contract import WorkloadParams
from tenfold.terms.needs import Needs
from tenfold.terms.outcome import Result

RESUMES = False
SIZES = {}
REQUIRES = ()


class Params(WorkloadParams):
    pass


def needs(params, device):
    return Needs(memory_gib=0.05)


def run(job, params):
    (job.artifacts / "page.html").write_text("<script>alert(1)</script>")
    (job.artifacts / "unregistered.txt").write_text("mine")
    (job.artifacts / "inside").mkdir()
    (job.artifacts / "inside" / "a b.txt").write_text("deep")
    (job.artifacts / "later").write_text("a file, for now")
    odd = os.fsdecode(b"odd\\xff.txt")
    (job.artifacts / odd).write_text("not UTF-8")
    for name in ("page.html", "inside/a b.txt", "later", odd):
        job.artifact(name, "text", name)
    (job.artifacts / "later").unlink()
    (job.artifacts / "later").symlink_to(job.folder.parent.parent / "token")
    job.log(1, loss=0.5, strange=float("nan"))
    return Result("shown")
'''


def command(*argv: str, **more: Any) -> dict[str, Any]:
    return {"workload": "system.command", "params": {"argv": list(argv)}, **more}


def test_a_submit_is_answered_with_the_job(daemon: PrivateDaemon) -> None:
    said = ask(daemon, "/api/jobs", "POST", json.dumps(command("true", name="mine")).encode())
    assert said.status == 201
    job = said.json["job"]
    assert (job["name"], job["state"], job["spec"]["params"]) == (
        "mine",
        "queued",
        {"argv": ["true"]},
    )


def test_several_are_accepted_whole_or_not_at_all(daemon: PrivateDaemon) -> None:
    before = set(daemon.jobs())
    good = [command("true", name=f"n{n}") for n in range(99)]
    for bad in (
        command("true", cores=10_000),  # refused when it is prepared
        command("true", after=["999999"]),  # refused inside the transaction
        {"workload": "no.such"},
        {"workload": "system.command", "params": {"argv": []}},
    ):
        with pytest.raises(Refusal):
            daemon.api.post("/api/jobs", {"jobs": [*good[:50], bad, *good[50:]]})
    assert set(daemon.jobs()) == before
    jobs = daemon.api.post("/api/jobs", {"jobs": good[:3]})["jobs"]
    assert [job["name"] for job in jobs] == ["n0", "n1", "n2"]
    assert len(daemon.jobs()) == len(before) + 3


def test_the_same_key_is_the_same_job(daemon: PrivateDaemon) -> None:
    first = daemon.submit(**command("true", key="only-once"))
    assert daemon.submit(**command("true", key="only-once")) == first
    twice = daemon.api.post("/api/jobs", {"jobs": [command("true", key="pair")] * 2})["jobs"]
    assert twice[0]["id"] == twice[1]["id"] != first
    assert ended(daemon, first)["attempt"] == 1
    assert daemon.submit(**command("true", key="only-once")) == first


@pytest.mark.parametrize(
    "path",
    [
        "/api/jobs?limit=0",
        "/api/jobs?limit=-1",
        "/api/jobs?limit=many",
        f"/api/jobs?all=1&limit={10**30}",
        "/api/jobs?state=tired",
        "/api/jobs?all=perhaps",
        "/api/jobs/{job}/log?attempt=first",
        "/api/jobs/{job}/log?attempt=-1",
        f"/api/jobs/{{job}}/log?attempt={10**30}",
        "/api/jobs/{job}/log?offset=x",
        "/api/events?since=x",
        "/api/events?since=-1",
        f"/api/events?since={10**30}",
    ],
)
def test_a_bad_query_is_refused(daemon: PrivateDaemon, path: str) -> None:
    job = daemon.submit(**command("true", key="queried"))
    said = ask(daemon, path.format(job=job))
    assert (said.status, said.code) == (422, "wire.shape"), said


@pytest.mark.parametrize("job", ["999999", "1.no", "%00", "..", "%2e%2e", "é", "a" * 5000])
def test_an_unknown_job_is_told_by_every_route(daemon: PrivateDaemon, job: str) -> None:
    for rest in ("", "/explain", "/log", "/metrics", "/artifacts/artifacts/x"):
        said = ask(daemon, f"/api/jobs/{quote(job, safe='%.')}{rest}")
        assert (said.status, said.code) in ((404, "job.unknown"), (404, "api.route")), said
    for order in ("cancel", "pause", "resume", "retry"):
        said = ask(daemon, f"/api/jobs/{quote(job, safe='%.')}/{order}", "POST", b"{}")
        assert said.status in (404, 405) and said.code in ("job.unknown", "api.route"), said


def test_states_and_limits_choose_what_is_listed(daemon: PrivateDaemon) -> None:
    bad = daemon.submit(**command("false"))
    ended(daemon, bad)
    ended(daemon, daemon.submit(**command("true")))
    failed = daemon.api.get("/api/jobs", state="failed")["jobs"]
    assert bad in [job["id"] for job in failed]
    assert {job["state"] for job in failed} == {"failed"}
    assert len(daemon.api.get("/api/jobs", all=1, limit=2)["jobs"]) == 2


@pytest.fixture(scope="module")
def shown(daemon: PrivateDaemon) -> str:
    (daemon.home / "workloads" / "odd" / "shows.py").write_text(SHOWS)
    job = ended(daemon, daemon.submit(workload="odd.shows"))
    assert job["state"] == "succeeded", job["outcome"]["error"]
    return str(job["id"])


def test_a_registered_artifact_is_served_in_a_sandbox(daemon: PrivateDaemon, shown: str) -> None:
    said = ask(daemon, f"/api/jobs/{shown}/artifacts/artifacts/page.html")
    assert (said.status, said.body) == (200, b"<script>alert(1)</script>")
    assert said.headers["content-security-policy"].startswith("sandbox allow-scripts; default-src")
    assert said.headers["x-content-type-options"] == "nosniff"
    deep = ask(daemon, f"/api/jobs/{shown}/artifacts/artifacts/inside/a%20b.txt")
    assert (deep.status, deep.body) == (200, b"deep")


@pytest.mark.parametrize(
    "path",
    [
        "artifacts/unregistered.txt",
        "artifacts/later",  # registered as a file, then made a link to the token
        "artifacts/inside",
        "job.json",
        "..%2f..%2ftoken",
        "../../token",
        "artifacts/..%2f..%2f..%2ftoken",
        "artifacts%2fpage.html/..%2f..%2f..%2f..%2ftoken",
        "/etc/passwd",
        "%2fetc%2fpasswd",
        "%00",
        "",
    ],
)
def test_nothing_else_is_served(daemon: PrivateDaemon, shown: str, path: str) -> None:
    said = ask(daemon, f"/api/jobs/{shown}/artifacts/{path}")
    assert (said.status, said.code) == (404, "api.route"), said


def test_a_name_that_is_not_utf8_is_shown_and_hurts_nobody(
    daemon: PrivateDaemon, shown: str
) -> None:
    page = daemon.api.get(f"/api/jobs/{shown}")
    assert "artifacts/odd?.txt" in [artifact["path"] for artifact in page["artifacts"]]
    history = daemon.api.get(f"/api/jobs/{shown}/explain")["history"]
    kept = [event for event in history if event["kind"] == "artifact"]
    assert kept[0]["artifact_kind"] == "text" and kept[0]["job"] == shown


def test_metrics_are_curves(daemon: PrivateDaemon, shown: str) -> None:
    curves = daemon.api.get(f"/api/jobs/{shown}/metrics")["metrics"]
    assert list(curves) == ["loss"]
    ((step, at_s, value),) = curves["loss"]
    assert (step, value) == (1, 0.5) and abs(at_s - time.time()) < 600


def test_metrics_are_thinned_and_told_from_a_time_on(daemon: PrivateDaemon, shown: str) -> None:
    (point,) = daemon.api.get(f"/api/jobs/{shown}/metrics", points=4)["metrics"]["loss"]
    since = point[1]
    path = f"/api/jobs/{shown}/metrics"
    assert daemon.api.get(path, since=since)["metrics"] == {}
    assert daemon.api.get(path, since=since - 1)["metrics"] == {"loss": [point]}
    for bad in ("points=3", "points=x", "since=nan", "since=inf", "points=1000000000"):
        assert ask(daemon, f"{path}?{bad}").code == "wire.shape"


def log(daemon: PrivateDaemon, job: str, **query: Any) -> dict[str, Any]:
    return dict(daemon.api.get(f"/api/jobs/{job}/log", **query))


def printed(daemon: PrivateDaemon, expression: str) -> str:
    """The id of an ended job that wrote these bytes."""
    code = f"import os, sys; sys.stdout.buffer.write({expression}); sys.stdout.flush()"
    job = daemon.submit(**command(sys.executable, "-c", code))
    assert ended(daemon, job)["state"] == "succeeded"
    return job


def test_a_log_is_read_on_from_where_one_was(daemon: PrivateDaemon) -> None:
    job = printed(daemon, "b'one\\ntwo\\n'")
    whole = log(daemon, job)
    assert whole == {"attempt": 1, "offset": 0, "next": 8, "text": "one\ntwo\n", "ended": True}
    assert log(daemon, job, offset=4)["text"] == "two\n"
    assert log(daemon, job, offset=8)["text"] == ""
    assert log(daemon, job, offset=99) == {**whole, "offset": 8, "next": 8, "text": ""}
    assert log(daemon, job, offset=-4) == {**whole, "offset": 4, "text": "two\n"}
    assert log(daemon, job, offset=-99) == whole
    assert log(daemon, job, attempt=7)["text"] == ""


def test_no_character_is_cut_where_a_chunk_ends(daemon: PrivateDaemon) -> None:
    """Every chunk begins one byte later than a character: a plain cut would break each of them."""
    count = LOG_AT_ONCE // 2
    job = printed(daemon, f"b'a' + '€'.encode() * {count} + b'\\xe2\\x82'")
    text, offset, chunks = "", 0, 0
    while piece := log(daemon, job, offset=offset):
        assert piece["offset"] == offset
        text, offset, chunks = text + piece["text"], piece["next"], chunks + 1
        if not piece["text"]:
            break
    assert text == "a" + "€" * count + "\N{REPLACEMENT CHARACTER}"
    assert chunks == 3
    tail = log(daemon, job, offset=-4)  # begins inside a character
    assert (tail["text"], tail["offset"]) == ("\N{REPLACEMENT CHARACTER}", offset - 2)


def test_a_character_that_is_half_written_waits_for_its_rest(daemon: PrivateDaemon) -> None:
    flag = daemon.folder / "go"
    code = (
        "import os, sys, time\n"
        "os.write(1, b'x\\xe2\\x82')\n"
        f"while not os.path.exists({str(flag)!r}): time.sleep(0.02)\n"
        "os.write(1, b'\\xac!')"
    )
    job = daemon.submit(**command(sys.executable, "-c", code))
    until(daemon, job, "running")
    while not (half := log(daemon, job))["text"]:
        time.sleep(0.02)
    assert (half["text"], half["next"], half["ended"]) == ("x", 1, False)
    flag.touch()
    ended(daemon, job)
    assert log(daemon, job, offset=1)["text"] == "€!"


def test_bytes_that_are_no_text_at_all_still_move_on(daemon: PrivateDaemon) -> None:
    job = printed(daemon, f"b'\\x80' * {LOG_AT_ONCE + 10}")
    first = log(daemon, job)
    assert first["next"] == LOG_AT_ONCE
    assert log(daemon, job, offset=first["next"])["next"] == LOG_AT_ONCE + 10
    assert log(daemon, job, offset=-100)["offset"] == LOG_AT_ONCE + 10 - 100 + 3
