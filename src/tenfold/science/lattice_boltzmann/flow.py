"""A lid-driven square cavity that can be stepped, looked at, saved and put back.

    flow = CavityFlow(cells=128, reynolds=400.0, lid_speed=0.1, device="cpu")
    flow.advance(2000)
    u, v = flow.velocity()      # (cells, cells) each, in lid speeds, [row from the floor, column]

Lattice units: the cell and the time step are 1, the gas at rest has density 1. The walls stand half
a cell outside the outer cells' centres, so the box is exactly `cells` wide. Float32 throughout:
at Re 400 and 128 cells no velocity is more than 3e-6 lid speeds off the float64 run.
The same kernel runs on the CPU (eight rows at once, one core) and on CUDA (one row a thread).
"""

from __future__ import annotations

from typing import Any, final

import numpy as np
import numpy.typing as npt
import warp as wp

from tenfold.science.lattice_boltzmann.d2q9 import step_kernel
from tenfold.science.lattice_boltzmann.scaling import relaxation

Field = npt.NDArray[np.float32]

CPU_LANES = 8  # one AVX2 register of float32
PAIRS_PER_LAUNCH = 16  # pairs of steps in one recorded graph: hides the cost of a launch


def open_warp() -> None:
    """Start Warp without its banner. (Where there is no NVIDIA driver it still says so, once.)"""
    wp.config.log_level = wp.LOG_WARNING
    wp.init()


@final
class CavityFlow:
    """Populations of one cavity on one device. `device` is a torch string: `cpu`, `cuda:0`."""

    def __init__(
        self,
        cells: int,
        reynolds: float,
        lid_speed: float,
        device: str = "cpu",
        real: Any = wp.float32,
    ) -> None:
        open_warp()
        self.cells = cells
        self.lid_speed = lid_speed
        self._device = wp.get_device(device)
        self._lanes = lanes_for(cells) if self._device.is_cpu else 1
        self._kernel = step_kernel(self._lanes, real)
        self._real = real
        self._now = self._populations()
        self._later = self._populations()
        self.rest(reynolds)
        wp.load_module(self._kernel.module, device=self._device)  # compiles where not cached

    def rest(self, reynolds: float) -> None:
        """Begin again with the fluid at rest, in the same memory."""
        even, odd = relaxation(self.cells, reynolds, self.lid_speed)
        self._rates = wp.types.vector(length=3, dtype=self._real)(even, odd, self.lid_speed / 6.0)
        self._graph: Any = None  # a recorded graph holds the rates it was recorded with
        self._now._room.zero_()
        self.steps = 0

    def advance(self, steps: int) -> None:
        """Take `steps` time steps, an even number, since two buffers take turns."""
        if steps % 2:
            raise ValueError("CavityFlow.advance takes an even number of steps")
        pairs = steps // 2
        if self._graph is None and pairs > PAIRS_PER_LAUNCH:
            self._graph = self._recorded()
        if self._graph is not None:
            for _ in range(pairs // PAIRS_PER_LAUNCH):
                wp.capture_launch(self._graph)
            pairs %= PAIRS_PER_LAUNCH
        for _ in range(pairs):
            self._pair()
        wp.synchronize_device(self._device)  # a GPU's queue stays short, so a stop is heard soon
        self.steps += steps

    def populations(self) -> Field:
        """Deviations from rest, (9, cells, cells): [direction, row from the floor, column]."""
        folded: Field = self._now.numpy().reshape(9, self._strip, self.cells, self._lanes)
        return folded.transpose(0, 3, 1, 2).reshape(9, self.cells, self.cells)

    def restore(self, populations: Field, steps: int) -> None:
        """Put back what `populations` gave; what follows is then the same, bit for bit, on CPU."""
        unfolded = populations.reshape(9, self._lanes, self._strip, self.cells)
        folded = np.ascontiguousarray(unfolded.transpose(0, 2, 3, 1))
        source = wp.array(folded, dtype=self._row, device=self._device)
        wp.copy(self._now, source)
        self.steps = steps

    def velocity(self) -> tuple[Field, Field]:
        """u along the lid and v away from the floor, (cells, cells) each, in lid speeds."""
        f = self.populations()
        u = (f[1] - f[2]) + (f[5] - f[6]) + (f[7] - f[8])
        v = (f[3] - f[4]) + (f[5] - f[6]) - (f[7] - f[8])
        scale = f.dtype.type(1.0 / self.lid_speed)
        return u * scale, v * scale

    def mass_drift(self) -> float:
        """Mean deviation of the density from 1; nothing flows out, so it should stay 0."""
        return float(self.populations().sum(dtype=np.float64)) / self.cells**2

    @property
    def _strip(self) -> int:
        return self.cells // self._lanes

    @property
    def _row(self) -> Any:
        return wp.types.vector(length=self._lanes, dtype=self._real)

    def _populations(self) -> Any:
        """Zeros, (9, strip, cells) rows; directions set apart so that they share no cache lines.

        Where a plane is a multiple of 4 KiB (256 cells), nine of them read side by side fall into
        the same few cache sets and halve the speed; 512 bytes more between them cure it.
        """
        item = wp.types.type_size_in_bytes(self._row)
        plane = self._strip * self.cells * item
        plane += -plane % 4096 + 512
        room = wp.zeros(9 * plane, dtype=wp.uint8, device=self._device)
        view = wp.array(
            ptr=room.ptr,
            dtype=self._row,
            shape=(9, self._strip, self.cells),
            strides=(plane, self.cells * item, item),
            device=self._device,
        )
        view._room = room  # the view does not own its memory: it keeps the owner alive
        return view

    def _pair(self) -> None:
        shape = (self._strip, self.cells)
        for now, later in ((self._now, self._later), (self._later, self._now)):
            wp.launch(
                self._kernel, dim=shape, inputs=[now, self._rates, later], device=self._device
            )

    def _recorded(self) -> Any:
        """A graph of PAIRS_PER_LAUNCH pairs: a CUDA graph, on a CPU a list replayed in C++."""
        with wp.ScopedCapture(device=self._device) as capture:
            for _ in range(PAIRS_PER_LAUNCH):
                self._pair()
        return capture.graph


def lanes_for(cells: int) -> int:
    """The most rows at once, up to CPU_LANES, that divide the grid evenly."""
    return next(lanes for lanes in (CPU_LANES, 4, 2, 1) if cells % lanes == 0)
