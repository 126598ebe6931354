"""A conversation with a model that a service of the box answers for, with the sources it used."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from engine.conftest import until
from faults.daemon import PrivateDaemon
from web.browser.visit import PHONE, Visit

MODEL = Path(__file__).parents[1] / "small_llm.py"


@pytest.fixture(scope="module")
def model(live: PrivateDaemon) -> Iterator[str]:
    job = live.submit(
        workload="system.command",
        params={"argv": [sys.executable, str(MODEL)], "health": "/health"},
        kind="service",
        name="small",
        cores=1,
    )
    until(live, job, "running")
    yield job
    live.api.post(f"/api/jobs/{job}/cancel")
    until(live, job, "cancelled")


@pytest.mark.parametrize("size", [(1280, 800), PHONE])
def test_a_question_is_answered_with_its_sources(
    visit: Callable[..., Visit], live: PrivateDaemon, model: str, size: tuple[int, int]
) -> None:
    reader = visit(live, size)
    page = reader.open("/chat")
    page.wait_for_selector("#chat-send")
    page.locator("[data-field=model]").click()
    page.get_by_role("option", name="sources").click()
    page.locator("textarea[data-field=question], [data-field=question] textarea").fill("How warm?")
    page.click("#chat-send")
    answer = page.locator("#chat-turns [data-role=assistant]").last
    answer.get_by_text("Notes on the oven").wait_for()
    said = answer.inner_text()
    assert "How warm?" in said and "notes/oven.md" in said
    assert answer.locator("b", has_text="Never").count() == 0, "a source is text, no HTML"
    assert "question 1" in said
    assert reader.overflow() <= 0
    page.reload()
    page.locator("#chat-turns").get_by_text("Notes on the oven").first.wait_for()


def test_what_a_model_says_is_no_page_of_ours(
    visit: Callable[..., Visit], live: PrivateDaemon, model: str
) -> None:
    page = visit(live).open("/chat")
    page.wait_for_selector("#chat-send")
    page.locator("[data-field=model]").click()
    page.get_by_role("option", name="html").click()
    page.locator("textarea[data-field=question], [data-field=question] textarea").fill("Well?")
    page.click("#chat-send")
    answer = page.locator("#chat-turns [data-role=assistant]").last
    answer.get_by_text("Look:").wait_for()
    page.wait_for_timeout(300)
    assert page.evaluate("window.hit") is None
    assert answer.locator("[onerror], a[href^='javascript:'], button.do").count() == 0
