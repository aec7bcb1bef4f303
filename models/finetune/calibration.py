"""Whether a classifier is as often right as it says: bins of confidence and the expected calibration error.

Guo et al. 2017, On Calibration of Modern Neural Networks, arXiv:1706.04599. Knows confidences, no texts and no models.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

MOST_BINS, FEWEST_BINS = 15, 5
_ROWS_A_BIN = 10  # with fewer, the share of right answers in a bin says little


@dataclass(frozen=True)
class Bin:
    """Rows whose answer was given with a confidence from `low` to `high`."""

    low: float
    high: float
    rows: int
    confidence: float  # their mean
    accuracy: float  # the share of them that is right


@dataclass(frozen=True)
class Calibration:
    error: float  # mean distance between confidence and accuracy, weighted by the rows of the bins
    bins: tuple[Bin, ...]  # those with rows, by rising confidence


def calibrate(confidence: Sequence[float], right: Sequence[bool]) -> Calibration:
    """Equal bins of the confidence of each answer, fewer of them for few rows."""
    sure, hits = np.asarray(confidence, dtype=float), np.asarray(right, dtype=bool)
    count = min(MOST_BINS, max(FEWEST_BINS, len(sure) // _ROWS_A_BIN))
    places = np.minimum((sure * count).astype(int), count - 1)
    bins = tuple(
        Bin(
            place / count,
            (place + 1) / count,
            int(inside.sum()),
            float(sure[inside].mean()),
            float(hits[inside].mean()),
        )
        for place in range(count)
        if (inside := places == place).any()
    )
    error = sum(one.rows * abs(one.confidence - one.accuracy) for one in bins) / max(1, len(sure))
    return Calibration(float(error), bins)
