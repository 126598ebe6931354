"""The ten-card week: what the same scheduler would do on a box that is not here, with all the watts
it wants and on the one circuit that most walls have."""

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
CIRCUIT = ROOT / "examples" / "one-circuit.toml"
LIMIT_S = 300.0


@dataclass(frozen=True)
class Week:
    """A plan that was played twice: its figures, those on one circuit, which has the strips of the
    cards and the picture, as SVG, and both commands."""

    command: str
    figures: dict[str, Any]
    circuit_command: str
    circuit: dict[str, Any]
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

    @property
    def circuit_sentence(self) -> str:
        free, told = self.figures, self.circuit
        longer = told["makespan_s"] / free["makespan_s"] - 1.0
        return (
            f"The same week on one circuit of 208 V and 30 A: {told['peak_w']:.0f} W at most, all"
            f" done {longer:.1%} later, {free['kwh'] - told['kwh']:.0f} kWh less,"
            f" {told['late'] + told['never']} late."
        )


def plan_week(home: Path) -> Week:
    """Asks the daemon of `home`; it plays the week beside itself and runs nothing."""
    api = Api(home, LIMIT_S)
    free = api.post("/api/plan", request(FILE, BOX))
    bound = api.post("/api/plan", request(FILE, BOX, CIRCUIT))
    command = f"tenfold plan examples/{FILE.name} --box {BOX}"
    return Week(
        command,
        free["figures"],
        f"{command} --site examples/{CIRCUIT.name}",
        bound["figures"],
        list(strips(bound)),
        svg(scene(bound)),
    )
