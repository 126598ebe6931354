"""What a word is, in every language an index holds.

    terms("Two motors, 馬達的溫度")   # two motor 馬達 達的 的溫 溫度 度
    query_runs("How hot was 馬達的溫度?")   # how hot was 馬達的溫度

Chinese, Japanese and Korean write without spaces (Korean glues its particles on), and no tokenizer
of SQLite's FTS5 finds 馬達 within a sentence. A run of their characters becomes its overlapping
pairs, and its last character alone, so that every character begins some term: a query of one
character looks for terms that begin with it. Words of other scripts are folded (case, accents,
width) and lose -s, -ed and -ing (Harman's S-stemmer, "How effective is suffixing?", JASIS 42, 1991,
and step 1b of Porter's, "An algorithm for suffix stripping", Program 14, 1980).
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

# Han, kana, bopomofo, hangul syllables and jamo, and the Han of the supplementary planes.
CJK = (
    "\u3005-\u3007\u3041-\u30ff\u3105-\u312f\u31a0-\u31bf\u3400-\u4dbf\u4e00-\u9fff"
    "\uac00-\ud7a3\uf900-\ufaff\U00020000-\U0003ffff"
)
_RUNS = re.compile(rf"[{CJK}]+|[^\W_{CJK}]+")
_PLAIN = re.compile(r"[a-z0-9]+")
_CJK_START = re.compile(rf"[{CJK}]")

# Words that ask or join, and say nothing of what is asked for.
_ENGLISH_JOINS = """
s t d ll re ve m
a an and are as at be been being but by can could did do does for from had has have he her
his how i if in into is it its me my of on or our she should so such than that the their
them then there these they this those to us was we were what when where which while who whom
whose why will with would you your about please tell say said give any some much many get
got kind sort call called name named
"""
ENGLISH_JOINS = frozenset(_ENGLISH_JOINS.split())
# Taken out of a question, so that no pair of characters reaches across them.
_CJK_ASKS = """
為什麼 什麼時候 有沒有 是不是 多少個 請告訴我 請問 什麼 甚麼 怎麼 怎樣 多少 幾個 哪一個 哪個
哪裡去了 哪裡 哪些 哪一種 哪一 第幾 叫什麼名字 叫什麼 哪位 哪所 幾度 為何 如何 是否 以及 或者 還是
何時 何處 誰的 我的 你的 嗎 呢 ですか でしたか ました ます です どこ いつ だれ なに なん
どの どう から まで 무엇 어디 언제 누가 얼마
"""
CJK_ASKS = tuple(_CJK_ASKS.split())
# Particles and the like: pairs with one of these are weak, since most of them are no words; some
# are (目的, 和平), so they count where the documents have them.
CJK_JOINS = frozenset(
    "的了是在和與及把被誰有不會到要就也都個幾這那我你他她它其之於はがをにのでとへもかやね"
)
_ASKS = re.compile("|".join(sorted(CJK_ASKS, key=len, reverse=True)))
_VOWEL = re.compile(r"[aeiouy]")
_SHORT = re.compile(r"[^aeiouy]+[aeiouy][^aeiouywx]")  # Porter's (m=1 and *o): an e was there
MOST_LETTERS = 64  # a longer run is a key or a picture in base64, no word


def terms(text: str) -> list[str]:
    """The terms of a text in their order, as the index holds them."""
    folded = _folded(text)
    if folded.isascii():  # most of source code; one pass of a plain pattern
        return [stem(run) for run in _PLAIN.findall(folded) if len(run) <= MOST_LETTERS]
    found: list[str] = []
    for run in _RUNS.findall(folded):
        if run[0] > "\u3000" and _CJK_START.match(run):
            found.extend(run[at : at + 2] for at in range(len(run)))
        elif len(run) <= MOST_LETTERS:
            found.append(stem(run))
    return found


def query_runs(text: str) -> list[str]:
    """What a question asks for: its stemmed words, and its runs of CJK characters whole.

    Words that only ask (什麼, どこ) end a run and are gone; they stay where nothing else is there.
    """
    folded = _folded(text)
    return _runs(_ASKS.sub(" ", folded)) or _runs(folded)


def pairs(run: str) -> list[str]:
    """The terms of a CJK run that a question asks for; of one character, that character."""
    return [run[at : at + 2] for at in range(len(run) - 1)] or [run]


def is_weak(term: str) -> bool:
    """Whether a term only asks or joins."""
    if is_cjk(term):
        return any(one in CJK_JOINS for one in term)
    return term in ENGLISH_JOINS or term in _STEMMED_JOINS


def is_cjk(term: str) -> bool:
    return bool(_CJK_START.match(term))


def cjk_share(text: str) -> float:
    """How much of the letters of a text is Chinese, Japanese or Korean, 0 to 1."""
    letters = [one for one in text if one.isalnum()]
    return sum(map(is_cjk, letters)) / len(letters) if letters else 0.0


@lru_cache(maxsize=200_000)
def stem(word: str) -> str:
    """Without the plural s, then without -ed and -ing.

    -ies to -y, -es to -e, -s away, not -us, -ss, -aes, -ees, -oes; then Porter's step 1b: `moved`
    and `moving` become `move`, `planned` becomes `plan`, `red` and `thing` stay.
    """
    if len(word) < 4 or not word.isascii() or not word.isalpha():
        return word
    if word.endswith("ies"):
        word = word if word[-4] in "ae" else word[:-3] + "y"
    elif word.endswith("es"):
        word = word if word[-3] in "aeo" else word[:-1]
    elif word.endswith("s"):
        word = word if word[-2] in "us" else word[:-1]
    if word.endswith("eed"):
        return word
    for end in ("ed", "ing"):
        bare = word.removesuffix(end)
        if bare != word and len(bare) > 1 and _VOWEL.search(bare):
            return _mended(bare)
    return word


def _mended(bare: str) -> str:
    """What stood before -ed or -ing: `mov` was `move`, `plann` was `plan`."""
    if bare.endswith(("at", "bl", "iz")):
        return bare + "e"
    if bare[-1] == bare[-2] and bare[-1] not in "lsz" and not _VOWEL.match(bare[-1]):
        return bare[:-1]
    return bare + "e" if _SHORT.fullmatch(bare) else bare


def _runs(folded: str) -> list[str]:
    found = _RUNS.findall(folded)
    told = [
        run if is_cjk(run) else stem(run)
        for run in found
        if is_cjk(run) or len(run) <= MOST_LETTERS
    ]
    return list(dict.fromkeys(told))


def _folded(text: str) -> str:
    """One width, small letters, no accents on letters outside CJK."""
    if text.isascii():
        return text.lower()
    text = unicodedata.normalize("NFKC", text).casefold()
    return "".join(_bare(one) for one in text)


@lru_cache(maxsize=20_000)
def _bare(one: str) -> str:
    if one < "\u00c0" or _CJK_START.match(one):
        return one
    return "".join(part for part in unicodedata.normalize("NFD", one) if part.isalnum()) or one


_STEMMED_JOINS = {stem(word) for word in ENGLISH_JOINS}
