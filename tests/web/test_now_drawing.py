"""The row of figures at the head of the Box page."""

from __future__ import annotations

import re
from typing import Any

from tenfold.web.draw.now import limit_words, now_html
from tenfold.web.words import words

EN = words("en")


def box(**more: Any) -> dict[str, Any]:
    watts = {"now": 3270.0, "missing": "", "cards": 1070.0, "budget": 4992.0, "why": "circuit"}
    told = {
        "watts": watts,
        "noise": {"dba": 52.4, "limit_dba": 55.0, "why": ""},
        "price": {"kwh": 0.34, "currency": "EUR", "next": {"at_s": 7200.0, "kwh": 0.2}},
        "today": {"kwh": 12.0, "money": 4.1, "currency": "EUR", "basis": {"modelled": 12.0}},
        "jobs": {"running": 3, "starting": 1, "queued": 9, "succeeded": 40},
        "now_s": 0.0,
    }
    return {**told, **more}


def figures(told: dict[str, Any]) -> list[str]:
    return re.findall(r'class="value"[^>]*>([^<]*)<', now_html(EN, told))


def test_everything_is_there_with_its_unit() -> None:
    html = now_html(EN, box())
    assert figures(box()) == ["3,270 W", "52 dBA", "0.34 EUR/kWh", "12 kWh", "4 running"]
    for said in ("of 4,992 W allowed: circuit", "55 dBA allowed now", "4.10 EUR modelled"):
        assert said in html
    assert "9 waiting" in html and "0.2 from" in html


def test_what_nobody_tells_is_not_0() -> None:
    watts = {"now": None, "missing": "no host", "cards": None, "budget": None, "why": ""}
    noise = {"dba": None, "limit_dba": None, "why": "no curve"}
    price = {"kwh": None, "currency": "", "next": None}
    today = {"kwh": None, "money": None, "currency": "", "basis": {}}
    told = box(watts=watts, noise=noise, price=price, today=today, jobs={})
    assert figures(told) == ["–", "–", "–", "–", "0 running"]
    html = now_html(EN, told)
    assert "no limit is set" in html and 'title="no host"' in html and 'title="no curve"' in html


def test_where_the_host_is_unknown_the_cards_are_named_as_what_they_are() -> None:
    watts = {"now": None, "missing": "no host", "cards": 1070.0, "budget": None, "why": ""}
    html = now_html(EN, box(watts=watts))
    assert "Cards draw now" in html and "1,070 W" in html and "Draws now" not in html


def test_what_sets_a_limit_is_said_in_chinese() -> None:
    zh = words("zh-Hant")
    assert limit_words(zh, "circuit garage") == "迴路 garage"
    assert limit_words(zh, "quiet hours") == "安靜時段"
    assert limit_words(zh, "the moon") == "the moon" == limit_words(EN, "the moon")
