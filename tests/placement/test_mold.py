"""Jobs that run on slices of several sizes."""

from __future__ import annotations

from dataclasses import replace

from tenfold.placement.decide import decide
from tenfold.placement.mold import left_on_card_s
from tenfold.terms.job import Job
from tenfold.terms.states import State
from tests.placement.test_slices import cards, seats, sits
from tests.placement.worlds import FREE, job, started, wait_of

# As published for transformers and mobile nets (MISO, A100): one hardly gains from a whole card.
TRANSFORMER = (0.18, 0.35, 0.57, 0.63, 1.0)
MOBILENET = (0.8, 0.88, 0.95, 0.98, 1.0)
LARGE = (0.0, 0.0, 0.51, 0.57, 1.0)  # needs the memory of a 3g


def molded(id: str, speeds: tuple[float, ...], **asks: object) -> Job:
    fields = {"gpus": 1, "time_s": 1000.0, "pause_s": 10.0, "resumes": True} | asks
    return job(id, speeds=speeds, **fields)  # type: ignore[arg-type]


def test_alone_it_has_the_whole_card() -> None:
    decision = decide(cards(1), FREE, [molded("1", TRANSFORMER)], 0.0)
    assert seats(decision) == {"1": "gpu0 7g.80gb@0"}


def test_each_has_a_card_while_there_are_enough() -> None:
    jobs = [molded("1", TRANSFORMER), molded("2", MOBILENET)]
    assert set(seats(decide(cards(2), FREE, jobs, 0.0)).values()) == {
        "gpu0 7g.80gb@0",
        "gpu1 7g.80gb@0",
    }


def test_the_larger_slice_goes_to_whom_it_helps() -> None:
    jobs = [molded("1", TRANSFORMER), molded("2", MOBILENET)]
    slots = started(decide(cards(1), FREE, jobs, 0.0))
    assert slots["1"].slice.profile == "4g.40gb"  # type: ignore[union-attr]
    assert slots["2"].slice.profile == "3g.40gb"  # type: ignore[union-attr]
    # What is nearly done is brought to its end first.
    soon = molded("2", TRANSFORMER, time_s=100.0)
    slots = started(decide(cards(1), FREE, [jobs[0], soon], 0.0))
    assert slots["2"].slice.profile == "4g.40gb"  # type: ignore[union-attr]


def test_a_running_one_makes_room_and_nobody_takes_what_it_leaves() -> None:
    running = sits(molded("1", TRANSFORMER), "gpu0", "7g.80gb@0")
    behind = job("3", slice="1g.10gb")
    decision = decide(cards(1), FREE, [running, molded("2", TRANSFORMER), behind], 100.0)
    assert [leave.job for leave in decision.yields] == ["1"] and decision.starts == ()
    assert "laid out anew" in wait_of(decision, "2").why
    # While it leaves nothing changes; then both start beside each other.
    leaving = replace(running, state=State.YIELDING, changed_s=100.0)
    jobs = [leaving, molded("2", TRANSFORMER), behind]
    assert decide(cards(1), FREE, jobs, 105.0).starts == ()
    gone = replace(running, state=State.QUEUED, slot=None, done=0.1)
    assert {"1", "2"} <= set(seats(decide(cards(1), FREE, [gone, *jobs[1:]], 110.0)))


def test_it_moves_to_a_larger_slice_only_where_that_gains_more_than_its_pause() -> None:
    small = sits(molded("1", TRANSFORMER), "gpu0", "3g.40gb@4")
    assert [leave.job for leave in decide(cards(1), FREE, [small], 100.0).yields] == ["1"]
    for unwilling in (
        replace(small, spec=replace(small.spec, resumes=False)),
        sits(molded("1", TRANSFORMER), "gpu0", "3g.40gb@4", started_s=95.0),  # has just begun
        sits(molded("1", TRANSFORMER, pause_s=90.0), "gpu0", "3g.40gb@4", started_s=-500.0),
        sits(molded("1", MOBILENET), "gpu0", "3g.40gb@4"),
    ):
        assert decide(cards(1), FREE, [unwilling], 100.0).yields == ()


def test_one_moves_to_a_card_that_is_free_again() -> None:
    both = [
        sits(molded("1", TRANSFORMER), "gpu0", "4g.40gb@0"),
        sits(molded("2", TRANSFORMER), "gpu0", "3g.40gb@4"),
    ]
    assert len(decide(cards(2), FREE, both, 100.0).yields) == 1
    assert decide(cards(1), FREE, both, 100.0).yields == ()


def test_nobody_moves_once_somebody_ahead_has_a_promise() -> None:
    running = sits(molded("1", TRANSFORMER), "gpu0", "3g.40gb@4")
    whole = job("2", gpus=1, submitted_s=-1.0)
    decision = decide(cards(1), FREE, [running, whole], 100.0)
    assert decision.yields == () and wait_of(decision, "2").expected_s is not None


def test_who_fits_nowhere_has_its_promise_before_those_behind_it() -> None:
    fixed = sits(job("1", slice="1g.10gb", time_s=500.0), "gpu0", "1g.10gb@3")
    other = sits(job("2", slice="1g.10gb", time_s=900.0), "gpu0", "1g.10gb@5")
    waits = molded("3", LARGE)
    long, short = molded("4", TRANSFORMER), molded("5", TRANSFORMER, time_s=20.0)
    decision = decide(cards(1), FREE, [fixed, other, waits, long, short], 0.0)
    assert wait_of(decision, "3").expected_s == 500.0
    # Slots 0 to 3 are kept for it; the two behind it share what is beside.
    places = {id: slot.slice for id, slot in started(decision).items()}
    for id, place in places.items():
        ends_s = 20.0 / TRANSFORMER[0] if id == "5" else 1e9
        assert place is not None and (place.start >= 4 or ends_s <= 500.0)
    assert "4" in places


def test_what_is_left_of_a_job() -> None:
    running = sits(molded("1", TRANSFORMER), "gpu0", "7g.80gb@0")
    assert left_on_card_s(running, running.slot, 300.0) == 700.0
    assert left_on_card_s(running, running.slot, 2000.0) == 50.0  # late, and not gone
    unknown = sits(molded("1", TRANSFORMER, time_s=None), "gpu0", "7g.80gb@0")
    assert left_on_card_s(unknown, unknown.slot, 60.0) == 600.0
    assert left_on_card_s(unknown, unknown.slot, 4000.0) == 4000.0


def test_ten_thousand_of_them_are_not_all_tried() -> None:
    jobs = [molded(str(n), TRANSFORMER, time_s=100.0 + n, submitted_s=n) for n in range(10_000)]
    assert len(decide(cards(1), FREE, jobs, 1e5).starts) == 7
