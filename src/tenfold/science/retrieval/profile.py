"""The profile: who you are, how you write, what to remember. A file you edit, in the index folder.

    text = read_profile(index)             # for the model
    remember(index, "I fly at Tailwind field")
    forget(index, "Tailwind")              # or the number of a line: forget(index, "3")

    python -m tenfold.science.retrieval.profile INDEX show
    python -m tenfold.science.retrieval.profile INDEX remember "I fly at Tailwind field"
    python -m tenfold.science.retrieval.profile INDEX forget 1

It is an act of its own and no param of a job, since the queue keeps every job's params for good:
what is forgotten here stands nowhere else. The file is written over, without a copy.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
from pathlib import Path

from tenfold.terms.refusal import Refusal, refusal

FILE = "profile.md"
REMEMBER = "## What to remember"
TEMPLATE = f"""# Profile

## Who I am

## How I write

{REMEMBER}
"""
MOST_BYTES = 20_000
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)


def read_profile(index: Path) -> str:
    """What stands below its headings; empty where nothing does, or there is no profile."""
    path = index / FILE
    if not path.is_file():
        return ""
    if path.stat().st_size > MOST_BYTES:
        raise refusal("profile.large", path=path, size=path.stat().st_size, most=MOST_BYTES)
    text = _COMMENT.sub("", path.read_text(encoding="utf-8", errors="replace"))
    parts = re.split(r"^(?=#)", text, flags=re.MULTILINE)
    told = [part.strip() for part in parts if _body(part)]
    return "\n\n".join(told)


def remember(index: Path, text: str) -> None:
    """A new line below "What to remember"."""
    line = f"- {' '.join(text.split())}"
    if line == "- ":
        raise refusal("profile.nothing")
    lines = _lines(index)
    if REMEMBER not in lines:
        lines += ["", REMEMBER]
    at = lines.index(REMEMBER) + 1
    while at < len(lines) and not lines[at].startswith("#"):
        at += 1
    while at > 0 and not lines[at - 1].strip():
        at -= 1
    if lines[at - 1] == REMEMBER:
        lines.insert(at, "")
        at += 1
    lines.insert(at, line)
    _write(index, lines)


def forget(index: Path, what: str) -> list[str]:
    """The lines that went: the one with that number, or all that hold the words."""
    lines = _lines(index)
    told = [at for at, line in enumerate(lines) if line.strip() and not line.startswith("#")]
    if what.strip().isdigit():
        number = int(what)
        gone = told[number - 1 : number] if number > 0 else []
    else:
        gone = [
            at for at in told if what.strip() and what.strip().casefold() in lines[at].casefold()
        ]
    if not gone:
        raise refusal("profile.line", what=what, lines=len(told))
    kept = [line for at, line in enumerate(lines) if at not in gone]
    words = [lines[at] for at in gone]
    _write(index, kept)
    return words


def numbered(index: Path) -> list[str]:
    """Its lines with the numbers that `forget` takes."""
    told = [line for line in _lines(index) if line.strip() and not line.startswith("#")]
    return [f"{number}  {line}" for number, line in enumerate(told, 1)]


def begin(index: Path) -> None:
    """The empty profile, where there is none yet."""
    if not (index / FILE).exists():
        _write(index, TEMPLATE.splitlines())


def _body(part: str) -> str:
    first, _, rest = part.partition("\n")
    return rest.strip() if first.startswith("#") else part.strip()


def _lines(index: Path) -> list[str]:
    path = index / FILE
    return (path.read_text(encoding="utf-8") if path.is_file() else TEMPLATE).splitlines()


def _write(index: Path, lines: list[str]) -> None:
    """Over the old bytes, and no temporary copy that a crash would leave behind."""
    told = ("\n".join(lines).rstrip() + "\n").encode()
    descriptor = os.open(index / FILE, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    with open(descriptor, "r+b") as file:
        blank = len(told.ljust(os.fstat(descriptor).st_size))
        file.write(told.ljust(blank, b"\n"))  # the old text is gone, whatever comes next
        file.flush()
        os.fsync(descriptor)
        file.truncate(len(told))
        os.fsync(descriptor)


def main() -> None:
    parser = argparse.ArgumentParser(prog=f"python -m {__spec__.name}")
    parser.add_argument("index", type=Path, help="the folder of the index")
    parser.add_argument("act", choices=("show", "remember", "forget"))
    parser.add_argument("words", nargs="*", help="what to remember; a number or words to forget")
    asked = parser.parse_args()
    words = " ".join(asked.words)
    try:
        if not asked.index.is_dir():
            raise refusal("profile.folder", folder=asked.index)
        if asked.act == "remember":
            remember(asked.index, words)
        elif asked.act == "forget":
            print(f"Forgotten: {len(forget(asked.index, words))}", file=sys.stderr)  # noqa: T201
        print("\n".join(numbered(asked.index)) or "The profile is empty.")  # noqa: T201
    except Refusal as refused:
        sys.exit(str(refused))


if __name__ == "__main__":
    main()
