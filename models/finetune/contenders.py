"""Simpler ways to the same answer, on the same rows: what a fine-tuned model has to be better than to be worth it.

The most frequent class; character n-grams with logistic regression; the base model's features, left as they are, with
logistic regression. Each answers with class probabilities and says what it cost. Reads no model and no file.
scikit-learn is imported where it is needed: a page that only shows results starts without it.
"""

from __future__ import annotations

import pickle
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from threadpoolctl import threadpool_limits

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

MAJORITY, NGRAMS, FROZEN, BASE, FINETUNED = "majority", "ngrams", "frozen", "base", "finetuned"
_FEW_ROWS = 100  # below this, an n-gram that stands in one text alone is kept too
# The most frequent n-grams; with many classes fewer of them, for the solver keeps twenty copies of n-grams times classes.
_MOST_NGRAMS, _MOST_WEIGHTS = 50_000, 2_000_000

# Regressions as small as these wait for each other's threads: on a busy machine one thread is ten times as fast.
one_thread = threadpool_limits.wrap(limits=1, user_api="blas")


@dataclass(frozen=True)
class Answers:
    """What a contender says of the held-out rows."""

    name: str
    probabilities: np.ndarray  # (rows, classes)
    learned_from: int  # rows
    seconds: float  # of training
    size_bytes: int  # as saved

    @property
    def predicted(self) -> np.ndarray:
        """Class numbers, (rows,)."""
        return self.probabilities.argmax(1)


def majority(labels: Sequence[int], classes: int, rows: int) -> Answers:
    """The shares of the classes among the training rows, the same for every held-out row."""
    shares = np.bincount(labels, minlength=classes) / len(labels)
    return Answers(MAJORITY, np.tile(shares, (rows, 1)), len(labels), 0.0, 0)


@one_thread
def ngrams(
    texts: Sequence[str], labels: Sequence[int], judged: Sequence[str], classes: int, weights: Sequence[float] | None
) -> Answers:
    """TF-IDF of 1 to 3 characters. weights: of the classes, as the fine-tuned model had them."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    features = TfidfVectorizer(
        analyzer="char",
        ngram_range=(1, 3),
        min_df=2 if len(texts) >= _FEW_ROWS else 1,
        sublinear_tf=True,
        max_features=min(_MOST_NGRAMS, _MOST_WEIGHTS // classes),
    )
    model = make_pipeline(features, LogisticRegression(C=10, max_iter=200, class_weight=_weighted(weights)))
    started = time.monotonic()
    model.fit(list(texts), list(labels))
    seconds = time.monotonic() - started
    answers = spread(model.predict_proba(list(judged)), model.classes_, classes)
    return Answers(NGRAMS, answers, len(texts), seconds, len(pickle.dumps(model)))


@one_thread
def frozen(
    features: np.ndarray, labels: Sequence[int], judged: np.ndarray, classes: int, weights: Sequence[float] | None
) -> Answers:
    """features, judged: mean-pooled, (rows, width). Seconds and bytes are those of the regression alone."""
    model = on_features(weights)
    started = time.monotonic()
    model.fit(features, list(labels))
    seconds = time.monotonic() - started
    answers = spread(model.predict_proba(judged), model.classes_, classes)
    return Answers(FROZEN, answers, len(labels), seconds, len(pickle.dumps(model)))


def on_features(weights: Sequence[float] | None = None) -> Pipeline:
    """Logistic regression on standardized features. Held this small it does not learn the few rows by heart."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    return make_pipeline(StandardScaler(), LogisticRegression(C=0.01, max_iter=300, class_weight=_weighted(weights)))


def spread(probabilities: np.ndarray, known: Any, classes: int) -> np.ndarray:
    """(rows, known classes) -> (rows, classes), 0 for a class that was not learned."""
    whole = np.zeros((len(probabilities), classes))
    whole[:, np.asarray(known, dtype=int)] = probabilities
    return whole


def _weighted(weights: Sequence[float] | None) -> dict[int, float] | None:
    return None if weights is None else dict(enumerate(weights))
