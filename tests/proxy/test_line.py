"""Who may ask now, who waits, and in which order."""

from __future__ import annotations

from contextlib import ExitStack

import pytest

from tenfold.proxy.line import Line
from tenfold.terms.refusal import Refusal


def test_turns_come_in_the_order_of_asking() -> None:
    line = Line(at_once=1, most_waiting=2)
    with ExitStack() as first, ExitStack() as second, ExitStack() as third:
        now = first.enter_context(line.turn("1"))
        next = second.enter_context(line.turn("1"))
        last = third.enter_context(line.turn("1"))
        assert (now.is_set(), next.is_set(), last.is_set()) == (True, False, False)
        with line.turn("2") as other:
            assert other.is_set()  # services do not wait for one another
        with pytest.raises(Refusal) as told, line.turn("1"):
            pass
        assert told.value.code == "gateway.full"
        first.close()
        assert (next.is_set(), last.is_set()) == (True, False)
        second.close()
        assert last.is_set()
    with line.turn("1") as again:
        assert again.is_set()


def test_one_that_left_while_it_waited_is_passed_over() -> None:
    line = Line(at_once=1, most_waiting=2)
    with ExitStack() as first, ExitStack() as second, ExitStack() as third:
        first.enter_context(line.turn("1"))
        second.enter_context(line.turn("1"))
        last = third.enter_context(line.turn("1"))
        second.close()
        first.close()
        assert last.is_set()
