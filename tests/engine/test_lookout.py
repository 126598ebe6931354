"""What is seen of a box stays seen when the owner's settings change."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tenfold.engine.lookout import Lookout
from tenfold.hardware import declared
from tenfold.hardware.detect import Meter
from tenfold.ledger.ledger import Ledger
from tenfold.site.host import ASSUMED_W
from tenfold.site.settings import SiteConfig
from tenfold.terms.box import Box, Device, DeviceKind, Node, Slot
from tenfold.terms.decision import Cap, Decision, Relayout
from tenfold.terms.mig import Placement

PLACE = Placement("3g.40gb", 0, 4)
DECISION = Decision(caps=(Cap("gpu0", 250.0),), relayouts=(Relayout("gpu0", (), (PLACE,)),))


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    found = Ledger(tmp_path / "ledger.sqlite")
    yield found
    found.close()


def lookout(ledger: Ledger, box: Box, site: SiteConfig, *slots: Slot) -> Lookout:
    return Lookout(Meter(box), site, ledger, lambda pid: None, slots, 0.0)


def test_other_hosts_leave_limits_and_slices_as_they_are(ledger: Ledger) -> None:
    box = declared.box("10xH100-PCIe")
    seen = lookout(ledger, box, SiteConfig(host_watts=900.0))
    assert seen.box.host_w == 900.0
    reading = seen.read((), 1.0)
    seen.saw(reading, DECISION)
    for watts, host_w in ((1200.0, 1200.0), (None, box.host_w)):
        assert seen.judged(SiteConfig(host_watts=watts)).host_w == host_w
        seen.resite(SiteConfig(host_watts=watts))
        reading = seen.read((), 2.0)
        assert seen.box.host_w == host_w and reading.devices[-1].power_w == host_w
        told = reading.devices[0].gpu
        assert told is not None and told.limit_w == 250.0
        first = seen.box.gpus[0]
        assert (first.cap_w, [one.placement for one in first.instances]) == (250.0, [PLACE])
        seen.saw(reading, Decision())
        assert (seen.box.host_w, seen.box.gpus[0].cap_w) == (host_w, 250.0)


def test_what_is_assumed_of_a_real_host_is_not_added_twice(ledger: Ledger) -> None:
    card = Device("GPU-a", DeviceKind.GPU, "a card", "host", 80.0, cap_w=350.0)
    cpu = Device("cpu", DeviceKind.CPU, "a CPU", "host", 64.0, cores=4)
    seen = lookout(ledger, Box("here", (Node("host", (card, cpu)),)), SiteConfig())
    assert seen.box.host_w == ASSUMED_W
    for site in (
        SiteConfig(),
        SiteConfig(watts=2000.0),
        SiteConfig(host_watts=400.0),
        SiteConfig(),
    ):
        expected_w = ASSUMED_W if site.host_watts is None else site.host_watts
        assert seen.judged(site).host_w == expected_w
        seen.resite(site)
        assert seen.meter.box.host_w == expected_w


def test_the_clock_for_decoding_comes_and_goes(ledger: Ledger) -> None:
    seen = lookout(ledger, declared.box("2xH100-PCIe"), SiteConfig(decode_clock_mhz=900))
    for site, mhz in ((SiteConfig(), 0), (SiteConfig(decode_clock_mhz=1200), 1200)):
        seen.resite(site)
        seen.read((), 1.0)
        assert {gpu.decode_clock_mhz for gpu in seen.box.gpus} == {mhz}
