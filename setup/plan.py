"""What is to be installed, found out before a byte of it is downloaded.

uv resolves the extra into a pylock.toml, which names every wheel with its address and size. What
is checked here is what is installed: each package in exactly that version, and nothing else. The
lock itself is not installed from: uv 0.13 does not find the wheels of one in its cache.
"""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from machine import MB
from refusal import Refusal

# On disk, with bytecode, for each byte of wheel, in the venv and in uv's cache where that is on
# another disk: 3.2 for demo and 4.0 for test (measured; benchmarks/setup.py prints both).
UNPACKED = 4.5
ASK_S = 5.0  # for one size
SAID = 3  # lines of uv's that are passed on

_CUDA = re.compile(r"nvidia-(?!ml-py$)|cuda-|triton$")
_CUDA_BUILD = re.compile(r"\+cu\d")
_UNCACHED = re.compile(r"Identified uncached distribution: ([\w.-]+)==")


@dataclass(frozen=True)
class Wheel:
    name: str
    version: str
    bytes: int | None  # None where the index does not tell
    url: str

    @property
    def local(self) -> bool:
        """Whether it lies in a folder here."""
        return "://" not in self.url or self.url.startswith("file:")


@dataclass(frozen=True)
class Plan:
    path: Path
    wheels: tuple[Wheel, ...]
    backend: str  # of torch, as uv calls it; "" for what the index has under that name

    @property
    def exact(self) -> list[str]:
        """What uv pip install is told, so that it installs this plan."""
        backend = ["--torch-backend", self.backend] if self.backend else []
        return ["--no-deps", *backend, "-r", str(self.path.with_suffix(".txt"))]

    def write_exact(self) -> None:
        lines = [f"{wheel.name}=={wheel.version}\n" for wheel in self.wheels]
        self.path.with_suffix(".txt").write_text("".join(lines), encoding="utf-8")

    def cuda(self) -> list[str]:
        """What of it only serves a machine with an NVIDIA driver."""
        return [
            wheel.name
            for wheel in self.wheels
            if _CUDA.match(wheel.name) or _CUDA_BUILD.search(wheel.version)
        ]

    def download(self, missing: set[str] | None) -> tuple[int, int, int]:
        """(bytes, wheels, wheels of unknown size) to fetch; all that is not here if `missing`,
        the names that uv has not in its cache, is not known."""
        fetched = [
            wheel
            for wheel in self.wheels
            if not wheel.local and (missing is None or wheel.name in missing)
        ]
        unknown = sum(1 for wheel in fetched if wheel.bytes is None)
        return sum(wheel.bytes or 0 for wheel in fetched), len(fetched), unknown

    def on_disk(self) -> float:
        return UNPACKED * sum(wheel.bytes or 0 for wheel in self.wheels)


def read(path: Path, backend: str = "") -> Plan:
    import tomllib  # not at the top: a Python without it is to reach its Refusal

    packages = tomllib.loads(path.read_text(encoding="utf-8")).get("packages", [])
    return Plan(path, tuple(_wheel(package) for package in packages), backend)


def _wheel(package: dict[str, Any]) -> Wheel:
    """Of several that would do, the one that is built for this kind of machine."""
    files = package.get("wheels") or [package.get("sdist") or package.get("archive") or {}]
    file = next((f for f in files if not _address(f).endswith("none-any.whl")), files[0])
    wheel = Wheel(
        package["name"], str(package.get("version", "")), file.get("size"), _address(file)
    )
    if wheel.local and wheel.bytes is None:
        place = Path(unquote(wheel.url.removeprefix("file://")))
        wheel = replace(wheel, bytes=place.stat().st_size if place.is_file() else None)
    return wheel


def _address(file: dict[str, Any]) -> str:
    return str(file.get("url") or file.get("path") or "")


def resolved(
    uv: list[str], root: Path, extra: str, path: Path, driver: bool, settings: dict[str, str]
) -> Plan:
    """The plan for `extra`, with a torch that suits this machine. Raises a Refusal.

    With wheels in a local folder these are tried first; then PyTorch's own index for the driver
    that is here, or for none; then the usual index as it is. A plan with CUDA in it is never
    taken where no driver is, unless UV_TORCH_BACKEND asks for one.
    """
    failed, cuda = "", []
    for backend in backends(driver, settings):
        for offline in ([], ["--offline"]):
            said = _resolve(uv, root, extra, path, backend, offline, settings)
            if said is None:
                plan = read(path, backend)
                if driver or backend.startswith("cu") or not plan.cuda():
                    plan.write_exact()
                    return plan
                cuda = plan.cuda()
                break
            failed = failed or said
    if cuda:
        names = ", ".join(cuda[:3]) + (f" and {len(cuda) - 3} more" if len(cuda) > 3 else "")
        why = f"PyTorch's own index, which has a CPU build, did not answer: {failed}"
        if not failed:
            why = "No CPU build of torch was to be had."
        raise Refusal("cuda", names=names, why=why, target=extra)
    raise Refusal("plan", why=failed, target=extra)


def backends(driver: bool, settings: dict[str, str]) -> list[str]:
    asked = settings.get("UV_TORCH_BACKEND")
    if asked:
        return [asked]
    suited = "auto" if driver else "cpu"
    return ["", suited] if settings.get("UV_FIND_LINKS") else [suited, ""]


def _resolve(
    uv: list[str],
    root: Path,
    extra: str,
    path: Path,
    backend: str,
    offline: list[str],
    settings: dict[str, str],
) -> str | None:
    """None if `path` was written; else why not, in uv's words."""
    argv = [*uv, "pip", "compile", "--quiet", "--format", "pylock.toml", "--no-header"]
    argv += ["--python", str(path.parent / "bin" / "python"), "-c", "constraints.txt"]
    argv += ["--extra", extra, "--output-file", str(path), "--no-annotate", *offline]
    argv += ["--torch-backend", backend] if backend else []
    path.unlink(missing_ok=True)  # or uv would prefer what it says
    environ = {name: value for name, value in settings.items() if name != "UV_TORCH_BACKEND"}
    done = subprocess.run(
        [*argv, "pyproject.toml"], cwd=root, env=environ, capture_output=True, text=True
    )
    if done.returncode == 0:
        return None
    lines = [re.sub(r"^(error|cause): ", "", line.strip()) for line in done.stderr.splitlines()]
    return "; ".join([line for line in lines if line][:SAID]) or f"status {done.returncode}"


def uncached(uv: list[str], plan: Plan, settings: dict[str, str]) -> set[str] | None:
    """Names of what uv would have to fetch; None where it does not say."""
    python = plan.path.parent / "bin" / "python"
    argv = [*uv, "pip", "install", "--dry-run", "--verbose", "--offline"]
    done = subprocess.run(
        [*argv, "--python", str(python), *plan.exact],
        cwd=plan.path.parent,
        env=settings,
        capture_output=True,
        text=True,
    )
    if done.returncode != 0:
        return None
    return set(_UNCACHED.findall(done.stderr))


def sized(plan: Plan) -> Plan:
    """With the sizes asked for that an index did not tell: PyTorch's own tells none."""
    wheels = [
        replace(wheel, bytes=_asked(wheel.url))
        if wheel.bytes is None and not wheel.local
        else wheel
        for wheel in plan.wheels
    ]
    return replace(plan, wheels=tuple(wheels))


def _asked(url: str) -> int | None:
    from urllib.request import Request, urlopen  # here, as it costs more than a setup at rest

    try:
        with urlopen(Request(url, method="HEAD"), timeout=ASK_S) as answer:
            return int(answer.headers["Content-Length"])
    except (OSError, TypeError, ValueError):
        return None


def words(plan: Plan, missing: set[str] | None) -> str:
    """`214 MB in 33 packages`, or what can be said of it."""
    size, count, unknown = plan.download(missing)
    if not count:
        return "nothing: all of it is in uv's cache or a folder here"
    text = f"{size / MB:,.0f} MB in {count} of {len(plan.wheels)} packages"
    if missing is None:
        text += " at most"
    if unknown:
        text += f", and {unknown} whose size the index does not tell"
    return text
