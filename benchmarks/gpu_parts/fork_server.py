"""The fork server's promise on this build of torch: imported, it has one thread and has not opened
the driver; what it forks can use the GPU; and a process that did open it is found out.

The same calls as in the server (`preload`, `hindrance`, fork), without a daemon, so that nothing
but torch is needed.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
import traceback
from collections.abc import Callable
from typing import Any

from gpu_check import Skipped, absent, need_gpu

FORKS = 5
COLD = (
    "import time, torch; x = torch.ones(64, 64, device={device!r}); (x @ x).sum().item();"
    " print(time.time())"
)


def measure(device: str, seconds: float, rehearse: bool, tell: Callable[..., None]) -> None:
    if absent("torch"):
        raise Skipped("torch is not installed for this interpreter.")
    from tenfold.runner.forkable import (
        driver_signs,
        hindrance,
        mapped_paths,
        opened_paths,
        threads,
    )
    from tenfold.runner.forkserver import PRELOAD, preload

    # All of the server's own list where its core is there; else only what is foreign to it.
    ours = not absent("pydantic")
    names = [name for name in PRELOAD if ours or not name.startswith("tenfold")]
    names = [name for name in names if not absent(name)]
    preload({"TENFOLD_PRELOAD": ",".join(names)})
    if device == "cuda":
        need_gpu()
    nvidia = sorted({os.path.basename(p) for p in mapped_paths() if _nvidia(p)})
    tell(preloaded=names, threads_before_fork=threads(), toolkit_mapped=nvidia)
    why = hindrance()
    if why is not None:
        raise AssertionError(f"the server could not fork after its imports: {why}")

    times_ms = []
    for _ in range(FORKS):
        times_ms.append(_forked_ms(device))
        why = hindrance()
        assert why is None, f"a fork left the server with {why}"
    tell(forks=FORKS, fork_to_first_product_ms=round(statistics.median(times_ms), 1))
    cold_ms = [_cold_ms(device) for _ in range(1 if rehearse else 3)]
    tell(cold_to_first_product_ms=round(statistics.median(cold_ms), 1))

    if device == "cuda":  # now spoil this process, to see that the check is no formality
        import torch

        torch.ones(8, device="cuda").sum().item()
        signs = driver_signs(mapped_paths(), opened_paths())
        tell(after_cuda=signs)
        assert signs, "this process has used CUDA, and the check did not see it"
        assert hindrance() is not None


def _forked_ms(device: str) -> float:
    """From before the fork until the child has the result of a product on the device."""
    reader, writer = os.pipe()
    began_s = time.time()
    pid = os.fork()
    if pid == 0:
        answer: dict[str, Any] = {}
        try:
            import torch

            ones = torch.ones(64, 64, device=device)
            answer["sum"] = (ones @ ones).sum().item()
            answer["at_s"] = time.time()
        except BaseException:
            answer["error"] = traceback.format_exc()[-2000:]
        finally:
            os.write(writer, json.dumps(answer).encode())
            os._exit(0)
    os.close(writer)
    with open(reader, "rb") as said:
        found = json.loads(said.read() or b'{"error": "it died without a word"}')
    os.waitpid(pid, 0)
    assert "error" not in found, f"a forked child could not compute: {found['error']}"
    assert found["sum"] == 64.0**3, found
    return 1000 * (found["at_s"] - began_s)


def _cold_ms(device: str) -> float:
    began_s = time.time()
    code = COLD.format(device=device)
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    return 1000 * (float(done.stdout.split()[-1]) - began_s)


def _nvidia(path: str) -> bool:
    name = os.path.basename(path)
    return name.startswith(("libcu", "libnv", "libnccl", "libtorch_cuda", "libc10_cuda"))
