"""Pictures have Chinese in them, as characters and not as boxes."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib import font_manager, ft2font, rcParams
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

import tenfold
from tenfold.science import power_picture
from tenfold.science.plotting import FAMILY, FONT, figure_style
from tenfold.science.power_sweep import Point, Sweep

TITLE = "工作佇列風洞顯示卡臺灣「檢查點」"


def drawn(title: str, weight: str = "normal") -> Any:
    figure = Figure(figsize=(5, 1), dpi=100)
    canvas = FigureCanvasAgg(figure)
    figure.text(0.02, 0.3, title, fontsize=20, fontweight=weight)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[:, :, 0]


@pytest.fixture
def plain() -> Any:
    """matplotlib as it comes, before and after."""
    before = list(rcParams["font.family"])
    rcParams["font.family"] = ["DejaVu Sans"]
    yield
    rcParams["font.family"] = before


def test_a_chinese_title_is_drawn(plain: None) -> None:
    with pytest.warns(UserWarning, match=r"Glyph .* missing from font"):
        boxes = drawn(TITLE)
    figure_style()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ink = drawn(TITLE)
    assert (ink < 128).sum() > 1000
    assert not np.array_equal(ink, boxes)
    # Every character has a shape of its own; boxes are all the same.
    shapes = {drawn(one).tobytes() for one in TITLE}
    assert len(shapes) == len(TITLE)


def test_latin_stays_as_it_was(plain: None) -> None:
    before = drawn("Queue, 12 W: Re 400")
    figure_style()
    assert np.array_equal(drawn("Queue, 12 W: Re 400"), before)


def test_a_bold_title_says_nothing_in_the_log(
    plain: None, caplog: pytest.LogCaptureFixture
) -> None:
    figure_style()
    assert (drawn(TITLE, "bold") < 128).any()
    assert caplog.text == ""


def test_it_is_registered_once(plain: None) -> None:
    figure_style()
    known = len(font_manager.fontManager.ttflist)
    figure_style()
    assert rcParams["font.family"] == ["DejaVu Sans", FAMILY]
    assert len(font_manager.fontManager.ttflist) == known


def test_a_picture_with_a_chinese_name(plain: None, tmp_path: Path) -> None:
    points = (Point(200.0, 190.0, 1.0, 0.5), Point(300.0, 280.0, 2.0, 1.0))
    power_picture.draw(tmp_path / "curves.png", "顯示卡", [Sweep("compute", points, 0.0)])
    assert FAMILY in rcParams["font.family"]


def test_what_the_dashboard_says_can_be_drawn() -> None:
    has = ft2font.FT2Font(FONT).get_charmap()
    texts = (Path(tenfold.__file__).parent / "web" / "texts").glob("*zh-Hant.toml")
    said = {
        one for path in texts for one in path.read_text(encoding="utf-8") if "一" <= one <= "鿿"
    }
    assert len(said) > 300
    assert not {one for one in said | set(TITLE) if ord(one) not in has}


def test_the_licence_is_beside_it() -> None:
    text = (FONT.parent / "OFL.txt").read_text(encoding="utf-8")
    assert "SIL OPEN FONT LICENSE Version 1.1" in text
