"""One time step of the D2Q9 lattice in a square box whose lid may slide: one fused Warp kernel.

    kernel = step_kernel(lanes=8, real=wp.float32)
    wp.launch(kernel, dim=(strip, cells), inputs=[now, rates, later], device=device)

Populations are kept as deviations g_q = f_q - w_q from the gas at rest (density 1), which saves
float32's digits for the flow. Their order: 0 rests; 1 +x, 2 -x, 3 +y, 4 -y; 5 (+,+), 6 (-,-),
7 (+,-), 8 (-,+). Array shape: (9, strip, cells) of vectors of `lanes` numbers, structure of arrays.
Lane l of row j is the lattice row y = l * strip + j, so that one CPU instruction serves `lanes`
rows; with lanes = 1 the same source is the plain layout that a GPU reads in whole lines.

Sources. Two relaxation times: Ginzburg, Verhaeghe & d'Humieres, Commun. Comput. Phys. 3 (2008) 427.
Equilibrium with constant density in the momentum, exact for steady incompressible flow: He & Luo,
J. Stat. Phys. 88 (1997) 927, eq. 16. Walls half a cell out, moving lid: Ladd, J. Fluid Mech. 271
(1994) 285. What it does not do: other shapes, open ends, forces, three dimensions.
"""

# Warp reads a kernel's annotations as values made at run time, which mypy cannot follow.
# mypy: ignore-errors

from functools import lru_cache
from typing import Any

import warp as wp

# Warp's default stops LLVM's search for packable arithmetic at depth 4; this kernel's expressions
# are deeper, and at 12 (LLVM's own default) they become SIMD: 350 to 420 against 130 to 160
# million cells a second on one Zen 4 core.
CPU_FLAGS = (
    "-march=native -mllvm=-inline-threshold=9000 -mllvm=-inline-cold-callsite-threshold=3000"
    " -mllvm=-slp-recursion-max-depth=12"
)


@lru_cache
def step_kernel(lanes: int, real: Any) -> Any:
    """The kernel `step(now, rates, later)` for `lanes` rows at once in numbers of type `real`.

    `rates` is (omega_even, omega_odd, lid): the two relaxation rates, and w * 6 * (c . u_lid) of
    a diagonal link, which is lid speed / 6. Launch it with dim (strip, cells).
    """
    Row = wp.types.vector(length=lanes, dtype=real)
    Rates = wp.types.vector(length=3, dtype=real)

    @wp.func
    def pull(now: wp.array3d[Row], q: int, back: int, j: int, x: int, cx: int, cy: int, lid: real):
        """Population q as it arrives at the cells (x, j), from a neighbour or from a wall.

        The side walls come first, so the lid's two end links rest; they are a mirror pair, and
        the mass that the lid's links add and remove stays in balance.
        """
        strip = now.shape[1]
        if x - cx < 0 or x - cx >= now.shape[2]:
            return now[back, j, x]
        if j - cy < 0:  # from the row below the strip: another lane's last row, or the floor
            below = now[q, strip - 1, x - cx]
            arrived = Row()
            arrived[0] = now[back, j, x][0]
            for lane in range(1, lanes):
                arrived[lane] = below[lane - 1]
            return arrived
        if j - cy >= strip:  # from the row above: another lane's first row, or the lid
            above = now[q, 0, x - cx]
            arrived = Row()
            for lane in range(1, lanes):
                arrived[lane - 1] = above[lane]
            arrived[lanes - 1] = now[back, j, x][lanes - 1] + lid
            return arrived
        return now[q, j - cy, x - cx]

    @wp.func
    def collide(
        later: wp.array3d[Row],
        j: int,
        x: int,
        rates: Rates,
        f0: Row,
        f1: Row,
        f2: Row,
        f3: Row,
        f4: Row,
        f5: Row,
        f6: Row,
        f7: Row,
        f8: Row,
    ):
        """Relax the populations that met at the cells (x, j), and write them."""
        even = rates[0]
        odd = rates[1]
        density = f0 + (f1 + f2) + (f3 + f4) + (f5 + f6) + (f7 + f8)
        ux = (f1 - f2) + (f5 - f6) + (f7 - f8)
        uy = (f3 - f4) + (f5 - f6) - (f7 - f8)
        rest = density - real(1.5) * (wp.cw_mul(ux, ux) + wp.cw_mul(uy, uy))
        later[0, j, x] = f0 - even * (f0 - real(4.0 / 9.0) * rest)

        # Each pair of opposite directions: relax its even half and its odd half on their own.
        p = even * (real(0.5) * (f1 + f2) - real(1.0 / 9.0) * rest - real(0.5) * wp.cw_mul(ux, ux))
        m = odd * (real(0.5) * (f1 - f2) - real(1.0 / 3.0) * ux)
        later[1, j, x] = f1 - p - m
        later[2, j, x] = f2 - p + m

        p = even * (real(0.5) * (f3 + f4) - real(1.0 / 9.0) * rest - real(0.5) * wp.cw_mul(uy, uy))
        m = odd * (real(0.5) * (f3 - f4) - real(1.0 / 3.0) * uy)
        later[3, j, x] = f3 - p - m
        later[4, j, x] = f4 - p + m

        along = ux + uy
        p = even * (
            real(0.5) * (f5 + f6) - real(1.0 / 36.0) * rest - real(0.125) * wp.cw_mul(along, along)
        )
        m = odd * (real(0.5) * (f5 - f6) - real(1.0 / 12.0) * along)
        later[5, j, x] = f5 - p - m
        later[6, j, x] = f6 - p + m

        across = ux - uy
        p = even * (
            real(0.5) * (f7 + f8)
            - real(1.0 / 36.0) * rest
            - real(0.125) * wp.cw_mul(across, across)
        )
        m = odd * (real(0.5) * (f7 - f8) - real(1.0 / 12.0) * across)
        later[7, j, x] = f7 - p - m
        later[8, j, x] = f8 - p + m

    @wp.kernel(
        module="unique",
        enable_backward=False,
        module_options={"cpu_compiler_flags": CPU_FLAGS},
    )
    def step(now: wp.array3d[Row], rates: Rates, later: wp.array3d[Row]):
        j, x = wp.tid()
        # Most cells have all neighbours in their own lane; only the rest pay for `pull`. Two
        # calls of `collide`, not two ways to fill its arguments: joined registers cost half.
        if j > 0 and j < now.shape[1] - 1 and x > 0 and x < now.shape[2] - 1:
            collide(
                later,
                j,
                x,
                rates,
                now[0, j, x],
                now[1, j, x - 1],
                now[2, j, x + 1],
                now[3, j - 1, x],
                now[4, j + 1, x],
                now[5, j - 1, x - 1],
                now[6, j + 1, x + 1],
                now[7, j + 1, x - 1],
                now[8, j - 1, x + 1],
            )
        else:
            still = real(0.0)
            collide(
                later,
                j,
                x,
                rates,
                now[0, j, x],
                pull(now, 1, 2, j, x, 1, 0, still),
                pull(now, 2, 1, j, x, -1, 0, still),
                pull(now, 3, 4, j, x, 0, 1, still),
                pull(now, 4, 3, j, x, 0, -1, still),
                pull(now, 5, 6, j, x, 1, 1, still),
                pull(now, 6, 5, j, x, -1, -1, -rates[2]),
                pull(now, 7, 8, j, x, 1, -1, rates[2]),
                pull(now, 8, 7, j, x, -1, 1, still),
            )

    return step
