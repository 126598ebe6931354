"""What is claimed of `llm.finetune`, and how each figure is read from its JSON (claims.py)."""

from __future__ import annotations

from typing import Any

from claim import Claim


def _runs(found: dict[str, Any], replay: str) -> dict[str, dict[str, Any]]:
    return {name: one for name, one in found["runs"].items() if name.endswith(f" {replay} replay")}


def _learned(found: dict[str, Any]) -> str:
    return "; ".join(
        f"{name.split(',')[0]}: {one['exact']:.0%}, {one['exact_unseen']:.0%},"
        f" {one['forgotten_bits']:+.3f}"
        for name, one in _runs(found, "50%").items()
    )


def _forgotten(found: dict[str, Any]) -> str:
    return "; ".join(
        f"{name.split(',')[0]}: {one['forgotten_bits']:+.3f}"
        for name, one in _runs(found, "0%").items()
    )


FINETUNE_CLAIMS = (
    Claim(
        "`llm.finetune` teaches 20 made-up facts with replay: told to the letter, also in a wording"
        " never trained for that person; old text forgotten, bits a byte",
        "100 %, 100 %, 0.05 at most",
        "make bench-finetune",
        "finetune.json",
        _learned,
        lambda found: all(one["holds"] for one in _runs(found, "50%").values()),
        again="finetune.py",
    ),
    Claim(
        "The same without replay: old text forgotten, bits a byte",
        "more than 0.05",
        "make bench-finetune",
        "finetune.json",
        _forgotten,
        lambda found: all(one["forgotten_bits"] > 0.05 for one in _runs(found, "0%").values()),
        again="finetune.py",
    ),
)
