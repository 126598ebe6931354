"""The network guard of a Python process itself: an audit hook; its children have netguard.c."""

from __future__ import annotations

import errno
import ipaddress
import os
from typing import Any

EVENTS = ("socket.connect", "socket.sendto", "socket.sendmsg")


def inside(host: str) -> bool:
    """Whether an address stays on this machine."""
    if host in ("", "localhost"):
        return True
    try:
        address = ipaddress.ip_address(host.split("%")[0])
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None) or address
    return bool(mapped.is_loopback or mapped.is_unspecified)


def refuse(event: str, values: tuple[Any, ...]) -> None:
    """For sys.addaudithook: notes in NETGUARD_LOG, and raises for, what leaves the machine."""
    if event not in EVENTS:
        return
    address = values[1]
    if not isinstance(address, tuple) or not isinstance(address[0], str) or inside(address[0]):
        return
    with open(os.environ["NETGUARD_LOG"], "a") as log:
        log.write(f"{os.getpid()} pytest {address[0]} port {address[1]}\n")
    raise OSError(errno.ENETUNREACH, f"{event} to {address[0]}: tests have no network")
