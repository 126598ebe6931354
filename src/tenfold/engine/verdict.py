"""The verdict on a place, for whoever asks the daemon: a box, settings, and what follows."""

from __future__ import annotations

from typing import Any

from tenfold.hardware import detect
from tenfold.site.settings import SiteConfig
from tenfold.site.verdict.verdict import verdict
from tenfold.terms.box import Box
from tenfold.terms.refusal import Refusal, refusal
from tenfold.terms.wire import to_json


def judged(box: Box, site: SiteConfig) -> dict[str, Any]:
    """The answer of /api/site."""
    answer: dict[str, Any] = to_json(verdict(box, site))
    return answer


def box_to_judge(text: str) -> Box:
    """The box that `text` names. Of a chassis that nobody sells, what to buy instead."""
    try:
        return detect.box(text)
    except Refusal as no:
        if no.code != "box.sxm":
            raise
        instead = str(no.facts["instead"]).replace("tenfold up --box", "tenfold site --box")
        raise refusal("site.sxm", **{**no.facts, "instead": instead}) from no
