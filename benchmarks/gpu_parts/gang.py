"""Several GPUs as one: an all-reduce over nccl gives the sum, and how fast (a rehearsal: gloo)."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from gpu_check import Skipped, absent

ROUNDS = 20


def measure(device: str, seconds: float, rehearse: bool, tell: Callable[..., None]) -> None:
    if absent("torch"):
        raise Skipped("torch is not installed for this interpreter.")
    world = 2
    if device == "cuda":
        import torch

        world = torch.cuda.device_count()
        if world < 2:
            raise Skipped(f"nccl between GPUs takes two of them; there is {world}.")
        if not torch.distributed.is_nccl_available():
            raise Skipped("this build of torch has no nccl.")
    count = 1 << 16 if rehearse else 1 << 28  # float32: 1 GiB
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "GLOO_SOCKET_IFNAME": "lo"}
        argv = [sys.executable, str(Path(__file__).resolve()), device, str(count), str(world)]
        ranks = [
            subprocess.Popen([*argv, str(rank), folder], env=environment) for rank in range(world)
        ]
        statuses = [rank.wait(seconds) for rank in ranks]
        assert statuses == [0] * world, f"ranks ended with {statuses}"
        took_s = max(json.loads(file.read_text()) for file in Path(folder).glob("took_*"))
    size = 4 * count
    # NCCL's own convention ("bus bandwidth"): 2 (n - 1) / n of the size crosses each link.
    tell(
        world=world,
        backend="nccl" if device == "cuda" else "gloo",
        size_mib=size / 2**20,
        all_reduce_ms=1000 * took_s,
        bus_gb_s=size * 2 * (world - 1) / world / took_s / 1e9,
    )


def _rank(device: str, count: int, world: int, rank: int, folder: Path) -> None:
    import torch
    from torch import distributed

    if device == "cuda":
        torch.cuda.set_device(rank)
    distributed.init_process_group(
        "nccl" if device == "cuda" else "gloo",
        store=distributed.FileStore(str(folder / "meeting"), world),
        rank=rank,
        world_size=world,
    )
    place = f"cuda:{rank}" if device == "cuda" else "cpu"
    ones = torch.full((count,), float(rank + 1), device=place)
    distributed.all_reduce(ones)
    assert torch.all(ones == world * (world + 1) / 2).item(), "the sum is wrong"
    sync = torch.cuda.synchronize if device == "cuda" else lambda: None
    sync()
    began_s = time.perf_counter()
    for _ in range(ROUNDS):
        distributed.all_reduce(ones)
    sync()
    took_s = (time.perf_counter() - began_s) / ROUNDS
    (folder / f"took_{rank}").write_text(json.dumps(took_s))
    distributed.destroy_process_group()


if __name__ == "__main__":
    _rank(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]), Path(sys.argv[5]))
