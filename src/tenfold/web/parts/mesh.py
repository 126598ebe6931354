"""A mesh or points in space, to be turned: STL, OBJ, PLY, GLB, XYZ, or columns of a CSV.

The browser reads the file from its address and draws it with the three.js that NiceGUI carries.
Where it cannot draw in space (no WebGL), or where the file is too large or broken, that is said,
and the file is there to be taken.
"""

from __future__ import annotations

from nicegui import ui
from nicegui.elements import scene

from tenfold.web.amounts import size
from tenfold.web.draw import artifact as draw
from tenfold.web.draw.artifact import Artifact
from tenfold.web.draw.shape import address
from tenfold.web.frame import Page

MOST = 64e6  # bytes that a browser is given to draw


# Its module brings three.js under the name that static/mesh_view.js imports.
_BRINGS_THREE = scene.Scene


class MeshView(ui.element, component="../static/mesh_view.js"):
    def __init__(self, page: Page, job: str, one: Artifact) -> None:
        super().__init__()
        path = str(one["path"])
        self._props["url"] = address(job, path)
        self._props["ending"] = path.rpartition(".")[2].lower()
        self._props["points"] = one["kind"] == "points"
        self._props["label"] = page.t("artifacts.mesh", name=one["title"])
        self._props["words"] = {
            name: page.t(f"artifacts.mesh_{name}")
            for name in ("reading", "without", "broken", "bounds")
        }


def mesh_of(page: Page, job: str, one: Artifact, place: ui.element) -> None:
    with place, ui.element("figure").classes("artifact of-mesh") as whole:
        whole.props["data-artifact"], whole.props["data-shape"] = one["path"], "mesh"
        if (one["bytes"] or 0) > MOST:
            ui.label(page.t("artifacts.large", size=size(one["bytes"]))).classes("dim")
        else:
            MeshView(page, job, one)
        ui.html(draw.caption(page.t, job, one), sanitize=False).classes("caption")
