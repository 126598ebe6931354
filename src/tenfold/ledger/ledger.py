"""The ledger as the daemon holds it: posts go in, open jobs and news come out."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from pathlib import Path
from typing import Any, TypeVar

from tenfold.ledger.read import Reader
from tenfold.ledger.rows import JOB_COLUMNS, job_from
from tenfold.ledger.schema import open_for_reading, open_for_writing
from tenfold.ledger.transaction import Event, Transaction
from tenfold.ledger.writer import Writer
from tenfold.terms.job import Job
from tenfold.terms.states import ENDED

T = TypeVar("T")
Listener = Callable[[list[Event]], None]


class Ledger:
    """Opens (and makes) `path`. `open_jobs` is a copy in memory of what the file says."""

    def __init__(self, path: Path) -> None:
        self.path = path
        connection = open_for_writing(path)
        self._guard = threading.Lock()
        self._open = {job.id: job for job in _open_jobs(path)}
        self._seq = self._last_event()
        self._listeners: list[Listener] = []
        self._writer = Writer(connection, self._committed)

    def post(self, work: Callable[[Transaction], T]) -> Future[T]:
        """Work for the writer's thread; see `writer`."""
        return self._writer.post(work)

    def write(self, work: Callable[[Transaction], T]) -> T:
        """`post`, and wait until it is durable."""
        return self._writer.post(work).result()

    def open_jobs(self) -> list[Job]:
        """Every job that has not ended, as of the last commit."""
        with self._guard:
            return list(self._open.values())

    def open_jobs_at(self) -> tuple[int, list[Job]]:
        """The same with the number of the last kept event that they know of: whoever reads events
        since then misses nothing."""
        with self._guard:
            return self._seq, list(self._open.values())

    def reader(self) -> Reader:
        """A connection for questions. One per thread."""
        return Reader(open_for_reading(self.path))

    def listen(self, listener: Listener) -> None:
        """`listener` is called in the writer's thread after a commit; it must return at once."""
        self._listeners = [*self._listeners, listener]

    def unlisten(self, listener: Listener) -> None:
        self._listeners = [known for known in self._listeners if known is not listener]

    def tell(self, events: list[Event]) -> None:
        """Show `events` to whoever watches, without keeping them."""
        for listener in self._listeners:
            listener(events)

    def fact(self, key: str) -> Any:
        """What `Transaction.remember` stored, or None."""
        connection = open_for_reading(self.path)
        row = connection.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
        connection.close()
        return json.loads(row[0]) if row else None

    def close(self) -> None:
        self._writer.close()

    def _last_event(self) -> int:
        reader = self.reader()
        try:
            return reader.last_event()
        finally:
            reader.close()

    def _committed(self, transactions: Iterable[Transaction]) -> None:
        events: list[Event] = []
        with self._guard:
            for transaction in transactions:
                for job in transaction.jobs.values():
                    if job.state in ENDED:
                        self._open.pop(job.id, None)
                    else:
                        self._open[job.id] = job
                events.extend(transaction.events)
            self._seq = max([self._seq, *(event.seq for event in events)])
        if events:
            self.tell(events)


def _open_jobs(path: Path) -> list[Job]:
    connection = open_for_reading(path)
    marks = ",".join("?" for _ in ENDED)
    rows = connection.execute(
        f"SELECT {JOB_COLUMNS} FROM jobs WHERE state NOT IN ({marks}) ORDER BY seq",
        [state.value for state in sorted(ENDED)],
    ).fetchall()
    connection.close()
    return [job_from(row) for row in rows]
