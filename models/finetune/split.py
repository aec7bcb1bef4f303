"""Which rows are trained on and which are held out: by class, by group of near-duplicates, decided by a seed.

The one split of everything that is compared. Knows no model and no file.
"""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from models.finetune import near_duplicates
from models.finetune.dataset import Examples


@dataclass(frozen=True)
class Split:
    """Indices into Examples, and the classes in the order of the logits."""

    train: tuple[int, ...]
    held_out: tuple[int, ...]  # shuffled: the first of them are a fair sample
    classes: tuple[str, ...]
    alike: int = 0  # rows with a near-duplicate
    is_divided: bool = False  # whether near-duplicates had to part, for else fewer than two classes could be scored


def split(examples: Examples, *, share: float, seed: int) -> Split:
    """Holds out about `share` of every class, each near-duplicate on the side of its like. Same seed, same split.

    Of every class whose rows are in two groups or more, each side has a row; a class whose rows are all alike is
    trained on and not scored. Where that leaves fewer than two classes to score, rows are split as if all were unlike.
    """
    labels = examples.labels
    classes = tuple(sorted(set(labels), key=_natural))
    groups = _groups(examples.texts)
    held_out = _held(groups, labels, share, seed)
    is_divided = len({labels[row] for row in held_out}) < min(2, len(classes))
    if is_divided:
        held_out = _held([[row] for row in range(len(labels))], labels, share, seed)
    train = tuple(sorted(set(range(len(labels))) - set(held_out)))
    alike = sum(len(rows) for rows in groups if len(rows) > 1)
    return Split(train, held_out, classes, alike, is_divided)


def _groups(texts: Sequence[str]) -> list[list[int]]:
    rows: dict[int, list[int]] = {}
    for row, group in enumerate(near_duplicates.groups(texts)):
        rows.setdefault(group, []).append(row)
    return list(rows.values())


def _held(groups: list[list[int]], labels: Sequence[str], share: float, seed: int) -> tuple[int, ...]:
    """Rows of whole groups, shuffled."""
    draw = random.Random(seed)
    order = draw.sample(groups, len(groups))
    chosen = _chosen([Counter(labels[row] for row in rows) for rows in order], share)
    rows = [row for at in chosen for row in order[at]]
    return tuple(draw.sample(rows, len(rows)))


def _chosen(groups: Sequence[Counter[str]], share: float) -> list[int]:
    """Which groups are held out. The rarest class chooses first: it has the fewest ways to be on both sides."""
    left = sum(groups, Counter())  # rows still on the side of training
    wanted = {label: min(max(1, round(share * count)), count - 1) for label, count in left.items()}
    held: dict[int, None] = {}
    for label in sorted(wanted, key=lambda label: (left[label], label)):
        own = [at for at, counts in enumerate(groups) if label in counts and at not in held]
        for at in own:
            if all(wanted[other] >= count for other, count in groups[at].items()):
                _hold(at, groups, held, left, wanted)
        if not any(label in groups[at] for at in held):
            # Larger than its share, but the smallest that leaves every class something to learn from.
            spared = [at for at in own if all(left[other] > count for other, count in groups[at].items())]
            if spared:
                _hold(min(spared, key=lambda at: groups[at].total()), groups, held, left, wanted)
    return list(held)


def _hold(
    at: int, groups: Sequence[Counter[str]], held: dict[int, None], left: Counter[str], wanted: dict[str, int]
) -> None:
    held[at] = None
    for label, count in groups[at].items():
        left[label] -= count
        wanted[label] -= count


def _natural(label: str) -> tuple[int, float, str]:
    """Numbers by value, before words: 2 comes before 10."""
    is_number = re.fullmatch(r"[+-]?\d+(\.\d+)?", label) is not None
    return (0, float(label), label) if is_number else (1, 0.0, label)
