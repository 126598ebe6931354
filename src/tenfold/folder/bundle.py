"""Files as one zip that is written while it is read: never whole in memory nor on the disk.

The writer is a generator: it goes on when what it gave has been taken, so a slow reader slows it.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

CHUNK = 512 * 1024
# Packing these again takes time and gains nothing.
PACKED = re.compile(
    r"\.(7z|avif|bin|bz2|flac|gif|gz|jpe?g|m4a|mkv|mov|mp[34]|npz|ogg|opus|parquet|pdf|png|pth?"
    r"|safetensors|tgz|web[mp]|whl|xz|zip|zst)",
    re.IGNORECASE,
)
LARGE = 2**30  # from here on sizes are written with eight bytes: it may still grow


def bundle(files: Iterable[tuple[str, Path]]) -> Iterator[bytes]:
    """The bytes of the zip, a piece at a time. `files` are names in it and where they are; one that
    cannot be opened any more is left out."""
    sink = _Sink()
    with zipfile.ZipFile(sink, "w") as whole:
        for name, path in files:
            source = _opened(path)
            if source is None:
                continue
            with source:
                shown = name.encode("utf-8", "replace").decode()  # a name may hold any bytes
                info = zipfile.ZipInfo.from_file(path, shown, strict_timestamps=False)
                is_packed = PACKED.fullmatch(path.suffix)
                info.compress_type = zipfile.ZIP_STORED if is_packed else zipfile.ZIP_DEFLATED
                with whole.open(info, "w", force_zip64=info.file_size >= LARGE) as into:
                    while piece := source.read(CHUNK):
                        into.write(piece)
                        if sink.size >= CHUNK:
                            yield sink.taken()
    yield sink.taken()


def _opened(path: Path) -> BinaryIO | None:
    try:
        return open(path, "rb")
    except OSError:
        return None


class _Sink:
    """Where the zip is written to: it can neither seek nor tell."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self.size = 0

    def write(self, data: bytes) -> int:
        self._pieces.append(bytes(data))
        self.size += len(data)
        return len(data)

    def flush(self) -> None:
        """It is taken, not flushed."""

    def close(self) -> None:
        """Nothing is held."""

    def taken(self) -> bytes:
        pieces, self._pieces, self.size = self._pieces, [], 0
        return b"".join(pieces)
