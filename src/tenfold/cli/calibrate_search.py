"""Which cards `tenfold calibrate` measures, and which of its jobs came to sit on which.

A job cannot ask for a certain card. Where it matters as many jobs are asked for as there are cards,
and each that lands on a card that is not wanted is cancelled.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from typing import Any

from tenfold.cli.show import note
from tenfold.client.call import Api
from tenfold.client.follow import Glimpse, follow, job_path
from tenfold.terms.refusal import Refusal, refusal
from tenfold.terms.short import device_words

PAUSE_S = 0.5


def measurable(seen: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Cards whose limits can be set, by UUID, of an answer of /api/box; else a Refusal."""
    if seen["modelled"]:
        raise refusal("calibrate.declared")
    devices = [device for node in seen["box"]["nodes"] for device in node["devices"]]
    gpus = {device["id"]: device for device in devices if device["kind"] == "gpu"}
    if not gpus:
        raise refusal("calibrate.cards")
    if not seen["rights"] or not seen["rights"]["granted"]:
        why = seen["rights"]["why"] if seen["rights"] else "nobody here has the rights"
        raise refusal("calibrate.rights", why=f"{why[:1].upper()}{why[1:]}.")
    able = {id: gpu for id, gpu in gpus.items() if 0 < gpu["cap_min_w"] < gpu["cap_max_w"]}
    if not able:
        raise refusal("calibrate.rights", why="No card tells a range of limits to set.")
    return able


@dataclass
class Search:
    """Which cards are still to be measured, and who measures them."""

    cards: dict[str, dict[str, Any]]
    one_a_model: bool
    missing: set[str]  # models or UUIDs
    jobs: int
    on: dict[str, str] = field(default_factory=dict)  # job -> card

    def takes(self, job: str, card: str) -> bool:
        """Whether the job that has come to sit on `card` is wanted there."""
        if job in self.on:
            return True
        what = self.cards[card]["model"] if self.one_a_model and card in self.cards else card
        if what not in self.missing:
            return False
        self.missing.remove(what)
        self.on[job] = card
        return True

    def followed(
        self, api: Api, jobs: list[str], pause: Callable[[float], None] = time.sleep
    ) -> dict[str, dict[str, Any]]:
        """Pages of the jobs that measured a wanted card, by card, when all have ended."""
        walks = {job: follow(api, job, pause=_at_once) for job in jobs}
        pages: dict[str, dict[str, Any]] = {}
        told: dict[str, str] = {}
        try:
            while walks:
                for job in list(walks):
                    glimpse = _next(walks[job])
                    if glimpse is None:
                        del walks[job]
                        continue
                    if glimpse.page:
                        pages[job] = glimpse.page
                        self._look(api, job, glimpse.page, told)
                if walks:
                    pause(PAUSE_S)
        except KeyboardInterrupt:
            for job in walks:
                _cancel(api, job)
            note("\nThe measurement was cancelled; nothing was changed.")
            raise
        return {card: pages[job] for job, card in self.on.items()}

    def _look(self, api: Api, job: str, page: dict[str, Any], told: dict[str, str]) -> None:
        card = _card_of(page)
        if card and job not in self.on and self.takes(job, card):
            note(f"Job {job} measures {device_words(card)}.")
        if job not in self.on and (card or not self.missing):
            _cancel(api, job)
        progress = page.get("progress")
        if job in self.on and progress and progress.get("total"):
            words = f"{4 * progress['done'] // progress['total'] * 25:.0f} %"
            if told.get(job, "0 %") != words:
                note(f"Job {job}: {words}")
            told[job] = words


def wanted(cards: dict[str, dict[str, Any]], named: Collection[str], all: bool) -> Search:
    """Every card, those that are named by their UUID or its beginning, or one of each model."""
    models = {card["model"] for card in cards.values()}
    if not named and not all:
        return Search(cards, True, models, 1 if len(models) == 1 else len(cards))
    chosen = set(cards) if all else set[str]()
    for word in named:
        digits = word.removeprefix("GPU-")
        found = [id for id in cards if digits and id.removeprefix("GPU-").startswith(digits)]
        if len(found) != 1:
            there = ", ".join(map(device_words, cards))
            which = "Several begin so" if found else "None is called so"
            raise refusal("calibrate.card", card=word, why=f"{which}; there are {there}.")
        chosen.add(found[0])
    return Search(cards, False, chosen, len(cards))


def _card_of(page: dict[str, Any]) -> str:
    """Where the job sits, or sat; empty before it has started."""
    slot = page["attempts"][-1]["slot"] if page["attempts"] else None
    return str(slot["devices"][0]) if slot and slot["kind"] == "gpu" else ""


def _next(walk: Iterator[Glimpse]) -> Glimpse | None:
    return next(walk, None)


def _cancel(api: Api, job: str) -> None:
    try:
        api.post(job_path(job, "cancel"))
    except Refusal:
        pass  # it has ended meanwhile


def _at_once(pause_s: float) -> None:
    """The pause is made once for all jobs."""
