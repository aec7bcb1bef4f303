"""Words of a text, made of whole tokens: where a segmenter and a tokenizer agree that something ends.

A tokenizer cuts for the model, rjieba for the reader. A unit ends where both do, so the scores of its tokens add up to
its own and masking it masks whole tokens. Knows no model and no score.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

import rjieba

Span = tuple[int, int]  # first character, and the one after the last


@dataclass(frozen=True)
class Unit:
    """A word or a mark, with the places of its tokens in the sequence that was given."""

    text: str
    tokens: tuple[int, ...]

    @property
    def is_word(self) -> bool:
        return is_word(self.text)


def is_word(text: str) -> bool:
    """Not only punctuation and space; an emoji says something too."""
    return any(char.isalnum() or ord(char) > 0x2FFFF or 0x1F000 <= ord(char) < 0x20000 for char in text)


def units(text: str, spans: Sequence[Span]) -> list[Unit]:
    """Joined, the units' texts are the text up to the last token's end. Each token is in exactly one unit.

    spans: where each token stands in the text, in order; special tokens, which stand nowhere, must be left out.
    """
    if not spans:
        return []
    cuts = _cuts(text, spans)
    held: list[list[int]] = [[] for _ in cuts]
    place = 0
    for index, (_, end) in enumerate(spans):
        while end > cuts[place]:
            place += 1
        held[place].append(index)
    starts = [0, *cuts]
    return [Unit(text[start:end], tuple(tokens)) for start, end, tokens in zip(starts, cuts, held, strict=False)]


def _cuts(text: str, spans: Sequence[Span]) -> list[int]:
    """Ends of units, rising. The last is the last token's, even where it ends within a word."""
    last = max(end for _, end in spans)
    words = set(accumulate(len(word) for word in rjieba.cut(text)))
    following = [*reversed(list(accumulate((start for start, _ in reversed(spans)), min))), last][1:]
    reached = accumulate((end for _, end in spans), max)
    tokens = {end for end, start in zip(reached, following, strict=True) if start >= end}
    return sorted({end for end in tokens & words if 0 < end < last} | {last})
