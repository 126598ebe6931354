"""A browser for all files of this folder, and daemons: one that runs, one that is declared."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from engine.conftest import private
from faults.daemon import PrivateDaemon, kill_marked
from web.browser.visit import Visit

TEN = "10xH100-PCIe"
OWN = Path(__file__).parent / "workloads"
SCREENS = "TENFOLD_TEST_SCREENS"  # a folder where the pictures of the pages are kept


@pytest.fixture(scope="package")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    pytest.importorskip("playwright", reason="playwright is not installed (make test)")
    from web.browser import chromium

    if shutil.which(chromium.PROGRAM) is None:
        pytest.skip("chromium is not installed (make test-system)")
    with chromium.opened(tmp_path_factory.mktemp("chromium") / "log") as found:
        yield found


@pytest.fixture(scope="package")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrivateDaemon]:
    """Of this machine's CPU: what is run here really runs."""
    folder = tmp_path_factory.mktemp("live")
    shutil.copytree(OWN, folder / "home" / "workloads" / "web")
    yield from _started(folder)


@pytest.fixture(scope="module")
def ten(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrivateDaemon]:
    """A declared box of ten cards, as fast as the wall clock."""
    yield from _started(tmp_path_factory.mktemp("ten"), "--box", TEN)


@pytest.fixture
def visit(browser: Any) -> Iterator[Callable[..., Visit]]:
    """`visit(daemon, size, language, dark)`; what went wrong on its pages fails the test."""
    visits: list[Visit] = []

    def begin(daemon: PrivateDaemon, *words: Any, **more: Any) -> Visit:
        visits.append(Visit(browser, daemon, *words, **more))
        return visits[-1]

    yield begin
    for one in visits:
        one.close()


@pytest.fixture(scope="session")
def screens(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where pictures of the pages go; told once."""
    chosen = os.environ.get(SCREENS)
    folder = Path(chosen) if chosen else Path(__file__).parents[3] / ".venv" / "test-output"
    folder = folder / "screens"
    folder.mkdir(parents=True, exist_ok=True)
    print(f"\npictures of the pages: {folder}")
    return folder


def _started(folder: Path, *options: str) -> Iterator[PrivateDaemon]:
    found = private(folder)
    found.options = options
    found.start()
    yield found
    found.end()
    kill_marked(str(folder))
