"""Texts that say almost the same, found among many: MinHash names candidates, an edit ratio confirms them.

Knows no table, no label and no split: texts in, a number of a group for each out.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence

import numpy as np
from rapidfuzz.distance import Indel
from rensa import RMinHash

# Three equal rows of a band make a candidate. At an edit ratio of 0.85 about half of the bigrams are shared, and of
# such pairs 42 bands miss one in 270; of pairs that share a twentieth they take one in 190 for a candidate.
_BANDS, _ROWS = 42, 3
_LOOK_BACK = 8  # earlier members of a bucket that a text is compared with: keeps a table of one template near-linear
_SEED = 7
_MIX = np.uint64(0x9E3779B97F4A7C15)  # spreads what is near over all bits (2**64 over the golden ratio)


def groups(texts: Sequence[str], similar: float = 0.85) -> tuple[int, ...]:
    """For each text the number of its group, from 0 in order of first appearance.

    Two texts belong together where twice the characters they share in order, over the characters of both, is at least
    `similar` (Indel ratio; width, case, spaces and punctuation do not count), and so do those that a chain of such pairs
    connects. See Broder, On the resemblance and containment of documents, 1997.
    """
    folding = _Folding()
    plain = [_plain(text, folding) for text in texts]
    distinct = list(dict.fromkeys(plain))
    leaders = _Leaders(len(distinct))
    refused: set[tuple[int, int]] = set()
    for pair in _candidates(distinct):
        if leaders.are_one(*pair) or pair in refused:
            continue
        if Indel.normalized_similarity(*(distinct[index] for index in pair)) >= similar:
            leaders.join(*pair)
        else:
            refused.add(pair)
    leader = {text: leaders.of(index) for index, text in enumerate(distinct)}
    numbers: dict[int, int] = {}
    return tuple(numbers.setdefault(leader[text], len(numbers)) for text in plain)


class _Folding(dict[int, int | None]):
    """For str.translate: drops punctuation, blanks and controls. Looks each character up once."""

    def __missing__(self, code: int) -> int | None:
        self[code] = None if unicodedata.category(chr(code))[0] in "PZC" else code
        return self[code]


def _plain(text: str, folding: _Folding) -> str:
    """What counts of a text: letters, digits and symbols, in one width and case. Of pure punctuation, all of it."""
    return unicodedata.normalize("NFKC", text).casefold().translate(folding) or text.strip()


def _candidates(texts: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Pairs that agree in a band of their signatures; some more than once."""
    hashes, offsets = _bigrams(texts)
    digests = RMinHash.digest_matrix_from_flat_token_hashes(hashes, offsets, _BANDS * _ROWS, _SEED)
    signatures = np.array(digests.to_rows(), dtype=np.uint64).reshape(len(texts), _BANDS, _ROWS)
    for band in range(_BANDS):
        for bucket in _buckets(signatures[:, band]):
            for place, right in enumerate(bucket):
                yield from ((left, right) for left in bucket[max(0, place - _LOOK_BACK) : place])


def _bigrams(texts: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """The hashes of all texts' pairs of neighbouring characters, one after the other, and where each text begins and ends.

    As one array: a string for each pair takes five times as long as all the rest.
    """
    padded = [text.ljust(2, "\0") for text in texts]
    lengths = np.array([len(text) for text in padded], dtype=np.uint64)
    codes = np.frombuffer("".join(padded).encode("utf-32-le", "surrogatepass"), dtype=np.uint32).astype(np.uint64)
    pairs = (codes[:-1] << np.uint64(32) | codes[1:]) * _MIX
    within = np.ones(len(pairs), dtype=bool)
    within[np.cumsum(lengths[:-1]).astype(np.int64) - 1] = (
        False  # a pair of one text's end and the next one's beginning
    )
    hashes = pairs[within]
    return hashes ^ (hashes >> np.uint64(31)), np.concatenate([[0], np.cumsum(lengths - np.uint64(1))]).astype(
        np.uint64
    )


def _buckets(keys: np.ndarray) -> Iterator[list[int]]:
    """Rows of like key, ascending, where there are at least two. keys: (texts, rows of the band)."""
    key = keys[:, 0] * _MIX
    for at in range(1, keys.shape[1]):
        key = (key ^ (key >> np.uint64(29)) ^ keys[:, at]) * _MIX
    order = np.argsort(key, kind="stable")
    bounds = np.concatenate([[0], np.flatnonzero(np.diff(key[order])) + 1, [len(order)]])
    for at in np.flatnonzero(np.diff(bounds) > 1):
        yield order[bounds[at] : bounds[at + 1]].tolist()


class _Leaders:
    """Which items are connected: union-find, the lowest index leads."""

    def __init__(self, size: int) -> None:
        self._above = list(range(size))

    def of(self, item: int) -> int:
        while self._above[item] != item:
            self._above[item] = self._above[self._above[item]]
            item = self._above[item]
        return item

    def are_one(self, left: int, right: int) -> bool:
        return self.of(left) == self.of(right)

    def join(self, left: int, right: int) -> None:
        low, high = sorted((self.of(left), self.of(right)))
        self._above[high] = low
