"""The verdict on a place over HTTP."""

from __future__ import annotations

import json
from typing import Any

import pytest
from api.conftest import ask
from faults.daemon import PrivateDaemon

from tenfold.terms.refusal import Refusal

BOX = "10xH100-PCIe"
CIRCUIT = '[[circuit]]\nname = "cellar"\nvolts = 208\namps = 30\n'


def asked(daemon: PrivateDaemon, **body: Any) -> dict[str, Any]:
    answer: dict[str, Any] = daemon.api.post("/api/site", body)
    return answer


def test_a_declared_box_at_a_place(daemon: PrivateDaemon) -> None:
    answer = asked(daemon, box=BOX, site=CIRCUIT)
    assert (answer["box"], answer["modelled"]) == (BOX, True)
    wall, room, neighbours = answer["answers"]
    assert (wall["answer"], wall["cap"]["value"]) == ("yes with a cap", 279)
    assert room["answer"] == neighbours["answer"] == "unknown"
    assert answer["wall"]["circuits"][0]["over_rule"] is True
    assert answer["power"]["worst"] | {"source": ""} == {
        "value": 5700,
        "unit": "W",
        "source": "",
        "basis": "computed",
    }


def test_of_another_box_the_daemons_settings_say_nothing(daemon: PrivateDaemon) -> None:
    assert asked(daemon, box=BOX)["wall"]["limits"] == []


def test_the_daemons_own_box_and_place(daemon: PrivateDaemon) -> None:
    answer = daemon.api.get("/api/site")
    assert answer["box"] == "this machine" and answer["modelled"] is False
    assert answer == asked(daemon)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"box": "10xH100-SXM"}, "site.sxm"),
        ({"box": "abacus"}, "box.unknown"),
        ({"box": BOX, "site": "[site]\nwatts = -1\n"}, "site.config"),
        ({"box": BOX, "site": "watts = 1000\n"}, "site.config"),
        ({"box": BOX, "site": "#" * (2**20 + 1)}, "wire.shape"),
        ({"boxes": BOX}, "wire.shape"),
    ],
)
def test_what_cannot_be_judged_is_refused(
    daemon: PrivateDaemon, body: dict[str, Any], code: str
) -> None:
    with pytest.raises(Refusal) as told:
        asked(daemon, **body)
    assert told.value.code == code


def test_ten_sxm_cards_are_told_what_to_buy(daemon: PrivateDaemon) -> None:
    with pytest.raises(Refusal) as told:
        asked(daemon, box="10xH100-SXM")
    assert "Buy several nodes of SXM cards, or PCIe or NVL cards" in told.value.why
    assert told.value.next == (
        "tenfold site --box 8xH100-SXM+2xH100-SXM, or tenfold site --box 10xH100-PCIe"
    )


def test_it_needs_the_token(daemon: PrivateDaemon) -> None:
    assert ask(daemon, "/api/site", token=None).status == 401
    said = ask(daemon, "/api/site", "POST", json.dumps({"box": BOX}).encode(), token=None)
    assert (said.status, said.code) == (401, "api.token")
