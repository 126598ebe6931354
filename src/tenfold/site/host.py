"""The box as the owner's settings make it: what everything but the cards draws, as they say, or as
the box's own data, or assumed; and the clock for services that decode."""

from __future__ import annotations

from dataclasses import replace

from tenfold.site.settings import SiteConfig
from tenfold.terms.box import Box, Device, DeviceKind

# A machine with cards whose owner does not say. Ten-card chassis: 4.3 to 5 kW at the wall with
# eight 350 W cards (ServeTheHome, SYS-521GE-TNRT), the upper end less the cards; a workstation:
# assumed. A limit that passes over the host would be none.
ASSUMED_W, MANY_W, MANY = 250.0, 2200.0, 4


def hosted(box: Box, config: SiteConfig) -> Box:
    """The box with these watts of its hosts, divided evenly over its nodes, and this clock."""
    if config.decode_clock_mhz is not None:
        nodes = [
            replace(
                node, devices=tuple(_clocked(one, config.decode_clock_mhz) for one in node.devices)
            )
            for node in box.nodes
        ]
        box = replace(box, nodes=tuple(nodes))
    if config.host_watts is not None:
        each_w = config.host_watts / max(1, len(box.nodes))
        aside_w = [sum(one.device.cap_w for one in node.aside) for node in box.nodes]
        nodes = [
            replace(node, host_w=each_w + more_w)
            for node, more_w in zip(box.nodes, aside_w, strict=True)
        ]
        return replace(box, nodes=tuple(nodes))
    if box.modelled or not box.gpus:
        return box
    nodes = [
        replace(node, host_w=node.host_w + (MANY_W if len(box.gpus) > MANY else ASSUMED_W))
        for node in box.nodes
    ]
    return replace(box, nodes=tuple(nodes))


def _clocked(device: Device, mhz: int) -> Device:
    return replace(device, decode_clock_mhz=mhz) if device.kind is DeviceKind.GPU else device
