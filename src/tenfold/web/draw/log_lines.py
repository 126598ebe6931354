"""What a log holds, as lines that a page can show."""

from __future__ import annotations

import re

MOST_CHARS = 4000  # of a line; what is longer is cut, and says so
_ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


def split(text: str) -> tuple[list[str], str]:
    """The whole lines of `text`, and what stands behind the last of them."""
    *lines, rest = text.split("\n")
    return lines, rest


def shown(line: str, more: str) -> str:
    """Without the codes of a terminal, as that would show it: of what was written over and over
    (a progress bar) the last. `more` is said of a cut line, with its `{n}`."""
    line = _ANSI.sub("", line.rstrip("\r"))
    line = _CONTROL.sub("", line.rsplit("\r", 1)[-1])
    if len(line) <= MOST_CHARS:
        return line
    return f"{line[:MOST_CHARS]} {more.format(n=f'{len(line) - MOST_CHARS:,}')}"


def bytes_of(lines: list[str]) -> list[int]:
    """How long each is in the file, with its end."""
    return [len(line.encode("utf-8", "surrogatepass")) + 1 for line in lines]
