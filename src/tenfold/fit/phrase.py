"""A question as tokens: stems of English words, single characters of Chinese ones.

    clauses("not a game, an AI that plays games")

Nothing is guessed: a fixed list of endings is taken off, and what a negation covers is taken out.
Typing mistakes are not mended, and Simplified characters are not turned into Traditional ones.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import cache

from tenfold.fit.fillers import (
    CHINESE_FILLERS,
    CHINESE_SOFT_BREAKS,
    ENGLISH_BREAKS,
    ENGLISH_FILLERS,
    HARD,
    NEGATION_WORDS,
    NEGATIONS,
    NOT_NEGATIONS,
    SOFT,
    TURNS,
)

TAKEN_OUT = ""  # a negated token: nothing matches it

CHARACTER_WEIGHT = 0.4  # of a Chinese character beside an English word's 1

_CHINESE = "\u3400-\u4dbf\u4e00-\u9fff"
# A mark inside a number or a name (`1,000`, `CS:GO`) parts nothing.
_HARD_MARKS = re.compile(r"(?<![a-z0-9])[,;:!?.]|[,;:!?.](?![a-z0-9])|[()\[\]\"。「」\n—–]|\s-\s")
_WIDE_MARKS = str.maketrans(dict.fromkeys("，；：！？（）", "。"))  # or NFKC makes them narrow
_TOKEN = re.compile(rf"[a-z0-9][a-z0-9+#]*|[{_CHINESE}]|[{HARD}{SOFT}]")
_HAS_CHINESE = re.compile(f"[{_CHINESE}]")
_NEGATION = re.compile("|".join(sorted(NEGATIONS, key=len, reverse=True)))
_FILLER = re.compile("|".join(sorted(CHINESE_FILLERS, key=len, reverse=True)))


@dataclass(frozen=True)
class Clause:
    """Its tokens, and how much each says about what is asked (0 for filler and for negated)."""

    tokens: tuple[str, ...]
    weights: tuple[float, ...]


def is_chinese(text: str) -> bool:
    return _HAS_CHINESE.search(text) is not None


def clauses(text: str) -> tuple[Clause, ...]:
    """The clauses of a question that say anything."""
    pieces = (tuple(piece) for piece in _without_negated(_marked(text)))
    return tuple(Clause(piece, _weights(piece)) for piece in pieces if any(piece))


def stems(text: str) -> tuple[str, ...]:
    """The tokens of words of the table, which have neither breaks nor negations."""
    return tuple(stem(token) for token in _TOKEN.findall(_plain(text)))


def stem(word: str) -> str:
    """`games` and `gaming` as `gam`, `tumours` as `tumor`, `summarising` as `summariz`."""
    if len(word) < 4 or not (word.isascii() and word.isalpha()):
        return word
    word = _singular(word)
    for ending in ("ing", "ed"):
        rest = word.removesuffix(ending)
        cut = rest != word and len(rest) >= 3 and not word.endswith("eed")
        if cut and re.search("[aeiouy]", rest):
            word = rest
            break
    if len(word) > 3 and word.endswith("e"):
        word = word[:-1]
    if len(word) > 3 and word[-1] == word[-2]:
        word = word[:-1]
    if word.endswith("y"):
        word = f"{word[:-1]}i"
    if len(word) > 4:
        word = word.replace("our", "or")
    if len(word) > 5 and word.endswith(("is", "ys")):
        word = f"{word[:-1]}z"
    return word


def _singular(word: str) -> str:
    if word.endswith("ies") and len(word) > 4:
        return f"{word[:-3]}y"
    if word.endswith(("sses", "xes", "ches", "shes")):
        return word[:-2]
    if word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    return word


def _plain(text: str) -> str:
    """One width, lower case; `don't` as `dont`, `H.265` as `h265`."""
    text = (
        unicodedata.normalize("NFKC", text.translate(_WIDE_MARKS))
        .casefold()
        .replace("|", " ")
        .replace("/", " ")
    )
    return re.sub(r"(?<=[a-z0-9])['’.](?=[a-z0-9])", "", text)


def _marked(text: str) -> list[str]:
    """Words and characters in their order, with HARD and SOFT between the clauses."""
    text = _HARD_MARKS.sub(HARD, _plain(text)).replace("、", SOFT)
    for words in NOT_NEGATIONS:
        text = text.replace(words, " ")
    for word in TURNS:
        text = text.replace(word, HARD)
    text = _NEGATION.sub(" not ", text)
    for word in CHINESE_SOFT_BREAKS:
        text = text.replace(word, SOFT)
    return [ENGLISH_BREAKS.get(token, token) for token in _TOKEN.findall(text)]


def _without_negated(marked: list[str]) -> list[list[str]]:
    """Stems, clause by clause. A negation takes out everything up to the next hard break."""
    pieces: list[list[str]] = [[]]
    negated = False
    for token in marked:
        if token in (HARD, SOFT):
            negated = negated and token == SOFT
            pieces.append([])
        elif token in NEGATION_WORDS:
            negated = True
        else:
            pieces[-1].append(TAKEN_OUT if negated else stem(token))
    return pieces


def _weights(tokens: tuple[str, ...]) -> tuple[float, ...]:
    line = "".join(token if is_chinese(token) else " " for token in tokens)
    # One character of `line` a token, since a Chinese token is one character.
    filler = {i for match in _FILLER.finditer(line) for i in range(*match.span())}
    weights = []
    for i, token in enumerate(tokens):
        if i in filler or token in _english() or not token or token[0].isdigit():
            weights.append(0.0)
        else:
            weights.append(CHARACTER_WEIGHT if is_chinese(token) else 1.0)
    return tuple(weights)


@cache
def _english() -> frozenset[str]:
    return frozenset(stem(word) for word in ENGLISH_FILLERS)
