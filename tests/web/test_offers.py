"""What an empty box offers: which of the catalogue, at which size, and what is said of it."""

from __future__ import annotations

import asyncio
from typing import Any

from tenfold.terms.refusal import refusal
from tenfold.web.parts.estimate import brief, estimate_body, estimate_html
from tenfold.web.parts.offers import Offer, chosen, found_offers, offers_html
from tenfold.web.words import EN, ZH, words

T = words(EN)


def told(time_s: float | None, **more: Any) -> dict[str, Any]:
    return {
        "needs": {"time_s": time_s, "memory_gib": 0.5, "basis": "counted"},
        "fits": True,
        "why": "",
        "slot": {"kind": "cpu", "cores": 2, "devices": ["cpu"]},
        "device": {"model": "a CPU"},
        "energy_kwh": None,
        "money": None,
        "currency": "",
        "modelled": False,
        "missing": [],
        **more,
    }


def offer(name: str, size: str, time_s: float) -> Offer:
    entry = {"name": name, "title": f"{name}: what it is.", "group": name.partition(".")[0]}
    return Offer(entry, size, told(time_s))


def names(found: list[Offer]) -> list[tuple[str, str]]:
    return [(one.entry["name"], one.size) for one in found]


def test_each_workload_once_at_its_best_size_that_is_done_soon() -> None:
    found = [
        offer("a.a", "desk", 200),
        offer("b.b", "desk", 301),
        offer("c.c", "desk", 100),
        offer("a.a", "smoke", 5),
        offer("b.b", "smoke", 7),
        offer("c.c", "smoke", 6),
    ]
    assert names(chosen(found)) == [("b.b", "smoke"), ("c.c", "desk"), ("a.a", "desk")]


def test_few_workloads_are_offered_at_several_sizes() -> None:
    found = [offer("a.a", "desk", 200), offer("b.b", "desk", 90), offer("a.a", "smoke", 5)]
    assert names(chosen(found)) == [("a.a", "smoke"), ("b.b", "desk"), ("a.a", "desk")]
    assert chosen([]) == []
    slow = [offer("a.a", "desk", 900)]
    assert chosen(slow) == slow  # better than nothing


class Catalogue:
    """Answers as the API does; counts what was asked."""

    def __init__(self, answers: dict[tuple[str, str], dict[str, Any]]) -> None:
        self.answers = answers
        self.asked: list[tuple[str, str]] = []

    async def get(self, path: str) -> Any:
        assert path == "/api/workloads"
        listed = dict.fromkeys(name for name, _ in self.answers)
        return {"workloads": [{"name": n, "title": n, "group": "lab"} for n in listed]}

    async def post(self, path: str, body: dict[str, Any]) -> Any:
        assert path == "/api/estimate"
        key = (body["workload"], body["size"])
        self.asked.append(key)
        if key not in self.answers:
            raise refusal("workload.size", name=key[0], size=key[1], sizes="none", first="")
        return self.answers[key]


def found_of(catalogue: Any) -> list[Offer]:
    return asyncio.run(found_offers(catalogue))


def test_what_cannot_run_here_is_not_offered() -> None:
    catalogue = Catalogue(
        {
            ("lab.large", "desk"): told(10, fits=False),
            ("lab.lacks", "desk"): told(10, missing=["torch"]),
            ("lab.unknown", "desk"): told(None),
            ("lab.good", "smoke"): told(10),
        }
    )
    assert names(found_of(catalogue)) == [("lab.good", "smoke")]


def test_it_looks_no_further_than_it_must() -> None:
    answers = {(f"lab.w{n}", size): told(9) for n in range(3) for size in ("desk", "smoke")}
    catalogue = Catalogue(answers)
    assert len(found_of(catalogue)) == 3
    assert catalogue.asked == [(f"lab.w{n}", "desk") for n in range(3)]


def test_a_card_says_what_it_takes_and_can_be_run() -> None:
    priced = Offer(
        {"name": "simulate.<x>", "title": "A <b>: it is.", "group": "simulate"},
        "desk",
        told(150.0, energy_kwh=0.25, money=1.5, currency="TWD"),
    )
    html = offers_html(T, [priced])
    assert "2 min" in html and "0.25 kWh" in html and "1.50 TWD" in html
    assert 'data-run="simulate.&lt;x&gt;" data-size="desk"' in html
    assert "<b>" not in html and "/catalogue/simulate.%3Cx%3E?size=desk" in html
    assert "not known here" in offers_html(T, [offer("a.a", "desk", 10)])
    assert "no tariff is set" in offers_html(
        T, [Offer(priced.entry, "desk", told(150.0, energy_kwh=0.25))]
    )
    assert "/catalogue" in offers_html(T, [])


def test_an_estimate_in_words() -> None:
    gpu = {
        "slot": {"kind": "gpu", "devices": ["gpu0", "gpu1"], "slice": None, "fraction": None},
        "device": {"model": "H100 PCIe 80 GB"},
        "energy_kwh": 1.25,
    }
    html = estimate_html(T, told(7200.0, **gpu, modelled=True))
    assert "on 2 H100 PCIe 80 GB" in html and "2 h" in html and "1.25 kWh" in html
    assert "modelled" in html and '<a href="/site">' in html and 'data-fits="yes"' in html
    slice_ = {**gpu["slot"], "devices": ["gpu0"], "slice": {"profile": "1g.10gb"}}
    assert "1g.10gb" in estimate_html(T, told(60.0, **{**gpu, "slot": slice_}))
    large = estimate_html(T, told(60.0, fits=False, slot=None, why="It asks for <9>."))
    assert 'data-fits="no"' in large and "It asks for &lt;9&gt;." in large
    assert '<a href="/site">' not in estimate_html(T, told(60.0))  # no energy: no tariff helps
    assert brief(T, told(90.0, energy_kwh=0.05, money=0.2, currency="EUR")) == (
        "2 min · 0.5 GiB · 50 Wh · 0.20 EUR"
    )
    assert brief(words(ZH), told(None)) == "0.5 GiB"


def test_an_estimate_asks_for_what_a_run_would() -> None:
    body = {"workload": "a.a", "params": {"x": 1}, "size": None, "name": "n", "when": "night"}
    assert estimate_body({**body, "gpus": 2}) == {
        "workload": "a.a",
        "params": {"x": 1},
        "gpus": 2,
    }
    assert estimate_body(body, "8xH100-SXM")["box"] == "8xH100-SXM"
