"""From the catalogue to the picture: a run asked for in the browser, by mouse and by keys."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from engine.conftest import ended
from faults.daemon import PrivateDaemon
from web.browser.visit import PHONE, Visit

RUN = "#run:not(:disabled)"


def number_of(page: Any) -> str:
    """The id of the job whose page this is."""
    page.wait_for_url("**/job/*")
    return str(page.url.rsplit("/", 1)[1])


def drawn(page: Any, artifact: str) -> None:
    """The picture is there, and is one."""
    picture = f"[data-artifact='{artifact}'] img"
    page.wait_for_selector(picture, state="attached")
    # It is fetched when the reader comes near, and has no height until then.
    page.locator(picture).first.evaluate("picture => picture.scrollIntoView()")
    page.wait_for_function(
        "picture => document.querySelector(picture).naturalWidth > 200", arg=picture
    )


@pytest.mark.parametrize("language", ["en", "zh-Hant"])
def test_a_cavity_from_the_catalogue_ends_as_a_picture(
    visit: Callable[..., Visit], live: PrivateDaemon, language: str
) -> None:
    size = {"size": PHONE} if language == "zh-Hant" else {}
    reader = visit(live, language=language, **size)
    page = reader.open("/catalogue")
    page.locator("main a[href='/catalogue/simulate.cavity']").first.click()
    page.wait_for_selector("#run-form")
    page.locator("#run-form [name=size][value=smoke]").check(force=True)
    page.wait_for_selector(RUN)
    page.click("#run")
    job = number_of(page)
    view = ended(live, job)
    assert view["state"] == "succeeded" and view["spec"]["size"] == "smoke"
    image = next(
        one["path"]
        for one in live.api.get(f"/api/jobs/{job}")["artifacts"]
        if one["kind"] == "image"
    )
    drawn(page, image)
    assert reader.overflow() <= 0
    page = reader.open("/gallery")
    drawn(page, image)
    assert page.locator(f"#gallery a[href='/job/{job}']").count() >= 1
    assert reader.overflow() <= 0


def test_a_bad_value_is_refused_beside_its_field_and_the_rest_stays(
    visit: Callable[..., Visit], live: PrivateDaemon
) -> None:
    before = len(live.api.get("/api/jobs", all=1)["jobs"])
    page = visit(live).open("/catalogue/simulate.cavity")
    page.wait_for_selector(RUN)
    page.fill("[name='p.cells']", "96")
    page.fill("[name='p.reynolds']", "100, much")
    page.wait_for_selector("[data-error='p.reynolds'] .refused")
    assert page.is_disabled("#run")
    assert page.get_attribute("[name='p.reynolds']", "aria-invalid") == "true"
    assert page.inner_text("[data-error='p.cells']") == ""
    field = page.locator("[data-row='p.reynolds']").bounding_box()
    told = page.locator("[data-error='p.reynolds'] .refused").bounding_box()
    assert abs(told["y"] - field["y"]) < field["height"], "it is not beside its field"
    assert page.input_value("[name='p.cells']") == "96"
    assert page.input_value("[name='p.reynolds']") == "100, much"
    page.fill("[name='p.reynolds']", "400")
    page.wait_for_selector(RUN)
    assert page.locator(".refused").count() == 0
    assert page.input_value("[name='p.cells']") == "96"
    assert len(live.api.get("/api/jobs", all=1)["jobs"]) == before


def test_everything_is_reached_with_the_keyboard_alone(
    visit: Callable[..., Visit], live: PrivateDaemon
) -> None:
    page = visit(live).open("/catalogue/system.command")
    page.wait_for_selector("#run")
    ways = reached(page, lambda one: "way" in one["look"].split(), 10)
    assert {one["href"] for one in ways} == {
        "/", "/queue", "/catalogue", "/gallery", "/chat", "/site",
    }  # fmt: skip
    assert all(one["seen"] for one in ways), "where the focus is cannot be seen"
    (field,) = reached(page, lambda one: one["name"] == "p.argv", 60, stop=True)
    assert field["seen"]
    page.keyboard.type("echo by-hand")
    page.wait_for_selector(RUN)
    reached(page, lambda one: one["id"] == "run", 60, stop=True)
    page.keyboard.press("Enter")
    job = number_of(page)
    assert ended(live, job)["spec"]["params"]["argv"] == ["echo", "by-hand"]


def reached(
    page: Any, wanted: Callable[[dict[str, Any]], bool], tabs: int, stop: bool = False
) -> list[dict[str, Any]]:
    """What Tab comes to that is wanted; with `stop` the focus stays on the first."""
    found = []
    for _ in range(tabs):
        page.keyboard.press("Tab")
        one = page.evaluate(
            """() => {
              const on = document.activeElement, style = getComputedStyle(on);
              return {id: on.id, name: on.name || "", look: String(on.className),
                href: on.getAttribute("href"),
                seen: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0};
            }"""
        )
        if wanted(one):
            found.append(one)
            if stop:
                return found
    assert found, f"{tabs} tabs did not reach it"
    return found


def test_what_was_sent_is_what_the_page_said(
    visit: Callable[..., Visit], live: PrivateDaemon
) -> None:
    """The command line beside the form does the same."""
    page = visit(live).open("/catalogue/load.count")
    page.wait_for_selector(RUN)
    page.fill("[name='p.steps']", "3")
    page.wait_for_function("document.getElementById('line').textContent.includes('3')")
    page.wait_for_selector(RUN)
    line = page.inner_text("#line")
    page.click("#run")
    spec = ended(live, number_of(page))["spec"]
    assert spec["params"]["steps"] == 3
    assert line.split()[:3] == ["tenfold", "run", "load.count"] and "--steps" in line
