"""The owner's settings of the place: HOME/site.toml, every field of it optional.

    [site]
    watts = 3000        # the most the whole box may draw; no limit where it is left out
    price_kwh = 0.31    # money per kWh, in your currency

    [[circuit]]
    volts = 208
    amps = 30

`examples/site.toml` has them all. What is wrong is the Refusal `site.config`, by the field's name:
a limit that is misread is worse than none.
"""

from __future__ import annotations

import difflib
import math
import re
import tomllib
import zoneinfo
from pathlib import Path
from typing import Any

from tenfold.site.config.fields import (
    Section,
    above_zero,
    nearest,
    section,
    text,
    watts,
    whole,
    wrong,
)
from tenfold.site.config.heat import cooling, noise
from tenfold.site.config.hours import night, quiet
from tenfold.site.config.power import circuits, supplies
from tenfold.site.config.prices import tariff
from tenfold.site.settings import SiteConfig, Tariff
from tenfold.terms.job import When
from tenfold.terms.refusal import Refusal, refusal

SITE = (
    "watts",
    "host_watts",
    "price_kwh",
    "currency",
    "cloud_gpu_hour",
    "yearly_kwh",
    "yearly_money",
    "night",
    "when",
    "zone",
    "decode_clock_mhz",
    "place_file",
)
SECTIONS = ("site", "circuit", "psu", "cooling", "noise", "quiet", "tariff")


def read(path: Path) -> SiteConfig:
    """The settings in `path`, or the defaults where there is no such file."""
    try:
        words = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return SiteConfig()
    except (OSError, UnicodeDecodeError) as error:
        raise wrong("site", "?", path, f"It cannot be read: {error}.") from error
    return parsed(words, path)


def parsed(words: str, path: Path) -> SiteConfig:
    """The settings in `words`; `path` is what a person calls it, and where its CSV lies beside."""
    told = sections(words, path)
    site = section(told.get("site", {}), "[site]", SITE, path)
    zone = _zone(site)
    psu = supplies(told.get("psu"), path)
    wires = circuits(told.get("circuit"), psu, path)
    points = noise(told.get("noise"), path)
    prices = tariff(told.get("tariff"), site, zone, path)
    return SiteConfig(
        watts=watts(site, "watts", "the watts that the whole box may draw") or math.inf,
        host_watts=watts(site, "host_watts", "the watts of everything but the cards"),
        circuits=wires,
        supplies=psu,
        cooling=cooling(told.get("cooling"), wires, path),
        noise=points,
        quiet=quiet(told.get("quiet"), points, path),
        tariff=prices,
        currency=text(site, "currency", "the name of your money") or "",
        yearly_kwh=above_zero(site, "yearly_kwh", "the kWh of a year"),
        yearly_money=_yearly_money(site, prices),
        cloud_gpu_hour=above_zero(site, "cloud_gpu_hour", "what a GPU costs for an hour elsewhere"),
        night=night(site) or SiteConfig().night,
        when=_when(site),
        zone=zone,
        decode_clock_mhz=whole(site, "decode_clock_mhz", "the clock of a card in MHz", 200, 4000),
        place_file=text(site, "place_file", "the path of a file") or "",
    )


def sections(words: str, path: Path) -> dict[str, Any]:
    """The tables in `words`, all of known names."""
    try:
        told = tomllib.loads(words)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise wrong("site", "?", path, f"It is not TOML: {error}.") from error
    for name, value in told.items():
        if name in SITE:
            raise wrong(name, value, path, "It belongs into a section: write [site] above it.")
        if name not in SECTIONS:
            why = f"There is no such section; {nearest(name, SECTIONS)}."
            raise wrong(name, value, path, why)
    return told


def check_moved(old: Path, new: Path) -> None:
    """The Refusal `site.moved` where `old`, the home's config.toml, still describes the place: a
    limit that is silently passed over is dangerous."""
    try:
        words = old.read_text(encoding="utf-8")
    except FileNotFoundError:
        return
    except (OSError, UnicodeDecodeError) as error:
        raise wrong("site", "?", old, f"It cannot be read: {error}.") from error
    try:
        told = tomllib.loads(words)
        names = set(told)
    except (tomllib.TOMLDecodeError, RecursionError):
        names = {"site", "?"} if re.search(r"^\s*\[+\s*site", words, re.MULTILINE) else set()
    if "site" not in names:
        return
    whole_file = names == {"site"} and not new.exists()
    cut = f"move its section [site] to {new}"
    raise refusal("site.moved", old=old, next=f"mv {old} {new}" if whole_file else cut)


def _zone(site: Section) -> str:
    zone = text(site, "zone", "a time zone such as Europe/Berlin") or ""
    if zone:
        try:
            zoneinfo.ZoneInfo(zone)
        except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise _no_zone(site, zone) from error
    return zone


def _no_zone(site: Section, zone: str) -> Refusal:
    known = {name.lower(): name for name in zoneinfo.available_timezones()}
    if not known:
        return site.wrong("zone", "This machine has no table of time zones: install tzdata.")
    near = difflib.get_close_matches(zone.lower(), known, 1)
    name = known[near[0]] if near else "Europe/Berlin"
    return site.wrong("zone", f"There is no such time zone; they are called like {name}.")


def _when(site: Section) -> When:
    if not site.has("when"):
        return When.ANYTIME
    known = [when.value for when in When]
    if site.told["when"] not in known:
        raise site.wrong("when", f"It takes one of {', '.join(known)}.")
    return When(site.told["when"])


def _yearly_money(site: Section, prices: Tariff) -> float | None:
    value = above_zero(site, "yearly_money", "the money of a year's energy")
    if value is not None and prices == Tariff():
        why = "It becomes watts only by prices, and there are none: add [tariff], or yearly_kwh."
        raise site.wrong("yearly_money", why)
    return value
