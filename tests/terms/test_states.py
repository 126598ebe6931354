"""Every pair of state and change: the table, written out a second time by another hand."""

from __future__ import annotations

import pytest

from tenfold.terms.refusal import Refusal
from tenfold.terms.states import ENDED, LIVE, TABLE, Change, State, after

# One row a state; what is not named is refused.
EXPECTED = """
queued:    start=starting pause=paused cancel=cancelled fail=failed
starting:  enter=running stop=yielding requeue=queued pause=paused succeed=succeeded fail=failed
running:   stop=yielding requeue=queued pause=paused succeed=succeeded fail=failed
yielding:  stop=yielding requeue=queued pause=paused sleep=asleep cancel=cancelled \
succeed=succeeded fail=failed
paused:    resume=queued cancel=cancelled
asleep:    resume=queued cancel=cancelled
succeeded:
failed:    retry=queued
cancelled: retry=queued
"""


def _expected() -> dict[tuple[State, Change], State]:
    rows = {}
    for line in EXPECTED.strip().splitlines():
        state, _, changes = line.partition(":")
        for pair in changes.split():
            change, _, following = pair.partition("=")
            rows[State(state), Change(change)] = State(following)
    return rows


@pytest.mark.parametrize("state", list(State))
@pytest.mark.parametrize("change", list(Change))
def test_pair(state: State, change: Change) -> None:
    expected = _expected().get((state, change))
    if expected is None:
        with pytest.raises(Refusal) as told:
            after(state, change)
        assert told.value.code == "job.change"
        assert state.value in told.value.what and change.value in told.value.what
    else:
        assert after(state, change) is expected


def test_every_state_but_the_first_is_reached_and_left() -> None:
    reached = set(TABLE.values())
    left = {state for state, _ in TABLE}
    assert reached == set(State)
    assert left == set(State) - {State.SUCCEEDED}


def test_ended_and_live_do_not_overlap() -> None:
    assert not ENDED & LIVE
    assert all(TABLE.get((state, Change.START)) is None for state in ENDED | LIVE)
