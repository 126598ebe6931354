"""The few pages of the daemon itself: the door for a browser, and the API's description.

The description is drawn here from OpenAPI, without scripts: the usual page loads its parts from
the network, and nothing leaves this machine.
"""

from __future__ import annotations

from html import escape
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from tenfold.terms.keys import COOKIE
from tenfold.terms.refusal import refusal

routes = APIRouter(include_in_schema=False)

_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 3rem auto; padding: 0 1rem;
       color: #1c2430; background: #fbfbfa; }
h1 { font-weight: 600; } h2 { margin-top: 2.5rem; font-weight: 600; border-bottom: 1px solid #ddd; }
h3 { margin: 1.6rem 0 .2rem; font: 600 1rem ui-monospace, monospace; }
.verb { display: inline-block; min-width: 3.6rem; color: #0b6e4f; }
p { margin: .2rem 0 .6rem; } table { border-collapse: collapse; margin: .3rem 0; }
td { padding: .15rem .9rem .15rem 0; vertical-align: top; } td:first-child { font-family:
ui-monospace, monospace; } .dim { color: #667; }
@media (prefers-color-scheme: dark) { body { color: #dde3ea; background: #14181d; }
 h2 { border-color: #333; } .verb { color: #58c69b; } .dim { color: #8a94a0; } }
"""


@routes.get("/enter")
def enter(request: Request, code: str = "") -> Response:
    """Trade a one-time code for the cookie."""
    keys = request.app.state.keys
    if not keys.spend(code):
        raise refusal("api.token", next="tenfold up, and open the link it prints")
    answer = RedirectResponse("/", 303)
    answer.set_cookie(COOKIE, keys.cookie, httponly=True, samesite="strict", path="/")
    return answer


@routes.get("/docs")
def docs(request: Request) -> HTMLResponse:
    described = request.app.openapi()
    by_tag: dict[str, list[str]] = {}
    for path, verbs in described["paths"].items():
        for verb, operation in verbs.items():
            tag = (operation.get("tags") or ["other"])[0]
            by_tag.setdefault(tag, []).append(_operation(verb, path, operation, described))
    parts = "".join(f"<h2>{escape(tag)}</h2>{''.join(rows)}" for tag, rows in by_tag.items())
    info = described["info"]
    return HTMLResponse(
        f"<!doctype html><html lang=en><meta charset=utf-8><title>{escape(info['title'])}</title>"
        f"<style>{_STYLE}</style><h1>{escape(info['title'])}</h1>"
        f"<p>{escape(info['description'])}</p>"
        f"<p class=dim>Version {escape(info['version'])}; the same for programs:"
        f' <a href="/openapi.json">openapi.json</a></p>{parts}</html>'
    )


def _operation(verb: str, path: str, operation: dict[str, Any], described: dict[str, Any]) -> str:
    rows = [(p["name"], p["in"], p.get("description", "")) for p in operation.get("parameters", [])]
    body = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    for schema in _schemas(body.get("schema", {}), described):
        for name, field in schema.get("properties", {}).items():
            needed = "body, needed" if name in schema.get("required", ()) else "body"
            rows.append((name, needed, field.get("description", "")))
    cells = "".join(
        f"<tr><td>{escape(name)}<td class=dim>{escape(where)}<td>{escape(words)}"
        for name, where, words in rows
    )
    words = operation.get("description") or ""
    return (
        f"<h3><span class=verb>{verb.upper()}</span> {escape(path)}</h3>"
        f"<p>{escape(operation.get('summary', ''))}. <span class=dim>{escape(words)}</span></p>"
        f"<table>{cells}</table>"
    )


def _schemas(schema: dict[str, Any], described: dict[str, Any]) -> list[dict[str, Any]]:
    """The object schemas that a body may have, references followed."""
    if "$ref" in schema:
        name = schema["$ref"].rsplit("/", 1)[1]
        return [described["components"]["schemas"][name]]
    return [found for option in schema.get("anyOf", []) for found in _schemas(option, described)]
