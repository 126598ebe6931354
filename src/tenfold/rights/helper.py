"""The one part of Tenfold that runs as root: power limits, clocks and MIG slices of NVIDIA's cards.

    python3 -I -S helper.py OWNER-UID SOCKET STATE

One owner asks on a UNIX socket, a JSON list a line: ["set-cap", UUID, WATTS]; `TAKES` has the rest.
A connection is a lease: then limits and clocks go back, of a card once nothing runs on it; slices
stay. STATE tells it before a change: a killed helper does it later. It imports Python's own modules
only: nothing that the owner can write may run as root.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import socket
import sys
from contextlib import suppress
from ctypes import byref, c_uint, c_void_p
from pathlib import Path
from typing import Any

INSTANCE, COMPUTE_PROFILE = c_uint * 6, c_uint * 9  # nvml.h's structs as words; id in 2 and 0
TAKES = {"layout": 0, "set-cap": 1, "lock-clock": 1, "create": 3, "destroy": 1}  # numbers


class Refused(Exception): ...  # (NVML's code or a word of ours, why)


class Rights:
    def __init__(self, state: Path) -> None:
        self._library, self._state = ctypes.CDLL("libnvidia-ml.so.1"), state
        self.undo: dict[str, dict[str, int]] = {}  # of a card: the limit before, a locked clock
        self.made: list[list[Any]] = []  # slices that were made here: card, profile, start, size
        if state.exists():
            self.undo, self.made = json.loads(state.read_text())

    def answer(self, line: bytes) -> dict[str, Any]:
        try:
            verb, card, *numbers = json.loads(line)
            small = all(type(one) is int and 0 <= one < 1 << 20 for one in numbers)
            if len(numbers) != TAKES[verb] or not small or not card.isascii():
                raise ValueError(verb)
        except (ValueError, TypeError, LookupError, AttributeError, RecursionError):
            return {"ok": False, "code": "request", "why": "that is no request"}
        try:
            self._nvml("Init_v2")  # a session for each request: none goes stale
            of = self._get(c_void_p, "DeviceGetHandleByUUID", card.encode())
            text = ctypes.create_string_buffer(96)
            self._nvml("DeviceGetUUID", of, text, c_uint(96))
            if not card.startswith("GPU-") or text.value != card.encode():
                raise Refused("request", "that is not how the driver names a card")
            return {"ok": True, **(getattr(self, verb.replace("-", "_"))(card, of, *numbers) or {})}
        except (Refused, OSError, AttributeError) as no:  # the last: a call that the driver lacks
            return {"ok": False, "code": no.args[0], "why": str(no.args[-1])}
        finally:
            self._library.nvmlShutdown()

    def restore(self, at_once: bool = False) -> None:
        """Who runs on was given these watts, and the wall may carry no more: such a card waits."""
        for card, before in list(self.undo.items()):
            try:
                self._nvml("Init_v2")
                of = self._get(c_void_p, "DeviceGetHandleByUUID", card.encode())
                runs = self._library.nvmlDeviceGetComputeRunningProcesses_v2
                if runs(of, byref(c_uint(0)), None) == 7 and not at_once:  # no room for all of them
                    continue
                if "limit" in before:
                    self._nvml("DeviceSetPowerManagementLimit", of, c_uint(before["limit"]))
                if "clock" in before:
                    self._nvml("DeviceResetGpuLockedClocks", of)
                del self.undo[card]
                self._keep()
            except (Refused, OSError) as no:
                sys.stderr.write(f"{card} is not put back yet: {no}\n")
            finally:
                self._library.nvmlShutdown()

    def set_cap(self, card: str, of: c_void_p, watts: int) -> None:
        self._within(watts * 1000, "DeviceGetPowerManagementLimitConstraints", of)
        now = self._get(c_uint, "DeviceGetPowerManagementLimit", of).value
        self.undo.setdefault(card, {}).setdefault("limit", now)
        self._keep()
        self._nvml("DeviceSetPowerManagementLimit", of, c_uint(watts * 1000))

    def lock_clock(self, card: str, of: c_void_p, mhz: int) -> None:
        if mhz:  # 0 unlocks what was locked here; what somebody else locked stays so
            self._within(mhz, "DeviceGetMinMaxClockOfPState", of, c_uint(0), c_uint(0))
            self.undo.setdefault(card, {})["clock"] = mhz
            self._keep()
            self._nvml("DeviceSetGpuLockedClocks", of, c_uint(mhz), c_uint(mhz))
        elif "clock" in self.undo.get(card, {}):
            self._nvml("DeviceResetGpuLockedClocks", of)
            del self.undo[card]["clock"]
            self._keep()

    def layout(self, card: str, of: c_void_p) -> dict[str, Any]:
        made = [[n, *at, [card, *at] in self.made] for n, at in self._standing(card, of).items()]
        return {"instances": made, "limit": self.undo.get(card, {}).get("limit", 0)}  # before ours

    def create(self, card: str, of: c_void_p, profile: int, *at: int) -> dict[str, Any]:
        kind, offered, count = c_uint(profile), (c_uint * 64)(), c_uint(32)
        name = "DeviceGetGpuInstancePossiblePlacements_v2"
        self._nvml(name, of, kind, byref(offered), byref(count))
        if [*at] not in [offered[n : n + 2] for n in range(0, 2 * count.value, 2)]:
            raise Refused("limits", "the card offers no such placement")
        if [profile, *at] in self._standing(card, of).values():
            raise Refused("taken", "an instance stands there")
        self.made.append([card, profile, *at])
        self._keep()
        name, place = "DeviceCreateGpuInstanceWithPlacement", (c_uint * 2)(*at)
        made = self._get(c_void_p, name, of, kind, byref(place))
        try:
            name = "GpuInstanceGetComputeInstanceProfileInfo"
            whole = max(self._each(COMPUTE_PROFILE, name, made, c_uint(0)), key=lambda one: one[3])
            self._get(c_void_p, "GpuInstanceCreateComputeInstance", made, c_uint(whole[0]))
            told = self._get(INSTANCE, "GpuInstanceGetInfo", made)
            if told[3:] != [profile, *at]:
                raise Refused("elsewhere", "")
        except (Refused, ValueError) as no:
            self._destroy(made)
            raise Refused(no.args[0], "it could not be finished") from no
        return {"instance": told[2]}

    def destroy(self, card: str, of: c_void_p, instance: int) -> None:
        mine = [card, *self._standing(card, of).get(instance, [])]
        if mine not in self.made:
            raise Refused("foreign", "no instance of that number was made here")
        self._destroy(self._get(c_void_p, "DeviceGetGpuInstanceById", of, c_uint(instance)))
        self.made.remove(mine)
        self._keep()

    def _standing(self, card: str, of: c_void_p) -> dict[int, list[int]]:
        """[profile, start, size] by number; what was made here and is gone is forgotten."""
        handles = self._each(c_void_p, "DeviceGetGpuInstanceById", of)
        told = [self._get(INSTANCE, "GpuInstanceGetInfo", handle) for handle in handles]
        found = {one[2]: one[3:] for one in told}
        self.made = [one for one in self.made if one[0] != card or one[1:] in found.values()]
        return found

    def _destroy(self, made: c_void_p) -> None:
        for compute in self._each(c_void_p, "GpuInstanceGetComputeInstanceById", made):
            self._nvml("ComputeInstanceDestroy", compute)
        self._nvml("GpuInstanceDestroy", made)

    def _within(self, value: int, name: str, *arguments: Any) -> None:
        lowest, highest = c_uint(), c_uint()
        self._nvml(name, *arguments, byref(lowest), byref(highest))
        if not lowest.value <= value <= highest.value:
            raise Refused("limits", f"the card takes {lowest.value} to {highest.value}")

    def _each(self, kind: Any, name: str, of: c_void_p, *more: Any) -> Any:
        for number in range(32):
            try:
                yield self._get(kind, name, of, c_uint(number), *more)
            except Refused as no:
                if no.args[0] not in (2, 3, 6):  # invalid argument, not supported, not found
                    raise

    def _get(self, kind: Any, name: str, *arguments: Any) -> Any:
        found = kind()
        self._nvml(name, *arguments, byref(found))
        return found

    def _nvml(self, name: str, *arguments: Any) -> None:
        code = getattr(self._library, "nvml" + name)(*arguments)
        if code:
            raise Refused(code, name)

    def _keep(self) -> None:
        half = self._state.with_suffix(".half")
        half.write_text(json.dumps([self.undo, self.made]))
        half.rename(self._state)


def main() -> None:
    owner, path, rights = int(sys.argv[1]), Path(sys.argv[2]), Rights(Path(sys.argv[3]))
    os.umask(0o177)
    path.unlink(missing_ok=True)
    listening = socket.create_server(str(path), family=socket.AF_UNIX, backlog=1)
    os.chown(path, owner, -1)
    listening.settimeout(1.0)  # what is not put back yet is tried again
    for number in (signal.SIGTERM, signal.SIGALRM):  # the alarm: else a signal that comes just
        signal.signal(number, lambda got, _: got == signal.SIGTERM and sys.exit())  # before a call
    signal.setitimer(signal.ITIMER_REAL, 1.0, 1.0)  # that waits would be heard only after it
    try:
        while True:
            rights.restore()
            with suppress(OSError), listening.accept()[0] as came, came.makefile("rb") as lines:
                peer = came.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)[4:8]  # its uid
                mine = int.from_bytes(peer, sys.byteorder) == owner
                while mine and (line := lines.readline(4096)):
                    came.sendall(json.dumps(rights.answer(line)).encode() + b"\n")
    finally:
        rights.restore(at_once=True)


if __name__ == "__main__":
    main()
