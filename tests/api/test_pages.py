"""The daemon's own pages: drawn here, from here."""

from __future__ import annotations

import re

from api.conftest import ask
from faults.daemon import PrivateDaemon


def test_the_description_loads_nothing_from_elsewhere(daemon: PrivateDaemon) -> None:
    page = ask(daemon, "/docs").body.decode()
    assert "<script" not in page and "@import" not in page and "url(" not in page
    assert "//" not in page
    links = re.findall(r"(?:src|href|action)=[\"']?([^\"'> ]+)", page)
    assert links == ["/openapi.json"]


def test_the_description_names_every_route_and_field(daemon: PrivateDaemon) -> None:
    page = ask(daemon, "/docs").body.decode()
    described = ask(daemon, "/openapi.json").json
    assert len(described["paths"]) >= 15
    for path in described["paths"]:
        assert path in page
    for field in ("priority", "memory_gib", "after"):
        assert field in page


def test_every_route_has_a_sentence(daemon: PrivateDaemon) -> None:
    for path, verbs in ask(daemon, "/openapi.json").json["paths"].items():
        for verb, operation in verbs.items():
            assert operation["summary"] and operation["tags"], (verb, path)


def test_the_root_leads_to_the_description(daemon: PrivateDaemon) -> None:
    said = ask(daemon, "/")
    assert (said.status, said.headers["location"]) == (307, "/docs")
