"""`tenfold chat [MODEL]`: talk to a language model that is up as a service.

At a terminal it is a conversation; with a pipe before it, what comes in is one question and what
goes out is the answer alone. The answer comes as it is written. Ctrl-C ends the answer, at the
prompt the line; Ctrl-D or /exit ends the program.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from tenfold.cli.parser import Parser, with_json
from tenfold.cli.show import CYAN, DIM, YELLOW, note, say, say_json, show_refusal, tint
from tenfold.cli.talk import Answer, Talk, source_lines, written
from tenfold.cli.words import one_line
from tenfold.client.gateway import Gateway
from tenfold.client.home import home_path
from tenfold.terms.refusal import Refusal, refusal

KEY_VARIABLE = "OPENAI_API_KEY"  # for another server, which never gets the home's token
ORDERS = "/new begins anew, /save FILE, /model NAME, /exit; Ctrl-C stops an answer"


def chat(argv: list[str]) -> int:
    parser = with_json(Parser("chat", "Talk to a language model. Pipe a question in, or type."))
    parser.add_argument("model", nargs="?", metavar="MODEL")
    parser.add_argument("--system", metavar="TEXT", default="", help="instructions before it all")
    where = f"another server of OpenAI's kind; its key stands in ${KEY_VARIABLE}"
    parser.add_argument("--url", metavar="URL", help=where)
    asked = parser.parse_args(argv)
    gateway = _gateway(asked.url)
    typed = sys.stdin.isatty() and not asked.json
    model = _chosen(gateway, asked.model, typed)
    talk = Talk(gateway, str(model["id"]), asked.system)
    if typed:
        _say_woken(model)
        note(tint(f"{talk.model}   {ORDERS}", DIM, sys.stderr))
        return _conversation(talk)
    return _once(talk, asked.json)


def _gateway(url: str | None) -> Gateway:
    return Gateway(url, os.environ.get(KEY_VARIABLE, "")) if url else Gateway.of(home_path())


def _chosen(gateway: Gateway, wanted: str | None, typed: bool) -> dict[str, Any]:
    """What is named is not looked up: the gateway knows more names than it lists."""
    if wanted:
        return {"id": wanted}
    found = gateway.models()
    if len(found) == 1:
        return found[0]
    names = [str(one["id"]) for one in found]
    if not typed:
        raise refusal("chat.which", known=", ".join(names))
    for place, one in enumerate(found, 1):
        about = ", ".join(str(one[name]) for name in ("service", "state") if one.get(name))
        say(f"  {place:>2}  {one_line(str(one['id']))}  {tint(about, DIM)}")
    try:
        told = _typed("Which model? ").strip()
    except EOFError:
        told = ""
    if told.isdecimal() and 0 < int(told) <= len(found):
        return found[int(told) - 1]
    if told in names:
        return found[names.index(told)]
    raise refusal("chat.which", known=", ".join(names))


def _say_woken(model: dict[str, Any]) -> None:
    if model.get("state") == "asleep":
        note("It is asleep; your first question wakes it.")


def _once(talk: Talk, as_json: bool) -> int:
    """What stdin brings is the question."""
    if sys.stdin.isatty():
        note("Type a question; Ctrl-D ends it.")
    question = sys.stdin.read().strip()
    if not question:
        raise refusal("chat.empty", model=talk.model)
    with closing(talk.ask(question)) as pieces:
        for text in pieces:
            if not as_json:
                sys.stdout.write(written(text))
                sys.stdout.flush()
    if as_json:
        say_json({"model": talk.model, **talk.last.as_json()})
        return 0
    say()
    for line in source_lines(talk.last.sources):
        note(line)
    return 0


def _conversation(talk: Talk) -> int:
    _editing()
    while True:
        try:
            line = _typed(tint("> ", CYAN, sys.stdout)).strip()
        except KeyboardInterrupt:
            say()  # the line is thrown away
            continue
        except EOFError:
            say()
            return 0
        if line == "/exit":
            return 0
        try:
            if line.startswith("/"):
                _order(talk, line)
            elif line:
                _ask(talk, line)
        except Refusal as no:
            show_refusal(no)


def _ask(talk: Talk, question: str) -> None:
    """The answer as it comes. A stopped one stays, as far as it came."""
    with closing(talk.ask(question)) as pieces:
        try:
            for text in pieces:
                sys.stdout.write(written(text))
                sys.stdout.flush()
        except KeyboardInterrupt:
            pieces.close()
            say(tint(" (stopped)", YELLOW))
            return
        except Refusal:
            say()
            raise
    say()
    _sources(talk.last)


def _sources(answer: Answer) -> None:
    for line in source_lines(answer.sources):
        say(tint(line, DIM))


def _order(talk: Talk, line: str) -> None:
    order, _, rest = line.partition(" ")
    rest = rest.strip()
    if order == "/new":
        talk.begin_anew()
        note("Forgotten; ask anew.")
    elif order == "/model" and rest:
        talk.model = rest
        note(f"From now on {rest} answers.")
    elif order == "/model":
        _list(talk.gateway.models(), talk.model)
    elif order == "/save" and rest:
        _save(talk, Path(rest).expanduser())
    else:
        note(ORDERS)


def _list(found: Sequence[dict[str, Any]], now: str) -> None:
    for one in found:
        say(f"  {'*' if one['id'] == now else ' '} {one_line(str(one['id']))}")


def _save(talk: Talk, path: Path) -> None:
    """A file that is there is left alone."""
    try:
        with open(path, "x", encoding="utf-8") as file:
            file.write(talk.as_markdown())
    except OSError as error:
        note(f"Not saved: {error.strerror}: {path}")
        return
    note(f"Saved as {path}.")


def _typed(prompt: str) -> str:
    return input(prompt)


def _editing() -> None:
    """Arrow keys and earlier lines, where Python was built with them."""
    try:
        import readline
    except ImportError:
        return
    readline.set_auto_history(True)
