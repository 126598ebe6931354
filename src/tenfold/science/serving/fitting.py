"""Whether a model and its cache fit a device, and what would fit where they do not.

    load = Load(said, DeviceKind.GPU, rows=8, context=8192)
    load.gib                       # of each device
    raise load.too_big(80.0)       # names the fewer places, the quantization, the split that fit

Standard library only.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from tenfold.science.serving.memory import QUANTISED, Said
from tenfold.terms.box import DeviceKind
from tenfold.terms.refusal import Refusal

PROCESS_GIB = {DeviceKind.CPU: 1.2, DeviceKind.GPU: 1.0}  # libraries; a CUDA context
SPARE = 1.08  # fragments and buffers: 5 to 10 % are usual
MOST_SPLIT = 64
SHORT = (8192, 2048)  # contexts that are proposed for one reader


@dataclass(frozen=True)
class Load:
    said: Said
    kind: DeviceKind
    rows: int
    context: int
    split: int = 1  # devices that share each matrix
    quantization: str = ""

    @property
    def bytes_a_weight(self) -> float:
        return QUANTISED.get(self.quantization, 4.0 if self.kind is DeviceKind.CPU else 2.0)

    @property
    def gib(self) -> float:
        """Of each device: weights, keys and values of all places, and what libraries take."""
        kept = self.said.weight_bytes(self.bytes_a_weight)
        kept += self.said.cache_bytes(
            self.rows, self.context, 4.0 if self.kind is DeviceKind.CPU else 2.0
        )
        return PROCESS_GIB[self.kind] + SPARE * kept / self.split / 2**30

    @property
    def words(self) -> str:
        return (
            f"{self.said.parameters / 1e9:.3g} G parameters, {self.rows} x {self.context} tokens"
            " of keys and values"
        )

    def too_big(self, gib: float) -> Refusal:
        ways = self._ways(gib)
        return Refusal(
            "serve.memory",
            f"The model needs {self.gib:.1f} GiB a device, and there are {gib:.1f}.",
            f"{self.words}.",
            f"give {', or '.join(ways)}" if ways else "take a smaller model",
        )

    def _ways(self, gib: float) -> list[str]:
        """The first that fits of each kind: fewer places, smaller weights, more GPUs."""
        alone = (replace(self, rows=1, context=min(n, self.said.context)) for n in SHORT)
        ways = [f"--concurrent 1 --context {less.context}" for less in alone if less.gib <= gib][:1]
        if self.kind is DeviceKind.CPU:
            return ways
        if not self.quantization:
            smaller = (replace(self, quantization=way) for way in QUANTISED)
            ways += [
                f"--engine vllm --quantization {less.quantization}"
                for less in smaller
                if less.gib <= gib
            ][:1]
        parts = (n for n in range(2, MOST_SPLIT + 1) if self.said.heads % n == 0)
        ways += [f"--engine vllm --split {n}" for n in parts if replace(self, split=n).gib <= gib][
            :1
        ]
        return ways
