"""Questions of an index's own documents, and some that they do not answer.

    asked = own_questions(index, 100, seed=1) + foreign_questions(index, 40, seed=1)

Each own question comes from one sentence of a chunk: its rarest words in another order
(`keywords`), the sentence with a third of it dropped (`cloze`), or the title with the two rarest
words (`title`). The right passage is one that holds the sentence. A foreign question is of words
that are in no document (`foreign`), or of two such and a rare one of the documents (`mixed`): that
is a question about something they know which they do not answer.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass

from tenfold.science.retrieval.index import Index
from tenfold.science.retrieval.words import CJK, cjk_share, is_cjk, is_weak, pairs, terms

SHORTEST = 5  # terms of a sentence that a question can be made of
KEYWORDS = 4
COMMON = 20  # passages: a sentence whose rarest word is in more is not asked for
_SENTENCE = re.compile(r"[^。！？!?\n]+?(?:[。！？!?\n]|[.;](?=\s)|$)")
_WORD = re.compile(rf"[{CJK}]+|[^\W_{CJK}]+")

_ENGLISH = """
volcano opera submarine glacier vaccine insulin whisky comet senator ballet harpoon zeppelin
trombone plutonium archbishop casino malaria sphinx dinosaur parliament saxophone orchid
pharaoh tsunami gladiator chromosome cathedral mortgage passport giraffe
"""
ENGLISH = tuple(_ENGLISH.split())
_CHINESE = """
火山 歌劇 潛艇 冰川 疫苗 胰島 威士 彗星 芭蕾 魚叉 飛船 長號 主教 賭場 瘧疾 恐龍 國會 薩克
蘭花 法老 海嘯 角鬥 染色 抵押 護照 鱷魚 駱駝 珊瑚 瓷磚 鋼琴
"""
CHINESE = tuple(_CHINESE.split())


@dataclass(frozen=True)
class Question:
    text: str
    kind: str
    path: str = ""  # of the document it was made of; empty for one that none answers
    sentence: str = ""  # the right passage holds it


def own_questions(index: Index, count: int, seed: int) -> list[Question]:
    """At most `count`, by a fixed chance; fewer where there is little text."""
    chance = random.Random(f"{seed} own")
    numbers = [row[0] for row in index.base.execute("SELECT id FROM chunks ORDER BY id")]
    chance.shuffle(numbers)
    made: list[Question] = []
    for number in numbers:
        if len(made) == count:
            break
        row = index.base.execute(
            "SELECT documents.path, chunks.title, chunks.text FROM chunks"
            " JOIN documents ON documents.id = chunks.document WHERE chunks.id = ?",
            (number,),
        ).fetchone()
        path, title, text = row
        question = _of_chunk(index, path, title, text, len(made) % 3, chance)
        made += [question] if question else []
    return made


def foreign_questions(index: Index, count: int, seed: int) -> list[Question]:
    """Half `foreign`, half `mixed`; in the language that most of the index has."""
    chance = random.Random(f"{seed} foreign")
    some = index.base.execute("SELECT text FROM chunks ORDER BY id LIMIT 50").fetchall()
    chinese = cjk_share("".join(row[0] for row in some)) > 0.5
    strange = _strange(index, chinese, chance)
    known = [question.sentence for question in own_questions(index, count, seed)]
    made = []
    for number in range(count):
        words = chance.sample(strange, 3)
        mixed = bool(known) and number % 2 == 1
        if mixed:
            words[0] = _rare(index, known[number % len(known)])[0][1]
            chance.shuffle(words)
        text = f"{'的'.join(words)}是什麼？" if chinese else f"What is the {' '.join(words)}?"
        made.append(Question(text, "mixed" if mixed else "foreign"))
    return made


def _of_chunk(
    index: Index, path: str, title: str, text: str, kind: int, chance: random.Random
) -> Question | None:
    sentences = [one for one in _sentences(text) if len(terms(one)) >= SHORTEST]
    if not sentences:
        return None
    sentence = chance.choice(sentences)
    rare = _rare(index, sentence)
    if not rare or rare[0][0] > COMMON:
        return None  # a line like many others asks for nothing
    if kind == 1:
        return Question(_cloze(sentence, chance), "cloze", path, sentence)
    words = [word for _, word in rare[: KEYWORDS if kind == 0 else 2]]
    if kind == 2:
        return Question(f"{title} {' '.join(words)}", "title", path, sentence)
    chance.shuffle(words)
    return Question(" ".join(words), "keywords", path, sentence)


def _sentences(text: str) -> Iterator[str]:
    for match in _SENTENCE.finditer(text):
        sentence = " ".join(match[0].split())[:400]
        if sentence:
            yield sentence


def _rare(index: Index, sentence: str) -> list[tuple[int, str]]:
    """(in how many passages, word), rarest first; of a CJK run, three characters around a pair."""
    rare: list[tuple[int, str]] = []
    for word in _WORD.findall(sentence):
        if not is_cjk(word):
            term = terms(word)
            if term and not is_weak(term[0]):
                rare.append((index.frequency(term[0]), word))
            continue
        for at, pair in enumerate(pairs(word)):
            if not is_weak(pair):
                start = max(at - 1, 0)
                rare.append((index.frequency(pair), word[start : start + 3]))
    return sorted(dict.fromkeys(rare), key=lambda one: one[0])


def _cloze(sentence: str, chance: random.Random) -> str:
    """Without a third of its words, or of its characters in one stretch."""
    words = sentence.split()
    if len(words) >= SHORTEST:
        dropped = set(chance.sample(range(len(words)), len(words) // 3))
        return " ".join(word for at, word in enumerate(words) if at not in dropped)
    gap = len(sentence) // 3
    at = chance.randrange(len(sentence) - gap)
    return f"{sentence[:at]} {sentence[at + gap :]}"


def _strange(index: Index, chinese: bool, chance: random.Random) -> list[str]:
    """Words in no document; where they know our list too well, made-up ones as well."""
    listed = CHINESE if chinese else ENGLISH
    strange = [word for word in listed if not any(map(index.frequency, terms(word)[:1]))]
    while len(strange) < 12:
        if chinese:
            word = "".join(chr(chance.randrange(0x9000, 0x9F00)) for _ in range(2))
        else:
            word = "".join(
                chance.choice("bdfgklmnprstvz") + chance.choice("aeiou") for _ in range(4)
            )
        if not index.frequency(terms(word)[0]):
            strange.append(word)
    return strange
