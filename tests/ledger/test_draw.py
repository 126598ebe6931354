"""The table of watts: it adds up, remembers the worst basis, and forgets what is old."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tenfold.ledger.draw import KEPT_S
from tenfold.ledger.ledger import Ledger
from tenfold.terms.energy import Basis, Drawn

NOW_S = 1_000_000.0
MINUTE_S = 999_960


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    found = Ledger(tmp_path / "ledger.sqlite")
    yield found
    found.close()


def write(ledger: Ledger, *rows: Drawn, now_s: float = NOW_S) -> None:
    ledger.write(lambda t: t.add_drawn(rows, now_s))


def rows(ledger: Ledger, since_s: float = 0.0) -> list[Drawn]:
    reader = ledger.reader()
    try:
        return reader.drawn(since_s)
    finally:
        reader.close()


def test_writes_of_one_minute_add_up(ledger: Ledger) -> None:
    write(ledger, Drawn(MINUTE_S, 10.0, 3000.0, Basis.COUNTER))
    write(ledger, Drawn(MINUTE_S, 20.0, 9000.0, Basis.MODELLED))
    write(ledger, Drawn(MINUTE_S, 30.0, 1000.0, Basis.READING))
    assert rows(ledger) == [Drawn(MINUTE_S, 60.0, 13_000.0, Basis.MODELLED)]
    write(ledger, Drawn(MINUTE_S, 1.0, None, Basis.UNKNOWN))
    assert rows(ledger) == [Drawn(MINUTE_S, 61.0, None, Basis.UNKNOWN)]


def test_what_began_before_is_found_and_what_ended_is_not(ledger: Ledger) -> None:
    write(
        ledger, Drawn(0, 3600.0, 1.0, Basis.COUNTER), Drawn(3600, 60.0, 2.0, Basis.COUNTER), now_s=1
    )
    assert [row.minute_s for row in rows(ledger, 1800.0)] == [0, 3600]
    assert [row.minute_s for row in rows(ledger, 3600.0)] == [3600]


def test_what_is_old_goes(ledger: Ledger) -> None:
    write(ledger, Drawn(0, 60.0, 1.0, Basis.COUNTER), now_s=0)
    write(ledger, Drawn(600, 60.0, 1.0, Basis.COUNTER), now_s=KEPT_S + 300)
    assert [row.minute_s for row in rows(ledger)] == [600]
