"""Which rows are trained on, which choose the best epoch, which are held out: by class, by group of near-duplicates.

The held-out rows choose nothing: a model that was picked by the rows that score it would look better than it is.

The one split of everything that is compared, decided by a seed. Knows no model and no file.
"""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from models.finetune import near_duplicates
from models.finetune.dataset import Examples

VALIDATION_SHARE = 0.15  # of the rows that are not held out


@dataclass(frozen=True)
class Split:
    """Indices into Examples, and the classes in the order of the logits."""

    train: tuple[int, ...]
    held_out: tuple[int, ...]  # shuffled: the first of them are a fair sample
    classes: tuple[str, ...]
    alike: int = 0  # rows with a near-duplicate
    is_divided: bool = False  # whether near-duplicates had to part, for else fewer than two classes could be scored
    # Shuffled; they choose the best epoch. The training rows themselves where no class has rows to spare.
    validation: tuple[int, ...] = ()

    @property
    def seen(self) -> tuple[int, ...]:
        """All rows but those held out."""
        return tuple(sorted({*self.train, *self.validation}))


def split(examples: Examples, *, share: float, seed: int) -> Split:
    """Holds out about `share` of every class, each near-duplicate on the side of its like. Same seed, same split.

    Of every class whose rows are in two groups or more, each side has a row; a class whose rows are all alike is
    trained on and not scored. Where that leaves fewer than two classes to score, rows are split as if all were unlike.
    Of what is not held out, VALIDATION_SHARE of every class is kept apart in the same way; a class too small for it
    gives none.
    """
    labels = examples.labels
    classes = tuple(sorted(set(labels), key=_natural))
    groups = _groups(examples.texts)
    held_out = _held(groups, labels, share, seed)
    alike = sum(len(rows) for rows in groups if len(rows) > 1)
    is_divided = len({labels[row] for row in held_out}) < min(2, len(classes))
    if is_divided:
        groups = [[row] for row in range(len(labels))]
        held_out = _held(groups, labels, share, seed)
    away = set(held_out)
    validation = _held([rows for rows in groups if rows[0] not in away], labels, VALIDATION_SHARE, seed, at_least=0)
    train = tuple(sorted(set(range(len(labels))) - away - set(validation)))
    return Split(train, held_out, classes, alike, is_divided, validation or train)


def _groups(texts: Sequence[str]) -> list[list[int]]:
    rows: dict[int, list[int]] = {}
    for row, group in enumerate(near_duplicates.groups(texts)):
        rows.setdefault(group, []).append(row)
    return list(rows.values())


def _held(
    groups: list[list[int]], labels: Sequence[str], share: float, seed: int, *, at_least: int = 1
) -> tuple[int, ...]:
    """Rows of whole groups, shuffled. at_least: of every class that has a row to spare."""
    draw = random.Random(seed)
    order = draw.sample(groups, len(groups))
    chosen = _chosen([Counter(labels[row] for row in rows) for rows in order], share, at_least)
    rows = [row for at in chosen for row in order[at]]
    return tuple(draw.sample(rows, len(rows)))


def _chosen(groups: Sequence[Counter[str]], share: float, at_least: int) -> list[int]:
    """Which groups are held out. The rarest class chooses first: it has the fewest ways to be on both sides."""
    left = sum(groups, Counter())  # rows still on the side of training
    wanted = {label: min(max(at_least, round(share * count)), count - 1) for label, count in left.items()}
    held: dict[int, None] = {}
    for label in sorted(wanted, key=lambda label: (left[label], label)):
        own = [at for at, counts in enumerate(groups) if label in counts and at not in held]
        for at in own:
            if all(wanted[other] >= count for other, count in groups[at].items()):
                _hold(at, groups, held, left, wanted)
        if at_least and not any(label in groups[at] for at in held):
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
