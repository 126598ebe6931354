"""The verdict on the place: three answers, what to change first, and the figures behind them.

From the answer of GET /api/site. Its sentences are the API's own, in English.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from tenfold.web.draw.figure import Row, bars, digits, figures, prose, told
from tenfold.web.draw.room_day import room_day_svg
from tenfold.web.words import Words

LOOKS = {
    "yes": ("good", "✓"),
    "yes with a cap": ("warn", "◐"),
    "no": ("bad", "✕"),
    "unknown": ("", "?"),
}
Answer = Mapping[str, Any]
# What a section lists: key of the words, and where it stands in the answer.
POWER = ("power.idle", "power.cards_idle", "power.typical", "power.worst", "power.host")
HEAT = (
    "air.heat_idle", "air.heat_typical", "air.heat_worst", "room.heat", "room.takes",
    "room.surplus", "room.steady_idle", "room.steady_typical", "room.steady_worst",
    "room.inlet_highest", "air.rise", "air.airflow", "air.airflow_published", "air.rise_published",
    "air.liquid.share", "air.liquid.into_loop", "air.liquid.remains", "air.liquid.flow",
    "air.liquid.rise", "air.liquid.loop_takes", "room.closed", "room.closed_until",
)  # fmt: skip
NODE = (
    "rack_units", "weight", "rated", "slots", "lanes", "supplies", "supply_w", "inlet_lowest",
    "inlet_highest", "noise",
)  # fmt: skip
SUPPLIES = ("count", "spare", "needed", "whole", "without_spare")
MONEY = (
    "money.price", "money.idle.kwh", "money.idle.money", "money.working.kwh",
    "money.working.money", "money.always.kwh", "money.always.money", "money.yearly_kwh",
    "money.yearly_money", "money.cloud.gpu_hour", "money.cloud.gpu_hours",
    "money.cloud.would_cost", "money.cloud.cheaper_from",
)  # fmt: skip
CAP = ("cap", "speed", "box", "running")


def answers_html(t: Words, answer: Answer) -> str:
    cards = []
    for one in answer["answers"]:
        look, sign = LOOKS.get(one["answer"], LOOKS["unknown"])
        cards.append(
            f'<section class="panel answer {look}" data-question="{escape(one["question"])}">'
            f"<h2>{escape(t('site.question_' + one['question']))}</h2>"
            f'<p class="said"><span class="sign" aria-hidden="true">{sign}</span> '
            f"{escape(answer_words(t, one))}</p>"
            f'<p lang="en">{prose(one["sentence"])}</p></section>'
        )
    return f'<div class="answers">{"".join(cards)}</div>'


def answer_words(t: Words, one: Answer) -> str:
    if one["cap"] is not None:
        return t("site.yes_capped", cap=told(t, one["cap"]))
    return t("site.said_" + one["answer"].replace(" ", "_"))


def first_html(t: Words, answer: Answer) -> str:
    parts = ""
    for key, tag in (("first", "ol"), ("to_say", "ul")):
        if answer[key]:
            items = "".join(f"<li>{prose(line)}</li>" for line in answer[key])
            parts += f"<section class=panel><h2>{escape(t('site.' + key))}</h2>"
            parts += f'<{tag} lang="en">{items}</{tag}></section>'
    return f'<div class="firsts">{parts}</div>' if parts else ""


def figures_html(t: Words, answer: Answer) -> str:
    """Each subject folded, with the bars that say most."""
    rule = f'<p class="dim" lang="en">{escape(answer["wall"]["rule"])}.</p>'
    power, room, cloud = answer["power"], answer["room"], answer["money"]["cloud"]
    return "".join(
        (
            _fold(
                t,
                "power",
                _watts(t, answer)
                + _rows(t, answer, POWER, "power")
                + _note(power["typical_means"], power["idle_means"]),
            ),
            _fold(t, "wall", _wall(t, answer) + rule),
            _fold(
                t,
                "heat",
                room_day_svg(t, room)
                + _cap(t, room["cap"], "heat")
                + _rows(t, answer, HEAT, "heat")
                + _note(room["closed_means"]),
            ),
            _fold(t, "noise", _noise(t, answer)),
            _fold(t, "build", _build(t, answer)),
            _fold(t, "money", _rows(t, answer, MONEY, "money") + _note(cloud["means"])),
        )
    )


def _fold(t: Words, name: str, body: str) -> str:
    title = escape(t(f"site.about_{name}"))
    head = f"<summary><h3>{title}</h3></summary>"
    return f'<details class="panel fold" id="about-{name}">{head}{body}</details>'


def _note(*texts: str) -> str:
    return "".join(f'<p class="dim" lang="en">{escape(text)}.</p>' for text in texts if text)


def _rows(t: Words, answer: Answer, paths: Sequence[str], head: str) -> str:
    rows: list[Row] = []
    for path in paths:
        found: Any = answer
        for step in path.split("."):
            found = found[step]
        rows.append((t("site.figure." + path.replace(".", "_")), found))
    return figures(t, rows, t(f"site.about_{head}"))


def _cap(t: Words, cap: Answer | None, head: str) -> str:
    if cap is None or cap["whole"]:
        return ""
    rows: list[Row] = [(t("site.figure.cap_" + name), cap[name]) for name in CAP]
    return figures(t, rows, t(f"site.cap_{head}"))


def _watts(t: Words, answer: Answer) -> str:
    """Idle, typical and worst against what wall, room and neighbours allow."""
    power = answer["power"]
    if power["worst"]["value"] is None:
        return ""
    limits = [(one["name"], one["allowed"]["value"]) for one in answer["wall"]["limits"]]
    limits += [(t("site.room_takes"), answer["room"]["takes"]["value"])]
    limits += [(t("site.quiet_hours"), one["allowed"]["value"]) for one in answer["noise"]["quiet"]]
    known = sorted({(name, value) for name, value in limits if value is not None})
    lowest = min((value for _, value in known), default=float("inf"))
    shown = [
        (t("site.figure.power_" + name), power[name]["value"], told(t, power[name]),
         power[name]["value"] > lowest)
        for name in ("idle", "typical", "worst")
    ]  # fmt: skip
    return bars(t, shown, known)


def _wall(t: Words, answer: Answer) -> str:
    wall, parts = answer["wall"], []
    for one in wall["circuits"]:
        shown = [
            (load["phase"] or t("site.at_worst"), load["amps"]["value"], told(t, load["amps"]),
             load["over_rule"])
            for load in one["loads"] if load["amps"]["value"] is not None
        ]  # fmt: skip
        marks = [(t("site.for_hours"), one["rule_a"]), (t("site.breaker"), one["amps"])]
        name = t("site.circuit_named", name=one["name"], volts=digits(one["volts"]))
        parts.append(f"<h4>{escape(name)}</h4>{bars(t, shown, marks)}")
    if wall["limits"]:
        rows = [(one["name"], one["allowed"]) for one in wall["limits"]]
        parts.append(figures(t, rows, t("site.wall_gives")))
    parts.append(_cap(t, wall["cap"], "wall"))
    lines = "".join(
        f"<tr><th scope=row>{escape(one['name'])}</th>"
        f"<td class=right>{escape(told(t, one['carries']))}</td>"
        f"<td>{escape(_runs(t, one))}</td></tr>"
        for one in wall["common"]
    )
    heads = "".join(
        f"<th scope=col>{escape(t('site.common_' + one))}</th>"
        for one in ("name", "carries", "runs")
    )
    parts.append(
        f"<h4>{escape(t('site.common'))}</h4><table class='plain num'><thead><tr>{heads}"
        f"</tr></thead><tbody>{lines}</tbody></table>"
    )
    return "".join(parts)


def _runs(t: Words, common: Answer) -> str:
    cap = common["cap"]
    if common["runs"] == "with a cap" and cap is not None and cap["cap"]["value"] is not None:
        return t("site.runs_capped", cap=told(t, cap["cap"]), speed=told(t, cap["speed"]))
    if common["runs"] == "some cards" and cap is not None:
        return t("site.runs_cards", n=told(t, cap["running"]))
    return t("site.runs_" + common["runs"].replace(" ", "_"))


def _noise(t: Words, answer: Answer) -> str:
    noise = answer["noise"]
    rows: list[Row] = [(t("site.figure.noise_at_worst"), noise["at_worst"])]
    rows += [
        (f"{node['node']}: {t('site.figure.noise')}", node["noise"])
        for node in answer["build"]["nodes"]
    ]
    parts = [figures(t, rows, t("site.about_noise"))]
    for one in noise["quiet"]:
        rows = [
            (t("site.figure.quiet_dba"), one["dba"]),
            (t("site.figure.quiet_allowed"), one["allowed"]),
        ]
        parts.append(f"<h4>{escape(t('site.quiet_hours'))}: {escape(one['hours'])}</h4>")
        parts.append(figures(t, rows, one["hours"]) + _cap(t, one["cap"], "noise"))
    return "".join(parts)


def _build(t: Words, answer: Answer) -> str:
    parts = []
    for node in answer["build"]["nodes"]:
        rows: list[Row] = [(t("site.figure." + name), node[name]) for name in NODE]
        parts.append(f"<h4>{escape(node['node'])}: {escape(node['chassis'])}</h4>")
        parts.append(figures(t, rows, node["node"]))
        parts.append(_note(*(node[name] for name in ("links", "lanes_how", "plugs", "seen"))))
    supplies = answer["build"]["supplies"]
    rows = [(t("site.figure.supplies_" + name), supplies[name]) for name in SUPPLIES]
    key = {True: "carry", False: "carry_not", None: "carry_unknown"}[supplies["carries"]]
    parts.append(f"<h4>{escape(t('site.supplies_' + key))}</h4>")
    return "".join(parts) + figures(t, rows, t("site.supplies"))
