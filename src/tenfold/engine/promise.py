"""A decision, written down before anything is done: starts become attempts, yields stops."""

from __future__ import annotations

import secrets

from tenfold.ledger.ledger import Ledger
from tenfold.ledger.transaction import Transaction
from tenfold.terms.decision import Decision
from tenfold.terms.job import Attempt, StopFor
from tenfold.terms.states import LIVE, Change, State


def promise(ledger: Ledger, decision: Decision, now_s: float) -> list[Attempt]:
    """The attempts that are now promised. One transaction for the whole decision.

    The owner may have changed a job since the decision was taken: what no longer fits is left out.
    """
    if not decision.starts and not decision.yields:
        return []

    def work(transaction: Transaction) -> list[Attempt]:
        attempts = []
        for start in decision.starts:
            if transaction.job(start.job).state is State.QUEUED:
                token = secrets.token_hex(16)
                attempts.append(transaction.promise(start.job, start.slot, token, now_s))
        for leave in decision.yields:
            if transaction.job(leave.job).state in LIVE - {State.YIELDING}:
                transaction.change(leave.job, Change.STOP, now_s, leave.why, stop_for=StopFor.YIELD)
        return attempts

    return ledger.write(work)
