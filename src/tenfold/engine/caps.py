"""Carries out the power limits of a decision, before anything starts that was counted on them."""

from __future__ import annotations

from dataclasses import replace

from tenfold.rights.ask import Denied, Rights
from tenfold.terms.decision import Cap, Decision, Wait


def set_caps(rights: Rights, decision: Decision) -> Decision:
    """The decision as far as it may be carried out: where a limit could not be set, nothing starts
    in this tick, since the budget was divided by it. Lower limits are set first."""
    done: list[Cap] = []
    for cap in sorted(decision.caps, key=lambda cap: cap.watts):
        answer = rights.ask("set-cap", cap.device, round(cap.watts))
        if isinstance(answer, Denied):
            why = f"The power limit of {cap.device} could not be set: {answer.why}."
            waits = tuple(Wait(start.job, why) for start in decision.starts)
            waits = (*decision.waits, *waits)
            return replace(decision, starts=(), relayouts=(), caps=tuple(done), waits=waits)
        done.append(cap)
    return decision
