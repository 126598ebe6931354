"""What is wrong is said in the reader's language, worst first, once for each card at the head."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tenfold.engine.troubles import TEXTS
from tenfold.web.draw.troubles import trouble_text, troubles_html
from tenfold.web.words import words

EN, ZH = words("en"), words("zh-Hant")
# Values for every field that a sentence has.
FACTS: dict[str, Any] = {
    "why": "it is so",
    "watts": 5000.0,
    "allowed_w": 4000.0,
    "limit": "circuit",
    "by": ["too hot"],
    "temperature_c": 92.0,
    "name": "notes",
    "seconds": 40.0,
    "limit_w": 250.0,
    "ratio": 1.12,
}


def trouble(code: str, of: str = "gpu3", severity: str = "bad") -> dict[str, Any]:
    return {"code": code, "of": of, "severity": severity, "text": "In English.", "facts": FACTS}


@pytest.mark.parametrize("code", sorted(TEXTS))
def test_every_trouble_is_said_in_chinese(code: str) -> None:
    said = trouble_text(ZH, trouble(code))
    assert re.search("[\u4e00-\u9fff]", said) and "{" not in said and said != "In English."
    assert trouble_text(EN, trouble(code)) == "In English."


def test_what_holds_a_card_down_is_said_with_its_heat() -> None:
    assert trouble_text(ZH, trouble("card.throttled")) == "gpu3 被降速：過熱，溫度 92 °C。"


def test_one_that_nobody_translated_is_said_as_the_api_says_it() -> None:
    assert trouble_text(ZH, trouble("card.new")) == "In English."


def test_each_card_is_at_the_head_once_with_its_worst() -> None:
    told = [trouble("card.lost"), trouble("card.throttled"), trouble("card.ecc", "gpu1", "warn")]
    html = troubles_html(EN, told)
    assert re.findall(r'data-code="([^"]*)"', html) == ["card.lost", "card.ecc"]
    assert "<b>Wrong:</b>" in html and "<b>Note:</b>" in html
    assert troubles_html(EN, []) == ""
