"""What holds for every test: no way out to a network, one thread, and no silent skip.

- Children are loaded with `faults/netguard.c`; this process has an audit hook. Whatever tried to
  leave the machine fails the run at its end, by name.
- `TENFOLD_NO_SKIP=1` turns every skip into a failure: `make test` must run everything.
- The summary tells the seconds that each folder of tests took.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
import tempfile
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))  # `faults` is shared with the benchmarks

from faults import network  # noqa: E402
from faults.shims import preload  # noqa: E402

NO_SKIP = os.environ.get("TENFOLD_NO_SKIP") == "1"
_seconds: dict[str, float] = defaultdict(float)


def pytest_configure(config: pytest.Config) -> None:
    worker = getattr(config, "workerinput", {}).get("workerid", "")
    if worker:  # of those that share the tests; the one log is that of whoever started it
        log = Path(os.environ["NETGUARD_LOG"])
        os.environ.pop("COLUMNS", None)  # of a terminal that no child of ours has
        signal.signal(signal.SIGINT, signal.default_int_handler)  # it was ignored, by children too
    else:
        log = Path(tempfile.mkdtemp(prefix="tenfold-netguard-")) / "log"
        log.touch()
        preload(os.environ, "netguard")
        os.environ["NETGUARD_LOG"] = str(log)
    os.environ["HF_HUB_OFFLINE"] = "1"
    os.environ["OMP_NUM_THREADS"] = "1"
    # A light fork server: a daemon in a test starts in a fraction of a second.
    os.environ.setdefault("TENFOLD_PRELOAD", "tenfold.runner.attempt,pydantic")
    # Tests that want a home make one of their own; nobody's real home is ever touched.
    os.environ["TENFOLD_HOME"] = str(log.parent / f"home{worker}")
    os.environ["TENFOLD_RIGHTS"] = str(log.parent / f"rights{worker}")  # nor an installed helper
    config.stash[_LOG] = log
    config.stash[_WORKER] = worker
    sys.addaudithook(network.refuse)


_LOG = pytest.StashKey[Path]()
_WORKER = pytest.StashKey[str]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Any:
    return _unskipped((yield), item.nodeid)


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector: pytest.Collector) -> Any:
    return _unskipped((yield), collector.nodeid)


def _unskipped(report: Any, name: str) -> Any:
    if NO_SKIP and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = (
            f"{name} was skipped, and TENFOLD_NO_SKIP=1 allows none: {report.longrepr}"
        )
    return report


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    path = Path(report.nodeid.split("::")[0])
    folder = path.parent if path.parent.name != HERE.name else path
    _seconds[str(folder)] += report.duration


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    if session.config.stash[_LOG].read_text():
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_unconfigure(config: pytest.Config) -> None:
    if not config.stash[_WORKER]:
        shutil.rmtree(config.stash[_LOG].parent, ignore_errors=True)


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    terminalreporter.section("seconds by folder")
    for folder, seconds in sorted(_seconds.items(), key=lambda item: -item[1]):
        terminalreporter.line(f"{seconds:7.1f}  {folder}")
    left = config.stash[_LOG].read_text().splitlines()
    if left:
        terminalreporter.section("tried to leave the machine", red=True)
        for line in left:
            terminalreporter.line(line)
