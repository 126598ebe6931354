"""How far a job is, told on stderr while it is followed: lines, or on a terminal a bar."""

from __future__ import annotations

from abc import ABC, abstractmethod
from types import TracebackType
from typing import Any

from tenfold.cli.show import note
from tenfold.cli.words import one_line, progress_words, slot_words
from tenfold.terms.states import ENDED

_ENDED = frozenset(state.value for state in ENDED)
_STEP = 0.1  # a line of progress each tenth


class Teller(ABC):
    """What is told whether in lines or with a bar: state changes, attempts, an absent daemon."""

    def __init__(self, view: dict[str, Any]) -> None:
        self.job = view["id"]
        self.name = one_line(view["name"])
        self._said = ""
        self._attempt = 0
        self._away = False
        self._noted_s = 0.0  # of the newest note that was told

    def __enter__(self) -> Teller:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        return None

    def line(self, text: str) -> None:
        note(text)

    def page(self, page: dict[str, Any]) -> None:
        text = state_words(page["job"])
        if text != self._said and not _is_passing(page["job"]):
            self._said = text
            self.state(text)
        for told in page["notes"]:
            if told["at_s"] > self._noted_s:
                self._noted_s = told["at_s"]
                self.line(f"  {told['text']}")
        if page["progress"] and page["job"]["state"] == "running":
            self.progress(page["progress"])

    def state(self, text: str) -> None:
        self.line(f"{self.job} {self.name}: {text}")

    @abstractmethod
    def progress(self, progress: dict[str, Any]) -> None: ...

    def attempt(self, number: int) -> None:
        """Text of attempt `number` comes next."""
        if self._attempt not in (0, number):
            self.line(f"Attempt {number}:")
        self._attempt = number

    def away(self, away: bool) -> None:
        if away and not self._away:
            self.line("The daemon went away; the job goes on. Waiting for its return.")
        if self._away and not away:
            self.line("The daemon is back.")
        self._away = away


class LineTeller(Teller):
    def __init__(self, view: dict[str, Any]) -> None:
        super().__init__(view)
        self._next = _STEP

    def progress(self, progress: dict[str, Any]) -> None:
        total = progress.get("total")
        if not total or progress["done"] < self._next * total:
            return
        self.line(f"  {progress_words(progress)}")
        self._next = progress["done"] / total // _STEP * _STEP + _STEP


class BarTeller(Teller):
    """One live line; it vanishes at the end, since the result says more."""

    def __init__(self, view: dict[str, Any]) -> None:
        super().__init__(view)
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn

        self._bar = Progress(
            TextColumn("{task.fields[title]}", markup=False),
            BarColumn(bar_width=28, complete_style="cyan", finished_style="cyan"),
            TextColumn("{task.fields[words]}", style="dim", markup=False),
            console=Console(stderr=True, highlight=False, markup=False, emoji=False),
            transient=True,
        )
        title = f"{self.job} {self.name}"
        self._task = self._bar.add_task("", total=None, title=title, words="submitted")

    def __enter__(self) -> Teller:
        self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bar.stop()

    def line(self, text: str) -> None:
        self._bar.console.print(text)

    def state(self, text: str) -> None:
        self._bar.update(self._task, words=text)

    def progress(self, progress: dict[str, Any]) -> None:
        self._bar.update(
            self._task,
            total=progress.get("total"),
            completed=progress["done"],
            words=progress_words(progress),
        )


def _is_passing(view: dict[str, Any]) -> bool:
    """A state that is over in a moment, or is told better by what follows."""
    state = view["state"]
    return state == "starting" or state in _ENDED or (state == "queued" and not view["reason"])


def _answers(view: dict[str, Any]) -> str:
    """Where a service or an interactive job is found."""
    port = view["spec"]["params"].get("port") if view["spec"]["kind"] == "interactive" else 0
    url = view["url"] or (f"http://127.0.0.1:{port}" if port else "")
    return f"; it answers at {url}" if url else ""


def state_words(view: dict[str, Any]) -> str:
    """`queued: all 4 cores are taken`, `running on gpu0, attempt 2`."""
    state, reason = view["state"], view["reason"].rstrip(".")
    if state == "running":
        tries = f", attempt {view['attempt']}" if view["attempt"] > 1 else ""
        return f"running on {slot_words(view['slot'])}{tries}{_answers(view)}"
    if state == "paused":
        return f"paused: {reason or 'asked to'} (tenfold resume {view['id']})"
    if state == "asleep" and view["url"]:
        return f"asleep: {reason} (a request to {view['url']} wakes it)"
    return f"{state}: {reason}" if reason else str(state)
