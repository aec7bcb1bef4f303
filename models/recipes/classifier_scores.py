"""What classifiers are judged by: probabilities, calibration, and a character n-gram model to compare with.

It knows logits, labels and texts; it knows no training.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

BINS = 15


def probabilities(logits: np.ndarray) -> np.ndarray:
    """Softmax over the classes, shape as given."""
    powers = np.exp(logits - logits.max(1, keepdims=True))
    return powers / powers.sum(1, keepdims=True)


def calibration_error(chances: np.ndarray, labels: np.ndarray) -> float:
    """Expected calibration error over 15 equal bins of confidence: Guo et al. 2017, arXiv:1706.04599."""
    confidence, right = chances.max(1), chances.argmax(1) == labels
    places = np.minimum((confidence * BINS).astype(int), BINS - 1)
    parts = [(right[places == bin_], confidence[places == bin_]) for bin_ in np.unique(places)]
    return sum(abs(hits.mean() - sure.mean()) * len(hits) for hits, sure in parts) / len(labels)


def temperature(logits: np.ndarray, labels: np.ndarray) -> float:
    """The number the logits are to be divided by so that these labels are likeliest: Guo et al. 2017."""
    candidates = np.logspace(-0.7, 0.7, 141)
    rows = np.arange(len(labels))
    losses = [-np.log(probabilities(logits / one)[rows, labels] + 1e-12).mean() for one in candidates]
    return float(candidates[int(np.argmin(losses))])


def ngram_baseline(
    texts: Sequence[str], labels: Sequence[int], judged: Sequence[str], *, balanced: bool = False
) -> np.ndarray:
    """Class probabilities of logistic regression on TF-IDF of 1 to 3 characters, trained on the same texts.

    balanced: rare classes weigh as much as common ones, and the features' weights are held smaller.
    """
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    features = TfidfVectorizer(analyzer="char", ngram_range=(1, 3), min_df=2, sublinear_tf=True)
    options = {"C": 1, "class_weight": "balanced"} if balanced else {"C": 10}
    model = make_pipeline(features, LogisticRegression(max_iter=200, **options))
    model.fit(list(texts), list(labels))
    return model.predict_proba(list(judged))


def accuracy(chances: np.ndarray, labels: np.ndarray) -> float:
    """Per cent."""
    return 100 * float((chances.argmax(1) == labels).mean())
