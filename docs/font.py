"""Makes the Chinese font of the pictures: the common part of Noto Sans TC, small enough to ship.

    npm pack @expo-google-fonts/noto-sans-tc@0.4.3 && tar xzf expo-*.tgz
    .venv/bin/python docs/font.py package/400Regular/NotoSansTC_400Regular.ttf

It keeps what Big5 has on its first level (5,401 characters, the common ones of Taiwan) and its
signs, drops hints and layout features, and gives the family a name of its own. fontTools
comes with matplotlib. Licence: SIL Open Font License 1.1, science/fonts/OFL.txt.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

from fontTools import subset

from tenfold.science.plotting import FAMILY, FONT

SIGNS = range(0xA1, 0xA4)  # first bytes in Big5
COMMON = range(0xA4, 0xC7)
LAST_COMMON = (0xC6, 0x7E)
# Of the name table: all but those of the PostScript and typographic variants.
COPYRIGHT, FAMILY_NAME, FULL_NAME, POSTSCRIPT_NAME = 0, 1, 4, 6
NAMES = [COPYRIGHT, FAMILY_NAME, 2, 3, FULL_NAME, 5, POSTSCRIPT_NAME, 7, 8, 9, 11, 13, 14]
# Of a Han font: where glyphs stand in a vertical line, and features that matplotlib does not use.
DROPPED = ["BASE", "GDEF", "GPOS", "GSUB", "STAT", "VORG", "vhea", "vmtx"]


def main(source: str) -> None:
    options = subset.Options()
    options.hinting = False
    options.layout_features = []
    options.glyph_names = False
    options.notdef_outline = True
    options.name_IDs = NAMES
    options.name_languages = [0x409]
    options.drop_tables += DROPPED
    font = subset.load_font(source, options)
    cutter = subset.Subsetter(options)
    cutter.populate(unicodes=sorted({*_characters(SIGNS), *_characters(COMMON)}))
    cutter.subset(font)
    names = font["name"]
    for name_id in (FAMILY_NAME, FULL_NAME):
        names.setName(FAMILY, name_id, 3, 1, 0x409)
    names.setName(FAMILY.replace(" ", "") + "-Regular", POSTSCRIPT_NAME, 3, 1, 0x409)
    font.save(FONT)
    size_kib = FONT.stat().st_size / 1024
    sys.stdout.write(
        f"written: {FONT.name}, {len(font.getBestCmap())} characters, {size_kib:.0f} KiB\n"
    )


def _characters(firsts: range) -> Iterator[int]:
    """Code points of Big5 characters with these first bytes."""
    for first in firsts:
        for second in (*range(0x40, 0x7F), *range(0xA1, 0xFF)):
            if first in COMMON and (first, second) > LAST_COMMON:
                return
            text = bytes((first, second)).decode("big5", "ignore")
            if text:
                yield ord(text)


if __name__ == "__main__":
    main(sys.argv[1])
