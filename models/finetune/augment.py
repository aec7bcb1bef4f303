"""A text said a little differently, so that a small table teaches more: words left out, exchanged or replaced.

Easy data augmentation (https://arxiv.org/abs/1901.11196), anew in each epoch. Knows no model: where words are to be
replaced, a callable that does have one says by what (masked_words.py).
"""

from __future__ import annotations

import random
import unicodedata
from collections.abc import Callable, Sequence

import rjieba

Fill = Callable[[Sequence[str], Sequence[int], random.Random], list[str]]  # words, places in them -> words
_KEPT = 0.5  # of the time a row is learnt as it stands: that is how others will write
_TRIES = 12  # epochs within which a preview looks for one that changes the text


class Augmenter:
    """Changes texts by (seed, epoch, row) alone: a resumed run sees what it would have seen.

    kind: "none", "delete", "swap" or "mask"; share: of a text's words, of which at least one is changed.
    """

    def __init__(self, kind: str, share: float, seed: int, fill: Fill | None = None) -> None:
        if kind == "mask" and fill is None:
            raise ValueError("mask needs a model that fills words in")
        self._change = {"none": None, "delete": _without, "swap": _exchanged, "mask": fill}[kind]
        self._share, self._seed = share, seed

    def changed(self, text: str, epoch: int, row: int) -> str:
        """The text as the row is learnt in this epoch; about every second time as it stands."""
        draw = random.Random(f"{self._seed}:{epoch}:{row}")
        if self._change is None or self._share == 0 or draw.random() < _KEPT:
            return text
        words = rjieba.cut(text)
        places = [place for place, word in enumerate(words) if _is_word(word)]
        if len(places) < 2:
            return text
        count = min(max(1, round(self._share * len(places))), len(places) - 1)
        return "".join(self._change(words, sorted(draw.sample(places, count)), draw))

    def example(self, text: str, row: int) -> str:
        """The first change that the row will see; the text itself where it is too short for any."""
        changed = (self.changed(text, epoch, row) for epoch in range(_TRIES))
        return next((other for other in changed if other != text), text)


def _is_word(word: str) -> bool:
    return any(unicodedata.category(character)[0] in "LN" for character in word)


def _without(words: Sequence[str], places: Sequence[int], draw: random.Random) -> list[str]:
    """A deleted word takes the space before it along."""
    gone = set(places) | {place - 1 for place in places if place and words[place - 1] == " "}
    return [word for place, word in enumerate(words) if place not in gone]


def _exchanged(words: Sequence[str], places: Sequence[int], draw: random.Random) -> list[str]:
    """Each of the places with the next word; the last word with the one before it."""
    swapped = list(words)
    all_places = [place for place, word in enumerate(words) if _is_word(word)]
    for place in places:
        at = min(all_places.index(place), len(all_places) - 2)
        left, right = all_places[at], all_places[at + 1]
        swapped[left], swapped[right] = swapped[right], swapped[left]
    return swapped
