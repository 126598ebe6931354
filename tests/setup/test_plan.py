"""The plan: read from what uv wrote, weighed, and checked for CUDA before anything is fetched."""

from __future__ import annotations

import functools
import hashlib
import http.server
import os
import shutil
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path

import install
import plan
import pytest
from refusal import Refusal

RECORDED = Path(__file__).parent / "pylock.recorded.toml"
MB = 10**6


def planted(tmp_path: Path, *names: str) -> Path:
    """The recorded plan with more packages in it."""
    path = tmp_path / "pylock.planted.toml"
    text = RECORDED.read_text()
    for name in names:
        wheel = f"https://files.example/{name.replace('-', '_')}-1-py3-none-any.whl"
        text += f'\n[[packages]]\nname = "{name}"\nversion = "1"\n'
        text += f'wheels = [{{ url = "{wheel}", size = 500000000 }}]\n'
    path.write_text(text)
    return path


def test_sizes_of_a_recorded_plan() -> None:
    found = plan.read(RECORDED)
    sizes = {wheel.name: wheel.bytes for wheel in found.wheels}
    assert sizes["fonttools"] == 5493829, "of two wheels, the one built for this machine"
    assert sizes["torch"] is None and found.wheels[-1].name == "torch" and found.wheels[-1].local
    size, count, unknown = found.download(None)
    assert count == 4 and unknown == 0, "what lies in a folder here is not downloaded"
    assert size == sum(value or 0 for value in sizes.values())
    assert found.download({"click"}) == (sizes["click"], 1, 0)
    assert plan.words(found, {"click"}) == "0 MB in 1 of 5 packages"
    assert plan.words(found, set()).startswith("nothing")
    assert plan.words(found, None).endswith("at most")


def test_the_size_of_uv_is_that_of_the_plan() -> None:
    (uv,) = (wheel for wheel in plan.read(RECORDED).wheels if wheel.name == "uv")
    assert uv.bytes is not None and round(uv.bytes / MB) == install.UV_MB


def test_a_local_wheel_counts_for_the_disk(tmp_path: Path) -> None:
    wheel = tmp_path / "torch-2.13.0+cpu-cp311.whl"
    wheel.write_bytes(b"x" * 1000)
    path = tmp_path / "pylock.toml"
    path.write_text(
        f'[[packages]]\nname = "torch"\nversion = "2"\nwheels = [{{ url = "file://{wheel}" }}]\n'
    )
    assert plan.read(path).on_disk() == plan.UNPACKED * 1000


@pytest.mark.parametrize("name", ["nvidia-cublas", "nvidia-nccl-cu13", "cuda-bindings", "triton"])
def test_cuda_is_seen(tmp_path: Path, name: str) -> None:
    assert plan.read(planted(tmp_path, name)).cuda() == [name]


def test_what_is_not_cuda(tmp_path: Path) -> None:
    assert plan.read(planted(tmp_path, "nvidia-ml-py", "tritonclient", "barracuda-x")).cuda() == []
    built = RECORDED.read_text().replace("2.13.0+cpu", "2.13.0+cu130")
    (tmp_path / "pylock.toml").write_text(built)
    assert plan.read(tmp_path / "pylock.toml").cuda() == ["torch"]


def test_which_torch_is_tried() -> None:
    assert plan.backends(driver=False, settings={}) == ["cpu", ""]
    assert plan.backends(driver=True, settings={}) == ["auto", ""]
    assert plan.backends(driver=False, settings={"UV_FIND_LINKS": "/wheels"}) == ["", "cpu"]
    assert plan.backends(driver=False, settings={"UV_TORCH_BACKEND": "cu130"}) == ["cu130"]


UV = """#!/bin/sh
# Writes the plan that stands for the torch it is asked for, or says that there is none.
while [ $# -gt 0 ]; do
  case "$1" in
    --output-file) out=$2 ;;
    --torch-backend) backend=-$2 ;;
    --offline) exit 2 ;;
  esac
  shift
done
[ -f "{plans}/plan$backend" ] || { echo "error: no answer from the index" >&2; exit 2; }
cp "{plans}/plan$backend" "$out"
"""


def resolve(tmp_path: Path, driver: bool, plans: dict[str, Path], **settings: str) -> plan.Plan:
    """With an uv that has `plans` by the torch asked for."""
    for old in tmp_path.glob("plan*"):
        old.unlink()
    for backend, path in plans.items():
        shutil.copy(path, tmp_path / f"plan{backend}")
    uv = tmp_path / "uv"
    uv.write_text(UV.replace("{plans}", str(tmp_path)))
    uv.chmod(0o755)
    environ = {"PATH": os.environ["PATH"], **settings}
    return plan.resolved([str(uv)], tmp_path, "test", tmp_path / "pylock.toml", driver, environ)


def test_without_a_driver_no_cuda_is_planned(tmp_path: Path) -> None:
    cuda = planted(tmp_path, "nvidia-cublas")
    assert resolve(tmp_path, False, {"": cuda, "-cpu": RECORDED}).backend == "cpu"
    found = resolve(tmp_path, False, {"": cuda, "-cpu": RECORDED}, UV_FIND_LINKS="/w")
    assert found.backend == "cpu", "a local folder without torch in it"


def test_with_a_driver_cuda_is_welcome(tmp_path: Path) -> None:
    cuda = planted(tmp_path, "nvidia-cublas")
    assert resolve(tmp_path, True, {"-auto": cuda}).cuda() == ["nvidia-cublas"]
    assert resolve(tmp_path, True, {"": cuda}).backend == "", "PyTorch's index does not answer"


def test_cuda_that_is_asked_for_is_taken(tmp_path: Path) -> None:
    cuda = planted(tmp_path, "nvidia-cublas")
    assert resolve(tmp_path, False, {"-cu130": cuda}, UV_TORCH_BACKEND="cu130").cuda()


def test_a_plan_with_cuda_is_refused_without_a_driver(tmp_path: Path) -> None:
    cuda = planted(tmp_path, "nvidia-cublas", "nvidia-nvtx", "cuda-bindings", "triton")
    with pytest.raises(Refusal) as no:
        resolve(tmp_path, False, {"": cuda})
    assert no.value.code == "cuda"
    assert "nvidia-cublas, nvidia-nvtx, cuda-bindings and 1 more" in no.value.why
    assert "PIP_FIND_LINKS" in no.value.next


def test_no_plan_at_all_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refusal) as no:
        resolve(tmp_path, False, {})
    assert no.value.code == "plan" and "no answer from the index" in no.value.why


def test_a_size_that_the_index_does_not_tell_is_asked_for(tmp_path: Path) -> None:
    class Answer(http.server.BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self.send_response(200 if "here" in self.path else 404)
            self.send_header("Content-Length", "191794682")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            return

    server = http.server.HTTPServer(("127.0.0.1", 0), Answer)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    path = tmp_path / "pylock.toml"
    path.write_text(
        "".join(
            f'[[packages]]\nname = "{name}"\nversion = "1"\n'
            f'wheels = [{{ url = "http://127.0.0.1:{server.server_port}/{name}-cp311.whl" }}]\n'
            for name in ("here", "gone")
        )
    )
    found = plan.sized(plan.read(path))
    server.shutdown()
    server.server_close()
    assert [wheel.bytes for wheel in found.wheels] == [191794682, None]
    assert "and 1 whose size the index does not tell" in plan.words(found, None)


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        return


@pytest.fixture
def index(tmp_path: Path) -> Iterator[str]:
    """A package index on this machine, with one wheel in it; it tells no sizes."""
    folder = tmp_path / "index" / "simple" / "only"
    folder.mkdir(parents=True)
    wheel = "Wheel-Version: 1.0\nGenerator: t\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    about = "only-1.0.dist-info"
    metadata = "Metadata-Version: 2.1\nName: only\nVersion: 1.0\n"
    name = "only-1.0-py3-none-any.whl"
    with zipfile.ZipFile(folder / name, "w") as file:
        file.writestr("only.py", "")
        file.writestr(f"{about}/METADATA", metadata)
        file.writestr(f"{about}/WHEEL", wheel)
        file.writestr(f"{about}/RECORD", f"only.py,,\n{about}/METADATA,,\n{about}/WHEEL,,\n")
    # The metadata beside it and its hash: without them uv would fetch the wheel to plan with it.
    (folder / f"{name}.metadata").write_text(metadata)
    digest = hashlib.sha256((folder / name).read_bytes()).hexdigest()
    link = f'<a href="{name}#sha256={digest}" data-core-metadata="true">{name}</a>'
    (folder / "index.html").write_text(link)
    served = functools.partial(Quiet, directory=str(tmp_path / "index"))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), served)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/simple"
    server.shutdown()
    server.server_close()


def test_uv_itself_writes_what_is_read_here_and_installs_it(tmp_path: Path, index: str) -> None:
    """The pinned uv: planned, weighed, installed, and the second time found in the cache."""
    root = tmp_path / "root"
    root.mkdir()
    (root / "constraints.txt").write_text("only==1.0\n")
    project = '[project]\nname = "p"\nversion = "1"\n[project.optional-dependencies]\n'
    (root / "pyproject.toml").write_text(project + 'demo = ["only"]\n')
    uv = [str(Path(sys.executable).with_name("uv"))]
    settings = {**os.environ, "UV_DEFAULT_INDEX": index, "UV_FIND_LINKS": ""}
    settings["UV_CACHE_DIR"] = str(tmp_path / "cache")
    fetched: list[set[str] | None] = []
    for name in ("first", "second"):
        venv = root / name
        made = [*uv, "venv", "-q", "--python", sys.executable, str(venv)]
        subprocess.run(made, env=settings, check=True)
        found = plan.resolved(uv, root, "demo", venv / "pylock.demo.toml", False, settings)
        assert [(w.name, w.version, w.bytes, w.local) for w in found.wheels] == [
            ("only", "1.0", None, False)
        ]
        fetched.append(plan.uncached(uv, found, settings))
        argv = [*uv, "pip", "install", "-q", "--python", str(venv / "bin" / "python")]
        subprocess.run([*argv, *found.exact], env=settings, check=True)
        assert list(venv.glob("lib/*/site-packages/only.py"))
    assert fetched == [{"only"}, set()]
    (wheel,) = (tmp_path / "index").glob("simple/only/*.whl")
    assert plan.sized(found).wheels[0].bytes == wheel.stat().st_size


def test_of_a_local_wheel_nothing_is_fetched(tmp_path: Path, index: str) -> None:
    (wheel,) = (tmp_path / "index").glob("simple/only/*.whl")
    root = tmp_path / "root"
    (root / ".venv" / "bin").mkdir(parents=True)
    (root / ".venv" / "bin" / "python").symlink_to(sys.executable)
    (root / "constraints.txt").write_text("")
    project = '[project]\nname = "p"\nversion = "1"\n[project.optional-dependencies]\n'
    (root / "pyproject.toml").write_text(project + 'demo = ["only"]\n')
    settings = {**os.environ, "UV_FIND_LINKS": str(wheel.parent), "UV_OFFLINE": "1"}
    settings["UV_CACHE_DIR"] = str(tmp_path / "cache")
    uv = [str(Path(sys.executable).with_name("uv"))]
    path = root / ".venv" / "pylock.demo.toml"
    found = plan.resolved(uv, root, "demo", path, False, settings)
    assert [(w.bytes, w.local) for w in found.wheels] == [(wheel.stat().st_size, True)]
    assert found.download(None) == (0, 0, 0)
