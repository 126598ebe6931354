"""What jobs have made, over HTTP: listed, shown in a sandbox, taken away; and nothing else."""

from __future__ import annotations

import io
import zipfile
from typing import Any

import pytest
from api.conftest import Said, ask
from engine.conftest import ended
from faults.daemon import PrivateDaemon

from tenfold.api.artifacts import PAGE, PLAIN

MAKES = '''"""Makes: files of many kinds, a folder, and links that would lead out."""

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
    top = job.artifacts
    for name in ("page.html", "tone.wav", "clip.mp4", "drawing.svg", "run.js", "large.bin"):
        (top / name).write_bytes(b"0123456789" * (300_000 if name == "large.bin" else 1))
        job.artifact(name, "data", name)
    (top / "圖 1.png").write_bytes(b"picture")
    job.artifact("圖 1.png", "image", "A picture")
    model = top / "model"
    (model / "deep").mkdir(parents=True)
    (model / "config.json").write_text("{}")
    (model / "deep" / "weights.safetensors").write_bytes(b"w" * 1000)
    (model / "again.json").symlink_to("config.json")
    (model / "out.json").symlink_to(job.folder / "current.json")
    (model / "beside.txt").symlink_to("../secret.txt")
    (model / "up").symlink_to(top)
    (top / "secret.txt").write_text("mine")
    job.artifact("model", "data", "A model")
    (top / "turned").write_text("a file, for now")
    job.artifact("turned", "text", "A file")
    (top / "turned").unlink()
    (top / "turned").symlink_to(job.folder / "current.json")
    return Result("made")
'''


@pytest.fixture(scope="module")
def made(daemon: PrivateDaemon) -> str:
    (daemon.home / "workloads" / "odd" / "makes.py").write_text(MAKES)
    job = ended(daemon, daemon.submit(workload="odd.makes", name='風 "洞"/1'))
    assert job["state"] == "succeeded", job["outcome"]["error"]
    return str(job["id"])


def get(daemon: PrivateDaemon, job: str, path: str, **headers: str) -> Said:
    return ask(daemon, f"/api/jobs/{job}/artifacts/{path}", **headers)


def test_a_page_may_run_its_scripts_and_reach_nothing(daemon: PrivateDaemon, made: str) -> None:
    said = get(daemon, made, "artifacts/page.html")
    policy = said.headers["content-security-policy"]
    assert policy == PAGE and "sandbox allow-scripts;" in policy
    assert "allow-same-origin" not in policy and "connect-src 'none'" in policy
    assert "default-src 'none'" in policy and "frame-ancestors 'self'" in policy
    for path in ("drawing.svg", "run.js", "tone.wav"):
        said = get(daemon, made, f"artifacts/{path}")
        assert said.headers["content-security-policy"] == PLAIN and "allow" not in PLAIN
    assert get(daemon, made, "artifacts/run.js").headers["content-type"].startswith("text/plain")
    assert get(daemon, made, "artifacts/drawing.svg").headers["content-type"] == "image/svg+xml"
    for path in ("page.html", "drawing.svg"):
        headers = get(daemon, made, f"artifacts/{path}").headers
        assert headers["cross-origin-resource-policy"] == "same-origin"
        assert headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("name", ["tone.wav", "clip.mp4"])
def test_sound_and_film_are_read_by_pieces(daemon: PrivateDaemon, made: str, name: str) -> None:
    said = get(daemon, made, f"artifacts/{name}", Range="bytes=2-5")
    assert (said.status, said.body) == (206, b"2345")
    assert said.headers["content-range"] == "bytes 2-5/10"


def test_a_file_is_saved_where_that_is_asked(daemon: PrivateDaemon, made: str) -> None:
    path = "artifacts/%E5%9C%96%201.png"
    assert "content-disposition" not in get(daemon, made, path).headers
    said = get(daemon, made, f"{path}?download=1")
    assert said.headers["content-disposition"] == (
        "attachment; filename=\"_ 1.png\"; filename*=UTF-8''%E5%9C%96%201.png"
    )


def test_a_folder_is_listed_and_its_files_are_served(daemon: PrivateDaemon, made: str) -> None:
    told = get(daemon, made, "artifacts/model?list=1").json
    assert told["files"] == [
        {"path": "artifacts/model/again.json", "bytes": 2},
        {"path": "artifacts/model/config.json", "bytes": 2},
        {"path": "artifacts/model/deep/weights.safetensors", "bytes": 1000},
    ]
    assert told["more"] is False
    for file in told["files"]:
        assert len(get(daemon, made, file["path"]).body) == file["bytes"]


@pytest.mark.parametrize(
    "path",
    [
        "artifacts/model",  # a folder is no file
        "artifacts/model/out.json",  # a link to a file of the runner
        "artifacts/model/beside.txt",  # a link to a file that nobody registered
        "artifacts/model/up/secret.txt",
        "artifacts/model/up/page.html",
        "artifacts/model/../secret.txt",
        "artifacts/model/%2e%2e/secret.txt",
        "artifacts/model/..%2fsecret.txt",
        "artifacts/model/deep/../../secret.txt",
        "artifacts/model//etc/passwd",
        "artifacts/model/%2fetc%2fpasswd",
        "artifacts/model/./config.json",
        "artifacts/model/",
        "artifacts/model/%00",
        "artifacts/model/deep?list=1",  # nor is anything else listed
        "artifacts?list=1",
        "artifacts/page.html?list=1",
        "?list=1",
        "artifacts/secret.txt",
        "artifacts/turned",
        "current.json",
        "artifacts/page.html/config.json",
    ],
)
def test_nothing_else_is_served(daemon: PrivateDaemon, made: str, path: str) -> None:
    said = get(daemon, made, path)
    assert (said.status, said.code) == (404, "api.route"), said


def test_all_of_it_is_one_zip(daemon: PrivateDaemon, made: str) -> None:
    said = ask(daemon, f"/api/jobs/{made}/download")
    assert said.headers["content-disposition"] == (
        f'attachment; filename="_ ___1-{made}.zip";'
        f" filename*=UTF-8''%E9%A2%A8%20_%E6%B4%9E_1-{made}.zip"
    )
    assert "content-length" not in said.headers
    with zipfile.ZipFile(io.BytesIO(said.body)) as whole:
        assert whole.testzip() is None
        packed = {info.filename: info.compress_type for info in whole.infolist()}
        assert whole.read("large.bin") == b"0123456789" * 300_000
    assert packed["clip.mp4"] == packed["圖 1.png"] == zipfile.ZIP_STORED
    assert packed["model/deep/weights.safetensors"] == zipfile.ZIP_STORED
    assert packed["page.html"] == packed["model/config.json"] == zipfile.ZIP_DEFLATED
    assert not {"secret.txt", "turned", "model/out.json", "model/beside.txt"} & set(packed)
    nothing = ended(daemon, daemon.submit(workload="system.command", params={"argv": ["true"]}))[
        "id"
    ]
    said = ask(daemon, f"/api/jobs/{nothing}/download")
    assert (said.status, said.code) == (404, "job.files")


def test_what_all_jobs_have_made_newest_first_by_pages(daemon: PrivateDaemon, made: str) -> None:
    def page(**query: Any) -> dict[str, Any]:
        return dict(daemon.api.get("/api/artifacts", **query))

    whole = page()
    assert whole["next"] is None
    times = [one["at_s"] for one in whole["artifacts"]]
    assert times == sorted(times, reverse=True)
    found = {one["path"]: one for one in whole["artifacts"] if one["job"] == made}
    picture = found["artifacts/圖 1.png"]
    assert (picture["workload"], picture["kind"], picture["bytes"]) == ("odd.makes", "image", 7)
    assert picture["name"] == '風 "洞"/1' and picture["title"] == "A picture"
    assert found["artifacts/model"]["bytes"] is None and found["artifacts/model"]["folder"] is True
    assert found["artifacts/turned"]["bytes"] is None and "folder" not in found["artifacts/turned"]
    assert [one["path"] for one in page(kind="image")["artifacts"]] == ["artifacts/圖 1.png"]
    seen, before = [], None
    while True:
        part = page(limit=4, **({} if before is None else {"before": before}))
        seen += part["artifacts"]
        before = part["next"]
        if before is None:
            break
        assert len(part["artifacts"]) == 4
    assert seen == whole["artifacts"]
    for bad in ("x", "WzFd", "eyJhIjoxfQ==", "%ff"):
        assert ask(daemon, f"/api/artifacts?before={bad}").code == "wire.shape"
