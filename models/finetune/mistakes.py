"""Held-out rows with what was said of them before and after the training: mistakes, what was mended, what was broken.

Plain data; knows no model. What is shown is reckoned from the rows, so that no two figures can disagree.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from models.batch import harmless

CHANGES = ("mended", "broken", "still_wrong", "kept")
MISTAKES = "mistakes"


@dataclass(frozen=True)
class JudgedRow:
    row: int  # its place among the examples of the run
    text: str
    label: str  # as it was given
    predicted: str
    confidence: float  # probability of `predicted`
    before: str  # what was said without the training
    before_confidence: float

    @property
    def is_right(self) -> bool:
        return self.predicted == self.label

    @property
    def change(self) -> str:
        """One of CHANGES."""
        was_right = self.before == self.label
        if self.is_right:
            return "kept" if was_right else "mended"
        return "broken" if was_right else "still_wrong"


@dataclass(frozen=True)
class ClassScores:
    label: str
    precision: float
    recall: float
    f1: float
    support: int  # held-out rows of the class


def mistakes(rows: Sequence[JudgedRow]) -> list[JudgedRow]:
    """The misclassified rows, the most confident first: those teach most, or are labelled wrong."""
    return _by_confidence(row for row in rows if not row.is_right)


def changed(rows: Sequence[JudgedRow], change: str) -> list[JudgedRow]:
    """Rows of one of CHANGES, the most confident first."""
    return _by_confidence(row for row in rows if row.change == change)


def class_scores(rows: Sequence[JudgedRow], classes: Sequence[str]) -> tuple[ClassScores, ...]:
    """In the order of `classes`; 0 where a class was never predicted or has no held-out row."""
    from sklearn.metrics import precision_recall_fscore_support  # a second to import

    truth, predicted = [row.label for row in rows], [row.predicted for row in rows]
    scores = precision_recall_fscore_support(truth, predicted, labels=list(classes), zero_division=0)
    return tuple(
        ClassScores(label, float(precision), float(recall), float(f1), int(support))
        for label, precision, recall, f1, support in zip(classes, *scores, strict=True)
    )


def confusion(rows: Sequence[JudgedRow], classes: Sequence[str]) -> tuple[tuple[int, ...], ...]:
    """[true class][predicted class], in the order of `classes`."""
    from sklearn.metrics import confusion_matrix

    counts = confusion_matrix([row.label for row in rows], [row.predicted for row in rows], labels=list(classes))
    return tuple(map(tuple, counts.tolist()))


def write_csv(rows: Sequence[JudgedRow], path: Path) -> Path:
    """UTF-8 with BOM, so that a spreadsheet program reads it; cells that it would run as formulas are made harmless."""
    cells = [
        {
            "text": harmless(row.text),
            "label": harmless(row.label),
            "predicted": harmless(row.predicted),
            "confidence": f"{row.confidence:.4f}",
            "before": harmless(row.before),
            "before_confidence": f"{row.before_confidence:.4f}",
            "change": row.change,
        }
        for row in rows
    ]
    columns = ["text", "label", "predicted", "confidence", "before", "before_confidence", "change"]
    path.parent.mkdir(parents=True, exist_ok=True)
    pd.DataFrame(cells, columns=columns).to_csv(path, index=False, encoding="utf-8-sig")
    return path


def _by_confidence(rows) -> list[JudgedRow]:
    return sorted(rows, key=lambda row: -row.confidence)
