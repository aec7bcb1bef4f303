"""How sure a score is: accuracy and macro-F1 of held-out rows with their bootstrap intervals, and the gain of one
classifier over another on the same rows.

The rows are drawn again with replacement (Efron 1979); for a gain both classifiers are judged on the same draw, so that
rows which both find hard do not blur the difference. Knows class numbers only; no texts, no models.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np

DRAWS = 1000
LEVEL = 0.95
_AT_ONCE = 100  # draws held in memory together


@dataclass(frozen=True)
class Estimate:
    """A value and the interval that holds 95 % of its draws."""

    value: float
    low: float
    high: float

    @property
    def includes_zero(self) -> bool:
        return self.low <= 0.0 <= self.high


class Score(Protocol):
    """truth, predicted: class numbers, (…, rows) -> a score for each set of rows, (…)."""

    __name__: str

    def __call__(self, truth: np.ndarray, predicted: np.ndarray) -> np.ndarray: ...


def accuracy(truth: np.ndarray, predicted: np.ndarray) -> np.ndarray:
    return (truth == predicted).mean(-1)


def macro_f1(truth: np.ndarray, predicted: np.ndarray) -> np.ndarray:
    """The mean F1 over the classes that are true or predicted somewhere, as scikit-learn reckons it.

    Written out, since scikit-learn takes one set of rows at a time, and there are thousands of draws.
    """
    classes = int(max(truth.max(), predicted.max())) + 1
    hits = _counted(np.where(truth == predicted, truth, classes), classes + 1)[..., :classes]
    both = _counted(truth, classes) + _counted(predicted, classes)
    return (2 * hits / np.maximum(both, 1)).sum(-1) / (both > 0).sum(-1)


def estimate(truth: np.ndarray, predicted: np.ndarray, score: Score, seed: int) -> Estimate:
    """A score of one classifier. truth, predicted: class numbers, (rows,)."""
    return _estimated((truth, predicted), score, seed)


def gain(truth: np.ndarray, predicted: np.ndarray, other: np.ndarray, score: Score, seed: int) -> Estimate:
    """How much more `predicted` scores than `other` on the same rows; negative where it scores less."""
    return _estimated(
        (truth, predicted, other), lambda true, ours, theirs: score(true, ours) - score(true, theirs), seed
    )


def _estimated(rows: tuple[np.ndarray, ...], statistic: Callable[..., np.ndarray], seed: int) -> Estimate:
    value = float(statistic(*rows))
    if len(rows[0]) < 2:  # nothing to draw from
        return Estimate(value, value, value)
    from scipy import stats  # a second to import

    interval = stats.bootstrap(
        rows,
        lambda *drawn, axis: statistic(*drawn),  # scipy asks for the last axis only
        n_resamples=DRAWS,
        batch=_AT_ONCE,
        vectorized=True,
        paired=True,
        confidence_level=LEVEL,
        method="percentile",
        rng=np.random.default_rng(seed),
    ).confidence_interval
    return Estimate(value, float(interval.low), float(interval.high))


def _counted(numbers: np.ndarray, classes: int) -> np.ndarray:
    """(…, rows) of class numbers -> (…, classes) of how often each stands there."""
    sets = numbers.reshape(-1, numbers.shape[-1])
    offsets = classes * np.arange(len(sets))[:, None]
    return np.bincount((sets + offsets).ravel(), minlength=classes * len(sets)).reshape(*numbers.shape[:-1], classes)
