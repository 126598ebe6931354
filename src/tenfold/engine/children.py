"""Turns what a running job asked for (`wants.jsonl`) into jobs of its own.

The id is parent + key, so a parent that runs again finds its children instead of asking twice. A
child that is refused is recorded as failed at once, so that its parent can go on. Describing a
child takes a process, so this has a thread of its own and the tick never waits for it.
"""

from __future__ import annotations

import dataclasses
import queue
import threading
from collections.abc import Callable
from typing import Any

from tenfold.engine.orders import Orders, Request
from tenfold.engine.settle import release
from tenfold.ledger.ledger import Ledger
from tenfold.ledger.transaction import Transaction
from tenfold.terms.job import Job, JobSpec, child_id
from tenfold.terms.outcome import Ending, Outcome
from tenfold.terms.refusal import Refusal, refusal
from tenfold.terms.states import ENDED, Change


class Children:
    def __init__(self, ledger: Ledger, orders: Orders, clock: Callable[[], float]) -> None:
        self._ledger = ledger
        self._orders = orders
        self._clock = clock
        self._seen: set[str] = set()
        self._closing = False
        self._queue: queue.SimpleQueue[tuple[Job, dict[str, Any]] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="children", daemon=True)
        self._thread.start()

    def misses(self, parent: str, wants: list[dict[str, Any]]) -> bool:
        return any(child_id(parent, want["key"]) not in self._seen for want in wants)

    def want(self, parent: Job, wants: list[dict[str, Any]]) -> None:
        """Submit what `parent` asked for and is not there yet. Returns at once."""
        for want in wants:
            child = child_id(parent.id, want["key"])
            if child not in self._seen:
                self._seen.add(child)
                self._queue.put((parent, want))

    def close(self) -> None:
        """What is not submitted yet is found again by the next daemon."""
        self._closing = True
        self._queue.put(None)
        self._thread.join()

    def _run(self) -> None:
        while (item := self._queue.get()) is not None and not self._closing:
            parent, want = item
            try:
                there = self._submit(parent, want)
            except (Refusal, OSError):  # the ledger could not be written, or no process started
                there = False
            if not there:  # ask again at the next sighting
                self._seen.discard(child_id(parent.id, want["key"]))

    def _submit(self, parent: Job, want: dict[str, Any]) -> bool:
        """Whether the child is in the ledger now."""
        try:
            spec, refused = self._spec(parent, want), None
        except Refusal as error:
            spec, refused = JobSpec(str(want.get("workload", "")), name=want["key"]), error
        if self._closing:
            return False  # what was refused may have been broken off by us
        spec = dataclasses.replace(spec, parent=parent.id, key=want["key"])
        now_s = self._clock()

        def work(transaction: Transaction) -> bool:
            now = transaction.job(parent.id)
            if now.state in ENDED:
                return False  # cancelled meanwhile; it may be retried
            inherited = dataclasses.replace(spec, priority=now.spec.priority)
            child = transaction.submit(inherited, now_s)
            if refused is not None and child.state not in ENDED:
                outcome = Outcome(0, Ending.FAILED, now_s, now_s, refusal=refused.as_json())
                child = transaction.change(
                    child.id, Change.FAIL, now_s, f"{refused.what} {refused.why}", outcome=outcome
                )
                release(transaction, child, now_s)
            return True

        return self._ledger.write(work)

    def _spec(self, parent: Job, want: dict[str, Any]) -> JobSpec:
        if parent.spec.parent is not None:
            raise refusal("workload.depth", id=parent.id)
        params, size = want.get("params") or {}, want.get("size")
        if not isinstance(params, dict) or not isinstance(size, str | None):
            raise refusal("wire.shape", kind="a child", error=f"{want}.")
        request = Request(
            workload=str(want.get("workload", "")),
            params=params,
            size=size,
            name=f"{parent.spec.name} / {want['key']}",
            priority=parent.spec.priority,
            key=want["key"],
        )
        return self._orders.prepare(request, self._clock())
