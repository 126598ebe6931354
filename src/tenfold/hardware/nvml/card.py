"""One card: what it is, and the readings that are cheap enough for every tick.

Units on the way in: milliwatts, millijoules, bytes, percent. The plain temperature call is old and
newer cards may refuse it, so it is asked second.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tenfold.hardware.nvml.library import Library
from tenfold.hardware.nvml.words import clock_words
from tenfold.terms.reading import Measured, Missing

GIB = 2**30
_MEMORY_V2 = 0x02000028  # nvmlMemory_v2 of nvml.h: struct size and version
_CORE_SENSOR = 0  # NVML_TEMPERATURE_GPU
_MAX_OPERATING = 3  # NVML_TEMPERATURE_THRESHOLD_GPU_MAX
_UNCORRECTED, _SINCE_LOADED = 1, 0  # NVML_MEMORY_ERROR_TYPE_UNCORRECTED, NVML_VOLATILE_ECC


@dataclass(frozen=True)
class Facts:
    """What does not change while the driver is loaded, but for MIG mode and the power limit."""

    index: int
    uuid: str | Missing
    name: str | Missing
    memory_gib: Measured  # what programs can have
    compute_capability: str | Missing
    bus: str | Missing  # PCI bus id
    mig: bool | Missing
    limit_w: Measured
    limit_default_w: Measured
    limit_lowest_w: Measured
    limit_highest_w: Measured
    max_operating_c: Measured


def facts(library: Library, index: int) -> Facts:
    """Of the card that NVML counts as `index`."""
    handle = library.ask("nvmlDeviceGetHandleByIndex", index)
    ask = library.ask
    memory = memory_of(library, handle)
    capability = ask("nvmlDeviceGetCudaComputeCapability", handle)
    pci = ask("nvmlDeviceGetPciInfo", handle)
    mode = ask("nvmlDeviceGetMigMode", handle)
    limits = ask("nvmlDeviceGetPowerManagementLimitConstraints", handle)
    told = not isinstance(limits, Missing)
    return Facts(
        index=index,
        uuid=ask("nvmlDeviceGetUUID", handle),
        name=ask("nvmlDeviceGetName", handle),
        memory_gib=memory if isinstance(memory, Missing) else memory[0],
        compute_capability=capability
        if isinstance(capability, Missing)
        else f"{capability[0]}.{capability[1]}",
        bus=pci if isinstance(pci, Missing) else pci.busId,
        mig=mode if isinstance(mode, Missing) else bool(mode[0]),
        limit_w=limit_w(library, handle),
        limit_default_w=library.number(
            "nvmlDeviceGetPowerManagementDefaultLimit", handle, per=1000
        ),
        limit_lowest_w=limits[0] / 1e3 if told else limits,
        limit_highest_w=limits[1] / 1e3 if told else limits,
        max_operating_c=library.number("nvmlDeviceGetTemperatureThreshold", handle, _MAX_OPERATING),
    )


def memory_of(library: Library, handle: Any) -> tuple[float, float] | Missing:
    """GiB that programs can have, and that are used of them. What the driver keeps for itself is in
    neither; a driver too old to tell counts it as used."""
    memory = library.ask("nvmlDeviceGetMemoryInfo", handle, version=_MEMORY_V2)
    kept = 0
    if isinstance(memory, Missing):
        memory = library.ask("nvmlDeviceGetMemoryInfo", handle)
        if isinstance(memory, Missing):
            return memory
    else:
        kept = memory.reserved
    return (memory.total - kept) / GIB, memory.used / GIB


def limit_w(library: Library, handle: Any) -> Measured:
    """The most it may draw now, whoever set that."""
    return library.number("nvmlDeviceGetEnforcedPowerLimit", handle, per=1000)


def power_w(library: Library, handle: Any) -> Measured:
    """Mean over the last second on most cards."""
    return library.number("nvmlDeviceGetPowerUsage", handle, per=1000)


def energy_j(library: Library, handle: Any) -> Measured:
    return library.number("nvmlDeviceGetTotalEnergyConsumption", handle, per=1000)


def temperature_c(library: Library, handle: Any) -> Measured:
    now = library.number("nvmlDeviceGetTemperatureV", handle, _CORE_SENSOR)
    if isinstance(now, Missing):
        return library.number("nvmlDeviceGetTemperature", handle, _CORE_SENSOR)
    return now


def margin_c(library: Library, handle: Any) -> Measured:
    return library.number("nvmlDeviceGetMarginTemperature", handle)


def fan(library: Library, handle: Any) -> Measured:
    return library.number("nvmlDeviceGetFanSpeed", handle, per=100)


def utilisation(library: Library, handle: Any) -> Measured:
    """The share of time in which any kernel ran: not how full the card was."""
    rates = library.ask("nvmlDeviceGetUtilizationRates", handle)
    return rates if isinstance(rates, Missing) else rates.gpu / 100


def throttle(library: Library, handle: Any) -> tuple[str, ...] | Missing:
    reasons = library.ask("nvmlDeviceGetCurrentClocksEventReasons", handle)
    if isinstance(reasons, Missing):  # its name before driver 535
        reasons = library.ask("nvmlDeviceGetCurrentClocksThrottleReasons", handle)
    return reasons if isinstance(reasons, Missing) else clock_words(reasons)


def ecc_errors(library: Library, handle: Any) -> Measured:
    """Those that could not be corrected, since the driver was loaded."""
    return library.number("nvmlDeviceGetTotalEccErrors", handle, _UNCORRECTED, _SINCE_LOADED)


def rows(library: Library, handle: Any) -> tuple[bool | Missing, bool | Missing]:
    """Whether rows of memory wait to be replaced at a reset, and whether one could not be."""
    told = library.ask("nvmlDeviceGetRemappedRows", handle)
    return (told, told) if isinstance(told, Missing) else (bool(told[2]), bool(told[3]))
