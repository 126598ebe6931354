"""What every page has, in a real browser: the ways, both languages, light and dark, phone."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from faults.daemon import PrivateDaemon
from web.browser.visit import DESKTOP, PHONE, Visit

from tenfold.web.words import EN, texts

PAGES = {
    "/": "box",
    "/queue": "queue",
    "/catalogue": "catalogue",
    "/gallery": "gallery",
    "/chat": "chat",
    "/site": "site",
}
WAYS = {
    "en": ["Box", "Queue", "Catalogue", "Gallery", "Chat", "Site"],
    "zh-Hant": ["機器", "佇列", "目錄", "成品", "對話", "場地"],
}


@pytest.mark.parametrize("language", WAYS)
@pytest.mark.parametrize("size", [DESKTOP, PHONE])
def test_every_page_has_its_ways_and_fits(
    visit: Callable[..., Visit], ten: PrivateDaemon, language: str, size: tuple[int, int]
) -> None:
    reader = visit(ten, size, language)
    for path, way in PAGES.items():
        page = reader.open(path)
        reader.until(f"document.documentElement.lang === '{language}'")
        names = page.locator("nav.ways a span:not(.sign)").all_inner_texts()
        assert names == WAYS[language], path
        here = page.locator("nav.ways a[aria-current=page] span:not(.sign)").inner_text()
        assert here == WAYS[language][list(PAGES.values()).index(way)]
        assert page.locator("h1").count() == 1, path
        # What a language lacks words for would stand there as its key.
        said = set(re.findall(r"[a-z_]+(?:\.[a-z_]+)+", page.inner_text("body")))
        assert not said & texts(EN).keys(), path
        assert reader.overflow() <= 0, path
