"""A card is drawn as the API says it is carved, and what is not known is not drawn as 0."""

from __future__ import annotations

import re
from typing import Any

from tenfold.web.draw.card import card_html, host_html
from tenfold.web.draw.colour import hue
from tenfold.web.words import words

EN, ZH = words("en"), words("zh-Hant")
MISSING = {"missing": "nobody tells"}
CARD = {"cap_w": 350.0, "memory_gib": 79.25, "max_operating_c": None}


def part(start: int, size: int, job: str | None, **more: Any) -> dict[str, Any]:
    profile = f"{size}g.{size * 10}gb"
    fields = {"start": start, "size": size, "profile": profile, "memory_gib": 9.75 * size}
    named = {"job": job, "name": f"job {job}", "state": "running" if job else None, "share": None}
    return {**fields, **named, **more}


def layout(*parts: dict[str, Any], **more: Any) -> dict[str, Any]:
    card = {"device": "gpu0", "model": "H100", "memory_slots": 8, "aside": None}
    card |= {"memory_gib": 79.25}
    return {**card, "parts": list(parts), **more}


def reading(**more: Any) -> dict[str, Any]:
    told = {"power_w": 312.0, "temperature_c": 61.0, "memory_used_gib": 40.0, "fan": MISSING}
    gpu = {"limit_w": 350.0, "margin_c": 26.0}
    return {**told, "utilisation": 0.87, "gpu": gpu, **more}


def columns(html: str) -> list[tuple[str, str]]:
    """(where, job) of each slice that is drawn."""
    found = re.findall(
        r'grid-column:([^"]*)"(?:>)?<?a? ?[^>]*?data-job="([^"]*)"', html.replace("><a", " ")
    )
    return [(where, job) for where, job in found]


def test_every_slice_stands_where_the_api_says() -> None:
    html = card_html(EN, layout(part(0, 2, "7"), part(2, 1, "8"), part(3, 1, None)), CARD, None)
    assert columns(html) == [("1/span 2", "7"), ("3/span 1", "8"), ("4/span 1", "")]
    free = re.findall(r'class="free" style="grid-column:(\d)"', html)
    assert free == ["5", "6", "7", "8"]
    assert 'href="/job/7"' in html and "job 7: 2g.20gb, 19.5 GiB, running" in html


def test_accounts_on_a_shared_card_take_their_share_of_it() -> None:
    shared = [part(0, 8, "1", share=0.25), part(0, 8, "2", share=0.5)]
    html = card_html(EN, layout(*shared), CARD, None)
    assert re.findall(r"flex:([0-9.]+)", html) == ["0.2500", "0.5000", "0.2500"]


def test_what_it_does_stands_beside_the_most_it_may() -> None:
    html = card_html(EN, layout(), CARD, reading())
    for said in ("312 / 350 W", "61 / 87 °C", "40 / 79.2 GiB", "87%"):
        assert said in html
    assert 'class="meter none" title="nobody tells"><span>Fan</span><span>n/a</span>' in html
    assert "full" not in html


def test_memory_that_nobody_measures_is_what_jobs_were_given() -> None:
    seen = reading(memory_used_gib=MISSING)
    html = card_html(EN, layout(part(0, 2, "7"), part(2, 1, None)), CARD, seen)
    assert "Given" in html and "19.5 / 79.2 GiB" in html


def test_a_gang_has_of_each_card_that_card_s_memory() -> None:
    gang = part(0, 8, "7", profile=None, memory_gib=4 * 79.25)
    html = card_html(EN, layout(gang), CARD, reading(memory_used_gib=MISSING))
    assert "79.2 / 79.2 GiB" in html and "317" not in html


def test_nearly_too_hot_looks_so_and_a_limit_that_is_reached_does_not() -> None:
    seen = reading(power_w=350.0, temperature_c=86.0, gpu={"limit_w": 350.0, "margin_c": 1.0})
    full = re.findall(r'class="meter full"><span>(\w+)', card_html(EN, layout(), CARD, seen))
    assert full == ["Heat"]


def test_a_trouble_is_said_on_the_card_and_names_are_no_markup() -> None:
    odd = part(0, 8, "9", name="<script>", profile=None)
    html = card_html(EN, layout(odd), CARD, None, ["gpu0 is held down: too hot."])
    assert "gpu0 is held down: too hot." in html and "in-trouble" in html
    assert "<script>" not in html and "&lt;script&gt;" in html


def test_the_host_says_how_many_cores_are_given() -> None:
    parts = [
        {"cores": 4, "memory_gib": None, "job": str(n), "name": "", "state": "running"}
        for n in range(9)
    ]
    host = {"device": "cpu", "model": "CPU", "cores": 64, "parts": parts, "memory_gib": 512.0}
    html = host_html(EN, host, {"memory_gib": 512.0}, None)
    assert "36 / 64" in html and html.count('class="chip"') == 6 and "and 3 more" in html
    assert "還有 3 個" in host_html(ZH, host, {"memory_gib": 512.0}, None)


def test_neighbours_and_siblings_differ_in_colour() -> None:
    hues = [hue(str(n)) for n in range(1, 9)]
    apart = [min(abs(a - b), 360 - abs(a - b)) for i, a in enumerate(hues) for b in hues[i + 1 :]]
    assert min(apart) > 15
    assert hue("12.left") != hue("12.right")
