"""An honesty check for an explanation: does the answer fall further without its heaviest words than without any others?

The comprehensiveness of DeYoung et al. 2020 (https://arxiv.org/abs/1911.03429), set beside chance. Words are deleted from
the text, and the rest is read anew. Knows no model: it is given a function that reads texts.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations

MOST_DELETED = 3
DRAWS = 12  # of random words, whose mean is told


@dataclass(frozen=True)
class Deletion:
    """Probabilities of the label, 0 to 1."""

    whole: float
    top: float  # without the heaviest words
    random: float  # without as many random words: the mean over the draws
    words: tuple[str, ...]  # the heaviest, heaviest first
    draws: int


def check(
    words: Sequence[str],
    weights: Sequence[float],
    counts: Sequence[bool],
    probabilities: Callable[[Sequence[str]], Sequence[float]],
) -> Deletion | None:
    """words: they join to the text; counts: which of them are words and no marks.

    Three words are deleted, or half of them where there are fewer than six. None for fewer than two. The draws are those
    of the same text every time; where there are few ways to choose, all of them are tried.
    """
    places = [place for place, is_word in enumerate(counts) if is_word]
    count = min(MOST_DELETED, len(places) // 2)
    if not count:
        return None
    top = sorted(places, key=lambda place: -weights[place])[:count]
    draws = _draws(places, count, "".join(words))
    whole, without_top, *others = probabilities([_without(words, gone) for gone in ((), top, *draws)])
    return Deletion(whole, without_top, sum(others) / len(others), tuple(words[place] for place in top), len(draws))


def _draws(places: Sequence[int], count: int, seed: str) -> list[tuple[int, ...]]:
    if math.comb(len(places), count) <= DRAWS:
        return list(combinations(places, count))
    chance = random.Random(seed)
    return [tuple(chance.sample(places, count)) for _ in range(DRAWS)]


def _without(words: Sequence[str], gone: Sequence[int]) -> str:
    return "".join(word for place, word in enumerate(words) if place not in gone)
