"""Will the wall, the room and the neighbours take this box? Figures with their sources.

`verdict(box, config)` is pure. What the settings do not say is unknown, and told as that; where the
watts of a host are unknown, nothing is promised. It reckons the worst case: what the place allows
from hour to hour is the budget's work.
"""

from __future__ import annotations

from dataclasses import dataclass

from tenfold.site.settings import SiteConfig
from tenfold.site.verdict.air import Air, air
from tenfold.site.verdict.answers import Answer, answers
from tenfold.site.verdict.build import Build, build
from tenfold.site.verdict.change import changes, to_say
from tenfold.site.verdict.drawing import drawing
from tenfold.site.verdict.figure import Figure
from tenfold.site.verdict.money import Money, money
from tenfold.site.verdict.power import Power, power
from tenfold.site.verdict.quiet import Noise, noise
from tenfold.site.verdict.room import Room, room
from tenfold.site.verdict.wall import Wall, wall
from tenfold.terms.box import Box

__all__ = ["Answer", "Figure", "Verdict", "verdict"]


@dataclass(frozen=True)
class Verdict:
    box: str
    modelled: bool  # a declared box
    answers: tuple[Answer, ...]  # wall, room, neighbours
    first: tuple[str, ...]  # what to change first, at most five
    to_say: tuple[str, ...]  # settings that would turn an unknown into a figure
    power: Power
    wall: Wall
    air: Air
    room: Room
    noise: Noise
    build: Build
    money: Money


def verdict(box: Box, config: SiteConfig) -> Verdict:
    drawn = drawing(box, config)
    watts = power(drawn)
    at_wall, in_room = wall(box, config, drawn), room(box, config, drawn, watts)
    heard, built = noise(config, drawn), build(box, config, drawn)
    paid = money(config, drawn, watts)
    return Verdict(
        box=box.name,
        modelled=box.modelled,
        answers=answers(watts, at_wall, in_room, heard),
        first=changes(box, drawn, at_wall, in_room, heard, built, paid),
        to_say=to_say(config, watts, built),
        power=watts,
        wall=at_wall,
        air=air(box, config, watts),
        room=in_room,
        noise=heard,
        build=built,
        money=paid,
    )
