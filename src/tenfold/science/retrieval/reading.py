"""Files are read in a process of their own, since nobody trusts them.

    with Reading() as reading:
        document = reading.read("a.pdf", content)   # raises Unreadable

A file that makes its reader hang, eat memory or crash costs that file, which the manifest names;
the next one gets a new reader. `main` is the reader: on stdin a line of JSON {name, bytes} and so
many bytes, on stdout a line of JSON with the document or an error. It opens none of them by name,
and none of the job's variables, where keys may be, are passed on to it.
"""

from __future__ import annotations

import json
import os
import resource
import selectors
import subprocess
import sys
import time
from pathlib import PurePath
from typing import IO, Any, final

from tenfold.science.retrieval.documents import Document, Unreadable, document_from_json

MOST_S = 60.0  # for one file
MOST_MEMORY = 3 << 30  # bytes of address space
MAIL, BOXES = frozenset({".eml"}), frozenset({".mbox", ".mbx"})
HTML = frozenset({".html", ".htm", ".xhtml"})
# Read by nobody here, and often without a NUL byte where one looks.
_BINARY = """
.7z .aac .avi .bin .bmp .bz2 .class .db .dll .doc .dylib .exe .flac .gif .gz .heic .ico .iso
.jar .jpeg .jpg .mkv .mov .mp3 .mp4 .npy .npz .o .odt .ogg .otf .parquet .png .ppt .pptx .pt
.pyc .rar .safetensors .so .sqlite .tar .tif .tiff .ttf .wav .webm .webp .woff .woff2 .xls
.xlsx .xz .zip .zst
"""
BINARY = frozenset(_BINARY.split())


def read(name: str, content: bytes) -> Document:
    """By the file's suffix; all other files as text, if they are."""
    suffix = PurePath(name).suffix.lower()
    if suffix in BINARY:
        raise Unreadable("binary")
    if suffix == ".pdf":
        from tenfold.science.retrieval.read_pdf import read_pdf

        return read_pdf(name, content)
    if suffix == ".docx":
        from tenfold.science.retrieval.read_docx import read_docx

        return read_docx(name, content)
    if suffix in MAIL or suffix in BOXES:
        from tenfold.science.retrieval import read_mail

        return (read_mail.read_eml if suffix in MAIL else read_mail.read_mbox)(name, content)
    if suffix in HTML:
        from tenfold.science.retrieval.read_html import read_html

        return read_html(name, content)
    from tenfold.science.retrieval.read_text import read_text

    return read_text(name, content)


@final
class Reading:
    """The reader's process, started when the first file comes."""

    def __init__(self, most_s: float = MOST_S) -> None:
        self._most_s = most_s
        self._child: subprocess.Popen[bytes] | None = None
        self._answer = b""

    def __enter__(self) -> Reading:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def read(self, name: str, content: bytes) -> Document:
        child = self._child or self._start()
        head = json.dumps({"name": name, "bytes": len(content)}).encode() + b"\n"
        told = self._exchange(child, head + content)
        if told is None:
            self.close()
            raise Unreadable(f"its reader gave no answer within {self._most_s:g} s, or crashed")
        answer = json.loads(told)
        if "error" in answer:
            raise Unreadable(answer["error"])
        return document_from_json(answer)

    def close(self) -> None:
        if self._child is not None:
            self._child.kill()
            self._child.wait()
            for pipe in (self._child.stdin, self._child.stdout):
                if pipe is not None:
                    _close(pipe)
            self._child = None

    def _start(self) -> subprocess.Popen[bytes]:
        kept = {key: os.environ[key] for key in ("PATH", "LANG", "LC_ALL") if key in os.environ}
        package = str(PurePath(__file__).parents[3])
        self._child = subprocess.Popen(
            [sys.executable, "-I", "-c", f"import sys; sys.path.insert(0, {package!r}); {_MAIN}"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=kept,
        )
        assert self._child.stdin is not None and self._child.stdout is not None
        os.set_blocking(self._child.stdin.fileno(), False)
        os.set_blocking(self._child.stdout.fileno(), False)
        return self._child

    def _exchange(self, child: subprocess.Popen[bytes], asked: bytes) -> bytes | None:
        """The line it answers; None where it is dead or late."""
        assert child.stdin is not None and child.stdout is not None
        until_s = time.monotonic() + self._most_s
        unsent, parts = memoryview(asked), []
        with selectors.DefaultSelector() as ready:
            ready.register(child.stdout, selectors.EVENT_READ)
            ready.register(child.stdin, selectors.EVENT_WRITE)
            while (left_s := until_s - time.monotonic()) > 0:
                for key, _ in ready.select(left_s):
                    if key.fileobj is child.stdin:
                        try:
                            unsent = unsent[os.write(child.stdin.fileno(), unsent[: 1 << 16]) :]
                        except BrokenPipeError:
                            return None
                        if not unsent:
                            ready.unregister(child.stdin)
                        continue
                    got = os.read(child.stdout.fileno(), 1 << 20)
                    if not got:
                        return None
                    parts.append(got)
                    if got.endswith(b"\n"):  # JSON in one line has no other
                        return b"".join(parts)
        return None


_MAIN = "from tenfold.science.retrieval.reading import main; main()"


def main() -> None:
    """The reader: answers until its stdin ends."""
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    asked, told = sys.stdin.buffer, sys.stdout.buffer
    for line in iter(asked.readline, b""):
        head = json.loads(line)
        told.write(json.dumps(_answer(head["name"], asked.read(head["bytes"]))).encode() + b"\n")
        told.flush()


def _answer(name: str, content: bytes) -> dict[str, Any]:
    try:
        return read(name, content).as_json()
    except Unreadable as error:
        return {"error": str(error)}
    except MemoryError:
        return {"error": f"takes more than {MOST_MEMORY >> 30} GiB to read"}
    except RecursionError:
        return {"error": "nested too deeply"}


def _close(pipe: IO[bytes]) -> None:
    try:
        pipe.close()
    except BrokenPipeError:
        pass  # what it had not taken dies with it
