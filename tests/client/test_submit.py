"""A submit whose answer is lost is sent again, with the same key."""

import pytest

from tenfold.client.submit import TRIES, submit
from tenfold.terms.refusal import Refusal, refusal


def test_a_lost_answer_repeats_the_same_submit(paper, api):
    answers = iter([None, None, (201, {"job": {"id": "3"}})])
    paper.answers = lambda method, path, body: next(answers)
    pauses = []
    view = submit(api, {"workload": "a.b"}, pause=pauses.append)
    assert view["id"] == "3"
    bodies = [body for _, _, body, _ in paper.seen]
    assert len(bodies) == 3 and len(pauses) == 2
    assert bodies[0] == bodies[1] == bodies[2] and len(bodies[0]["key"]) == 24


def test_two_submits_have_two_keys(paper, api):
    paper.answers = lambda method, path, body: (201, {"job": {"id": "3"}})
    submit(api, {"workload": "a.b"})
    submit(api, {"workload": "a.b"})
    first, second = (body["key"] for _, _, body, _ in paper.seen)
    assert first != second


def test_a_refused_submit_is_not_repeated(paper, api):
    no = refusal("command.empty").as_json()
    paper.answers = lambda method, path, body: (422, {"refusal": no})
    with pytest.raises(Refusal) as raised:
        submit(api, {})
    assert raised.value.code == "command.empty" and len(paper.seen) == 1


def test_it_gives_up_on_a_daemon_that_never_answers(paper, api):
    paper.answers = lambda method, path, body: None
    with pytest.raises(Refusal) as raised:
        submit(api, {}, pause=lambda _: None)
    assert raised.value.code == "daemon.absent" and len(paper.seen) == TRIES


def test_an_absent_daemon_is_said_at_once(paper, api):
    paper.release()
    with pytest.raises(Refusal):
        submit(api, {}, pause=lambda _: pytest.fail("it waited"))
