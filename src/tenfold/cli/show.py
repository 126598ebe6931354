"""What goes to the terminal: results to stdout, everything on the way to stderr.

Colour is plain ANSI and only on a terminal that wants it; what needs columns is in `draw`, which
costs the import of rich.
"""

from __future__ import annotations

import json
import os
import sys
from shutil import get_terminal_size
from textwrap import wrap
from typing import Any, TextIO

from tenfold.terms.refusal import Refusal

DIM, BOLD, RED, GREEN, YELLOW, CYAN = "2", "1", "31", "32", "33", "36"


def say(text: str = "") -> None:
    print(text, flush=True)


def note(text: str) -> None:
    """On the way, not a result."""
    print(text, file=sys.stderr, flush=True)


def say_json(value: Any) -> None:
    print(json.dumps(value, ensure_ascii=False, default=str), flush=True)


def rows(pairs: list[tuple[str, str]], indent: str = "  ") -> str:
    """A dim word, then what it says; the second column aligned."""
    width = max(len(word) for word, _ in pairs) + 2
    lines = []
    for word, text in pairs:
        first, *rest = _folded(text, len(indent) + width)
        lines.append(f"{indent}{tint(word.ljust(width), DIM)}{first}")
        lines += [" " * (len(indent) + width) + line for line in rest]
    return "\n".join(lines)


def _folded(text: str, margin: int) -> list[str]:
    """At the terminal's width; anywhere else a line stays a line."""
    if not sys.stdout.isatty():
        return [text]
    columns = max(40, get_terminal_size().columns - margin)
    return wrap(text, columns, break_long_words=False, break_on_hyphens=False) or [""]


def tint(text: str, colour: str, stream: TextIO | None = None) -> str:
    return f"\033[{colour}m{text}\033[0m" if coloured(stream or sys.stdout) else text


def coloured(stream: TextIO) -> bool:
    wanted = "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb"
    return wanted and stream.isatty()


def show_refusal(no: Refusal, as_json: bool = False) -> None:
    """What, why, next: on stderr for a person, on stdout as {"refusal": ...} for a program."""
    if as_json:
        say_json({"refusal": no.as_json()})
        return
    err = sys.stderr
    note(tint(no.what, f"{BOLD};{RED}", err))
    note(f"  {tint('why ', DIM, err)}  {no.why}")
    note(f"  {tint('next', DIM, err)}  {no.next}")
