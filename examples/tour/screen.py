"""The live view: a bar for each job on a terminal, else a line each tenth."""

from __future__ import annotations

from types import TracebackType
from typing import Any

from jobs import Act
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from tenfold.cli.words import measured, plural


class Screen:
    def __init__(self, acts: list[Act], console: Console) -> None:
        self._acts = acts
        self._console = console
        self._tenths = [0] * len(acts)  # told in lines
        self._bars = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=24),
            TextColumn("{task.fields[words]}", style="dim", markup=False),
            console=console,
            disable=not console.is_terminal,
        )
        self._rows = [self._bars.add_task("", total=None, words="") for _ in acts]
        self._box = self._bars.add_task("the box", total=None, words="")

    def __enter__(self) -> Screen:
        self._bars.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bars.remove_task(self._box)  # nothing runs on it now
        self._bars.stop()

    def say(self, text: str) -> None:
        """Above the bars, for good."""
        self._console.print(f"\n{text}\n")

    def show(self, seen: dict[str, Any]) -> list[float]:
        """Draw the jobs, and the box as GET /api/box tells it; its watts where they are known."""
        for number, act in enumerate(self._acts):
            self._bars.update(
                self._rows[number],
                description=act.name,
                total=act.total,
                completed=act.done,
                words=act.words,
            )
            self._tell_tenth(number, act)
        watts = measured((seen["reading"] or {}).get("power_w"))
        cores = sum(device["cores"] for node in seen["box"]["nodes"] for device in node["devices"])
        used = sum(slot["slot"]["cores"] for slot in seen["slots"])
        drawn = "watts n/a" if watts is None else f"{watts:.0f} W"
        self._bars.update(
            self._box,
            total=cores,
            completed=used,
            words=f"{used} of {plural(cores, 'core')} in use, {drawn}",
        )
        return [] if watts is None else [watts]

    def _tell_tenth(self, number: int, act: Act) -> None:
        tenths = int(10 * act.share)
        if not self._console.is_terminal and tenths > self._tenths[number]:
            self._tenths[number] = tenths
            far = "" if act.ended else f"{act.share:.0%}, "
            self._console.print(f"{act.name}  {far}{act.words}")
