"""The one thread that writes to the ledger, and group commit.

Work is posted and answered through a Future. Whatever waits when the thread is free shares one
transaction, so one fsync acknowledges all of it. Each piece has a savepoint: one that raises is
undone and answered with its own error, the others stay. If the commit fails, none happened and all
are told so.
"""

from __future__ import annotations

import itertools
import queue
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

from tenfold.ledger.transaction import Transaction
from tenfold.terms.refusal import Refusal, refusal

T = TypeVar("T")
Work = Callable[[Transaction], Any]
MOST_AT_ONCE = 512  # pieces a commit; bounds how long the first of them waits


class Writer:
    """`committed` is called in the writer's thread with each transaction that is on the disk."""

    def __init__(
        self, connection: sqlite3.Connection, committed: Callable[[list[Transaction]], None]
    ) -> None:
        self._connection = connection
        self._connection.row_factory = sqlite3.Row
        last = connection.execute(
            "SELECT max(CAST(id AS INTEGER)) FROM jobs WHERE parent IS NULL"
        ).fetchone()[0]
        self._numbers = itertools.count((last or 0) + 1)
        self._committed = committed
        self._posted: queue.SimpleQueue[tuple[Work, Future[Any]] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="ledger", daemon=True)
        self._thread.start()

    def post(self, work: Callable[[Transaction], T]) -> Future[T]:
        """Queue `work`; the Future has its value once that is durable."""
        answer: Future[T] = Future()
        self._posted.put((work, answer))
        return answer

    def close(self) -> None:
        """Finish what was posted, then stop."""
        self._posted.put(None)
        self._thread.join()
        self._connection.close()

    def _run(self) -> None:
        while True:
            first = self._posted.get()
            if first is None:
                return
            batch, last = self._with_company(first)
            self._write(batch)
            if last:
                return

    def _with_company(
        self, first: tuple[Work, Future[Any]]
    ) -> tuple[list[tuple[Work, Future[Any]]], bool]:
        batch = [first]
        while len(batch) < MOST_AT_ONCE:
            try:
                item = self._posted.get_nowait()
            except queue.Empty:
                break
            if item is None:
                return batch, True
            batch.append(item)
        return batch, False

    def _write(self, batch: list[tuple[Work, Future[Any]]]) -> None:
        done: list[tuple[Future[Any], Any, Transaction]] = []
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            for work, answer in batch:
                earlier = [made for _, _, made in done]
                transaction = Transaction(self._connection, earlier, self._numbers)
                try:
                    done.append((answer, transaction.attempt(work), transaction))
                except sqlite3.Error as error:
                    if not self._connection.in_transaction:
                        raise  # a full disk can undo the whole transaction
                    answer.set_exception(_refusal_for(error))
                except Exception as error:  # noqa: BLE001 - it is raised again at whoever posted
                    answer.set_exception(error)
            self._connection.execute("COMMIT")
        except sqlite3.Error as error:
            self._give_up(batch, error)
            return
        self._committed([transaction for _, _, transaction in done])
        for answer, value, _ in done:
            answer.set_result(value)

    def _give_up(self, batch: list[tuple[Work, Future[Any]]], error: sqlite3.Error) -> None:
        if self._connection.in_transaction:
            try:
                self._connection.execute("ROLLBACK")
            except sqlite3.Error:
                pass  # SQLite rolled back by itself, as it does when the disk is full
        told = _refusal_for(error)
        for _, answer in batch:
            if not answer.done():
                answer.set_exception(told)


def _refusal_for(error: sqlite3.Error) -> Refusal:
    code = getattr(error, "sqlite_errorname", "") or ""
    if code.startswith(("SQLITE_FULL", "SQLITE_IOERR")):
        return refusal(
            "disk.full",
            why=f"The ledger could not be written ({code}); nothing was changed.",
            next="free some space, then try again",
        )
    return refusal("disk.full", why=f"The ledger says: {error}.", next="tenfold status")
