"""Clocks for services that decode."""

from __future__ import annotations

from dataclasses import replace

from tenfold.placement.decide import decide
from tenfold.terms.decision import Clock
from tenfold.terms.job import Job, Kind
from tests.placement.worlds import FREE, cpu, gpu, job, on, one_node

BOX = one_node(gpu(0, decode_clock_mhz=1200), gpu(1), cpu())


def chat(device: str) -> Job:
    return on(BOX, job("1", gpus=1, kind=Kind.SERVICE, load="decode"), device)


def test_a_card_with_nothing_but_a_service_that_decodes_has_its_clock_locked() -> None:
    assert decide(BOX, FREE, [chat("gpu0")], 0.0).clocks == (Clock("gpu0", 1200),)
    locked = one_node(replace(BOX.gpus[0], clock_mhz=1200), BOX.gpus[1], cpu())
    assert decide(locked, FREE, [chat("gpu0")], 0.0).clocks == ()


def test_and_free_again_when_it_has_left_or_somebody_else_is_on_it() -> None:
    locked = one_node(replace(BOX.gpus[0], clock_mhz=1200), BOX.gpus[1], cpu())
    assert decide(locked, FREE, [], 0.0).clocks == (Clock("gpu0", 0),)
    trains = on(BOX, job("2", gpus=1), "gpu0")
    assert decide(locked, FREE, [chat("gpu0"), trains], 0.0).clocks == (Clock("gpu0", 0),)


def test_nothing_else_is_locked() -> None:
    batch = on(BOX, job("1", gpus=1, load="decode"), "gpu0")
    plain = on(BOX, job("1", gpus=1, kind=Kind.SERVICE), "gpu0")
    for one in (batch, plain, chat("gpu1")):
        assert decide(BOX, FREE, [one], 0.0).clocks == ()
