"""One session with NVML: opened once, asked often, opened anew when it has gone stale.

An answer that cannot be had is a Missing in words; nothing here raises. A card that falls off the
bus and a driver that is reloaded leave handles that never work again, so `heal` opens a new session
then, with a growing pause between tries: opening one may take seconds where the driver does not
stay awake. Not for several threads at once.
"""

from __future__ import annotations

from types import ModuleType
from typing import Any

from tenfold.hardware.nvml import words
from tenfold.terms.reading import Missing

STALE = frozenset({words.CLOSED, words.LOST, words.NOT_LOADED})
FIRST_PAUSE_S, LONGEST_PAUSE_S = 10.0, 600.0


class Library:
    def __init__(self) -> None:
        self.opened = 0  # how many sessions there were; handles belong to one
        self.stale = False
        self._nvml: ModuleType | None = None
        self._why = words.NO_LIBRARY
        self._tried_s: float | None = None
        self._pause_s = FIRST_PAUSE_S

    def open(self) -> Missing | None:
        """Why there is no session, or None."""
        import pynvml  # 35 ms, which a command that looks at no hardware need not spend

        try:
            pynvml.nvmlInit()
        except pynvml.NVMLError as error:
            self._why = words.missing(error.value, str(error))
            return self._why
        self._nvml = pynvml
        self.opened += 1
        self.stale = False
        return None

    def close(self) -> None:
        if self._nvml is not None:
            self.ask("nvmlShutdown")
            self._nvml = None

    def heal(self, now: float) -> None:
        """Open a new session if this one has gone stale, unless that was just tried."""
        if self._nvml is not None and not self.stale:
            return
        if self._tried_s is not None:
            if 0 <= now - self._tried_s < self._pause_s:
                return
            self._pause_s = min(2 * self._pause_s, LONGEST_PAUSE_S)
        self._tried_s = now
        self.close()
        self.open()

    def well(self) -> None:
        """Every card answers: the next loss is healed at once."""
        self._tried_s, self._pause_s = None, FIRST_PAUSE_S

    def ask(self, call: str, *arguments: Any, **more: Any) -> Any:
        """What NVML answers, or a Missing. `call` is the name in nvidia-ml-py. What is asked of a
        handle that could not be had is missing for the same reason."""
        if self._nvml is None:
            return self._why
        for argument in arguments:
            if isinstance(argument, Missing):
                return argument
        function = getattr(self._nvml, call, None)
        if function is None:
            return Missing(f"the installed nvidia-ml-py is too old: it has no {call}")
        try:
            return function(*arguments, **more)
        except self._nvml.NVMLError as error:
            self.stale |= error.value in STALE
            return words.missing(error.value, str(error))
        except self._nvml.NVMLLibraryMismatchError:  # no NVMLError, and told of a missing call too
            return words.TOO_OLD
        except UnicodeDecodeError:
            return Missing("the NVIDIA driver answers with text that is none")

    def number(self, call: str, *arguments: Any, per: int = 1) -> float | Missing:
        """An answer that is one number, of which `per` make one of our unit."""
        answer = self.ask(call, *arguments)
        return answer if isinstance(answer, Missing) else answer / per
