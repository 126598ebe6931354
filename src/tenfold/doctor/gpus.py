"""The cards and their driver."""

from __future__ import annotations

from collections.abc import Iterator

from tenfold.doctor.facts import Facts, Gpus
from tenfold.doctor.finding import Check, Seen, note, ok, trouble

# What NVML calls slowdowns of the hardware, in the words of tenfold.hardware.nvml.words.
ALARMING = ("slowed by the hardware", "too hot", "the power supply asks for less")
HARMLESS = ("clocks set by hand", "clocks set for a display", "at its power limit")

_PROPRIETARY = "install NVIDIA's driver from your distribution's packages, then: sudo reboot"


def driver(facts: Facts) -> Iterator[Seen]:
    gpus = facts.gpus
    if gpus.failed:
        fix = "sudo dmesg | grep -i -e nvrm -e xid | tail; sudo reboot mends most of it"
        yield trouble(f"The NVIDIA driver was asked and {gpus.failed}.", fix)
    elif gpus.driver is None:
        yield _absent(gpus)
    elif not gpus.cards and gpus.pci:
        fix = "sudo dmesg | grep -i -e nvrm -e xid | tail; in a container: --gpus all"
        yield trouble(f"Driver {gpus.driver} is there and shows none of {gpus.pci} cards.", fix)
    else:
        count = f"{len(gpus.cards)} card" + ("" if len(gpus.cards) == 1 else "s")
        yield ok(f"NVIDIA driver {gpus.driver}, CUDA up to {gpus.cuda or 'n/a'}, {count}.")


def _absent(gpus: Gpus) -> Seen:
    if gpus.nouveau:
        return trouble("The cards are driven by nouveau, which cannot compute.", _PROPRIETARY)
    why = gpus.why or "no NVIDIA driver answers"
    if gpus.loaded and not gpus.nodes:
        fix = "sudo nvidia-modprobe -c 0 -u; in a container: start it with --gpus all"
        return trouble(f"NVIDIA's module is loaded, but /dev/nvidiactl is not there: {why}.", fix)
    if gpus.loaded:
        fix = "sudo reboot, if the driver was upgraded; in a container: start it with --gpus all"
        return trouble(f"NVIDIA's module is loaded, but does not answer: {why}.", fix)
    if gpus.pci:
        fix = f"sudo modprobe nvidia; or {_PROPRIETARY}"
        return trouble(f"There are {gpus.pci} NVIDIA cards and no driver for them: {why}.", fix)
    return ok("There is no NVIDIA card; jobs run on the CPU.")


def persistence(facts: Facts) -> Iterator[Seen]:
    if facts.gpus.driver is None or not facts.gpus.cards:
        return
    if facts.gpus.persistence:
        yield ok("nvidia-persistenced keeps the driver awake.")
    else:
        fix = "sudo systemctl enable --now nvidia-persistenced"
        yield note("nvidia-persistenced is not running.", fix)


def cards(facts: Facts) -> Iterator[Seen]:
    for number, card in enumerate(facts.gpus.cards):
        shown = f"Card {number} ({card.name})"
        held = [reason for reason in card.throttle if reason not in HARMLESS]
        if any(reason in ALARMING for reason in held):
            fix = f"nvidia-smi -q -d PERFORMANCE,TEMPERATURE,POWER -i {number}"
            yield trouble(f"{shown} is held back: {', '.join(held)}.", fix)
        elif held:
            fix = f"nvidia-smi -q -d PERFORMANCE -i {number}"
            yield note(f"{shown} is held back: {', '.join(held)}.", fix)
        elif card.mig:
            yield note(
                f"{shown} is in MIG mode: jobs get its slices.", f"nvidia-smi mig -lgi -i {number}"
            )
        else:
            yield ok(f"{shown} runs freely.")


CHECKS = (
    Check(
        "cards",
        "driver",
        "it is loaded, answers, and shows every card on the bus",
        "Without it no job gets a card.",
        driver,
    ),
    Check(
        "cards",
        "persistence",
        "the driver stays loaded between jobs",
        "Otherwise it starts anew for each job, which takes seconds, and forgets its power limit.",
        persistence,
    ),
    Check(
        "cards",
        "card",
        "what holds its clocks down; whether it is in MIG mode",
        "A card that is too hot or short of power gives a part of what it could.",
        cards,
    ),
)
