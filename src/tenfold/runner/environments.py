"""Where a command runs: which interpreter and which PATH an `env` names.

""            the main environment; a script with its own requirements (PEP 723) runs by uv
uv            `uv run -- ...`, in the project of the working folder
conda:NAME    `conda run -n NAME ...`
a path        a venv's folder, or an interpreter; relative to the working folder
a name        built by `tenfold env build NAME`, below HOME/environments
"""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import uv

from tenfold.terms.refusal import Refusal, refusal

PACKAGED = Path(__file__).resolve().parent.parent / "environments"

_PYTHON = re.compile(r"python(3(\.\d+)?)?")
_PEP_723 = re.compile(rb"^# /// script\s*$", re.MULTILINE)
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


@dataclass(frozen=True)
class Launch:
    """What to start, and with which variables."""

    argv: tuple[str, ...]
    variables: dict[str, str]
    where: str  # the environment, in words


def launch(
    argv: tuple[str, ...], env: str, cwd: Path, home: Path, environ: Mapping[str, str]
) -> Launch:
    """How `argv` is started in `env`. Raises a Refusal (`env.unknown`)."""
    plain = dict(environ)
    if env == "":
        script = own_requirements(argv, cwd)
        if script is not None:
            return Launch((uv_path(), "run", "--script", *script), _outside(plain), "uv")
        plain["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{plain.get('PATH', os.defpath)}"
        return Launch(argv, plain, "the main environment")
    if env == "uv":
        return Launch((uv_path(), "run", "--", *argv), _outside(plain), "uv")
    if env.startswith("conda:"):
        return _conda(argv, env.removeprefix("conda:"), plain)
    if "/" in env or env.startswith(("~", ".")):
        return _at(argv, cwd / Path(env).expanduser(), env, plain)
    return _at(argv, built(env, home), env, plain)


def own_requirements(argv: tuple[str, ...], cwd: Path) -> tuple[str, ...] | None:
    """The script and its arguments where it carries `# /// script` (PEP 723), else None.

    Seen are `script.py ...` and `python [-u] script.py ...`; other options of the interpreter
    would be lost, so a call that has some is left as it is.
    """
    rest = argv
    if _PYTHON.fullmatch(Path(argv[0]).name):
        rest = argv[1:]
        if rest[:1] == ("-u",):
            rest = rest[1:]
    if not rest or not rest[0].endswith(".py"):
        return None
    try:
        with open(cwd / rest[0], "rb") as file:
            head = file.read(64 * 1024)
    except OSError:
        return None
    return rest if _PEP_723.search(head) else None


def built(name: str, home: Path) -> Path:
    """The folder of a built environment; a Refusal says how to build it."""
    folder = home / "environments" / name
    if (folder / "bin" / "python").exists():
        return folder
    if pins(name, home) is not None:
        raise refusal(
            "env.unknown", name=name, why="It is not built yet.", next=f"tenfold env build {name}"
        )
    raise unpinned(name, home)


def pins(name: str, home: Path) -> Path | None:
    """The pins of an environment: the owner's own, or else those of this package."""
    if not _NAME.fullmatch(name):
        return None
    for path in (home / "environments" / f"{name}.txt", PACKAGED / f"{name}.txt"):
        if path.is_file():
            return path
    return None


def known(home: Path) -> list[str]:
    """Names that there are pins for."""
    folders = (home / "environments", PACKAGED)
    return sorted({path.stem for folder in folders for path in folder.glob("*.txt")})


def unpinned(name: str, home: Path) -> Refusal:
    names = ", ".join(known(home)) or "none"
    return refusal(
        "env.unknown",
        name=name,
        why=f"There is no {name}.txt to build it from; there are pins for: {names}.",
        next=f"write {home}/environments/{name}.txt, then: tenfold env build {name}",
    )


def uv_path() -> str:
    """The uv beside this interpreter, or where its package says it is."""
    beside = Path(sys.executable).parent / "uv"
    return str(beside) if beside.exists() else uv.find_uv_bin()


def _conda(argv: tuple[str, ...], name: str, variables: dict[str, str]) -> Launch:
    program = shutil.which("conda", path=variables.get("PATH")) or variables.get("CONDA_EXE")
    if not program:
        raise refusal(
            "env.unknown",
            name=f"conda:{name}",
            why="There is no conda on the PATH.",
            next="put conda on the PATH of the daemon, or give the environment's folder to --env",
        )
    arguments = (program, "run", "--no-capture-output", "-n", name, *argv)
    return Launch(arguments, _outside(variables), f"conda environment {name}")


def _at(argv: tuple[str, ...], path: Path, env: str, variables: dict[str, str]) -> Launch:
    """In the venv or conda folder `path`, or with the interpreter `path`."""
    if path.is_dir():
        interpreter = path / "bin" / "python"
    else:
        interpreter = path
    if not os.access(interpreter, os.X_OK) or interpreter.is_dir():
        raise _not_there(env, path)
    variables = _outside(variables)
    programs = interpreter.parent
    variables["PATH"] = f"{programs}{os.pathsep}{variables.get('PATH', os.defpath)}"
    if (programs.parent / "pyvenv.cfg").exists():
        variables["VIRTUAL_ENV"] = str(programs.parent)
    if _PYTHON.fullmatch(argv[0]):  # the name need not exist there: `python` of python3.12
        argv = (str(interpreter), *argv[1:])
    return Launch(argv, variables, env)


def _not_there(env: str, path: Path) -> Refusal:
    why = "The folder has no bin/python." if path.is_dir() else "It is no interpreter or folder."
    return refusal("env.unknown", name=env, why=why, next="name a venv's folder, or its python")


def _outside(variables: dict[str, str]) -> dict[str, str]:
    """Without what would point back into our own environment."""
    ours = ("VIRTUAL_ENV", "PYTHONHOME", "PYTHONPATH", "CONDA_PREFIX", "CONDA_DEFAULT_ENV")
    return {name: value for name, value in variables.items() if name not in ours}
