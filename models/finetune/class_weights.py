"""How much each class counts in the loss, so that a rare one is learnt too. Knows no model."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

UNEVEN = 3.0  # times as many rows in the largest class as in the smallest: from here on, "auto" weighs


def weights(labels: Sequence[int], classes: int, choice: str) -> list[float] | None:
    """One a class, in the order of the logits; None where all rows count alike. `labels`: those trained on.

    rows / (classes × rows of the class), scikit-learn's "balanced": over all rows, the mean weight is 1. `choice`: "on",
    "off", or "auto" (on where the classes are uneven). A class without rows has nothing to weigh, and gets 1.
    """
    counts = Counter(labels)
    if choice == "off" or (choice == "auto" and max(counts.values()) < UNEVEN * min(counts.values())):
        return None
    return [len(labels) / (len(counts) * counts[index]) if counts[index] else 1.0 for index in range(classes)]
