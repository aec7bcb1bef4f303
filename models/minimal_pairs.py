"""Sentences that differ from a given one in one place, each with what should happen to the answer, by rules.

Behavioural tests as in Ribeiro et al. 2020 (https://arxiv.org/abs/2005.04118) and contrast sets (Gardner et al. 2020,
https://arxiv.org/abs/2004.02709): a negation, a double one, a degree word up or down, a turn with 但是, an emoji. The place
to edit is a word of models.pair_words that stands where a predicate can. Knows no model: the side of the answer is given.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from models.pair_anchors import MARKS, Anchor, Sided, find_anchors
from models.pair_words import (
    JOINING,
    NEGATED,
    STRONG,
    TURNS,
    UNGRADED,
    VERBS,
    WHOLLY,
)

Expectation = Literal["flip", "stay", "weaken", "strengthen"]
RULES = ("negation", "double_negation", "degree_up", "degree_down", "contrast", "emoji", "emoji_other")

_ENDING = re.compile(r"[。！!.~～…\s]*$")
_BETWEEN = re.compile(r"[，。！？；,.!?;~～…\n](?=.*\w)", re.DOTALL)  # a mark that another clause follows
_CAUSED = re.compile(r"(?:真的?|太|很|实在)?(?:让|令|叫)(?:我们|大家|我|人)(?:很|非常|特别|太|十分|真的?|感到)*$")
_TURNED = re.compile(
    r"^虽然(?P<one>[^。！？!?]+?)[，,](?P<turn>但是|但|可是|不过|然而)(?P<other>[^。！？!?]+?)(?P<end>[。！!]?)$"
)
_CONCLUSION = {"positive": "总的来说我很失望", "negative": "总的来说我很满意"}  # to what it is added
_AGREEING, _OTHER = {"positive": "😊", "negative": "😡"}, {"positive": "😒", "negative": "🍵"}


@dataclass(frozen=True)
class Variant:
    rule: str  # of RULES
    expectation: Expectation  # of the answer to the sentence it was made from
    pieces: tuple[tuple[str, bool], ...]  # joined they are the variant; True: this was changed

    @property
    def text(self) -> str:
        return "".join(piece for piece, _ in self.pieces)


def variants(text: str, answer: Sided | None) -> list[Variant]:
    """At most one for each rule, in their order. answer: the side that the model's answer is on; None: it is on none, and
    the side that the edited word takes stands for it.
    """
    text = text.strip()
    anchors = list(find_anchors(text))
    anchor = _chosen(anchors, answer)
    leaning = answer or (anchor.said if anchor else None)
    found = [_turned(text, leaning)] if leaning else []
    if anchor is None:
        found += [_phrase(text, leaning)]
    else:
        agrees = leaning == anchor.said
        phrase = None if agrees else _phrase(text, leaning)
        found += [
            phrase or _negated(text, anchor, agrees),
            _twice_negated(text, anchor),
            _raised(text, anchor, agrees),
            _lowered(text, anchor, agrees),
        ]
    if leaning:
        found += _with_emoji(text, leaning)
    made = [variant for variant in found if variant is not None and variant.text != text]
    return sorted(made, key=lambda variant: RULES.index(variant.rule))


def _chosen(anchors: list[Anchor], answer: Sided | None) -> Anchor | None:
    """One that says what the answer says, rather one with a degree word, which is easiest to read when it changes."""
    ranked = sorted(anchors, key=lambda one: (one.said != (answer or one.said), not (one.degree or one.negation)))
    return ranked[0] if ranked else None


def _replaced(rule: str, expectation: Expectation, text: str, start: int, end: int, new: str) -> Variant:
    pieces = ((text[:start], False), (new, True), (text[end:], False))
    return Variant(rule, expectation, tuple(piece for piece in pieces if piece[0]))


def _end(text: str, anchor: Anchor) -> int:
    """Past the 了 of 太…了, which cannot stay without 太."""
    is_pair = anchor.degree.endswith("太") and text[anchor.end : anchor.end + 1] == "了"
    return anchor.end + 1 if is_pair else anchor.end


def _negated(text: str, anchor: Anchor, agrees: bool) -> Variant:
    """A negation more, or the one that is there less.

    It turns a text of one clause; of several, the others still say what they said. 不难吃 is no praise yet, so blame that is
    negated only weakens.
    """
    word = anchor.word(text)
    reverses = not _BETWEEN.search(text) and (anchor.said == "positive" or bool(anchor.negation) or word in NEGATED)
    expectation: Expectation = "strengthen" if not agrees else "flip" if reverses else "weaken"
    if anchor.negation:
        new = word if word in VERBS else f"很{word}"
        return _replaced("negation", expectation, text, anchor.start, anchor.end, new)
    if (caused := _CAUSED.search(text[: anchor.word_at])) is not None:
        bare = re.sub(r"^(?:真的?|太|很|实在)|(?:很|非常|特别|太|十分|真的?)+$", "", caused[0])
        return _replaced("negation", expectation, text, caused.start(), _end(text, anchor), f"没{bare}{word}")
    return _replaced("negation", expectation, text, anchor.start, _end(text, anchor), NEGATED.get(word, f"不{word}"))


def _twice_negated(text: str, anchor: Anchor) -> Variant | None:
    """没有人会说早餐不好吃: the clause says what it said."""
    word = anchor.word(text)
    if anchor.negation or word in NEGATED or _CAUSED.search(text[: anchor.word_at]):
        return None
    clause = max((text.rfind(mark, 0, anchor.start) for mark in MARKS), default=-1) + 1
    joining = next((lead for lead in JOINING if text.startswith(lead, clause)), "")
    clause += len(joining)
    subject = text[clause : anchor.start]
    if re.search(r"[把被让]", subject):
        return None
    subject = re.sub(r"(?:都|也|还|就|真的|确实|实在)$", "", subject)
    pieces = (
        (text[:clause], False),
        ("没有人会说", True),
        (subject, False),
        (f"不{word}", True),
        (text[_end(text, anchor) :], False),
    )
    return Variant("double_negation", "stay", tuple(piece for piece in pieces if piece[0]))


def _raised(text: str, anchor: Anchor, agrees: bool) -> Variant | None:
    word = anchor.word(text)
    if (
        anchor.negation.startswith(WHOLLY)
        or word in UNGRADED - {"推荐"}
        or any(anchor.degree.endswith(strong) for strong in STRONG)
    ):
        return None
    expectation: Expectation = "strengthen" if agrees else "weaken"
    if word == "推荐":
        if anchor.negation or text[: anchor.word_at].endswith(("值得", "强烈")):
            return None
        return _replaced("degree_up", expectation, text, anchor.start, anchor.end, "强烈推荐")
    new = f"非常不{word}" if anchor.negation else f"非常{word}"
    return _replaced("degree_up", expectation, text, anchor.start, anchor.end, new)


def _lowered(text: str, anchor: Anchor, agrees: bool) -> Variant | None:
    word = anchor.word(text)
    if word in UNGRADED or anchor.degree in ("还算", "有点", "有点儿", "有些", "比较"):
        return None
    expectation: Expectation = "weaken" if agrees else "strengthen"
    if anchor.negation:
        new = f"不太{word}"
        return (
            None
            if anchor.negation == "不太"
            else _replaced("degree_down", expectation, text, anchor.start, anchor.end, new)
        )
    new = f"还算{word}" if anchor.said == "positive" else f"有点{word}"
    return _replaced("degree_down", expectation, text, anchor.start, _end(text, anchor), new)


def _turned(text: str, leaning: Sided) -> Variant:
    """虽然甲，但是乙 becomes 虽然乙，但是甲; any other text gets a conclusion that says the opposite."""
    if turned := _TURNED.fullmatch(text):
        pieces = (
            ("虽然", False),
            (turned["other"], True),
            (f"，{turned['turn']}", False),
            (turned["one"], True),
            (turned["end"], False),
        )
        return Variant("contrast", "flip", tuple(piece for piece in pieces if piece[0]))
    body = _ENDING.sub("", text)
    return Variant("contrast", "flip", ((body, False), (f"，但是{_CONCLUSION[leaning]}。", True)))


def _phrase(text: str, leaning: Sided | None) -> Variant | None:
    """A fixed turn of phrase, where no single word can be negated."""
    for said, opposite, side in TURNS:
        if (start := text.find(said)) >= 0:
            agrees = leaning in (None, side)
            expectation: Expectation = "strengthen" if not agrees else "weaken" if _BETWEEN.search(text) else "flip"
            end = start + len(said)
            return _replaced("negation", expectation, text, start, end + text.startswith("了", end), opposite)
    return None


def _with_emoji(text: str, leaning: Sided) -> list[Variant]:
    """One that agrees, and one that rolls its eyes at praise; beside blame a cup of tea, which says nothing."""
    other: Expectation = "weaken" if leaning == "positive" else "stay"
    return [
        Variant("emoji", "stay", ((text, False), (_AGREEING[leaning], True))),
        Variant("emoji_other", other, ((text, False), (_OTHER[leaning], True))),
    ]
