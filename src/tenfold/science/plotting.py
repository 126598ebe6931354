"""What all pictures of workloads share: a font that has Chinese.

    figure_style()
    figure = Figure(...)

matplotlib's own font has no Chinese and draws boxes. Beside this file is the common part of Noto
Sans TC (docs/font.py made it; SIL Open Font License 1.1, fonts/OFL.txt), which is asked for what
the font before it lacks: 5,401 Chinese characters of Taiwan, not the rare ones, one weight.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from matplotlib import font_manager, rcParams

FAMILY = "Noto Sans TC Common"
FONT = Path(__file__).parent / "fonts" / "NotoSansTC-Common.ttf"


def figure_style() -> None:
    """Figures made after this draw Chinese; fonts that were chosen before come first."""
    if FAMILY in rcParams["font.family"]:
        return
    fonts = font_manager.fontManager
    fonts.addfont(FONT)
    # Bold titles take it too; otherwise matplotlib logs a line each time that there is no bold one.
    fonts.ttflist.append(replace(fonts.ttflist[-1], weight="bold"))
    rcParams["font.family"] = [*rcParams["font.family"], FAMILY]
