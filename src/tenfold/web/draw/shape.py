"""As what an artifact is shown: by the kind its workload gave it, and by its file's name."""

from __future__ import annotations

from enum import StrEnum
from pathlib import PurePosixPath
from urllib.parse import quote


class Shape(StrEnum):
    IMAGE = "image"
    VIDEO = "video"
    AUDIO = "audio"
    PAGE = "page"  # HTML, in a sandbox
    FIGURE = "figure"  # JSON of Plotly
    MESH = "mesh"  # triangles or points in space
    TABLE = "table"
    MARKDOWN = "markdown"
    TEXT = "text"
    PDF = "pdf"
    FOLDER = "folder"
    DATA = "data"


_BY_END = {
    Shape.IMAGE: "png jpg jpeg gif webp svg avif bmp",
    Shape.VIDEO: "mp4 webm mov m4v ogv",
    Shape.AUDIO: "wav mp3 flac ogg oga opus m4a aac",
    Shape.PAGE: "html htm xhtml",
    Shape.MESH: "stl obj ply glb xyz",
    Shape.TABLE: "csv tsv jsonl ndjson",
    Shape.MARKDOWN: "md markdown",
    Shape.TEXT: "txt log json toml yaml yml xml py sh ini srt vtt tex bib pdb",
    Shape.PDF: "pdf",
}
_SHAPES = {end: shape for shape, ends in _BY_END.items() for end in ends.split()}
# What a kind makes of a file whose name says something else.
_BY_KIND = {
    "plot": {"json": Shape.FIGURE},
    "table": {"json": Shape.TABLE, "txt": Shape.TABLE},
    "mesh": {"csv": Shape.MESH, "txt": Shape.MESH},
    "points": {"csv": Shape.MESH, "txt": Shape.MESH},
    "page": {},
}


def shape(path: str, kind: str, folder: bool = False) -> Shape:
    if folder:
        return Shape.FOLDER
    end = PurePosixPath(path).suffix.lower().removeprefix(".")
    known = _BY_KIND.get(kind, {}).get(end) or _SHAPES.get(end)
    if known is not None:
        return known
    return Shape.TEXT if kind == "text" else Shape.DATA


def address(job: str, path: str) -> str:
    """Where the API serves it."""
    return f"/api/jobs/{quote(job, safe='')}/artifacts/{quote(path)}"


def file_name(path: str) -> str:
    """As a person sees it: `artifacts/` is where all of them are."""
    return path.removeprefix("artifacts/")
