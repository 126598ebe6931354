"""What says that a process has called the GPU driver, by the names on a real CUDA machine."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tenfold.runner.forkable import driver_signs, mapped_paths, opened_paths

SITE = "/opt/x/site-packages"


@pytest.mark.parametrize(
    "path",
    [
        "/usr/lib/x86_64-linux-gnu/libcuda.so.580.65.06",
        "/usr/lib/wsl/drivers/nv/libcuda.so.1.1",
        "/usr/lib/x86_64-linux-gnu/libnvidia-ptxjitcompiler.so.580.65.06",
        "/usr/lib/x86_64-linux-gnu/libcudadebugger.so.580.65.06",
    ],
)
def test_a_library_of_the_driver(path: str) -> None:
    assert driver_signs([path, "/usr/lib/libc.so.6"], []) == [path]
    assert driver_signs([], [path]) == []  # somebody reads the file: not mapped, so not called


@pytest.mark.parametrize(
    "path",
    [
        f"{SITE}/nvidia/cu13/lib/libcudart.so.13",
        f"{SITE}/nvidia/cu13/lib/libcublas.so.13",
        f"{SITE}/nvidia/cudnn/lib/libcudnn.so.9",
        f"{SITE}/nvidia/nccl/lib/libnccl.so.2",
        f"{SITE}/nvidia/cu13/lib/libnvJitLink.so.13",
        f"{SITE}/nvidia/nvshmem/lib/libnvshmem_host.so.3",
        f"{SITE}/torch/lib/libtorch_cuda.so",
        f"{SITE}/torch/lib/libc10_cuda.so",
        f"{SITE}/warp/bin/warp.so",
        "/opt/libcuda.so.d/plain.so",
    ],
)
def test_what_an_import_maps_is_no_hindrance(path: str) -> None:
    assert driver_signs([path], []) == []


@pytest.mark.parametrize("path", ["/dev/nvidia0", "/dev/nvidiactl", "/dev/nvidia-uvm", "/dev/dxg"])
def test_a_device_of_the_driver(path: str) -> None:
    assert driver_signs([], ["/dev/null", "socket:[7]", path]) == [path]


def test_of_this_process(tmp_path: Path) -> None:
    assert any(path.rpartition("/")[2].startswith("libc.") for path in mapped_paths())
    held = tmp_path / "with a space"
    with open(held, "w"):
        assert str(held) in opened_paths()
    assert str(held) not in opened_paths()


def test_of_a_fresh_process() -> None:
    """Not of this one: earlier tests may have started threads and loaded the stand-in."""
    code = "from tenfold.runner.forkable import hindrance; print(hindrance())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "None\n"
