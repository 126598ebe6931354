"""One HTTP call: what a Refusal becomes, what a lost connection becomes, who gets the token."""

import pytest

from tenfold.client.call import Api
from tenfold.terms.refusal import Refusal, refusal


def test_the_token_and_the_query_are_sent(paper, api):
    paper.answers = lambda method, path, body: (200, {"jobs": []})
    assert api.get("/api/jobs", all=1, state=None) == {"jobs": []}
    assert paper.seen == [("GET", "/api/jobs?all=1", None, "Bearer secret")]


def test_a_refusal_of_the_daemon_is_raised_as_it_was(paper, api):
    no = refusal("job.unknown", id="7")
    paper.answers = lambda method, path, body: (404, {"refusal": no.as_json()})
    with pytest.raises(Refusal) as raised:
        api.post("/api/jobs/7/cancel")
    assert raised.value.as_json() == no.as_json()


def test_an_answer_that_is_not_a_daemons_is_absent(paper, api):
    for answer in ((200, b"<html>"), (502, {"detail": "no"})):
        paper.answers = lambda method, path, body, answer=answer: answer
        with pytest.raises(Refusal) as raised:
            api.get("/api/box")
        assert raised.value.code == "daemon.absent"


def test_an_idle_connection_that_was_closed_is_opened_again(paper, api):
    answers = iter([(200, 1), None, (200, 2)])
    paper.answers = lambda method, path, body: next(answers)
    assert api.get("/api/box") == 1
    assert api.get("/api/box") == 2


def test_a_write_is_sent_once(paper, api):
    paper.answers = lambda method, path, body: None
    with pytest.raises(Refusal) as raised:
        api.post("/api/jobs/1/retry")
    assert raised.value.code == "daemon.absent"
    assert len(paper.seen) == 1


def test_whoever_took_the_dead_daemons_port_is_not_handed_the_token(paper, api):
    paper.release()  # the daemon died; its daemon.json still names the port
    with pytest.raises(Refusal) as raised:
        api.get("/api/box")
    assert raised.value.code == "daemon.absent"
    assert "is gone" in raised.value.why
    assert paper.seen == []


def test_a_lock_of_another_process_than_the_named_one_is_not_trusted(paper, api):
    paper.write(pid=1)
    with pytest.raises(Refusal):
        api.get("/api/box")
    assert paper.seen == []


def test_without_a_home_it_says_how_to_start(tmp_path):
    with pytest.raises(Refusal) as raised:
        Api(tmp_path / "none").get("/api/box")
    assert (raised.value.code, raised.value.next) == ("daemon.absent", "tenfold up")
