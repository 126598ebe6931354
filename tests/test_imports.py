"""Who may know whom, and that looking at the catalogue costs nothing.

The contracts stand in pyproject.toml. Here each is tried once with a violation in, on a copy, so
that a contract that cannot fail is noticed.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LINT = Path(sys.executable).parent / "lint-imports"

# file -> the line planted in it -> the contract that it breaks
VIOLATIONS = (
    ("engine/tick.py", "import tenfold.catalogue.params", "The machine half never meets"),
    ("runner/events.py", "import tenfold.ledger.rows", "The work half never meets"),
    ("terms/needs.py", "import tenfold.folder.lock", "Terms know nothing of ours"),
    ("folder/lock.py", "import tenfold.science.roofline", "Terms know nothing of ours"),
    ("rights/helper.py", "import tenfold.terms.box", "Terms know nothing of ours"),
    ("site/budget.py", "import tenfold.hardware.cpu", "Terms know nothing of ours"),
    ("ledger/rows.py", "import tenfold.folder.paths", "Hardware, site, placement, ledger"),
    ("science/roofline.py", "import tenfold.folder.paths", "Hardware, site, placement, ledger"),
    ("api/views.py", "import tenfold.hardware.cpu", "The API asks the engine"),
    ("workloads/simulate/cavity.py", "import tenfold.workloads.system.command", "Workloads meet"),
    ("workloads/system/command.py", "import tenfold.folder.paths", "Workloads know science"),
    ("runner/frame.py", "import tenfold.workloads.system.command", "The runner knows workloads"),
    ("client/job.py", "import tenfold.catalogue.params", "The client knows the job folder"),
    ("engine/desk.py", "import tenfold.proxy.table", "The machine half never meets"),
    ("cli/tell.py", "import tenfold.proxy.door", "The work half never meets"),
    ("proxy/table.py", "import tenfold.client.home", "The proxy knows"),
    ("cli/words.py", "import tenfold.runner.claim", "The command line lists"),
    ("doctor/gpus.py", "import tenfold.hardware.report", "The work half never meets"),
    ("client/home.py", "import tenfold.doctor.facts", "Terms know nothing of ours"),
    ("doctor/place.py", "import tenfold.runner.build", "The doctor knows the client"),
    ("fit/match.py", "import tenfold.site.noise", "The work half never meets"),
    ("engine/desk.py", "import tenfold.web.words", "The machine half never meets"),
    ("web/feed.py", "import tenfold.api.views", "The dashboard knows terms"),
)


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(LINT), "--no-cache", "--config", str(folder / "pyproject.toml")],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder / "src"), "COLUMNS": "300"},
        capture_output=True,
        text=True,
    )


def broken(said: str) -> set[str]:
    """Names of the contracts that the summary calls broken."""
    return {line.partition(" BROKEN")[0] for line in said.splitlines() if " BROKEN" in line}


def copy(folder: Path) -> Path:
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "src" / "tenfold", folder / "src" / "tenfold", ignore=ignored)
    shutil.copy(ROOT / "pyproject.toml", folder)
    return folder / "src" / "tenfold"


def test_every_contract_holds() -> None:
    done = lint(ROOT)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("contract", sorted({contract for _, _, contract in VIOLATIONS}))
def test_every_contract_can_fail(tmp_path: Path, contract: str) -> None:
    """All violations of one contract at once, each of them named."""
    package = copy(tmp_path)
    for name, line, of in VIOLATIONS:
        if of == contract:
            with open(package / name, "a") as file:
                file.write(f"\n{line}\n")
    done = lint(tmp_path)
    assert done.returncode != 0
    assert any(name.startswith(contract) for name in broken(done.stdout)), done.stdout
    for name, line, of in VIOLATIONS:
        if of == contract:
            planted = name.removesuffix(".py").replace("/", ".")
            assert f"tenfold.{planted} -> {line.removeprefix('import ')}" in done.stdout


def test_every_contract_has_a_violation_here() -> None:
    import tomllib

    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    for contract in settings["contracts"]:
        assert any(contract["name"].startswith(of) for _, _, of in VIOLATIONS), contract["name"]


def loaded(code: str) -> set[str]:
    """Names of all modules, and of what they are part of, that a fresh interpreter has then."""
    show = "import sys; print(*sys.modules, sep='\\n')"
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\n{show}"], capture_output=True, text=True, check=True
    )
    names = set(done.stdout.split())
    return names | {name.split(".")[0] for name in names}


def test_importing_every_workload_imports_nothing_heavy() -> None:
    found = loaded(
        "import importlib, pkgutil, tenfold.workloads as found\n"
        "for module in pkgutil.walk_packages(found.__path__, 'tenfold.workloads.'):\n"
        "    importlib.import_module(module.name)"
    )
    assert "tenfold.workloads.system.command" in found
    heavy = {"torch", "warp", "numpy", "scipy", "matplotlib", "pandas", "PIL", "fastapi", "sqlite3"}
    assert not found & heavy


@pytest.mark.parametrize("module", ["tenfold", "tenfold.cli.__main__"])
def test_the_way_in_is_light(module: str) -> None:
    found = loaded(f"import {module}") - loaded("pass")
    heavy = {"pydantic", "fastapi", "uvicorn", "rich", "sqlite3", "asyncio", "argparse", "torch"}
    heavy |= {"numpy", "warp", "subprocess", "http", "json", "psutil"}
    assert not found & heavy
    assert len(found) < 60, sorted(found)


def test_the_public_names_are_there() -> None:
    found = loaded("from tenfold import Refusal, connect, __version__")
    assert "tenfold.client.box" in found
    assert not found & {"pydantic", "fastapi", "torch", "numpy"}
