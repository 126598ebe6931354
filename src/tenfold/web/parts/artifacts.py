"""What a job has made, on a page: pictures in a grid, players, tables, texts, plots, meshes.

`Artifacts(page, job)` within what is being built; `await update(list)` adds what is new. What has
to be read before it can be shown is read one after the other, and never more of it than is shown.
"""

from __future__ import annotations

from collections.abc import Sequence

from nicegui import ui

from tenfold.terms.refusal import Refusal
from tenfold.web.draw import artifact as draw
from tenfold.web.draw.artifact import Artifact
from tenfold.web.draw.shape import Shape
from tenfold.web.frame import Page
from tenfold.web.parts.artifact_reads import figure_of, folder_of, table_of, text_of
from tenfold.web.parts.mesh import mesh_of

MOST_READ = 24  # artifacts that are read at once; the others are listed

_DRAWN = {
    Shape.IMAGE: draw.image,
    Shape.VIDEO: draw.video,
    Shape.AUDIO: draw.audio,
    Shape.PAGE: draw.page,
}
_READ = {
    Shape.TABLE: table_of,
    Shape.MARKDOWN: text_of,
    Shape.TEXT: text_of,
    Shape.FOLDER: folder_of,
}
# How they follow one another.
_ORDER = (
    Shape.IMAGE, Shape.VIDEO, Shape.AUDIO, Shape.FIGURE, Shape.PAGE, Shape.MESH, Shape.TABLE,
    Shape.MARKDOWN, Shape.TEXT, Shape.FOLDER,
)  # fmt: skip


class Artifacts:
    def __init__(self, page: Page, job: str) -> None:
        self._page = page
        self._job = job
        self._shown: dict[str, tuple[str, int | None]] = {}
        self._read = 0
        self._places: dict[Shape, ui.element] = {}
        with ui.element("div").classes("artifacts"):
            for shape in _ORDER:
                # Not named by kind: they are under one heading, and each has its own title.
                self._places[shape] = ui.element("div").classes(f"artifact-group of-{shape.value}")
            self._others = ui.html("", sanitize=False)
        self._rest: list[Artifact] = []

    async def update(self, artifacts: Sequence[Artifact]) -> None:
        """A file that was registered again is not drawn again, unless its size is another one."""
        fresh = [one for one in artifacts if self._shown.get(one["path"]) != _mark(one)]
        again = any(one["path"] in self._shown for one in fresh)
        if again:
            fresh = list(artifacts)
            self._read, self._rest = 0, []
            for place in self._places.values():
                place.clear()
        self._shown = {one["path"]: _mark(one) for one in artifacts}
        for one in fresh:
            await self._add(one)
        if fresh:
            rest = draw.listed(self._page.t, self._job, self._rest) if self._rest else ""
            self._others.set_content(rest)

    async def _add(self, one: Artifact) -> None:
        shape = draw.shape_of(one)
        place = self._places.get(shape)
        gone = one.get("bytes") is None and shape is not Shape.FOLDER
        if place is None or gone:
            self._rest.append(one)
            return
        if shape in _DRAWN:
            with place:
                ui.html(_DRAWN[shape](self._page.t, self._job, one), sanitize=False)
            return
        self._read += 1
        if self._read > MOST_READ:
            self._rest.append(one)
            return
        try:
            await self._readable(one, shape, place)
        except Refusal:  # the file went while the page was built: it is listed, and says so
            self._rest.append(one)

    async def _readable(self, one: Artifact, shape: Shape, place: ui.element) -> None:
        page, job = self._page, self._job
        if shape is Shape.MESH:
            mesh_of(page, job, one, place)
        elif shape is Shape.FIGURE or str(one["path"]).lower().endswith(".json"):
            if not await figure_of(page, job, one, self._places[Shape.FIGURE]):
                shown = await text_of(page, job, one)
                _put(self._places[Shape.TEXT], shown)
        else:
            # Markdown becomes HTML: the browser looks through that once more.
            sanitize = shape is Shape.MARKDOWN
            _put(place, await _READ[shape](page, job, one), sanitize)


def _put(place: ui.element, shown: str, sanitize: bool = False) -> None:
    with place:
        ui.html(shown, sanitize=sanitize)


def _mark(one: Artifact) -> tuple[str, int | None]:
    return (one["title"], one.get("bytes"))
