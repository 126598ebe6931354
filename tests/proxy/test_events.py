"""What of a stream goes on when, and its last words."""

from __future__ import annotations

import h11
import pytest

from tenfold.proxy.events import MOST_HELD, Events

STREAM = [(b"Content-Type", b"text/event-stream; charset=utf-8")]


def events(headers: list[tuple[bytes, bytes]]) -> Events:
    found = Events(lambda why: why.encode())
    found.meet(h11.Response(status_code=200, headers=headers))
    return found


def test_half_a_line_waits_for_its_other_half() -> None:
    found = events(STREAM)
    assert found.whole(b'data: {"a": 1}\n\ndata: {"b') == b'data: {"a": 1}\n\n'
    assert found.whole(b'": 2}') == b""
    assert found.whole(b"\n\n") == b'data: {"b": 2}\n\n'
    assert found.rest() == b""


def test_what_the_service_ended_without_a_newline_still_comes() -> None:
    found = events(STREAM)
    assert found.whole(b"data: x\n: en") == b"data: x\n"
    assert found.rest() == b": en"


def test_half_an_event_is_dropped_before_the_last_one() -> None:
    found = events(STREAM)
    assert found.whole(b"data: x\n") == b"data: x\n"
    assert found.whole(b'data: {"hal') == b""
    assert found.last("gone") == b"\n\ndata: gone\n\n"


def test_a_line_without_end_is_not_kept() -> None:
    found = events(STREAM)
    long = b"x" * (MOST_HELD + 1)
    assert found.whole(long) == long


@pytest.mark.parametrize(
    "headers",
    [
        [(b"Content-Type", b"application/json")],
        [*STREAM, (b"Content-Encoding", b"gzip")],
        [*STREAM, (b"Content-Length", b"9")],
        [],
    ],
)
def test_anything_else_is_passed_as_it_is(headers: list[tuple[bytes, bytes]]) -> None:
    found = events(headers)
    assert not found.are_here
    assert found.whole(b"half a li") == b"half a li"
