"""`site.html`: the verdict on a place as one page that needs no other file and no network."""

from __future__ import annotations

from html import escape
from typing import Any

from tenfold.cli import site_svg
from tenfold.cli.page_style import document
from tenfold.cli.site_tables import Row, cap_table, listed, plain, prose, section, table
from tenfold.cli.site_words import (
    answer_words,
    cap_words,
    circuit_name,
    circuit_words,
    digits,
    told,
)

QUESTIONS = {"wall": "The wall", "room": "The room", "neighbours": "The neighbours"}
NOT_MODELLED = (
    "The worst case is every card at its highest limit at once, with host and fans as their source"
    " tells; a card may overshoot its limit for moments.",
    "Inrush, power factor and other loads on the same circuit are left out: say fewer amps if there"
    " are any.",
    "Speed under a cap follows published curves of other cards until your own have been measured.",
    "This page is arithmetic, not an electrician: have the circuit checked by one.",
)
LOOKS = {"yes": "good", "no": "bad", "unknown": "soft"}

_CSS = """
main { max-width: 62rem; }
.answers { display: grid; grid-template-columns: repeat(auto-fit, minmax(16rem, 1fr)); gap: .7rem;
  margin: 1.2rem 0; }
.answers div { background: var(--card); border: 1px solid var(--line); border-radius: 12px;
  padding: .9rem 1rem; border-top: 4px solid var(--teal); }
.answers .bad { border-top-color: var(--bad); color: inherit; }
.answers .soft { border-top-color: var(--soft); }
.answers .capped { border-top-color: #c2801a; }
.answers span { color: var(--soft); font-size: .86rem; }
.answers b { display: block; font-size: 1.15rem; margin: .1rem 0 .4rem; }
.answers p { font-size: .9rem; margin: 0; }
th, td { white-space: normal; vertical-align: top; }
td:nth-child(2), td.tight { white-space: nowrap; }
.figures { table-layout: fixed; }
.figures td:first-child { width: 30%; } .figures td:nth-child(2) { width: 18%; }
td.from { color: var(--soft); font-size: .8rem; overflow-wrap: anywhere; }
.basis { border: 1px solid var(--line); border-radius: 99px; padding: 0 .45rem; margin-right: .4rem;
  white-space: nowrap; }
.none { color: var(--soft); }
h3 { font-size: .98rem; margin: 1.1rem 0 .3rem; }
ol { margin: 0; padding-left: 1.2rem; } li { margin: .25rem 0; }
@media print { :root { color-scheme: light; --paper: #fff; --card: #fff; --ink: #000;
  --soft: #444; --line: #bbb; --teal: #0f766e; --bad: #b42318; }
  body { font-size: 11px; } main { padding: 0; max-width: none; }
  section, .answers div, tr, svg { break-inside: avoid; }
  section { padding: .6rem .8rem; margin: .5rem 0; }
  .bar, .rail { print-color-adjust: exact; -webkit-print-color-adjust: exact; } }
"""


def page(answer: dict[str, Any]) -> str:
    """The page for the answer of /api/site."""
    box = escape(answer["box"])
    label = "<span class=modelled>modelled</span>" if answer["modelled"] else ""
    body = (
        "<p class=eyebrow>Tenfold, a verdict on a place</p>"
        f"<h1>Will it take {box}?{label}</h1>"
        f"{_answers(answer)}{listed('What to change first', answer['first'], 'ol')}"
        f"{_power(answer)}{_wall(answer)}{_heat(answer)}{_noise(answer)}{_build(answer)}"
        f"{_money(answer['money'])}"
        f"{listed('What you could say that nobody else knows', answer['to_say'])}"
        f"{listed('What this leaves out', NOT_MODELLED)}"
    )
    return document(f"{box}: the verdict on a place", body, site_svg.STYLE + _CSS)


def _answers(answer: dict[str, Any]) -> str:
    cards = []
    for one in answer["answers"]:
        look = LOOKS.get(one["answer"], "capped")
        cards.append(
            f"<div class={look}><span>{QUESTIONS[one['question']]}</span>"
            f"<b>{prose(answer_words(one))}</b><p>{prose(one['sentence'])}</p></div>"
        )
    return f"<div class=answers>{''.join(cards)}</div>"


def _power(answer: dict[str, Any]) -> str:
    power = answer["power"]
    rows: list[Row] = [
        ("idle", power["idle"]),
        ("of it, the cards", power["cards_idle"]),
        ("typical", power["typical"]),
        ("worst", power["worst"]),
        ("host and fans", power["host"]),
    ]
    nodes = ""
    if len(power["nodes"]) > 1:
        each: list[Row] = []
        for node in power["nodes"]:
            name = f"{node['node']} ({node['cards']} x {node['model']})"
            each += [(f"{name}, {kind}", node[kind]) for kind in ("idle", "typical", "worst")]
        nodes = f"<h3>Each node</h3>{table(each)}"
    means = f"Typical: {power['typical_means']}. Idle: {power['idle_means']}."
    note = f"<p class=note>{escape(means)}</p>"
    return section(
        "What it draws at the wall", f"{site_svg.watts(answer)}{table(rows)}{note}{nodes}"
    )


def _wall(answer: dict[str, Any]) -> str:
    wall = answer["wall"]
    parts = []
    for circuit in wall["circuits"]:
        words = escape(circuit_words(circuit))
        parts.append(
            f"<h3>Circuit {escape(circuit_name(circuit))}</h3>{site_svg.amps(circuit)}"
            f"<p class=note>{words}</p>"
        )
    if wall["limits"]:
        limits = [(limit["name"], limit["allowed"]) for limit in wall["limits"]]
        parts.append(f"<h3>What the wall gives</h3>{table(limits)}")
    parts.append(cap_table("The cap that keeps within all of it", wall["cap"]))
    rows = [
        (one["name"], told(one["carries"]), _runs(one), one["carries"]["source"])
        for one in wall["common"]
    ]
    common = plain(("circuit", "carries for hours", "this box runs", "reckoned by"), rows)
    parts.append(
        f"<h3>On common circuits</h3>{common}<p class=note>{escape(wall['rule'])}."
        " European circuits are held to the same share.</p>"
    )
    return section("Amps and breakers", "".join(parts))


def _runs(common: dict[str, Any]) -> str:
    if common["runs"] in ("whole", "unknown"):
        return str(common["runs"])
    if common["runs"] == "not these supplies":
        return "no: its supplies want another voltage"
    return cap_words(common["cap"])


def _heat(answer: dict[str, Any]) -> str:
    air, room = answer["air"], answer["room"]
    liquid = air["liquid"]
    rows: list[Row] = [
        ("heat, idle", air["heat_idle"]),
        ("heat, typical", air["heat_typical"]),
        ("heat, worst", air["heat_worst"]),
        ("heat at worst, in kW", room["heat"]),
        ("taken away", room["takes"]),
        ("left over at worst", room["surplus"]),
        ("room in the end, idle", room["steady_idle"]),
        ("room in the end, typical", room["steady_typical"]),
        ("room in the end, worst", room["steady_worst"]),
        ("warmest air at the inlet", room["inlet_highest"]),
        ("rise from inlet to outlet", air["rise"]),
        ("airflow at that rise", air["airflow"]),
        ("airflow of the chassis", air["airflow_published"]),
        ("rise at that airflow", air["rise_published"]),
    ]
    loop: list[Row] = [
        ("share that a loop takes", liquid["share"]),
        ("into the loop", liquid["into_loop"]),
        ("left to the room's air", liquid["remains"]),
        ("flow needed", liquid["flow"]),
        ("rise at your flow", liquid["rise"]),
        ("the loop can take", liquid["loop_takes"]),
    ]
    closed: list[Row] = [
        ("warms by", room["closed"]),
        ("too warm after", room["closed_until"]),
    ]
    picture = site_svg.temperature(room)
    if picture:
        picture = (
            f"<h3>The room over a day</h3>{picture}<p class=note>Green: typical; red: worst."
            f" Modelled: {escape(room['day_means'])}.</p>"
        )
    return section(
        "Heat and air",
        f"{table(rows)}{cap_table('The cap that the room bears', room['cap'])}{picture}"
        f"<h3>Air against liquid</h3>{table(loop)}"
        f"<h3>With nothing to take the heat away</h3>{table(closed)}"
        f"<p class=note>{escape(room['closed_means'])}.</p>",
    )


def _noise(answer: dict[str, Any]) -> str:
    noise = answer["noise"]
    rows: list[Row] = [("noise at worst", noise["at_worst"])]
    for node in answer["build"]["nodes"]:
        rows.append((f"{node['node']}, as published", node["noise"]))
    parts = [table(rows)]
    for one in noise["quiet"]:
        quiet: list[Row] = [("allowed noise", one["dba"]), ("allowed watts", one["allowed"])]
        parts.append(f"<h3>Quiet hours {escape(one['hours'])}</h3>{table(quiet)}")
        parts.append(cap_table("What they leave", one["cap"]))
    return section("Noise and quiet hours", "".join(parts))


def _build(answer: dict[str, Any]) -> str:
    build = answer["build"]
    parts = []
    for node in build["nodes"]:
        rows: list[Row] = [
            ("rack units", node["rack_units"]),
            ("weight", node["weight"]),
            ("rated", node["rated"]),
            ("double-width slots", node["slots"]),
            ("PCIe lanes of its cards", node["lanes"]),
            ("power supplies", node["supplies"]),
            ("output of one", node["supply_w"]),
            ("coldest inlet", node["inlet_lowest"]),
            ("warmest inlet", node["inlet_highest"]),
        ]
        notes = [
            f"NVLink: {node['links']}",
            f"lanes: {node['lanes_how']}" if node["lanes_how"] else "",
            f"plugs: {node['plugs']}" if node["plugs"] else "",
            f"measured: {node['seen']}" if node["seen"] else "",
        ]
        note = "; ".join(text for text in notes if text)
        parts.append(
            f"<h3>{escape(node['node'])}: {escape(node['chassis'])}</h3>{table(rows)}"
            f"<p class=note>{escape(note)}.</p>"
        )
    supplies = build["supplies"]
    carries = {True: "They carry the worst case with the spare ones lost.", None: ""}
    words = carries.get(supplies["carries"], "They do not carry the worst case then.")
    rows = [
        ("power supplies", supplies["count"]),
        ("of them to spare", supplies["spare"]),
        ("output that the worst case takes", supplies["needed"]),
        ("output of all", supplies["whole"]),
        ("output without the spare ones", supplies["without_spare"]),
    ]
    parts.append(f"<h3>Do the supplies carry it?</h3>{table(rows)}<p class=note>{words}</p>")
    return section("What has to be carried, mounted and plugged in", "".join(parts))


def _money(money: dict[str, Any]) -> str:
    duty = f"{digits(money['duty']['value'])} h a day at work"
    rows: list[Row] = [("price of a kWh", money["price"])]
    for name, spend in (
        ("idle all year", money["idle"]),
        (duty, money["working"]),
        ("at work all year", money["always"]),
    ):
        rows += [(f"{name}, energy", spend["kwh"]), (f"{name}, cost", spend["money"])]
    rows += [("most a year", money["yearly_kwh"]), ("most a year", money["yearly_money"])]
    cloud = money["cloud"]
    rented: list[Row] = [
        ("a cloud GPU-hour", cloud["gpu_hour"]),
        (f"GPU-hours a year, {duty}", cloud["gpu_hours"]),
        ("the same in the cloud", cloud["would_cost"]),
        ("owning's energy is below it from", cloud["cheaper_from"]),
    ]
    return section(
        "kWh and money a year",
        f"{table(rows)}<h3>Against the cloud</h3>{table(rented)}"
        f"<p class=note>{escape(cloud['means'])}.</p>",
    )
