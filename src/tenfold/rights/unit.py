"""How the helper is installed: the systemd unit, and the commands that a person pastes with sudo.

Nothing here runs anything. The helper is copied to a folder that only root can write; what is run
as root afterwards is that copy. Its state lies in memory (/run): a reboot also forgets every limit,
clock and slice that it speaks of.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

HELPER = Path(__file__).with_name("helper.py")
NAME = "tenfold-rights"
INSTALLED = Path("/usr/libexec") / NAME / "helper.py"
UNIT = Path("/etc/systemd/system") / f"{NAME}.service"
FOLDER = Path("/run") / NAME
SOCKET = FOLDER / "socket"

# CAP_SYS_ADMIN is what NVIDIA's driver asks of whoever sets a limit or carves; CAP_CHOWN gives the
# socket to the owner. ProtectHome hides what the owner can write.
_UNIT = """\
[Unit]
Description=Power limits and MIG slices of NVIDIA's cards for one owner of Tenfold
After=nvidia-persistenced.service

[Service]
ExecStart=/usr/bin/python3 -I -S {installed} {uid} {socket} {folder}/state.json
Restart=on-failure
RestartSec=1
RuntimeDirectory={name}
RuntimeDirectoryPreserve=yes
UMask=0077
CapabilityBoundingSet=CAP_SYS_ADMIN CAP_CHOWN
NoNewPrivileges=yes
ProtectSystem=strict
ProtectHome=yes
PrivateTmp=yes
PrivateNetwork=yes
RestrictAddressFamilies=AF_UNIX
IPAddressDeny=any
DevicePolicy=closed
DeviceAllow=char-nvidia* rw
ProtectClock=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectControlGroups=yes
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
TasksMax=16
MemoryMax=256M

[Install]
WantedBy=multi-user.target
"""


def unit(uid: int) -> str:
    """The unit for the owner with this uid."""
    return _UNIT.format(name=NAME, installed=INSTALLED, socket=SOCKET, folder=FOLDER, uid=uid)


def commands(uid: int) -> list[str]:
    """Paste these; the first shows that the copy is the file that was meant."""
    digest = hashlib.sha256(HELPER.read_bytes()).hexdigest()
    return [
        f"sudo install -D -o root -g root -m 0644 {HELPER} {INSTALLED}",
        f"echo '{digest}  {INSTALLED}' | sha256sum --check",
        f"tenfold rights install --unit --uid {uid} | sudo tee {UNIT} > /dev/null",
        f"sudo systemctl daemon-reload && sudo systemctl enable --now {NAME}",
    ]


def removal() -> list[str]:
    """Back to advisory: ending it puts limits and clocks back."""
    return [
        f"sudo systemctl disable --now {NAME}",
        f"sudo rm -r {UNIT} {INSTALLED.parent} {FOLDER}",
    ]
