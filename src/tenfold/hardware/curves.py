"""Speed and draw against the power limit, where nobody has measured the owner's own cards.

Medians of the Zeus traces (NSDI'23, ml-energy/zeus, Apache-2.0; summary_power_v100.csv and _a40),
recomputed by `tests/hardware/test_curves.py` from the copies in `benchmarks/data`. Two kinds of
work: *compute* draws more than 70 % of the limit when nothing holds it down, *light* less. At each
limit the slower of the two cards counts, and the higher draw; speeds are made to rise only. No
curve of a Hopper card could be read: `tenfold calibrate` measures one.

*decode*: generating text with a language model draws 137 to 300 W of 700 on an H100 (operating
facts, section 3), so a limit above 43 % of the highest changes nothing.
"""

from __future__ import annotations

from tenfold.terms.curve import Curve

_ZEUS = "Zeus NSDI'23 traces, V100 and A40 (the slower of both); not of this card"

COMPUTE = Curve(
    "compute",
    caps=(0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0),
    speeds=(0.388, 0.608, 0.853, 0.914, 0.952, 0.981, 1.0),
    draws=(0.402, 0.484, 0.567, 0.656, 0.736, 0.821, 0.881),
    source=_ZEUS,
)
LIGHT = Curve(
    "light",
    caps=(0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0),
    speeds=(0.967, 0.967, 0.983, 0.988, 0.989, 0.994, 1.0),
    draws=(0.314, 0.317, 0.313, 0.315, 0.312, 0.31, 0.321),
    source=_ZEUS,
)
DECODE = Curve(
    "decode",
    caps=(0.43, 1.0),
    speeds=(1.0, 1.0),
    draws=(0.43, 0.43),
    source="137 to 300 W of 700 while an H100 decodes (ml-energy, POLCA); the speed is assumed",
)

CURVES = (COMPUTE, LIGHT, DECODE)
