"""The logic of the MIG self-test, on the real helper and a stand-in, with pretended work."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from faults.nvml.cards import Card, Slice, h100_pcie
from faults.nvml.standin import StandIn
from faults.rights import Helper

from tenfold.cli.doctor import doctor
from tenfold.doctor import gather
from tenfold.doctor.selftest import KEPT, LEAST_ROUNDS, Run, Tried, against, keep, selftest
from tenfold.engine.home import Home
from tenfold.rights.ask import VARIABLE, Rights
from tenfold.terms.refusal import Refusal

IN_USE = 19
# Alone it makes ten steps. The second time it goes on until its neighbour has come and gone often
# enough, by the log of the stand-in's calls.
WORK = """
import json, os, sys, time
calls, digest = sys.argv[1], sys.argv[2]
assert os.environ["CUDA_VISIBLE_DEVICES"].startswith("MIG-")
made = lambda: open(calls).read().count("create ")
alone = not os.path.exists(calls + ".ran")
open(calls + ".ran", "w").close()
first = made()
print(json.dumps({"s": 0.01}), flush=True)
for step in range(10 if alone else 10000):
    time.sleep(0.0 if alone else 0.02)
    print(json.dumps({"s": 0.01}), flush=True)
    if made() > first + 8:
        break
print(json.dumps({"digest": digest}), flush=True)
"""


@pytest.fixture
def card() -> Card:
    card = h100_pcie(0)
    card.mig = 1
    return card


@pytest.fixture
def stand_in(tmp_path: Path, card: Card, monkeypatch: pytest.MonkeyPatch) -> StandIn:
    found = StandIn(tmp_path, [card])
    for name, value in found.environment.items():
        monkeypatch.setenv(name, value)
    return found


@pytest.fixture
def rights(tmp_path: Path, stand_in: StandIn, monkeypatch: pytest.MonkeyPatch) -> Iterator[Rights]:
    helper = Helper(tmp_path, stand_in, os.getuid())
    helper.start()
    monkeypatch.setenv(VARIABLE, str(helper.socket))
    found = Rights()
    assert found.look()
    yield found
    found.close()
    assert helper.end() == ""


def work(stand_in: StandIn, text: str = WORK) -> tuple[str, ...]:
    return (sys.executable, "-c", text, str(stand_in.calls), "same")


def run(seconds: float = 0.01, digest: str = "same", rounds: int = 20, slow: float = 0.01) -> Run:
    return Run(digest, (*[seconds] * 95, *[slow] * 5), rounds)


def test_passes_where_nothing_changes_and_puts_the_layout_back(
    stand_in: StandIn, card: Card, rights: Rights
) -> None:
    tried = selftest(rights, card.uuid, gather.mig_uuids, work(stand_in))
    assert tried.why == () and tried.passed
    assert tried.beside is not None and tried.beside.rounds >= LEAST_ROUNDS
    assert rights.ask("layout", card.uuid) == {"instances": [], "limit": 0}


@pytest.mark.parametrize(
    ("beside", "why"),
    [
        (run(digest="other"), "output"),
        (run(rounds=LEAST_ROUNDS - 1), "only 4 times"),
        (run(seconds=0.0103), "median"),
        (run(slow=0.013), "slowest"),
    ],
)
def test_fails_by_what_changed(beside: Run, why: str) -> None:
    assert against(run(), run()) == []
    (told,) = against(run(), beside)
    assert why in told


def test_a_card_that_is_not_empty_is_not_touched(
    stand_in: StandIn, card: Card, rights: Rights
) -> None:
    card.slices = [Slice("1g.10gb", 6, 5, "MIG-theirs")]
    stand_in.write()
    tried = selftest(rights, card.uuid, gather.mig_uuids, work(stand_in))
    assert not tried.passed and "empty" in tried.why[0]
    assert not any(line.startswith(("create", "destroy")) for line in stand_in.called())


@pytest.mark.parametrize(
    ("text", "why"),
    [("import sys; sys.exit('no CUDA here')", "no CUDA here"), ("pass", "ended early")],
)
def test_work_that_fails_is_told_and_the_layout_put_back(
    stand_in: StandIn, card: Card, rights: Rights, text: str, why: str
) -> None:
    tried = selftest(rights, card.uuid, gather.mig_uuids, work(stand_in, text))
    assert not tried.passed and why in tried.why[0]
    assert rights.ask("layout", card.uuid) == {"instances": [], "limit": 0}


def test_a_neighbour_that_does_not_go_fails_it_and_is_named(
    stand_in: StandIn, card: Card, rights: Rights
) -> None:
    card.errors = {"nvmlGpuInstanceDestroy": IN_USE}
    stand_in.write()
    tried = selftest(rights, card.uuid, gather.mig_uuids, work(stand_in))
    assert not tried.passed
    assert "neighbour could not be destroyed" in tried.why[0]
    assert any("instance 1 could not be destroyed" in one for one in tried.why)


def test_what_was_tried_is_kept_for_the_daemon(tmp_path: Path) -> None:
    home = Home(tmp_path)
    assert home.carves_live == frozenset()
    keep(tmp_path, Tried("GPU-a", True, (), run(), run()))
    keep(tmp_path, Tried("GPU-b", False, ("slower",)))
    assert home.carves_live == {"GPU-a"}
    keep(tmp_path, Tried("GPU-a", False, ("slower",)))
    assert home.carves_live == frozenset()
    (tmp_path / KEPT).write_text("[1]")
    assert home.carves_live == frozenset()


def test_the_command_needs_the_helper_and_tells_the_result(
    tmp_path: Path, stand_in: StandIn, card: Card, rights: Rights, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.setenv("TENFOLD_HOME", str(tmp_path))
    with pytest.raises(Refusal, match="cannot be asked"):  # the lease is ours
        doctor(["--mig-selftest", card.uuid])
    rights.close()
    monkeypatch.setattr("tenfold.cli.doctor.selftest", _pretended)
    assert doctor(["--mig-selftest", card.uuid]) == 1
    said = capsys.readouterr().out
    assert "Not passed" in said and "slower" in said and KEPT in said
    assert json.loads((tmp_path / KEPT).read_text())[card.uuid]["passed"] is False


def _pretended(rights: Rights, card: str, uuids: object) -> Tried:
    assert rights.granted
    return Tried(card, False, ("slower",))
