"""Lines of a log, and which of them a page holds."""

from __future__ import annotations

import asyncio
from typing import Any

from tenfold.web.draw import log_lines
from tenfold.web.parts import log_tail
from tenfold.web.parts.log_tail import LogTail

AT_ONCE = 256 * 1024  # as the API


class File:
    """A log that grows, and the API's answers of it."""

    def __init__(self, text: str, ended: bool = False) -> None:
        self.data, self.ended, self.asked = text.encode(), ended, 0

    async def get(self, offset: int = 0, most: int = AT_ONCE) -> dict[str, Any]:
        self.asked += 1
        start = max(0, len(self.data) + offset) if offset < 0 else min(offset, len(self.data))
        piece = self.data[start : start + min(most, AT_ONCE)]
        while offset < 0 and piece and piece[0] & 0xC0 == 0x80:
            start, piece = start + 1, piece[1:]
        text = piece.decode("utf-8", "replace")
        return {"offset": start, "next": start + len(piece), "text": text, "ended": self.ended}


def run(work: Any) -> Any:
    return asyncio.run(work)


def test_codes_of_a_terminal_are_not_shown() -> None:
    assert log_lines.shown("\x1b[1;32mgreen\x1b[0m \x1b]0;title\x07end\r", "") == "green end"
    assert log_lines.shown(" 10%|#\r 20%|##\r 30%|###", "") == " 30%|###"
    assert log_lines.shown("a\tb<i>\x08\x00", "") == "a\tb<i>"


def test_a_long_line_is_cut_and_says_so() -> None:
    line = log_lines.shown("x" * 5234, "… {n} more")
    assert line == "x" * 4000 + " … 1,234 more"


def test_a_page_begins_with_whole_lines_of_the_end() -> None:
    text = "".join(f"第 {n} line\n" for n in range(20_000))
    file = File(text)
    tail = LogTail(file.get)
    lines = run(tail.from_end())
    assert lines[-1] == "第 19999 line" and lines == text.splitlines()[-len(lines) :]
    assert len(lines) == log_tail.KEPT
    assert file.data[tail.start :].decode() == "".join(f"{line}\n" for line in lines)


def test_news_wait_for_the_end_of_their_line_until_the_log_ends() -> None:
    file = File("one\ntwo")
    tail = LogTail(file.get)
    assert run(tail.from_end()) == ["one"] and not tail.ended
    file.data += b" and a half\nthr"
    assert run(tail.news()) == (False, ["two and a half"])
    file.ended = True
    assert run(tail.news()) == (False, ["thr"]) and tail.ended
    assert run(tail.news()) == (False, [])


def test_a_page_keeps_so_many_lines_and_knows_what_it_left_out() -> None:
    file = File("")
    tail = LogTail(file.get)
    run(tail.from_end())
    for n in range(40):
        file.data += "".join(f"{n} {m}\n" for m in range(200)).encode()
        run(tail.news())
    assert file.data[tail.start :].decode().splitlines()[0] == "15 0"
    assert len(file.data[tail.start :].splitlines()) == log_tail.KEPT


def test_one_that_is_far_behind_jumps_to_the_end() -> None:
    file = File("first\n")
    tail = LogTail(file.get)
    run(tail.from_end())
    file.data += b"".join(b"line %09d\n" % n for n in range(200_000))
    asked = file.asked
    anew, lines = run(tail.news())
    assert anew and lines[-1] == "line 000199999" and file.asked - asked == 3
    assert file.data[tail.start :].splitlines()[0] == lines[0].encode()


def test_earlier_lines_join_those_that_are_there() -> None:
    text = "".join(f"line {n:06d}\n" for n in range(60_000))
    file = File(text, ended=True)
    tail = LogTail(file.get)
    shown = run(tail.from_end())
    for _ in range(2):
        earlier = run(tail.earlier())
        assert len(earlier) > 1000
        shown = earlier + shown
    assert shown == text.splitlines()[-len(shown) :]
    assert file.data[tail.start :].decode().splitlines() == shown
    while tail.more:
        run(tail.earlier())
    assert run(tail.earlier()) == [] and tail.start > 0


def test_earlier_lines_reach_the_beginning_of_the_file() -> None:
    text = "".join(f"{n}\n" for n in range(7000))
    tail = LogTail(File(text, ended=True).get)
    shown = run(tail.from_end())
    assert len(shown) == log_tail.KEPT
    assert (run(tail.earlier()) + shown) == text.splitlines()
    assert tail.start == 0 and not tail.more
