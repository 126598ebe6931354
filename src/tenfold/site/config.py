"""The owner's settings of the place: the section `[site]` of HOME/config.toml.

    [site]
    watts = 3000        # the most the whole box may draw; no limit where it is left out
    price_kwh = 0.31    # money per kWh, in your currency; optional

Other sections belong to others and are passed over.
"""

from __future__ import annotations

import math
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tenfold.terms.refusal import refusal

KNOWN = ("watts", "price_kwh")


@dataclass(frozen=True)
class SiteConfig:
    watts: float = math.inf
    price_kwh: float | None = None


def read(path: Path) -> SiteConfig:
    """The settings in `path`, or the defaults where there is no such file.

    Raises the Refusal `site.config` naming the first field that is wrong.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return SiteConfig()
    except (OSError, UnicodeDecodeError) as error:
        raise refusal(
            "site.config", field="site", path=path, value="?", why=f"It cannot be read: {error}."
        ) from error
    return parsed(text, path)


def parsed(text: str, path: Path) -> SiteConfig:
    """The settings in `text`; `path` is what a person calls it."""
    try:
        site = tomllib.loads(text).get("site", {})
    except tomllib.TOMLDecodeError as error:
        raise refusal(
            "site.config", field="site", path=path, value="?", why=f"It is not TOML: {error}."
        ) from error
    return _checked(site, path)


def _checked(site: Any, path: Path) -> SiteConfig:
    if not isinstance(site, dict):
        raise refusal(
            "site.config", field="site", path=path, value=site, why="It is a section: [site]."
        )
    for name, value in site.items():
        if name not in KNOWN:
            raise refusal(
                "site.config",
                field=name,
                path=path,
                value=value,
                why=f"The section [site] knows {' and '.join(KNOWN)}.",
            )
    watts = site.get("watts", math.inf)
    if not _is_number(watts) or not watts > 0:
        raise refusal(
            "site.config",
            field="watts",
            path=path,
            value=watts,
            why="It takes the watts that the whole box may draw, a number above 0.",
        )
    price_kwh = site.get("price_kwh")
    # A price may be negative: some tariffs pay for use at noon.
    if price_kwh is not None and not (_is_number(price_kwh) and math.isfinite(price_kwh)):
        raise refusal(
            "site.config",
            field="price_kwh",
            path=path,
            value=price_kwh,
            why="It takes the price of a kWh, a number.",
        )
    return SiteConfig(float(watts), None if price_kwh is None else float(price_kwh))


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
