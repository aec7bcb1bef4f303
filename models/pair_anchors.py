"""Where a sentence can be changed: its words of praise and blame that stand where a predicate can, by rjieba and a lexicon.

Knows what stands before and after such a word, and no rule that changes it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate
from typing import Literal

import rjieba

from models.pair_words import BEFORE_DEGREE, BLAME, DEGREES, NEGATIONS, PRAISE, VERBS, WHOLLY

Sided = Literal["positive", "negative"]

MARKS = "，。！？；、,.!?;~～…\n "
_AFTER = ("了", "啊", "呀", "哦", "呢", "吧", "哈", "的", "得", "极了", "地")  # what a predicate may be followed by
_DEGREE = re.compile(rf"(?:{'|'.join(BEFORE_DEGREE)})?(?:{'|'.join(sorted(DEGREES, key=len, reverse=True))})$")
_NEGATION = re.compile(rf"(?:{'|'.join(WHOLLY)})?(?:{'|'.join(NEGATIONS)})$")
_LEADS = (*DEGREES, *NEGATIONS, "也", "都", "还")
_TAILS = ("", "了", "的")
_OPPOSITE: dict[Sided, Sided] = {"positive": "negative", "negative": "positive"}


@dataclass(frozen=True)
class Anchor:
    """A word that praises or blames, with the degree word or negation before it."""

    start: int  # of that word before it, or of the word itself
    word_at: int
    end: int
    degree: str
    negation: str
    said: Sided  # what it says, its negation counted

    def word(self, text: str) -> str:
        return text[self.word_at : self.end]


def find_anchors(text: str) -> Iterator[Anchor]:
    """All places that can be changed, in the order of the text."""
    words = [piece for token, kind in rjieba.tag(text) for piece in _split(token, kind)]
    ends = list(accumulate(len(word) for word, _ in words))
    for place, (word, _) in enumerate(words):
        if word not in PRAISE and word not in BLAME:
            continue
        end = ends[place]
        following, after = words[place + 1] if place + 1 < len(words) else ("", "x")
        word_at = end - len(word)
        degree, negation = _before(text[:word_at])
        if not _is_predicate(word, text[:word_at], following, after, bool(degree or negation)):
            continue
        says: Sided = "positive" if word in PRAISE else "negative"
        lead = word_at - len(degree or negation)
        yield Anchor(lead, word_at, end, degree, negation, _OPPOSITE[says] if negation else says)


def _split(token: str, kind: str) -> list[tuple[str, str]]:
    """A token that holds more than the word of the lexicon, cut around it: 很差, 太棒了, 价格便宜."""
    if token in PRAISE or token in BLAME:
        return [(token, kind)]
    for lead in sorted(_LEADS, key=len, reverse=True):
        for tail in _TAILS:
            word = token.removeprefix(lead).removesuffix(tail)
            if lead + word + tail == token and (word in PRAISE or word in BLAME):
                return [(lead, "d"), (word, "a"), *([(tail, "ul")] if tail else [])]
    half = len(token) // 2
    if len(token) == 4 and (token[half:] in PRAISE or token[half:] in BLAME):
        return [(token[:half], "n"), (token[half:], "a")]
    return [(token, kind)]


def _before(before: str) -> tuple[str, str]:
    """(degree word, negation) right before the word."""
    if negation := _NEGATION.search(before):
        return "", negation[0]
    degree = _DEGREE.search(before)
    return (degree[0] if degree else ""), ""


def _is_predicate(word: str, before: str, following: str, kind: str, has_lead: bool) -> bool:
    """Where 不 can stand before the word: not within 又脏又破, before a noun (好地方), or before 地."""
    if (
        before.endswith(("又", "越", "越来越", "更", "最", "多么", "这么", "那么", "不是", "没有", "没"))
        or following == "地"
    ):
        return False
    if word in VERBS:
        return True
    if not following or following[0] in MARKS or following in _AFTER:
        return has_lead or following != "的"
    return (has_lead and kind[:1] in "uyx") or (has_lead and len(word) > 1 and kind[:1] in "cp")
