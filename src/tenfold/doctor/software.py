"""Python and the packages: is what is installed what this machine can use?"""

from __future__ import annotations

from collections.abc import Iterator

from tenfold.catalogue.extras import install_command
from tenfold.doctor.facts import Build, Facts
from tenfold.doctor.finding import Check, Seen, note, ok, trouble

OLDEST = (3, 11)  # pyproject.toml, requires-python
TRIED = (3, 14)  # the newest that the pinned versions resolve on (uv, constraints.txt)

_TORCH = (
    "{python} -m uv pip install --python {python} --reinstall-package torch"
    " --torch-backend {backend} torch=={version}"
)
_WARP = "the wheel +cu12 of Warp's releases"
_DRIVER = "install a newer NVIDIA driver, or a build for this one: {build}"


def python(facts: Facts) -> Iterator[Seen]:
    version = facts.software.python
    shown = f"Python {'.'.join(map(str, version))}"
    if version[:2] < OLDEST:
        yield trouble(f"{shown} is older than 3.11.", "make PYTHON=python3.11 demo")
    elif version[:2] > TRIED:
        yield note(f"{shown} is newer than any that was tried.", "make PYTHON=python3.12 demo")
    else:
        yield ok(f"{shown}.")


def extras(facts: Facts) -> Iterator[Seen]:
    for extra in facts.software.missing:
        yield note(f"The extra '{extra}' is not installed.", install_command((extra,)))
    if not facts.software.missing:
        yield ok("Every extra is installed.")


def torch(facts: Facts) -> Iterator[Seen]:
    build = facts.software.torch
    if build is None:
        return  # the extra that brings it is told of
    plain = build.version.partition("+")[0]
    executable = facts.software.executable
    again = _TORCH.format(python=executable, backend="auto", version=plain)
    if build.cuda is None:
        if facts.gpus.cards:
            yield trouble(f"torch {build.version} is a CPU build, and there are cards.", again)
        else:
            yield ok(f"torch {build.version}, a CPU build.")
        return
    if facts.gpus.driver is None:
        fix = _TORCH.format(python=executable, backend="cpu", version=plain)
        yield note(f"torch {build.version} brings CUDA, and there is no NVIDIA driver.", fix)
        return
    yield _against_driver("torch", build, facts, again)


def warp(facts: Facts) -> Iterator[Seen]:
    build = facts.software.warp
    if build is None:
        return
    if facts.gpus.driver is None or build.cuda is None:
        yield ok(f"Warp {build.version}; it runs on the CPU here.")
    else:
        yield _against_driver("Warp", build, facts, _WARP)


def kernels(facts: Facts) -> Iterator[Seen]:
    if facts.software.warp is None:
        return
    if facts.software.warp_cache:
        fix = "export WARP_CACHE_PATH=/a/folder/of/yours"
        yield trouble(f"Warp cannot keep its kernels: {facts.software.warp_cache}.", fix)
    else:
        yield ok("Warp's kernels are kept.")


def uv(facts: Facts) -> Iterator[Seen]:
    if facts.software.uv:
        yield ok(f"uv is {facts.software.uv}.")
    else:
        yield trouble("There is no uv.", "pip install uv")


def _against_driver(name: str, build: Build, facts: Facts, instead: str) -> Seen:
    """Within one major version a driver runs what a newer toolkit built (CUDA Compatibility guide,
    minor version compatibility); across it, only an older toolkit's."""
    shown = f"{name} {build.version} is built with CUDA {build.cuda}"
    if build.cuda is None or facts.gpus.cuda is None:
        return ok(f"{shown}.")
    built, known = _numbers(build.cuda), _numbers(facts.gpus.cuda)
    if built[0] > known[0]:
        fix = _DRIVER.format(build=instead)
        return trouble(f"{shown}; the driver knows CUDA up to {facts.gpus.cuda}.", fix)
    if built > known:
        fix = _DRIVER.format(build=instead)
        return note(f"{shown}, the driver for {facts.gpus.cuda}: most of it works.", fix)
    return ok(f"{shown}; the driver knows {facts.gpus.cuda}.")


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".")[:2])


CHECKS = (
    Check(
        "software",
        "python",
        "its version",
        "Tenfold is written for 3.11 and newer, and its pinned versions were tried up to 3.14.",
        python,
    ),
    Check(
        "software",
        "extras",
        "what each workload needs is installed",
        "A workload whose extra is missing is refused.",
        extras,
    ),
    Check(
        "software",
        "torch",
        "its build suits the driver",
        "A CPU build leaves the cards idle; a build for a newer CUDA than the driver's finds none.",
        torch,
    ),
    Check(
        "software",
        "warp",
        "its build suits the driver",
        "A build for a newer CUDA than the driver's computes on the CPU only.",
        warp,
    ),
    Check(
        "software",
        "kernels",
        "Warp can keep what it compiled",
        "Otherwise every job compiles its kernels again.",
        kernels,
    ),
    Check(
        "software",
        "uv",
        "it is there",
        "Environments are built with it, and scripts with requirements of their own run by it.",
        uv,
    ),
)
