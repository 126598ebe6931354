"""The three questions and one sentence each: will the wall, the room and the neighbours take it?"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from tenfold.site.verdict.cap import Cap
from tenfold.site.verdict.figure import Figure
from tenfold.site.verdict.power import Power
from tenfold.site.verdict.quiet import NO_DB, Noise
from tenfold.site.verdict.room import Room
from tenfold.site.verdict.wall import Wall

YES, CAPPED, NO, UNKNOWN = "yes", "yes with a cap", "no", "unknown"


@dataclass(frozen=True)
class Answer:
    question: str  # `wall`, `room`, `neighbours`
    answer: str  # `yes`, `yes with a cap`, `no`, `unknown`
    cap: Figure | None  # W a card, where one is needed
    sentence: str


def answers(power: Power, wall: Wall, room: Room, noise: Noise) -> tuple[Answer, ...]:
    return (_wall(power, wall), _room(power, room), _neighbours(power, noise))


def watts(figure: Figure) -> str:
    return "unknown" if figure.value is None else f"{figure.value:,.0f} W".replace(",", " ")


def percent(figure: Figure) -> str:
    return "unknown" if figure.value is None else f"{math.floor(100 * figure.value + 1e-9)} %"


def _wall(power: Power, wall: Wall) -> Answer:
    if power.worst.value is None:
        return Answer("wall", UNKNOWN, None, f"Its watts are not known: {power.worst.source}.")
    if wall.cap is None:
        return Answer("wall", UNKNOWN, None, _common_words(power, wall))
    return _judged("wall", power, wall.cap, "the wall gives")


def _room(power: Power, room: Room) -> Answer:
    if room.cap is None:
        known = room.takes if power.worst.value is not None else power.worst
        sentence = f"Nobody can tell: {known.source}."
        if room.heat.value is not None and room.closed_until.value is not None:
            sentence += (
                f" At worst {room.heat.value:.1f} kW become heat; the air of an example room with"
                f" closed doors is too warm in {room.closed_until.value:.0f} min."
            )
        return Answer("room", UNKNOWN, None, sentence)
    return _judged("room", power, room.cap, "room and cooling take")


def _neighbours(power: Power, noise: Noise) -> Answer:
    if not noise.quiet:
        return Answer("neighbours", UNKNOWN, None, f"No quiet hours are named, and {NO_DB}.")
    caps = [one.cap for one in noise.quiet if one.cap is not None]
    if len(caps) < len(noise.quiet):
        why = NO_DB if power.worst.value is not None else power.worst.source
        return Answer("neighbours", UNKNOWN, None, f"Quiet hours are named, but {why}.")
    tightest = min(caps, key=lambda cap: cap.allowed.value or 0.0)
    return _judged("neighbours", power, tightest, "quiet hours leave")


def _judged(question: str, power: Power, cap: Cap, gives: str) -> Answer:
    """`gives`: who allows, with its verb."""
    asks = f"{watts(power.worst)} at worst, and {gives} {watts(cap.allowed)}"
    if cap.whole and power.hosts_known:
        return Answer(question, YES, None, f"It draws {asks}.")
    if cap.whole:
        told = f"Without host and fans that nobody knows (host_watts) it draws {asks}."
        return Answer(question, UNKNOWN, None, told)
    if cap.cap.value is None:
        return Answer(question, NO, None, f"It draws {asks}. {_none_words(power, cap)}")
    held = f"at {watts(cap.cap)} a card it keeps within it, at {percent(cap.speed)} of the speed"
    if not power.hosts_known:
        told = f"It draws {asks}; {held}, but host and fans come on top (host_watts)."
        return Answer(question, UNKNOWN, None, told)
    return Answer(question, CAPPED, cap.cap, f"It draws {asks}; {held}.")


def _none_words(power: Power, cap: Cap) -> str:
    if not cap.running.value:
        return f"Not even the idle box fits ({watts(power.idle)})."
    return f"Only {cap.running.value:.0f} {cap.running.source}, fit."


def _common_words(power: Power, wall: Wall) -> str:
    told = [f"No circuit is named, and it draws {watts(power.worst)} at worst."]
    if not power.hosts_known:
        known = f"{watts(power.worst)} at worst without host and fans that nobody knows"
        told = [
            f"No circuit is named, and it draws {known} (host_watts); with them it may not fit."
        ]
    for runs, words in (
        ("whole", "It runs whole on"),
        ("with a cap", "With a cap on"),
        ("some cards", "With some of its cards on"),
        ("no", "Not at all on"),
        ("not these supplies", "Its supplies do not take"),
    ):
        names = [one.name for one in wall.common if one.runs == runs]
        if names:
            told.append(f"{words} {_listed(names)}.")
    return " ".join(told)


def _listed(names: Iterable[str]) -> str:
    """`120 V 15, 20 and 30 A, 208 V 30 A`: breakers of one voltage together."""
    grouped: dict[str, list[str]] = {}
    for name in names:
        volts, _, amps = name.removesuffix(" A").rpartition(" ")
        grouped.setdefault(volts, []).append(amps)
    return "; ".join(f"{volts} {' or '.join(amps)} A" for volts, amps in grouped.items())
