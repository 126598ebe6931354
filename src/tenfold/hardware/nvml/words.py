"""NVML's error codes and clock reasons in words.

The numbers are those of nvml.h (nvmlReturn_t, nvmlClocksEventReasons), the same in every driver.
"""

from __future__ import annotations

from tenfold.terms.reading import BRAKED, SLOWED, TOO_HOT, TOO_WARM, Missing

CLOSED, LOST, NOT_LOADED = 1, 15, 9  # after these only a new session can help

LOST_CARD = Missing("the card fell off the bus")
NOT_TOLD = Missing("this card does not tell it")
TOO_OLD = Missing("the installed NVIDIA driver has no such call")
NOTHING_CAME = Missing("nothing came in that time")
NO_LIBRARY = Missing("no NVIDIA driver is installed: its library (libnvidia-ml.so.1) is not found")
_BY_CODE = {
    CLOSED: Missing("the NVIDIA driver was reloaded meanwhile"),
    3: NOT_TOLD,
    4: Missing("only root may read it here"),
    6: Missing("the driver knows no such card any more"),
    NOT_LOADED: Missing("the NVIDIA driver is not loaded"),
    10: NOTHING_CAME,
    12: NO_LIBRARY,
    13: TOO_OLD,
    LOST: LOST_CARD,
    16: Missing("the card needs a reset"),
    18: Missing(
        "the NVIDIA driver that is loaded and its library are of different versions, as after an "
        "upgrade; a reboot mends it"
    ),
}
# The answers of a card that is there no more, or of a driver that is not.
GONE = frozenset({_BY_CODE[code] for code in (CLOSED, 6, NOT_LOADED, 12, LOST, 16, 18)})

_CLOCKS = {
    0x2: "clocks set by hand",
    0x4: "at its power limit",
    0x8: SLOWED,
    0x10: "kept in step with other cards",
    0x20: TOO_WARM,
    0x40: TOO_HOT,
    0x80: BRAKED,
    0x100: "clocks set for a display",
    0x200: "at a limit of the board",
    0x400: "kept low for reliability",
}
_IDLE = 0x1  # a card without work: no reason to worry


def missing(code: int, told: str) -> Missing:
    """`told` is the driver's own word for a code that has none here."""
    return _BY_CODE.get(code) or Missing(f"the NVIDIA driver says: {told} (error {code})")


def clock_words(reasons: int) -> tuple[str, ...]:
    """What holds the clocks down; also a reason that came after this was written."""
    named = tuple(words for bit, words in _CLOCKS.items() if reasons & bit)
    unknown = reasons & ~(sum(_CLOCKS) | _IDLE)
    return (*named, f"reason {unknown:#x}") if unknown else named
