"""Card data agree with themselves and with facts/operating-layer.md, section 3."""

from __future__ import annotations

import pytest

from tenfold.hardware.models import ALIASES, CARDS, KNEE, Card, host_data

BY_NAME = {card.name: card for card in CARDS}


@pytest.mark.parametrize("card", CARDS, ids=lambda card: card.name)
def test_numbers_are_in_order_and_have_sources(card: Card) -> None:
    assert 0 <= card.idle_w < card.cap_min_w <= card.cap_max_w
    assert card.memory_gib > 1
    for word in ("memory", "idle", "cap"):
        assert word in card.source or (word != "memory" and "watts" in card.source)
    assert card.device("gpu0", "a").cap_w == card.cap_max_w
    assert card.device("gpu0", "a").knee == KNEE


def test_the_figures_that_plans_rest_on() -> None:
    figures = {name: (c.cap_min_w, c.cap_max_w, c.memory_gib) for name, c in BY_NAME.items()}
    assert figures["H100-SXM"] == (200, 700, 79.25)
    assert figures["H100-PCIe"] == (200, 350, 79.25)
    assert figures["H100-NVL"] == (200, 400, 93.12)
    assert figures["A100-40GB"] == (100, 400, 37.25)
    assert BY_NAME["H100-SXM"].idle_w == 68.6


def test_aliases_name_cards() -> None:
    assert set(ALIASES.values()) <= set(BY_NAME)
    assert not set(ALIASES) & set(BY_NAME)


def test_ten_cards_draw_what_the_wall_was_seen_to_give() -> None:
    card = BY_NAME["H100-PCIe"]
    host = host_data(card, 10)
    # Facts: 5.0 to 5.7 kW at the wall for ten cards at 350 W; the worst case counts here.
    assert host.watts + 10 * card.cap_max_w == 5700
    assert host_data(BY_NAME["H100-SXM"], 8).watts + 8 * 700 == 10_200
    assert "unknown" in host_data(card, 1).source
