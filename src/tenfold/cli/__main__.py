"""`tenfold COMMAND ...`: finds the command's file, and shows a Refusal the one way there is.

The table below is all that is known of a command until it is asked for: starting up is most of
what a short command costs, so nothing else is imported before.
"""

from __future__ import annotations

import os
import sys
from importlib import import_module

# command -> (file, what it does), in the order of --help
COMMANDS: dict[str, tuple[str, str]] = {
    "doctor": ("doctor", "is this machine ready? and what to do where it is not"),
    "up": ("daemon", "start the daemon and the dashboard"),
    "down": ("daemon", "end the daemon; running jobs go on"),
    "status": ("box", "the box at a glance"),
    "top": ("box", "the same, live"),
    "workloads": ("workloads", "the catalogue; or one entry with its params"),
    "estimate": ("estimate", "would it fit, how long, how many kWh"),
    "fit": ("fit", "is this box good for it? and what to do instead"),
    "plan": ("plan", "what a box would do with your week: waiting, kWh, cost, a picture"),
    "site": ("site", "will the wall, the room and the ears take it"),
    "run": ("run", "run a workload, or a command of your own after --"),
    "chat": ("chat", "talk to a language model that is up as a service"),
    "keys": ("keys", "API keys for OpenAI clients that ask your models"),
    "jobs": ("jobs", "what waits, runs and has ended"),
    "logs": ("logs", "the log of a job"),
    "explain": ("explain", "why a job is where it is"),
    "cancel": ("jobs", "end a job, keep its record"),
    "pause": ("jobs", "stop a job and give its slot back"),
    "resume": ("jobs", "let a paused job go on"),
    "retry": ("jobs", "a new attempt of a job that failed or was cancelled"),
    "priority": ("jobs", "let a job go earlier or later in the queue"),
    "energy": ("energy", "kWh and money, by day, job or workload"),
    "calibrate": ("calibrate", "measure how power limits slow your cards"),
    "rights": ("rights", "who may set power limits and make slices"),
    "env": ("env", "environments for what clashes with the main one"),
}

REFUSED = 2  # exit status
INTERRUPTED = 130


def main(argv: list[str] | None = None) -> int:
    words = list(sys.argv[1:] if argv is None else argv)
    if words[:1] in (["--version"], ["version"]):
        from tenfold.version import VERSION

        print(f"tenfold {VERSION}")
        return 0
    if not words or words[0] in ("-h", "--help", "help"):
        print(_overview())
        return 0
    from tenfold.terms.refusal import Refusal

    try:
        try:
            status = _command(words)
        except SystemExit as helped:  # argparse, after --help
            status = int(helped.code or 0)
        sys.stdout.flush()  # here, where a closed pipe is still ours to handle
        return status
    except Refusal as no:
        from tenfold.cli.show import show_refusal

        show_refusal(no, as_json=_wants_json(words))
        return REFUSED
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # The reader (`| head`) has seen enough; nothing may be flushed to it at exit either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


def _command(words: list[str]) -> int:
    name = words[0]
    if name not in COMMANDS:
        from difflib import get_close_matches

        from tenfold.terms.refusal import refusal

        near = get_close_matches(name, COMMANDS, 1)
        why = f"The nearest is '{near[0]}'." if near else "None has a name like it."
        raise refusal("cli.command", name=name, why=why)
    module = import_module(f"tenfold.cli.{COMMANDS[name][0]}")
    status: int = getattr(module, name)(words[1:])
    return status


def _wants_json(words: list[str]) -> bool:
    ours = words[: words.index("--")] if "--" in words else words
    return "--json" in ours


def _overview() -> str:
    lines = ["Tenfold: one person's supercomputer.", "", "  tenfold COMMAND --help", ""]
    lines += [f"  {name:<11}{does}" for name, (_, does) in COMMANDS.items()]
    return "\n".join([*lines, "", "Every command takes --json."])


if __name__ == "__main__":
    sys.exit(main())
