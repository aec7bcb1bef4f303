"""A model of character n-grams: what a neural model of verse has to be better than.

Interpolated, modified Kneser-Ney: Chen and Goodman, An Empirical Study of Smoothing Techniques for Language Modeling
(1998), 4.1.6. In numpy, since the libraries that train such models are programs to compile, or in Python too slow for
ten million characters.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

_START = 0  # stands before a text, once for each character of a whole context; never predicted
_UNKNOWN = 1


@dataclass(frozen=True)
class _Order:
    """The n-grams of one length. A key is the number of the context, times the vocabulary, plus the character."""

    keys: np.ndarray  # sorted: an n-gram's number is its place here
    share: np.ndarray  # by n-gram: its discounted count over all counts of its context
    left: np.ndarray  # by context: what the discounts leave for the shorter n-grams; 1 where nothing was seen


@dataclass(frozen=True)
class _Distinct:
    """The distinct keys among those that end at each place of the texts; np.unique would sort twice as long."""

    keys: np.ndarray  # sorted
    counts: np.ndarray
    places: np.ndarray  # where one of each stands
    numbers: np.ndarray  # of the key at each place

    @classmethod
    def of(cls, keys: np.ndarray) -> _Distinct:
        order = np.argsort(keys)
        ranked = keys[order]
        fresh = np.concatenate([[True], ranked[1:] != ranked[:-1]])
        firsts = np.flatnonzero(fresh)
        numbers = np.empty(len(keys), dtype=np.int64)
        numbers[order] = np.cumsum(fresh) - 1
        return cls(ranked[firsts], np.diff(firsts, append=len(keys)), order[firsts], numbers)


class Ngrams:
    """Trained on texts, in which each character has only those of its own text before it."""

    def __init__(self, texts: Sequence[str], order: int = 5) -> None:
        self._numbers = {each: number for number, each in enumerate(sorted(set("".join(texts))), _UNKNOWN + 1)}
        self._size = len(self._numbers) + 2
        self._order = order
        self._orders = self._train(self._read(texts))

    def bits_per_character(self, texts: Sequence[str]) -> float:
        characters = self._read(texts)
        return float(-np.log2(self._probabilities(characters)[characters != _START]).mean())

    def next_probabilities(self, before: str) -> np.ndarray:
        """Of each character of the vocabulary, and last of any unknown one, after the beginning of a text."""
        texts = [before + each for each in (*self._numbers, "\0")]
        return self._probabilities(self._read(texts))[self._order + len(before) - 1 :: self._order + len(before)]

    def _read(self, texts: Sequence[str]) -> np.ndarray:
        start = [_START] * (self._order - 1)
        numbers = (n for text in texts for n in (*start, *(self._numbers.get(each, _UNKNOWN) for each in text)))
        return np.fromiter(numbers, dtype=np.int64)

    def _train(self, characters: np.ndarray) -> list[_Order]:
        context = np.zeros(len(characters), dtype=np.int64)
        found = [_Distinct.of(context * self._size + characters)]
        for _ in range(self._order - 1):
            found.append(_Distinct.of(_shifted(found[-1].numbers) * self._size + characters))
        orders = []
        for place, ngrams in enumerate(found):
            counts = ngrams.counts
            if place + 1 < self._order:
                # In how many longer n-grams it ends; but a text's beginning has nothing before it to tell apart.
                longer = np.bincount(ngrams.numbers[found[place + 1].places], minlength=len(counts))
                counts = np.where(characters[ngrams.places - place] == _START, counts, longer)
            counts = np.where(ngrams.keys % self._size == _START, 0, counts)
            contexts = len(found[place - 1].keys) if place else 1
            orders.append(_discounted(ngrams.keys, counts, ngrams.keys // self._size, contexts))
        return orders

    def _probabilities(self, characters: np.ndarray) -> np.ndarray:
        probability = np.full(len(characters), 1 / (self._size - 1))  # of any character but the start
        context = np.zeros(len(characters), dtype=np.int64)
        for order in self._orders:
            ngram = np.where(context >= 0, _found(order.keys, context * self._size + characters), -1)
            share = np.where(ngram >= 0, order.share[ngram], 0.0)
            probability = share + np.where(context >= 0, order.left[context], 1.0) * probability
            context = _shifted(ngram)
        return probability


def _discounted(keys: np.ndarray, counts: np.ndarray, context: np.ndarray, contexts: int) -> _Order:
    ones, twos, threes, fours = (max(1, int((counts == n).sum())) for n in (1, 2, 3, 4))
    base = ones / (ones + 2 * twos)
    discounts = [0, 1 - 2 * base * twos / ones, 2 - 3 * base * threes / twos, 3 - 4 * base * fours / threes]
    discount = np.clip(discounts, 0, [0, 1, 2, 3])[np.minimum(counts, 3)]
    totals = np.bincount(context, weights=counts, minlength=contexts)
    kept = np.bincount(context, weights=counts - discount, minlength=contexts)
    seen = np.maximum(totals, 1)
    return _Order(keys, (counts - discount) / seen[context], np.where(totals > 0, 1 - kept / seen, 1.0))


def _found(keys: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """The places of `wanted` in sorted keys, -1 where they are not there."""
    places = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return np.where(keys[places] == wanted, places, -1)


def _shifted(numbers: np.ndarray) -> np.ndarray:
    """For each place the number at the place before it."""
    return np.concatenate([numbers[:1], numbers[:-1]])
