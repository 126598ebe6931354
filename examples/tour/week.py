"""The ten-card week: what the same scheduler would do on a box that is not here."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tenfold.cli.gantt import scene, svg
from tenfold.cli.plan import request
from tenfold.cli.plan_words import strips
from tenfold.client.call import Api

ROOT = Path(__file__).resolve().parents[2]
BOX = "10xH100-PCIe"
FILE = ROOT / "examples" / "owner-week.toml"
LIMIT_S = 300.0


@dataclass(frozen=True)
class Week:
    """A plan that was played: its figures, a strip for each card, and its picture as SVG."""

    command: str
    figures: dict[str, Any]
    strips: list[tuple[str, str]]
    picture: str

    @property
    def sentence(self) -> str:
        told = self.figures
        return (
            f"Modelled: {told['jobs']} jobs of one person's synthetic week on {BOX},"
            f" {told['utilisation']:.0%} of the cards' compute given to them, {told['kwh']:.0f} kWh"
            f", {told['peak_w']:.0f} W at most."
        )


def plan_week(home: Path) -> Week:
    """Asks the daemon of `home`; it plays the week beside itself and runs nothing."""
    answer = Api(home, LIMIT_S).post("/api/plan", request(FILE, BOX))
    command = f"tenfold plan examples/{FILE.name} --box {BOX}"
    return Week(command, answer["figures"], list(strips(answer)), svg(scene(answer)))
