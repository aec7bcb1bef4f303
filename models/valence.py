"""On which side a class stands: a fixed translation of the class names in use to positive, negative or neither.

The translation is a choice. Of the emotions, happiness and like count as positive, anger, sadness, fear and disgust as
negative; surprise and none take no side. Of stars, one and two are negative, three takes no side. Knows no model.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Literal

from models.sentiment import Prediction

Side = Literal["positive", "negative", "neither"]
SIDES: tuple[Side, ...] = ("positive", "negative", "neither")

_NAMES: dict[Side, str] = {
    "positive": "positive pos good happiness happy joy like love 正面 正向 正 积极 好评 喜悦 喜好 高兴 开心 喜欢",
    "negative": "negative neg bad anger angry sadness sad fear disgust 负面 负向 负 消极 差评 愤怒 悲伤 恐惧 厌恶 生气 难过",
    "neither": "neutral neither none surprise 中性 中立 中评 无 惊讶 惊奇",
}
_SIDE_OF = {name: side for side, names in _NAMES.items() for name in names.split()}
_STARS = re.compile(r"([1-5])[ _-]?(?:stars?|星)")


def side(label: str) -> Side | None:
    """None for a class that says nothing of liking: «sports»."""
    name = label.strip().lower()
    if stars := _STARS.fullmatch(name):
        return "negative" if stars[1] < "3" else "neither" if stars[1] == "3" else "positive"
    return _SIDE_OF.get(name) or _SIDE_OF.get(re.split(r"[ (:_-]", name)[0])


def takes_sides(labels: Iterable[str]) -> bool:
    """Do all of these classes have a side, and both sides a class?"""
    sides = {side(label) for label in labels}
    return None not in sides and {"positive", "negative"} <= sides


def side_scores(predictions: Iterable[Prediction]) -> dict[Side, float]:
    """Probability of each side, for classes that all have one."""
    scores = dict.fromkeys(SIDES, 0.0)
    for one in predictions:
        if found := side(one.label):
            scores[found] += one.score
    return scores
