"""`tenfold doctor`: is this machine ready? What is well in short, then notes, then trouble.

Needs no daemon. Exit status 1 if anything is in trouble.
"""

from __future__ import annotations

from dataclasses import asdict
from itertools import groupby

from tenfold.cli.parser import Parser, with_json
from tenfold.cli.show import BOLD, DIM, GREEN, RED, YELLOW, rows, say, say_json, tint
from tenfold.cli.words import one_line, plural
from tenfold.client.home import home_path
from tenfold.doctor.checks import CHECKS
from tenfold.doctor.finding import Finding, State, findings
from tenfold.doctor.gather import facts, mig_uuids
from tenfold.doctor.selftest import keep, selftest
from tenfold.rights.ask import Rights
from tenfold.terms.refusal import refusal

_COLOURS = {State.OK: GREEN, State.NOTE: YELLOW, State.TROUBLE: RED}
_HEADS = {State.NOTE: "Worth knowing", State.TROUBLE: "Trouble"}


def doctor(argv: list[str]) -> int:
    parser = with_json(Parser("doctor", "Is this machine ready? Changes nothing, needs no daemon."))
    parser.add_argument(
        "--mig-selftest",
        metavar="GPU-UUID",
        help="try on an idle card in MIG mode whether slices can be made beside a running one",
    )
    asked = parser.parse_args(argv)
    if asked.mig_selftest:
        return _selftest(asked.mig_selftest, asked.json)
    found = findings(CHECKS, facts(home_path()))
    troubled = any(finding.state is State.TROUBLE for finding in found)
    if asked.json:
        say_json({"ready": not troubled, "findings": [asdict(finding) for finding in found]})
    else:
        _show(found)
    return 1 if troubled else 0


def _selftest(card: str, as_json: bool) -> int:
    rights = Rights()
    if not rights.look():
        raise refusal("rights.missing", why=f"{rights.why[0].upper()}{rights.why[1:]}.")
    tried = selftest(rights, card, mig_uuids)
    rights.close()
    path = keep(home_path(), tried)
    if as_json:
        say_json(asdict(tried))
        return 0 if tried.passed else 1
    if tried.passed:
        say(f"{tint('Passed', GREEN)}. The next daemon makes slices beside running ones on {card}.")
    else:
        say(f"{tint('Not passed', RED)}. {card} is carved only while nothing runs there:")
        for why in tried.why:
            say(f"  {why}")
    say(f"The report: {path}")
    return 0 if tried.passed else 1


def _show(found: list[Finding]) -> None:
    """Trouble last: that is where the eyes are when it has been printed."""
    well = [finding for finding in found if finding.state is State.OK]
    for group, inside in groupby(well, key=lambda finding: finding.group):
        say(tint(group.capitalize(), BOLD))
        say(rows([(finding.name, one_line(finding.found)) for finding in inside]))
        say()
    for state, head in _HEADS.items():
        those = [finding for finding in found if finding.state is state]
        if those:
            say(tint(head, f"{BOLD};{_COLOURS[state]}"))
        for finding in those:
            lines = [(finding.name, one_line(finding.found)), ("why", finding.why)]
            say(rows([*lines, ("fix", finding.fix)]))
            say()
    say(_sum(found))


def _sum(found: list[Finding]) -> str:
    count = {state: sum(finding.state is state for finding in found) for state in State}
    if count[State.TROUBLE]:
        head = tint(f"Not ready: {plural(count[State.TROUBLE], 'trouble')}", RED)
    else:
        head = tint("Ready", GREEN)
    return head + tint(f", {plural(count[State.NOTE], 'note')}, {count[State.OK]} in order.", DIM)
