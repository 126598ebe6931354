"""`tenfold fit "a game"`: is this box good for it, why, and what to do instead. Needs no daemon.

Exit status: 0 for yes and for in part, 1 for no, 3 where the answer is not known (2 is a Refusal).
"""

from __future__ import annotations

from typing import Any

from tenfold.catalogue.listing import listing
from tenfold.cli.parser import Parser, with_json
from tenfold.cli.show import BOLD, DIM, GREEN, RED, YELLOW, rows, say, say_json, tint
from tenfold.cli.words import one_line
from tenfold.client.home import home_path
from tenfold.fit.match import Answer, answer
from tenfold.fit.table import Entry, Says, Table, read

STATUS = {Says.YES: 0, Says.PARTLY: 0, Says.NO: 1, Says.UNKNOWN: 3}

_COLOURS = {Says.YES: GREEN, Says.PARTLY: YELLOW, Says.NO: RED, Says.UNKNOWN: DIM}
_TAGS = {"en": "en", "zh": "zh-Hant"}
_WORDS = {
    "en": {
        Says.YES: "Yes",
        Says.PARTLY: "In part",
        Says.NO: "No",
        Says.UNKNOWN: "I don't know.",
        "colon": ": ",
        "why": "why",
        "instead": "instead",
        "run": "run",
        "source": "source",
        "own": "not in the catalogue yet; your own command: {command}",
        "near": "near it",
        "all": "all of it",
        "list": "tenfold fit --list, tenfold workloads",
    },
    "zh": {
        Says.YES: "適合",
        Says.PARTLY: "部分適合",
        Says.NO: "不適合",
        Says.UNKNOWN: "我不知道。",
        "colon": "：",
        "why": "原因",
        "instead": "建議",
        "run": "執行",
        "source": "出處",
        "own": "型錄裡還沒有；用你自己的指令：{command}",
        "near": "相近",
        "all": "全部",
        "list": "tenfold fit --list、tenfold workloads",
    },
}

_ABOUT = """\
Is a box of H100s good for it? Why, and what to do instead. English or Traditional Chinese; the
answer comes in the language of the question. Needs no daemon and no network.

  tenfold fit "an AI that plays games"

Exit status 0: yes, or in part; 1: no; 3: not known. HOME/fit.toml adds answers of your own."""


def fit(argv: list[str]) -> int:
    parser = with_json(Parser("fit", _ABOUT))
    parser.add_argument("words", nargs="*", metavar="WORDS", help="what you would do with the box")
    parser.add_argument("--list", action="store_true", help="everything that it has an answer to")
    parser.add_argument("--language", choices=list(_TAGS.values()), help="of the answer")
    asked = parser.parse_args(argv)
    if not asked.words and not asked.list:
        parser.error('it takes a few words, such as "a game", or --list')
    home = home_path()
    table = read(home)
    catalogue = {entry.name: entry.title for entry in listing(home)}
    chosen = {tag: language for language, tag in _TAGS.items()}.get(asked.language)
    if asked.list:
        return _list(table, chosen or "en", catalogue, asked.json)
    said = answer(" ".join(asked.words), table, catalogue)
    language = chosen or said.language
    if asked.json:
        say_json(_as_json(said, language, catalogue))
    else:
        _show(said, language, catalogue)
    return STATUS[said.says]


def _show(said: Answer, language: str, catalogue: dict[str, str]) -> None:
    words = _WORDS[language]
    if said.says is Says.UNKNOWN:
        say(tint(words[Says.UNKNOWN], BOLD))
        told = [(words["near"], one_line(entry.title[language])) for entry in said.nearest]
        say(rows([*told, (words["all"], words["list"])]))
        return
    if len(said.because) > 1:  # one answer for all, then each by itself
        say(tint(words[said.says], f"{BOLD};{_COLOURS[said.says]}"))
    for entry in said.because:
        head = tint(words[entry.answer], f"{BOLD};{_COLOURS[entry.answer]}")
        say(f"{head}{words['colon']}{one_line(entry.title[language])}")
        say(rows(_told(entry, language, catalogue)))


def _told(entry: Entry, language: str, catalogue: dict[str, str]) -> list[tuple[str, str]]:
    words = _WORDS[language]
    told = [*_under(words["why"], entry.why[language])]
    told += _under(words["instead"], entry.instead[language])
    if entry.answer is not Says.NO:
        told += _under(words["run"], _runs(entry, language, catalogue))
    return told + _under(words["source"], entry.sources)


def _under(word: str, sentences: tuple[str, ...]) -> list[tuple[str, str]]:
    """The word stands beside the first sentence only."""
    blank = "" if word.isascii() else "\u3000" * len(word)  # as wide as the Chinese word
    return [(blank if i else word, one_line(text)) for i, text in enumerate(sentences)]


def _runs(entry: Entry, language: str, catalogue: dict[str, str]) -> tuple[str, ...]:
    there = _there(entry, catalogue)
    if there:
        return tuple(f"tenfold run {name}" for name in there)
    return (_WORDS[language]["own"].format(command=_own(entry)),)


def _there(entry: Entry, catalogue: dict[str, str]) -> list[str]:
    return [name for name in entry.workloads if name in catalogue]


def _own(entry: Entry) -> str:
    return f"tenfold run --gpus 1 -- {entry.command}"


def _list(table: Table, language: str, catalogue: dict[str, str], as_json: bool) -> int:
    if as_json:
        say_json([_fields(entry, language, catalogue) for entry in table.entries])
        return 0
    width = max(len(entry.id) for entry in table.entries) + 2
    for says in (Says.YES, Says.PARTLY, Says.NO):
        say(tint(_WORDS[language][says], f"{BOLD};{_COLOURS[says]}"))
        for entry in table.entries:
            if entry.answer is says:
                say(f"  {tint(entry.id.ljust(width), DIM)}{one_line(entry.title[language])}")
    return 0


def _as_json(said: Answer, language: str, catalogue: dict[str, str]) -> dict[str, Any]:
    return {
        "question": said.question,
        "answer": said.says,
        "language": _TAGS[language],
        "because": [_fields(entry, language, catalogue) for entry in said.because],
        "nearest": [_fields(entry, language, catalogue) for entry in said.nearest],
    }


def _fields(entry: Entry, language: str, catalogue: dict[str, str]) -> dict[str, Any]:
    return {
        "id": entry.id,
        "answer": entry.answer,
        "title": entry.title[language],
        "why": entry.why[language],
        "instead": entry.instead[language],
        "workloads": _there(entry, catalogue),
        "command": "" if entry.answer is Says.NO else _own(entry),
        "sources": entry.sources,
    }
