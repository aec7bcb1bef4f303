"""Rows whose label is probably wrong, by confident learning (Northcutt et al. 2021, arXiv:1911.00068).

Each row is judged by a model that has not seen it: logistic regression on the base model's features, cross-validated.
The weaker those features, the more right labels are doubted: a person looks before a label is changed.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from models.finetune.contenders import on_features, one_thread, spread

FOLDS = 5


@dataclass(frozen=True)
class DoubtfulRow:
    row: int  # its place among the examples of the run
    text: str
    label: str  # as it was given
    suggested: str
    confidence: float  # probability of `suggested`
    given: float  # probability of `label`


@dataclass(frozen=True)
class Doubt:
    """Of one row, by its place among those looked at."""

    place: int
    suggested: int  # class
    confidence: float
    given: float


@one_thread
def doubts(features: np.ndarray, labels: Sequence[int], groups: Sequence[int], seed: int) -> list[Doubt]:
    """The least likely labels first. groups: near-duplicates have the same number and are judged together.

    A class with fewer rows than folds cannot be judged: its rows are left out.
    """
    counts = np.bincount(labels)
    places = np.flatnonzero(counts[np.asarray(labels)] >= FOLDS)
    classes, compact = np.unique(np.asarray(labels)[places], return_inverse=True)
    if len(classes) < 2:
        return []
    chances = _cross_validated(features[places], compact, np.asarray(groups)[places], seed)
    found = []
    for index in _least_likely(compact, chances):
        best = int(chances[index].argmax())
        if best != compact[index]:
            given = float(chances[index, compact[index]])
            found.append(Doubt(int(places[index]), int(classes[best]), float(chances[index, best]), given))
    return found


def _cross_validated(features: np.ndarray, labels: np.ndarray, groups: np.ndarray, seed: int) -> np.ndarray:
    """(rows, classes): the probabilities that each row was given by a model of the other folds.

    A row that no fold can judge, since all like it stand in one group, keeps its label without doubt.
    """
    from sklearn.model_selection import StratifiedGroupKFold

    classes = int(labels.max()) + 1
    chances = np.eye(classes)[labels]
    folds = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=seed)
    for learned, judged in folds.split(features, labels, groups):
        if not len(judged) or len(np.unique(labels[learned])) < 2:
            continue
        model = on_features().fit(features[learned], labels[learned])
        chances[judged] = spread(model.predict_proba(features[judged]), model.classes_, classes)
    return chances


def _least_likely(labels: np.ndarray, chances: np.ndarray) -> np.ndarray:
    """Places of the rows that cleanlab doubts, worst first."""
    from cleanlab.filter import find_label_issues  # seconds to import

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns where it finds nothing to doubt
        return find_label_issues(
            labels, chances, filter_by="low_self_confidence", return_indices_ranked_by="self_confidence", n_jobs=1
        )
