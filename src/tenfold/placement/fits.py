"""Whether a job can ever have a place on this box: asked when it is submitted.

Watts are not looked at here: the site's limit may be raised, the box cannot.
"""

from __future__ import annotations

from tenfold.terms.box import Box, DeviceKind, Node
from tenfold.terms.needs import Needs


def fits(box: Box, needs: Needs) -> tuple[str, str] | None:
    """None where `needs` fits some day; else what it asks and the largest that would fit, in words.

    Slices are let in wherever there is a GPU: it may be carved later.
    """
    return None if Extent(box).holds(needs) else (asked(needs), largest(box, needs))


class Extent:
    """How large the box is when it is empty."""

    def __init__(self, box: Box) -> None:
        self._gpus_gib = [_gpus_gib(node) for node in box.nodes]
        self._cpus = [device for device in box.devices if device.kind is DeviceKind.CPU]

    def holds(self, needs: Needs) -> bool:
        """Whether `needs` has a place on one node."""
        if needs.slice is not None:
            return any(self._gpus_gib)
        count, memory_gib = needs.gpus, needs.memory_gib
        if count:
            return any(len(gib) >= count and gib[count - 1] >= memory_gib for gib in self._gpus_gib)
        return any(cpu.cores >= needs.cores and cpu.memory_gib >= memory_gib for cpu in self._cpus)


def _gpus_gib(node: Node) -> list[float]:
    """Memory of the node's GPUs, the largest first."""
    gpus = [device.memory_gib for device in node.devices if device.kind is DeviceKind.GPU]
    return sorted(gpus, reverse=True)


def asked(needs: Needs) -> str:
    """What `needs` asks for, in words."""
    if needs.slice is not None:
        return f"a slice {needs.slice}"
    if needs.gpus == 1:
        return f"a GPU of {needs.memory_gib:g} GiB"
    if needs.gpus:
        return f"{needs.gpus} GPUs of {needs.memory_gib:g} GiB each on one node"
    return share(needs.cores, needs.memory_gib)


def share(cores: int, memory_gib: float) -> str:
    """A CPU share in words."""
    return f"{cores} {'core' if cores == 1 else 'cores'} and {memory_gib:.4g} GiB of memory"


def largest(box: Box, needs: Needs) -> str:
    """The largest place of the kind that `needs` asks for, in words."""
    if not needs.gpus:
        cpus = [device for device in box.devices if device.kind is DeviceKind.CPU]
        most = max(cpus, key=lambda cpu: (cpu.cores, cpu.memory_gib), default=None)
        return "no CPU share" if most is None else share(most.cores, most.memory_gib)
    gpus_gib = max((_gpus_gib(node) for node in box.nodes), key=len, default=[])
    if not gpus_gib:
        return "a CPU share (there is no GPU)"
    if len(gpus_gib) == 1:
        return f"a GPU of {gpus_gib[0]:g} GiB"
    sizes = sorted(set(gpus_gib), reverse=True)
    return f"{len(gpus_gib)} GPUs of {' or '.join(f'{gib:g}' for gib in sizes)} GiB on one node"
