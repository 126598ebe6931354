"""The describer's asker: a bad workload costs its time limit and leaves nothing behind."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from faults.daemon import MARK, kill_marked, marked

from tenfold.engine.describe import Describer
from tenfold.terms.refusal import Refusal

GOOD = '''"""Good: {extra}"""
import os, time
{code}
from tenfold.catalogue.contract import WorkloadParams
from tenfold.terms.needs import Needs
RESUMES = False
SIZES = {{}}
REQUIRES = ()
class Params(WorkloadParams):
    pass
def needs(params, device):
    return Needs(memory_gib=0.05)
def run(job, params):
    pass
'''
LEAVES = """
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        time.sleep(600)
    time.sleep(600)
"""
HANGS = "time.sleep(600)"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A home whose describers can be told from all other processes."""
    monkeypatch.setenv(MARK, str(tmp_path))
    (tmp_path / "workloads" / "my").mkdir(parents=True)
    yield tmp_path
    kill_marked(str(tmp_path))


def write(home: Path, code: str, extra: str = "does nothing.") -> None:
    path = home / "workloads" / "my" / "own.py"
    path.write_text(GOOD.format(code=code, extra=extra))


def test_an_import_that_hangs_is_ended_in_time_with_all_it_started(home: Path) -> None:
    write(home, LEAVES + HANGS)
    told: list[Refusal] = []

    def ask() -> None:
        with pytest.raises(Refusal) as error:
            Describer(home, timeout_s=2.0).describe("my.own")
        told.append(error.value)

    began_s = time.monotonic()
    asking = threading.Thread(target=ask)
    asking.start()
    while len(marked(str(home))) < 3 and asking.is_alive():
        time.sleep(0.02)
    assert asking.is_alive()  # it hangs, and two others with it
    asking.join()
    assert time.monotonic() - began_s < 6
    assert marked(str(home)) == {}
    assert told[0].code == "workload.hangs" and "2 s" in told[0].why


def test_what_an_import_leaves_behind_neither_delays_nor_survives(home: Path) -> None:
    """A daemon of its own, which holds the output open."""
    write(home, LEAVES)
    began_s = time.monotonic()
    assert Describer(home).describe("my.own")["name"] == "my.own"
    assert time.monotonic() - began_s < 10
    assert marked(str(home)) == {}


def test_an_import_that_kills_its_process_is_told_in_words(home: Path) -> None:
    write(home, "print('last word', flush=True); os._exit(7)")
    with pytest.raises(Refusal) as told:
        Describer(home).describe("my.own")
    assert told.value.code == "workload.broken"
    assert "7" in told.value.why and "last word" in told.value.why


def test_an_answer_is_kept_until_the_file_changes(home: Path) -> None:
    count = home / "count"
    write(home, f"open({str(count)!r}, 'a').write('x')")
    describer = Describer(home)
    first = describer.describe("my.own")
    assert describer.describe("my.own") == first
    assert describer.describe("my.own", {}) != {} and len(count.read_text()) == 2
    write(home, f"open({str(count)!r}, 'a').write('x')", extra="does less.")
    again = describer.describe("my.own")
    assert len(count.read_text()) == 3
    assert again["file_hash"] != first["file_hash"]


def test_closed_it_ends_what_it_asks(home: Path) -> None:
    write(home, HANGS)
    describer = Describer(home, timeout_s=30.0)
    describer.close()
    began_s = time.monotonic()
    with pytest.raises(Refusal) as told:
        describer.describe("my.own")
    assert told.value.code == "workload.broken"
    assert time.monotonic() - began_s < 10


def test_one_that_somebody_killed_is_asked_again(home: Path) -> None:
    """That says nothing about the workload; one that is killed every time is told in words."""
    once = f"""
if not os.path.exists({str(home / "once")!r}):
    open({str(home / "once")!r}, "w").close()
    os.kill(os.getpid(), 9)
"""
    write(home, once)
    assert Describer(home).describe("my.own")["name"] == "my.own"
    write(home, "os.kill(os.getpid(), 9)")
    with pytest.raises(Refusal) as told:
        Describer(home).describe("my.own")
    assert told.value.code == "workload.broken" and "-9" in told.value.why


def test_the_catalogue_is_asked_for_once_and_again_when_it_changed(home: Path) -> None:
    describer, asked = Describer(home), 0
    ask = describer._ask

    def counted(*what: Any) -> Any:
        nonlocal asked
        asked += 1
        return ask(*what)

    describer._ask = counted  # type: ignore[method-assign]
    first = describer.workloads()
    assert describer.workloads() == first and asked == 1
    folder = home / "workloads" / "mine"
    folder.mkdir(parents=True)
    (folder / "new.py").write_text('"""Mine: a new one."""\n')
    assert any(one["name"] == "mine.new" for one in describer.workloads()) and asked == 2
    (folder / "new.py").unlink()
    assert describer.workloads() == first and asked == 3
