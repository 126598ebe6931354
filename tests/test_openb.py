"""`benchmarks/openb.py`: the clock of its queue, and what it calls unusable, on a few tasks."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))

import openb
from openb import FULL, PLACERS, Task

PEERS = [name for name in PLACERS if name != "without geometry"]


def crowd() -> list[Task]:
    """More than ten cards hold at once: slices first, gangs and whole cards behind them."""
    asks = [("1g.10gb", 0.1), ("3g.40gb", 0.4), ("", 1.0), ("4g.40gb", 0.5), ("", 8.0), ("", 2.0)]
    return [
        Task(10.0 * n, 60.0 + 37.0 * (n % 5), gpus, profile)
        for n, (profile, gpus) in enumerate(asks * 12)
    ]


@pytest.mark.parametrize("name", PLACERS)
def test_everybody_runs_once_for_its_time_and_nobody_shares_a_memory_slice(name: str) -> None:
    kept = crowd()
    queue = openb.queued(kept, PLACERS[name])
    assert sorted(number for number, _ in queue.stays) == list(range(len(kept)))
    assert all(queue.started_s[n] >= task.at_s for n, task in enumerate(kept))
    held = []
    for number, seats in queue.stays:
        assert sum(mask.bit_count() for _, mask in seats) == openb._size(kept[number])
        start_s = queue.started_s[number]
        end_s = start_s + kept[number].lasts_s
        held += [(card, mask, start_s, end_s) for card, mask in seats]
    for n, (card, mask, start_s, end_s) in enumerate(held):
        for other, their_mask, their_start_s, their_end_s in held[n + 1 :]:
            meet = start_s < their_end_s and their_start_s < end_s
            assert card != other or not mask & their_mask or not meet
    assert queue.taken == [0] * openb.CARDS


@pytest.mark.parametrize("name", PEERS)
def test_whoever_passes_does_not_delay_the_first(name: str) -> None:
    kept = [
        Task(0.0, 100.0, 1.0, ""),
        Task(1.0, 50.0, 10.0, ""),  # has a place at 100
        Task(2.0, 99.0, 1.0, ""),  # would end behind that
        Task(3.0, 97.0, 1.0, ""),  # ends just then
    ]
    queue = openb.queued(kept, PLACERS[name])
    assert queue.started_s == {0: 0.0, 1: 100.0, 2: 150.0, 3: 3.0}


@pytest.mark.parametrize("name", PEERS)
def test_whoever_ends_later_passes_on_what_is_not_kept(name: str) -> None:
    kept = [
        Task(0.0, 100.0, 3.0, ""),
        Task(1.0, 50.0, 8.0, ""),  # has a place at 100; two cards are left
        Task(2.0, 500.0, 2.0, ""),
        Task(3.0, 500.0, 1.0, ""),
    ]
    queue = openb.queued(kept, PLACERS[name])
    assert queue.started_s == {0: 0.0, 1: 100.0, 2: 2.0, 3: 150.0}


def test_unusable_is_what_no_task_of_a_kind_can_take() -> None:
    """One card has its last memory slice free, which no 1g may have; one its upper half."""
    taken = (0b01111111, 0b00001111, *[FULL] * 8)

    def unusable(**count: int) -> float:
        asks = {"g1": ("1g.10gb", 0), "g3": ("3g.40gb", 0), "g4": ("4g.40gb", 0), "all": ("", 1)}
        kinds = Counter({asks[name]: number for name, number in count.items()})
        free, found = openb._fragments(taken, tuple(sorted(kinds.items())))
        assert free == 5
        return found

    assert unusable(g1=1) == 1
    assert unusable(g3=1) == 1
    assert unusable(g4=1) == unusable(all=1) == 5  # it starts at 0 only
    assert unusable(g3=3, g4=1) == 2.0


def test_a_gang_that_finds_too_few_cards_can_use_none() -> None:
    taken = (0, 0, *[FULL] * 8)
    assert openb._fragments(taken, ((("", 2), 1),)) == (16.0, 0.0)
    assert openb._fragments(taken, ((("", 3), 1),)) == (16.0, 16.0)


def test_a_higher_load_adds_to_a_draw_and_all_placers_have_the_same() -> None:
    low, high = openb.tasks(3), openb.tasks(3, 1.2)
    assert not Counter(low) - Counter(high)
    assert len(high) > 1.1 * len(low)
