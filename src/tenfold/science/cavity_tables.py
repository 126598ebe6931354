"""Reference velocities on the two centre lines of the lid-driven cavity, at Re 100, 400, 1000.

    table = TABLES[400]
    table.u         # 15 horizontal velocities at x = 1/2, heights table.y, in lid speeds
    table.ghia_u    # the same of Ghia, Ghia & Shin

E, the columns judged against: Tenfold's own stream-function Newton solution on 128^2 and 256^2,
Richardson-extrapolated, four decimals. At Re 1000 it stays within 7e-4 of Botella & Peyret's
spectral table (Computers & Fluids 27 (1998) 421), worst beside the lid, mostly within 2e-4.
G: Ghia, Ghia & Shin, J. Comput. Phys. 48 (1982) 387, tables I and II. G is kept to be looked at,
not judged by: it errs by up to 0.009 at Re 100 and 0.018 at Re 1000, and its v(0.9063) at Re 400 is
a misprint (-0.23827 for -0.390), left here as printed.
"""

from __future__ import annotations

from dataclasses import dataclass

Column = tuple[float, ...]


@dataclass(frozen=True)
class CavityTable:
    """Both references at one Reynolds number. Lengths in box widths, velocities in lid speeds."""

    y: Column  # heights above the floor, at x = 1/2
    u: Column
    ghia_u: Column
    x: Column  # distances from the left wall, at y = 1/2
    v: Column
    ghia_v: Column


# fmt: off
_Y = (
    0.9766, 0.9688, 0.9609, 0.9531, 0.8516,
    0.7344, 0.6172, 0.5000, 0.4531, 0.2813,
    0.1719, 0.1016, 0.0703, 0.0625, 0.0547,
)
_X = (
    0.9688, 0.9609, 0.9531, 0.9453, 0.9063,
    0.8594, 0.8047, 0.5000, 0.2344, 0.2266,
    0.1563, 0.0938, 0.0781, 0.0703, 0.0625,
)

TABLES: dict[int, CavityTable] = {
    100: CavityTable(
        y=_Y,
        u=(
            0.8435, 0.7916, 0.7407, 0.6912, 0.2364,
            0.0042, -0.1388, -0.2091, -0.2140, -0.1576,
            -0.1017, -0.0644, -0.0466, -0.0420, -0.0372,
        ),
        ghia_u=(
            0.84123, 0.78871, 0.73722, 0.68717, 0.23151,
            0.00332, -0.13641, -0.20581, -0.21090, -0.15662,
            -0.10150, -0.06434, -0.04775, -0.04192, -0.03717,
        ),
        x=_X,
        v=(
            -0.0623, -0.0779, -0.0933, -0.1085, -0.1772,
            -0.2337, -0.2535, 0.0575, 0.1796, 0.1794,
            0.1648, 0.1264, 0.1118, 0.1036, 0.0948,
        ),
        ghia_v=(
            -0.05906, -0.07391, -0.08864, -0.10313, -0.16914,
            -0.22445, -0.24533, 0.05454, 0.17527, 0.17507,
            0.16077, 0.12317, 0.10890, 0.10091, 0.09233,
        ),
    ),
    400: CavityTable(
        y=_Y,
        u=(
            0.7602, 0.6867, 0.6201, 0.5616, 0.2920,
            0.1625, 0.0210, -0.1150, -0.1714, -0.3287,
            -0.2437, -0.1461, -0.1033, -0.0926, -0.0818,
        ),
        ghia_u=(
            0.75837, 0.68439, 0.61756, 0.55892, 0.29093,
            0.16256, 0.02135, -0.11477, -0.17119, -0.32726,
            -0.24299, -0.14612, -0.10338, -0.09266, -0.08186,
        ),
        x=_X,
        v=(
            -0.1254, -0.1614, -0.1981, -0.2346, -0.3898,
            -0.4538, -0.3856, 0.0521, 0.3034, 0.3038,
            0.2835, 0.2316, 0.2110, 0.1988, 0.1851,
        ),
        ghia_v=(
            -0.12146, -0.15663, -0.19254, -0.22847, -0.23827,
            -0.44993, -0.38598, 0.05186, 0.30174, 0.30203,
            0.28124, 0.22965, 0.20920, 0.19713, 0.18360,
        ),
    ),
    1000: CavityTable(
        y=_Y,
        u=(
            0.6637, 0.5802, 0.5170, 0.4723, 0.3371,
            0.1886, 0.0570, -0.0620, -0.1082, -0.2804,
            -0.3885, -0.3003, -0.2229, -0.2023, -0.1812,
        ),
        ghia_u=(
            0.65928, 0.57492, 0.51117, 0.46604, 0.33304,
            0.18719, 0.05702, -0.06080, -0.10648, -0.27805,
            -0.38289, -0.29730, -0.22220, -0.20196, -0.18109,
        ),
        x=_X,
        v=(
            -0.2283, -0.2933, -0.3551, -0.4102, -0.5264,
            -0.4263, -0.3201, 0.0258, 0.3254, 0.3340,
            0.3769, 0.3329, 0.3099, 0.2962, 0.2806,
        ),
        ghia_v=(
            -0.21388, -0.27669, -0.33714, -0.39188, -0.51550,
            -0.42665, -0.31966, 0.02526, 0.32235, 0.33075,
            0.37095, 0.32627, 0.30353, 0.29012, 0.27485,
        ),
    ),
}
# fmt: on


def table_at(reynolds: float) -> CavityTable | None:
    """The references at this Reynolds number, where there are any."""
    return TABLES.get(int(reynolds)) if reynolds == int(reynolds) else None
