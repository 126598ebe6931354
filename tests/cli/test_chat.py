"""`tenfold chat` and `tenfold keys`: the program itself, at a pipe and at a terminal."""

from __future__ import annotations

import json
import os
import pty
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tenfold.cli.talk import source_lines, written

SMALL_LLM = Path(__file__).parents[1] / "web" / "small_llm.py"


@pytest.fixture(scope="module")
def small(tenfold):
    words = ("run", "--service", "--name", "small", "--health", "/health", "--detach")
    job = tenfold(*words, "--", sys.executable, SMALL_LLM).out.strip()
    tenfold.until_state(job, "running")
    tenfold.until(lambda: piped(tenfold, "x", "echo", "--json", status=None).returncode == 0)
    yield tenfold
    tenfold("cancel", job)
    tenfold.until_state(job, "cancelled")


def piped(tenfold, text, *words, status=0, env=None):
    done = subprocess.run(
        [sys.executable, "-m", "tenfold.cli", "chat", *words],
        input=text,
        capture_output=True,
        text=True,
        timeout=60,
        env={**tenfold.variables, **(env or {})},
    )
    assert status is None or done.returncode == status, done
    return done


def test_a_question_from_a_pipe_gets_the_answer_alone(small):
    done = piped(small, "How warm?\n", "sources", "--system", "Be brief.")
    assert done.stdout.startswith("You asked **How warm?**, question 1 of ours. Instructions: Be")
    assert "- two\n" in done.stdout and "[1]" not in done.stdout
    assert "[1] Notes on the oven, lines 10-12\n[2] A book, page 3" in done.stderr


def test_the_whole_answer_as_json(small):
    told = json.loads(piped(small, "How warm?", "sources", "--json").stdout)
    assert (told["model"], told["finish_reason"]) == ("sources", "stop")
    assert told["answer"].startswith("You asked") and told["sources"][1]["place"] == "page 3"


def test_what_goes_wrong_is_told_in_words(small):
    for text, words, code in (
        ("x", (), "chat.which"),
        ("x", ("none",), "gateway.model"),
        ("x", ("refuses",), "chat.said"),
        ("", ("echo",), "chat.empty"),
        ("x", ("echo", "--url", "http://127.0.0.1:9/v1"), "chat.absent"),
        ("x", ("echo", "--url", "nothing"), "chat.absent"),
    ):
        told = json.loads(piped(small, text, *words, "--json", status=2).stdout)["refusal"]
        assert told["code"] == code and told["next"]


def test_without_a_model_it_says_how_to_start_one(bare):
    told = json.loads(piped(bare, "x", "--json", status=2).stdout)["refusal"]
    assert told["code"] == "chat.none" and "tenfold run llm.serve" in told["next"]


def test_another_server_never_gets_the_token(small):
    """It gets the key that was meant for it."""
    url = gateway(small)
    env = {"OPENAI_API_KEY": key(small, "other")}
    done = piped(small, "x", "echo", "--url", url, env=env)
    assert done.stdout.startswith("You asked")
    piped(small, "x", "echo", "--url", url, status=2)


def gateway(tenfold):
    return f"http://127.0.0.1:{(tenfold.home / 'proxy' / 'port').read_text().strip()}/v1"


def key(tenfold, name):
    return tenfold("keys", "add", name, "--json").json["key"]


def test_keys_are_made_listed_and_removed(small):
    made = small("keys", "add", "laptop", "--models", "echo, plain")
    assert made.out.startswith("sk-tenfold-") and len(made.out.split()) == 1
    assert f"base_url {gateway(small)}" in made.err
    listed = {one["name"]: one for one in small("keys", "--json").json}
    assert listed["laptop"]["models"] == ["echo", "plain"]
    assert made.out.strip() not in small("keys").out
    assert "laptop" in small("keys").out and "echo, plain" in small("keys").out
    assert "Removed laptop." in small("keys", "remove", "laptop").out
    assert small("keys", "remove", "laptop", "--json", status=2).json["refusal"]["code"] == (
        "keys.unknown"
    )
    assert small("keys", "add", "--json", status=2).json["refusal"]["code"] == "cli.usage"


class Terminal:
    """The program with a person before it."""

    def __init__(self, tenfold, folder, *words):
        self.end, inner = pty.openpty()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tenfold.cli", "chat", *words],
            stdin=inner,
            stdout=inner,
            stderr=inner,
            cwd=folder,
            env={**tenfold.variables, "TERM": "dumb"},
        )
        os.close(inner)
        self.said = ""

    def until(self, text):
        """What came, up to and with `text`."""
        limit_s = time.monotonic() + 20
        while text not in self.said:
            left_s = limit_s - time.monotonic()
            assert left_s > 0 and select.select([self.end], [], [], left_s)[0], self.said
            self.said += os.read(self.end, 65536).decode().replace("\r\n", "\n")
        before, _, self.said = self.said.partition(text)
        return before + text

    def type(self, text):
        os.write(self.end, text.encode())

    def leave(self):
        """Its exit status."""
        status = self.process.wait(20)
        os.close(self.end)
        return status


def test_a_conversation_at_the_terminal(small, tmp_path):
    person = Terminal(small, tmp_path)
    assert "  1  echo  small, up" in person.until("Which model? ")
    person.type("sources\n")
    person.until("> ")
    person.type("How warm?\n")
    said = person.until("page 3")
    assert "question 1 of ours" in said and "[1] Notes on the oven, lines 10-12" in said
    person.until("> ")
    person.type("And now?\n")
    assert "question 2 of ours" in person.until("page 3")  # it remembers
    person.until("> ")
    person.type("/model slow\n")
    person.until("> ")
    person.type("go on\n")
    person.until("word2")
    person.process.send_signal(signal.SIGINT)
    said = person.until("(stopped)")
    assert "word190" not in said
    person.until("> ")
    person.type("/save talk.md\n")
    person.until("Saved as talk.md")
    person.until("> ")
    person.type("/save talk.md\n")
    person.until("Not saved")
    person.until("> ")
    person.type("/new\n")
    person.until("> ")
    person.type("/model echo\n")
    person.until("> ")
    person.type("Anew?\n")
    assert "question 1 of ours" in person.until("- two")
    person.until("> ")
    person.type("/exit\n")
    assert person.leave() == 0
    saved = (tmp_path / "talk.md").read_text()
    assert "> How warm?" in saved and "[2] A book, page 3" in saved and "word2" in saved


def test_nothing_that_a_model_says_steers_the_terminal():
    assert written("a\x1b]0;hit\x07b\x9b2J\n\tc\r") == "a]0;hitb2J\n\tc"
    told = [{"title": "x\x1b[31m\ny", "place": "page 1"}, {"path": "a.md"}, {}]
    assert source_lines(told) == ["[1] x[31m y, page 1", "[2] a.md", "[3] a text"]
