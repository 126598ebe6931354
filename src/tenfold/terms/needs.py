"""What a job asks of the box: estimated before it runs, measured after."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Needs:
    """Slots, memory, time, watts. `None` means nobody knows; it never means zero."""

    gpus: int = 0  # whole GPUs, one rank each; 0: a CPU share
    slice: str | None = None  # a MIG profile such as `2g.20gb`, instead of whole GPUs
    cores: int = 1  # CPU cores of a CPU share
    ranks: int = 1  # rank processes on a CPU share (a GPU job has one a GPU)
    memory_gib: float = 0.5  # device memory a GPU, or host memory of the whole CPU share
    time_s: float | None = None  # expected run time on the slot
    watts: float | None = None  # expected draw of the whole slot, above idle
    basis: str = ""  # one sentence: how these were estimated
    share: float | None = None  # of one GPU's compute that suffices; with it a slice will do
    # May sit beside others on one card that is not carved, each with an account of memory; on a
    # card that is carved: on any slice with that memory.
    shared: bool = False
    # Where the time depends on the slice: speed on 1, 2, 3, 4 and 7 compute slices, relative to a
    # whole card; 0 does not fit. `time_s` is then for a whole card.
    speeds: tuple[float, ...] = ()
    load: str = "compute"  # the kind of work, as a card's curves name it: also `light`, `decode`
    pause_s: float = 30.0  # from a stop to running again elsewhere, its own saving and loading
