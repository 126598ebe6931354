"""What the hardware rooms see of this machine, as JSON: `python -m tenfold.hardware.report`.

A process of its own, so that a driver that hangs or crashes takes nobody along. `why` tells why
there are no cards to ask; a figure that is null stands in `missing` with its reason.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any

from tenfold.hardware import cpu
from tenfold.hardware.nvml import card as nvml_card
from tenfold.hardware.nvml import slices as nvml_slices
from tenfold.hardware.nvml.card import Facts
from tenfold.hardware.nvml.find import cards
from tenfold.hardware.nvml.library import Library
from tenfold.terms.reading import Missing


def report(library: Library) -> dict[str, Any]:
    """Opens `library` and closes it."""
    why = library.open()
    driver = library.ask("nvmlSystemGetDriverVersion")
    cuda = library.ask("nvmlSystemGetCudaDriverVersion_v2")
    found = {
        "driver": None if isinstance(driver, Missing) else driver,
        "cuda": None if isinstance(cuda, Missing) else _version(cuda),
        "why": why.why if why else None,
        "cards": [_card(library, facts) for facts in cards(library)],
        "cpu": _cpu(),
    }
    library.close()
    return found


def _card(library: Library, facts: Facts) -> dict[str, Any]:
    handle = library.ask("nvmlDeviceGetHandleByIndex", facts.index)
    readings: dict[str, Any] = {
        "uuid": facts.uuid,
        "name": facts.name,
        "memory_gib": facts.memory_gib,
        "mig": facts.mig,
        "compute_capability": facts.compute_capability,
        "bus": facts.bus,
        "power_w": nvml_card.power_w(library, handle),
        "limit_w": facts.limit_w,
        "limit_default_w": facts.limit_default_w,
        "limit_lowest_w": facts.limit_lowest_w,
        "limit_highest_w": facts.limit_highest_w,
        "temperature_c": nvml_card.temperature_c(library, handle),
        "throttle": nvml_card.throttle(library, handle),
    }
    missing = {name: value.why for name, value in readings.items() if isinstance(value, Missing)}
    told = {name: None if name in missing else value for name, value in readings.items()}
    slices = nvml_slices.slices(library, handle)
    uuids = () if isinstance(slices, Missing) else [(one.instance, one.id) for one in slices]
    more = {"throttle": list(told["throttle"] or ()), "slices": list(uuids)}
    return {**told, **more, "missing": missing}


def _version(number: int) -> str:
    """12090 is CUDA 12.9."""
    return f"{number // 1000}.{number % 1000 // 10}"


def _cpu() -> dict[str, Any]:
    host = cpu.device()
    return {"model": host.model, "cores": host.cores, "memory_gib": host.memory_gib}


def main() -> int:
    began_s = time.monotonic()
    found = report(Library())
    json.dump({**found, "took_s": round(time.monotonic() - began_s, 3)}, sys.stdout)
    sys.stdout.write("\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
