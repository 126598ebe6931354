"""A zip that is written while it is read."""

from __future__ import annotations

import io
import os
import zipfile
from pathlib import Path

from tenfold.folder.bundle import CHUNK, bundle


def test_it_reads_no_further_than_was_taken_from_it(tmp_path: Path) -> None:
    """Of 64 MiB that do not shrink, little is held at any moment."""
    path = tmp_path / "noise.mp4"
    path.write_bytes(os.urandom(64 * 2**20))
    pieces = bundle([("noise.mp4", path)])
    first = next(pieces)
    assert len(first) < 2 * CHUNK
    rest = list(pieces)
    assert max(map(len, rest)) < 2 * CHUNK
    with zipfile.ZipFile(io.BytesIO(first + b"".join(rest))) as whole:
        assert whole.read("noise.mp4") == path.read_bytes()


def test_who_goes_away_half_way_leaves_nothing_open(tmp_path: Path) -> None:
    path = tmp_path / "noise.mp4"
    path.write_bytes(os.urandom(4 * CHUNK))
    pieces = bundle([("noise.mp4", path)])
    next(pieces)
    pieces.close()  # type: ignore[attr-defined]
    assert not any(os.readlink(f"/proc/self/fd/{fd}") == str(path) for fd in _open_files())


def test_a_name_of_any_bytes_and_a_file_that_is_gone(tmp_path: Path) -> None:
    odd = tmp_path / os.fsdecode(b"odd\xff.txt")
    odd.write_text("odd")
    pieces = bundle([(odd.name, odd), ("gone.txt", tmp_path / "gone.txt")])
    with zipfile.ZipFile(io.BytesIO(b"".join(pieces))) as whole:
        assert whole.namelist() == ["odd?.txt"]


def _open_files() -> list[str]:
    return [fd for fd in os.listdir("/proc/self/fd") if os.path.islink(f"/proc/self/fd/{fd}")]
