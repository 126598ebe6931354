"""Following a job: its states, its log across attempts, and a daemon that goes and comes back."""

import pytest

from tenfold.client.follow import LogTail, follow
from tenfold.client.job import JobHandle
from tenfold.terms.refusal import Refusal, refusal
from tenfold.terms.states import State


class Script:
    """Answers GET /api/jobs/ID from a list; `None` is an absent daemon."""

    def __init__(self, *states, logs=None):
        self.states = list(states)
        self.logs = logs or {}

    def get(self, path, attempt=0, offset=0):
        if path.endswith("/log"):
            text = self.logs[attempt].encode()[offset : offset + 5]
            return {"text": text.decode(), "next": offset + len(text), "attempt": attempt}
        state = self.states.pop(0) if len(self.states) > 1 else self.states[0]
        if state is None:
            raise refusal("daemon.absent", home="h", why="gone")
        name, attempt = state if isinstance(state, tuple) else (state, 1)
        return {"job": {"id": "1", "state": name, "attempt": attempt}}


class Time:
    """A clock that moves only by waiting."""

    def __init__(self):
        self.now_s = 0.0

    def pause(self, spent_s):
        self.now_s += spent_s

    def clock(self):
        return self.now_s


def seen(api, **more):
    time = Time()
    return list(follow(api, "1", pause=time.pause, clock=time.clock, **more))


def test_it_ends_with_the_job():
    glimpses = seen(Script("queued", "running", "succeeded"))
    assert [g.page["job"]["state"] for g in glimpses] == ["queued", "running", "succeeded"]
    assert [g.ended for g in glimpses] == [False, False, True]


def test_a_daemon_that_comes_back_is_waited_for():
    glimpses = seen(Script("running", None, None, "running", "failed"))
    assert [g.away for g in glimpses] == [False, True, True, False, False]
    assert glimpses[-1].ended


def test_a_daemon_that_stays_away_is_an_error_after_the_patience():
    time = Time()
    with pytest.raises(Refusal) as raised:
        list(follow(Script("running", None), "1", False, time.pause, time.clock, patience_s=9))
    assert raised.value.code == "daemon.absent"
    assert 9 <= time.now_s < 11


def test_patience_starts_anew_after_each_return():
    script = Script(*["running", *[None] * 6] * 5, "succeeded")
    assert seen(script, patience_s=4)[-1].ended


def test_the_log_is_read_to_its_end_across_attempts():
    logs = {1: "first attempt\n", 2: "the second, which holds\n"}
    script = Script("queued", ("running", 1), ("running", 2), ("succeeded", 2), logs=logs)
    pieces = [(g.attempt, g.text) for g in seen(script, log=True) if g.text]
    assert "".join(text for number, text in pieces if number == 1) == logs[1]
    assert "".join(text for number, text in pieces if number == 2) == logs[2]


def test_a_log_tail_begins_at_the_newest_attempt():
    tail = LogTail(Script("running", logs={1: "one", 2: "two"}), "1")
    assert list(tail.pieces(0)) == []
    assert list(tail.pieces(2)) == [("two", 2)]
    assert list(tail.pieces(2)) == []


def test_wait_gives_the_state_that_it_ended_in():
    time = Time()
    job = JobHandle(Script("queued", None, "succeeded"), "1")
    assert job.wait(pause=time.pause, clock=time.clock) is State.SUCCEEDED


def test_wait_stops_at_its_timeout():
    time = Time()
    job = JobHandle(Script("running"), "1")
    assert job.wait(3, pause=time.pause, clock=time.clock) is State.RUNNING
    assert 3 <= time.now_s < 4
