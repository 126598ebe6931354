"""`tenfold keys`: API keys for programs that ask the models, such as OpenAI's clients.

A key lets in at the gateway only. It is shown once; what is kept of it is a digest, in a file of
the home that the proxy reads at each request. So no daemon has to be up to make one or to take one
back, and both count at once.
"""

from __future__ import annotations

import time
from datetime import datetime

from tenfold.cli.parser import Parser, with_json
from tenfold.cli.show import DIM, note, say, say_json, tint
from tenfold.client.gateway import url_of
from tenfold.client.home import home_path
from tenfold.folder.keys import ApiKey, KeyFile
from tenfold.terms.refusal import Refusal


def keys(argv: list[str]) -> int:
    parser = with_json(Parser("keys", "List the API keys of the gateway, add or remove one."))
    parser.add_argument("act", nargs="?", choices=["list", "add", "remove"], default="list")
    parser.add_argument("name", nargs="?", metavar="NAME")
    only = "with add: only these models, or models of these services"
    parser.add_argument("--models", metavar="A,B", default="", help=only)
    asked = parser.parse_args(argv)
    file = KeyFile(home_path() / "keys.json")
    if asked.act == "list":
        return _list(file, asked.json)
    if not asked.name:
        parser.error(f"{asked.act} takes the name of a key")
    if asked.act == "remove":
        gone = file.remove(asked.name)
        say_json({"removed": gone.name}) if asked.json else say(f"Removed {gone.name}.")
        return 0
    models = tuple(one.strip() for one in asked.models.split(",") if one.strip())
    key = file.add(asked.name, models, time.time())
    if asked.json:
        say_json({"name": asked.name, "key": key, "models": models, "base_url": _base_url()})
        return 0
    say(key)
    note("It is shown only now. An OpenAI client takes it as api_key,")
    note(f"with base_url {_base_url() or '(tenfold status shows it, once a service was started)'}")
    return 0


def _list(file: KeyFile, as_json: bool) -> int:
    known = file.read()
    if as_json:
        say_json([{"name": k.name, "made_s": k.made_s, "models": k.models} for k in known])
        return 0
    for key in known:
        say(f"  {key.name:<20}{_about(key)}")
    if not known:
        say("No keys. One is made with: tenfold keys add NAME")
    return 0


def _about(key: ApiKey) -> str:
    made = tint(f"made {datetime.fromtimestamp(key.made_s):%Y-%m-%d}", DIM)
    return f"{made}  {', '.join(key.models) or 'all models'}"


def _base_url() -> str | None:
    try:
        return url_of(home_path())
    except Refusal:
        return None
