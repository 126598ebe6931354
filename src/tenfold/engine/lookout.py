"""The box as it is seen from one tick to the next: what is read of it, what is shown of it to
placement, and what a decision changes of it.

`read` takes a reading; a card that is lost leaves at once, one that is hot or broken is seen to.
`prepared` sets the limits and makes the slices that the starts of a decision count on. `saw` keeps
what the decision changed. All of it is the tick's thread's, but for `box`, which any may read.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace
from pathlib import Path

from tenfold.engine.cards import Cards, JobOf
from tenfold.engine.carve import Carver
from tenfold.engine.curves import CurvesFile
from tenfold.engine.limits import Limits, modelled
from tenfold.hardware.detect import Meter
from tenfold.hardware.modelled import INLET_C, capped, carved, with_slots
from tenfold.ledger.ledger import Ledger
from tenfold.rights.ask import Rights
from tenfold.site.host import hosted
from tenfold.site.place import place_reading
from tenfold.site.settings import SiteConfig
from tenfold.terms.box import Box, Slot
from tenfold.terms.decision import Decision
from tenfold.terms.reading import Missing, PlaceReading, Reading

PLACE_CHARS = 65_536  # of the place's file


class Lookout:
    def __init__(
        self,
        meter: Meter,
        site: SiteConfig,
        ledger: Ledger,
        job_of: JobOf,
        slots: Iterable[Slot],
        now_s: float,
        rights: Rights | None = None,
        curves: CurvesFile | None = None,
    ) -> None:
        """`meter.box` is as it was found: what the site says of its hosts is put over it here.
        `slots` are held by jobs that an earlier daemon has started."""
        self.meter = meter
        self.cards = Cards(ledger, job_of)
        self._site = site
        self._curves = curves
        self._carver = None if rights is None else Carver(rights, ledger, meter.mig_uuids)
        box = meter.recurve(self._dressed)
        if box.modelled:
            box = meter.box = with_slots(box, slots)
        elif self._carver is not None:
            self._carver.rebuild(box)
            box = self._carver.shown(box, now_s)
        if box.modelled or rights is None:
            self.limits = Limits(modelled, settle_s=0.0)
        else:
            self.limits = Limits(rights.ask)
        self.box = self._bare = box  # `_bare`: without what `cards` shows of it

    def resite(self, site: SiteConfig) -> None:
        """From here on these settings say what the hosts draw, and where the place is read."""
        self._site = site
        now = self.meter.box
        found = self.meter.recurve(self._dressed)
        if now.modelled:  # what was set and carved of it stands nowhere else
            self.meter.box = _with_hosts(now, found)
        self._bare = _with_hosts(self._bare, found)

    def read(self, slots: Collection[Slot], now_s: float) -> Reading:
        """`slots` are held by jobs."""
        if self._curves is not None and self._curves.changed(now_s):
            self.meter.recurve(self._dressed)
        place = self._place(now_s)
        told_c = None if place is None else place.inlet_c
        inlet_c = INLET_C if told_c is None or isinstance(told_c, Missing) else told_c
        reading = replace(self.meter.reading(slots, now_s, inlet_c), place=place)
        self._bare = _without(self._bare, self.meter.lost)
        self.limits.seen(reading)
        bare = self.limits.shown(self._bare, now_s)
        self.box = self.cards.look(bare, reading, slots, now_s)
        return reading

    def failed(self, devices: Collection[str], now_s: float) -> bool:
        """Whether a job on these that ends at this moment may have died of its card."""
        if self.meter.lost_now(devices):
            return True
        return self.cards.failed(self.meter.xids_now(devices), now_s)

    def prepared(self, decision: Decision, now_s: float) -> Decision:
        """Set the power limits and make the slices that its starts count on; else these wait."""
        decision = self.limits.carry_out(decision, self.box, now_s)
        if self._carver is None or self.box.modelled:
            return decision
        return self._carver.carry_out(self.box, decision)

    def saw(self, reading: Reading, decision: Decision) -> None:
        """Keep what the decision changed of the box itself."""
        if self.box.modelled:
            self.meter.box = carved(capped(self._bare, decision.caps), decision.relayouts)
        # Cards are lost and found, and others set limits too. Those that were just set here are not
        # read yet, and the next decision must know them all the same.
        bare = capped(self.meter.box, decision.caps)
        if self._carver is not None and not bare.modelled:
            bare = self._carver.shown(bare, reading.at_s)
        self._bare = bare
        self.box = self.cards.shown(self.limits.shown(bare, reading.at_s))

    def judged(self, site: SiteConfig) -> Box:
        """The box as it would be with these settings. Any thread may ask."""
        return _with_hosts(self.box, hosted(self.meter.found, site))

    def close(self) -> None:
        self.meter.close()

    def _dressed(self, box: Box) -> Box:
        """The box as it was found, with what its owner says and has measured of it."""
        box = hosted(box, self._site)
        return box if self._curves is None else self._curves.over(box)

    def _place(self, now_s: float) -> PlaceReading | None:
        """What the owner's own program tells of the place."""
        if not self._site.place_file:
            return None
        try:
            with open(Path(self._site.place_file).expanduser(), encoding="utf-8") as file:
                return place_reading(file.read(PLACE_CHARS), now_s)
        except (OSError, UnicodeDecodeError) as error:
            nothing = Missing(f"the place's file cannot be read: {error}")
            return PlaceReading(nothing, nothing, nothing)


def _without(box: Box, lost: Collection[str]) -> Box:
    if not any(device.id in lost for device in box.devices):
        return box
    nodes = (
        replace(node, devices=tuple(one for one in node.devices if one.id not in lost))
        for node in box.nodes
    )
    return replace(box, nodes=tuple(nodes))


def _with_hosts(box: Box, like: Box) -> Box:
    """The box with the watts of the hosts of `like`, and its clocks for services that decode."""
    host_w = {node.name: node.host_w for node in like.nodes}
    clocks = {one.id: one.decode_clock_mhz for one in like.devices}
    nodes = (
        replace(
            node,
            host_w=host_w[node.name],
            devices=tuple(
                replace(one, decode_clock_mhz=clocks.get(one.id, one.decode_clock_mhz))
                for one in node.devices
            ),
        )
        for node in box.nodes
    )
    return replace(box, nodes=tuple(nodes))
