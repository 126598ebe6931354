"""`tenfold logs JOB`: what a job wrote, or with -f what it writes."""

from __future__ import annotations

import sys

from tenfold.cli.parser import Parser, with_json
from tenfold.cli.show import note, say_json
from tenfold.cli.tell import LineTeller, state_words
from tenfold.client.call import Api
from tenfold.client.follow import LogTail, follow, job_path
from tenfold.client.home import home_path


def logs(argv: list[str]) -> int:
    parser = with_json(Parser("logs", "What a job wrote to stdout and stderr."))
    parser.add_argument("job", metavar="JOB")
    parser.add_argument("-f", "--follow", action="store_true", help="go on until it has ended")
    parser.add_argument("--attempt", type=int, metavar="N", help="of that try (the newest)")
    asked = parser.parse_args(argv)
    api = Api(home_path())
    if asked.follow and not asked.attempt:
        return _follow(api, asked.job, asked.json)
    view = api.get(job_path(asked.job))["job"]
    number = asked.attempt or view["attempt"]
    if number == 0 and not asked.json:
        note(f"Job {asked.job} has written nothing: {state_words(view)}.")
    pieces = [text for text, _ in LogTail(api, asked.job, number).pieces(number)]
    if asked.json:
        say_json({"job": asked.job, "attempt": number, "text": "".join(pieces)})
        return 0
    for piece in pieces:
        _write(piece)
    return 0


def _follow(api: Api, job: str, as_json: bool) -> int:
    """With --json a line for each piece."""
    teller = LineTeller(api.get(job_path(job))["job"])
    for glimpse in follow(api, job, log=True):
        teller.away(glimpse.away)
        if not glimpse.text:
            continue
        if as_json:
            say_json({"job": job, "attempt": glimpse.attempt, "text": glimpse.text})
            continue
        teller.attempt(glimpse.attempt)
        _write(glimpse.text)
    return 0


def _write(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()
