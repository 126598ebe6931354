"""Builds the stand-in, writes what it shows, and puts it into an environment.

    stand_in = StandIn(folder, [h100_pcie(0), h100_pcie(1)])
    stand_in.cards[0].power = 300_000
    stand_in.write()
    run(..., env={**os.environ, **stand_in.environment})

A process finds a library by LD_LIBRARY_PATH as it was when it started; a test that calls NVML in
its own process loads it with `load()` first.
"""

from __future__ import annotations

import ctypes
import hashlib
import os
import subprocess
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path

from faults.nvml.cards import H100_PCIE, Card, Profile
from faults.shims import BUILT

SOURCES = Path(__file__).parent
NAME = "libnvidia-ml.so.1"
LOST, NOT_SUPPORTED, NO_PERMISSION, UNKNOWN = 15, 3, 4, 999
DRIVER_NOT_LOADED, VERSION_MISMATCH = 9, 18
_LISTS = {"links", "xids", "processes", "slices", "errors"}


def library(without: Sequence[str] = (), soname: str = NAME) -> Path:
    """The shared object, built once per version; `without` are calls that it does not have, as of
    an older driver."""
    sources = sorted(SOURCES.glob("*.[ch]"))
    content = b"".join(source.read_bytes() for source in sources)
    content += ",".join((soname, *without)).encode()
    folder = BUILT / f"nvml-{hashlib.sha256(content).hexdigest()[:16]}"
    built = folder / NAME
    if built.exists():
        return built
    folder.mkdir(parents=True, exist_ok=True)
    hidden = "".join(f"{call}; " for call in without)
    script = folder / f"{os.getpid()}.map"
    script.write_text(f"{{ global: nvml*; local: {hidden}*; }};\n")
    half = folder / f"{os.getpid()}.half"
    command = ["cc", "-O1", "-g", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC"]
    command += [f"-Wl,-soname,{soname}", f"-Wl,--version-script={script}", "-o", str(half)]
    subprocess.run([*command, *map(str, SOURCES.glob("*.c"))], check=True)
    os.rename(half, built)
    script.unlink()
    return built


class StandIn:
    """`state` and `calls` are files in `folder`."""

    def __init__(
        self,
        folder: Path,
        cards: Sequence[Card],
        profiles: Sequence[Profile] = H100_PCIE,
        without: Sequence[str] = (),
    ) -> None:
        self.cards = list(cards)
        self.profiles = tuple(profiles)
        self.errors: dict[str, int] = {}  # of calls about no card, and of all cards
        self.driver = "575.57.08"
        self.cuda = 12090
        self.epoch = 1  # another number is another load of the driver
        self.state = folder / "nvml-state"
        self.calls = folder / "nvml-calls"
        self._without = tuple(without)
        self.write()

    @property
    def environment(self) -> dict[str, str]:
        """For a child: these variables over its own."""
        before = os.environ.get("LD_LIBRARY_PATH", "")
        ours = str(library(self._without).parent)
        paths = os.pathsep.join(path for path in (ours, before) if path)
        return {"LD_LIBRARY_PATH": paths, **self.variables}

    @property
    def variables(self) -> dict[str, str]:
        return {"NVML_STANDIN": str(self.state), "NVML_STANDIN_CALLS": str(self.calls)}

    def load(self) -> ctypes.CDLL:
        """Into this process, for `pynvml.nvmlLib`; the variables must be set as well. Under another
        name: whoever looks for the real one later would else find this, as long as we live."""
        return ctypes.CDLL(str(library(self._without, f"stand-in-for-{NAME}")))

    def write(self) -> None:
        """Show what the fields say; whoever reads meanwhile sees all of it or nothing."""
        lines = [f"driver {self.driver}", f"version 12.{self.driver}"]
        lines += [f"cuda {self.cuda}", f"epoch {self.epoch}"]
        lines += [_profile(profile) for profile in self.profiles]
        lines += [f"start {one.id} {start}" for one in self.profiles for start in one.starts]
        lines += [f"error {call} -1 {code}" for call, code in self.errors.items()]
        for index, card in enumerate(self.cards):
            lines += self._card(index, card)
        half = self.state.with_suffix(".half")
        half.write_text("\n".join(lines) + "\n")
        os.rename(half, self.state)

    @property
    def changes(self) -> Path:
        """What its callers have changed: it stands over what the fields say. Without the file the
        driver has forgotten it all, as after a reboot."""
        return self.state.with_name(self.state.name + ".changes")

    def called(self) -> list[str]:
        """The calls so far, `NAME CARD` (-1 for none); a process may still be adding to them."""
        return self.calls.read_text().splitlines() if self.calls.exists() else []

    def _card(self, index: int, card: Card) -> list[str]:
        plain = [one.name for one in fields(card) if one.name not in _LISTS]
        lines = [f"card {index} {name} {getattr(card, name)}" for name in plain]
        lines += [f"card {index} link {bus}" for bus in card.links]
        lines += [f"card {index} xid {number}" for number in card.xids]
        lines += [
            f"process {index} {one.pid} {one.mib << 20} {one.graphics:d} {one.instance}"
            for one in card.processes
        ]
        ids = {profile.name: profile for profile in self.profiles}
        lines += [
            f"slice {index} {one.instance} {ids[one.profile].id} {one.start} "
            f"{ids[one.profile].memory_slices} {one.compute:d} {one.uuid}"
            for one in card.slices
        ]
        return [*lines, *(f"error {call} {index} {code}" for call, code in card.errors.items())]


def _profile(one: Profile) -> str:
    return (
        f"profile {one.name} {one.number} {one.id} {one.most} {one.slices} "
        f"{one.memory_slices} {one.multiprocessors} {one.memory_mb}"
    )
