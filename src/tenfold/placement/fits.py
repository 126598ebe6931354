"""Whether a job can ever have a place on this box: asked when it is submitted.

Watts are not looked at here: the site's limit may be raised, the box cannot.
"""

from __future__ import annotations

from collections.abc import Iterable

from tenfold.placement.packing import by_slice, packing
from tenfold.placement.slots import serves
from tenfold.terms.box import Box, Device, DeviceKind, Node
from tenfold.terms.mig import Profile
from tenfold.terms.needs import Needs


def fits(box: Box, needs: Needs) -> tuple[str, str] | None:
    """None where `needs` fits some day; else what it asks and the nearest that would, in words."""
    return None if Extent(box).holds(needs) else (asked(needs), largest(box, needs))


class Extent:
    """How large the box is when it is empty."""

    def __init__(self, box: Box) -> None:
        self._nodes = [
            [device for device in node.devices if device.kind is DeviceKind.GPU]
            for node in box.nodes
        ]
        self._spans = box.span_factor is not None
        self._gpus = box.gpus
        self._cpus = [device for device in box.devices if device.kind is DeviceKind.CPU]

    def holds(self, needs: Needs) -> bool:
        """Whether `needs` has a place: on one node, or on several where the box lets gangs span."""
        count, memory_gib = needs.gpus, needs.memory_gib
        if by_slice(needs):
            return count <= 1 and any(_carries(gpu, needs) for gpu in self._gpus)
        if count:
            able = [sum(serves(gpu, needs) for gpu in gpus) for gpus in self._nodes]
            return (sum(able) if self._spans else max(able, default=0)) >= count
        return any(cpu.cores >= needs.cores and cpu.memory_gib >= memory_gib for cpu in self._cpus)


def _carries(gpu: Device, needs: Needs) -> bool:
    """Whether the card has such a slice, or stands in for it as a whole."""
    if gpu.mig is not None and packing(gpu.mig).wanted(needs) is not None:
        return True
    return needs.slice is None and gpu.memory_gib >= needs.memory_gib


def _gpus_gib(node: Node) -> list[float]:
    """Memory of the node's GPUs, the largest first."""
    gpus = [device.memory_gib for device in node.devices if device.kind is DeviceKind.GPU]
    return sorted(gpus, reverse=True)


def asked(needs: Needs) -> str:
    """What `needs` asks for, in words."""
    if needs.slice is not None:
        if needs.gpus > 1:
            return f"a slice {needs.slice} and {needs.gpus} GPUs (a job on a slice has just one)"
        profile_gib = f" with {needs.memory_gib:g} GiB" if needs.memory_gib > 1 else ""
        return f"a slice {needs.slice}{profile_gib}"
    if by_slice(needs):
        part = f"{needs.share:.0%} of a GPU" if needs.share is not None else "a part of a GPU"
        return f"{part} and {needs.memory_gib:g} GiB of its memory"
    if needs.gpus == 1:
        return f"a GPU of {needs.memory_gib:g} GiB"
    if needs.gpus:
        return f"{needs.gpus} GPUs of {needs.memory_gib:g} GiB each on one node"
    return share(needs.cores, needs.memory_gib)


def share(cores: int, memory_gib: float) -> str:
    """A CPU share in words."""
    return f"{cores} {'core' if cores == 1 else 'cores'} and {memory_gib:.4g} GiB of memory"


def largest(box: Box, needs: Needs) -> str:
    """The largest place of the kind that `needs` asks for, in words; of slices the nearest."""
    if not needs.gpus and not by_slice(needs):
        cpus = [device for device in box.devices if device.kind is DeviceKind.CPU]
        most = max(cpus, key=lambda cpu: (cpu.cores, cpu.memory_gib), default=None)
        return "no CPU share" if most is None else share(most.cores, most.memory_gib)
    if needs.slice is not None and (near := nearest(box, needs)):
        return near
    gpus_gib = max((_gpus_gib(node) for node in box.nodes), key=len, default=[])
    if not gpus_gib:
        return "a CPU share (there is no GPU)"
    if len(gpus_gib) == 1:
        return f"a GPU of {gpus_gib[0]:g} GiB"
    sizes = sorted(set(gpus_gib), reverse=True)
    return f"{len(gpus_gib)} GPUs of {' or '.join(f'{gib:g}' for gib in sizes)} GiB on one node"


def nearest(box: Box, needs: Needs) -> str:
    """The slice of this box that is nearest to the one asked for, in words."""
    profiles = [p for gpu in box.gpus if gpu.mig is not None for p in gpu.mig.profiles]
    if not profiles:
        return ""
    compute, gib = _told(needs.slice or "")
    near = min(
        _distinct(profiles),
        key=lambda profile: (
            profile.memory_gib < needs.memory_gib,
            profile.with_media,
            abs(profile.compute - compute),
            abs(profile.memory_gib - max(gib, needs.memory_gib)),
        ),
    )
    return f"a slice {near.name} of {near.memory_gib:g} GiB"


def _distinct(profiles: Iterable[Profile]) -> list[Profile]:
    return list({profile.name: profile for profile in profiles}.values())


def _told(name: str) -> tuple[int, float]:
    """Compute slices and gigabytes in a profile's name; zeros where it is none."""
    compute, _, rest = name.partition("g.")
    gib = rest.partition("gb")[0]
    if not compute.isascii() or not compute.isdigit() or not gib.isascii() or not gib.isdigit():
        return 0, 0.0
    return int(compute), float(gib)
