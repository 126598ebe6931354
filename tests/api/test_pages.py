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


def test_a_browser_gets_the_dashboard_and_a_program_its_answer(daemon: PrivateDaemon) -> None:
    page = ask(daemon, "/")
    assert page.status == 200 and b"Tenfold" in page.body
    policy = page.headers["content-security-policy"]
    assert "frame-ancestors 'none'" in policy and "default-src 'self'" in policy
    for path in ("/no/such/page", "/api/none"):
        assert ask(daemon, path).code == "api.route"
    missing = ask(daemon, "/no/such/page", Accept="text/html")
    assert missing.status == 404 and b"nothing at this address" in missing.body


def test_who_may_not_come_in_is_told_how_in_both_languages(daemon: PrivateDaemon) -> None:
    page = ask(daemon, "/", token=None, Accept="text/html")
    assert page.status == 401
    assert "tenfold up" in page.body.decode() and "終端機" in page.body.decode()
