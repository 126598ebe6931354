"""The work that must not notice its neighbour: `python -m tenfold.doctor.beside STEPS [DEVICE]`.

A fixed chain of matrix products; a JSON line with the seconds of each step, then the digest of the
result. Needs PyTorch with CUDA.
"""

from __future__ import annotations

import hashlib
import json
import sys
import time

SIZE = 4096
SEED = 4


def main(steps: int, device: str) -> None:
    import torch

    made = torch.Generator().manual_seed(SEED)
    state = torch.randn(SIZE, SIZE, generator=made).to(device, torch.bfloat16)
    weights = torch.randn(SIZE, SIZE, generator=made).to(device, torch.bfloat16)
    for _ in range(steps):
        began_s = time.perf_counter()
        state = state @ weights
        state = state / state.abs().max()
        state.max().item()  # waits for the device
        _say({"s": time.perf_counter() - began_s})
    digest = hashlib.sha256(state.float().cpu().numpy().tobytes()).hexdigest()
    _say({"digest": digest})


def _say(told: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(told) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else "cuda")
