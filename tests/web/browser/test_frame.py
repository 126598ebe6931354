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

MARKED = {"en": "en-US", "zh-Hant": "zh-TW"}  # as the document says it


# The other two of the four are looked at in test_look.py.
@pytest.mark.parametrize(("language", "size"), [("zh-Hant", DESKTOP), ("en", PHONE)])
def test_every_page_has_its_ways_and_fits(
    visit: Callable[..., Visit], ten: PrivateDaemon, language: str, size: tuple[int, int]
) -> None:
    reader = visit(ten, size, language)
    for path, way in PAGES.items():
        page = reader.open(path)
        reader.until(f"document.documentElement.lang === '{MARKED[language]}'")
        names = page.locator("nav.ways a span:not(.sign)").all_inner_texts()
        assert names == WAYS[language], path
        here = page.locator("nav.ways a[aria-current=page] span:not(.sign)").inner_text()
        assert here == WAYS[language][list(PAGES.values()).index(way)]
        assert page.locator("h1").count() == 1, path
        for link in page.locator("nav.ways a").all():
            box = link.bounding_box()
            assert box["x"] >= 0 and box["x"] + box["width"] <= size[0], path
            assert box["y"] >= 0 and box["y"] + box["height"] <= size[1], path
        # What a language lacks words for would stand there as its key.
        said = set(re.findall(r"[a-z_]+(?:\.[a-z_]+)+", page.inner_text("body")))
        assert not said & texts(EN).keys(), path
        assert reader.overflow() <= 0, path


def test_the_language_is_switched_and_back_and_stays(
    visit: Callable[..., Visit], ten: PrivateDaemon
) -> None:
    page = visit(ten, PHONE, "en").open("/queue")
    for other, language in (("繁體中文", "zh-Hant"), ("English", "en")):
        page.get_by_role("button", name=other).click()
        marked = MARKED[language]
        page.wait_for_function("lang => document.documentElement.lang === lang", arg=marked)
        page.locator("nav.ways").get_by_text(WAYS[language][2]).click()
        page.wait_for_url("**/catalogue")
        names = page.locator("nav.ways a span:not(.sign)").all_inner_texts()
        assert names == WAYS[language]


def test_dark_is_chosen_and_stays(visit: Callable[..., Visit], ten: PrivateDaemon) -> None:
    page = visit(ten).open("/")
    dark = "document.body.classList.contains('body--dark')"
    assert not page.evaluate(dark)
    page.get_by_role("button", name="Light or dark").click()
    page.wait_for_function(dark)
    page.reload()
    page.wait_for_selector("main h1")
    page.wait_for_function(dark)
    red, green, blue = page.evaluate(
        "getComputedStyle(document.body).backgroundColor.match(/[0-9]+/g).slice(0, 3).map(Number)"
    )
    assert max(red, green, blue) < 60
