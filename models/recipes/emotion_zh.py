"""emotion-zh: a LoRA adapter on encoder-zh that names the emotion of a Chinese text, one of seven or none.

A set that cannot answer a label says little about it: half of the loss compares only the labels that the example's set
knows. Rare labels weigh more, by the root of their rarity. Trains, saves, loads again and scores. With --start it goes
on from an adapter that an earlier run of the recipe left.
"""

from __future__ import annotations

import argparse
import logging
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
import torch
from sklearn.metrics import f1_score
from torch import Tensor

from models.recipes import adapter_training, classifier_scores, emotion_data
from models.recipes.adapter_training import targets, texts
from models.recipes.common import Example
from models.recipes.emotion_data import LABELS, EmotionData

log = logging.getLogger("emotion-zh")

NAME = "emotion-zh"
LONGEST = 128  # tokens
WATCHED = 1_000  # texts that are scored while the training runs


def train(options: argparse.Namespace, data: EmotionData, folder: Path) -> None:
    adapter_training.fit(
        options,
        LABELS,
        data.train,
        data.tuned,
        data.tuned[:WATCHED],
        said,
        folder,
        max_length=LONGEST,
        loss=partial(loss, possible(data.train), weights(data.train)),
    )


def said(scores: np.ndarray, truth: np.ndarray) -> str:
    return f"macro F1 {100 * f1_score(truth, scores.argmax(1), average='macro'):.1f} over {len(truth)} texts"


def loss(possible: Tensor, weights: Tensor, scores: Tensor, labels: Tensor, places: list[int]) -> Tensor:
    """Weighted cross-entropy, half over all labels, half over those that each example's set knows. scores (N, labels).

    The first half learns what kind of post each set holds, the second does not punish a label that the set lacks.
    """
    entropy = partial(torch.nn.functional.cross_entropy, target=labels, weight=weights)
    known = scores.masked_fill(~possible[places], float("-inf"))
    return (entropy(scores) + entropy(known)) / 2


def possible(examples: Sequence[Example]) -> Tensor:
    """(examples, labels), True where the example's set can give the label."""
    known = {domain: [label in labels for label in LABELS] for domain, labels in emotion_data.SOURCES.items()}
    return torch.tensor([known[example.domain] for example in examples])


def weights(examples: Sequence[Example]) -> Tensor:
    """A weight for each label: the root of how much rarer it is than the mean."""
    counts = np.bincount(targets(examples), minlength=len(LABELS))
    return torch.tensor(np.sqrt(counts.mean() / counts), dtype=torch.float32)


def evaluate(data: EmotionData, folder: Path) -> None:
    """Scores what lies in the folder, in single precision, and logs tables: by label, and by set."""
    chances = adapter_training.saved_chances(folder, LABELS, data.held_out, max_length=LONGEST)
    for line in table(data.held_out, chances, baseline(data)):
        log.info(line)


def baseline(data: EmotionData) -> np.ndarray:
    """The n-gram model's probabilities for the held-out texts."""
    train, held_out = data.train, data.held_out
    return classifier_scores.ngram_baseline(texts(train), targets(train), texts(held_out), balanced=True)


def table(examples: Sequence[Example], chances: np.ndarray, baseline: np.ndarray) -> list[str]:
    """Markdown: F1 of each label and their mean, accuracy and calibration of each set, beside the n-gram model."""
    return [*_by_label(examples, chances, baseline), "", *_by_set(examples, chances, baseline)]


def macro_f1(examples: Sequence[Example], chances: np.ndarray) -> float:
    """Per cent."""
    return 100 * float(_f1(targets(examples), chances).mean())


def among_known(examples: Sequence[Example], chances: np.ndarray) -> np.ndarray:
    """The chances without those of labels that an example's set could not have given."""
    return np.where(possible(examples).numpy(), chances, 0.0)


def _by_label(examples: Sequence[Example], chances: np.ndarray, baseline: np.ndarray) -> list[str]:
    truth = targets(examples)
    columns = [_f1(truth, rows) for rows in (chances, baseline)]
    columns += [_f1(truth, among_known(examples, rows)) for rows in (chances, baseline)]
    rows = ["| label | texts | F1 | n-grams | F1 among the set's labels | n-grams |", "|---|---|---|---|---|---|"]
    counts = np.bincount(truth, minlength=len(LABELS))
    for name, count, scores in zip(LABELS, counts, np.stack(columns, axis=1), strict=True):
        rows.append(f"| {name} | {count} | " + " | ".join(f"{100 * score:.1f}" for score in scores) + " |")
    means = " | ".join(f"{100 * column.mean():.1f}" for column in columns)
    return [*rows, f"| macro | {len(truth)} | {means} |"]


def _by_set(examples: Sequence[Example], chances: np.ndarray, baseline: np.ndarray) -> list[str]:
    truth, domains = targets(examples), np.array([example.domain for example in examples])
    rows = ["| set | texts | accuracy | calibration error | n-gram accuracy |", "|---|---|---|---|---|"]
    for domain in (*emotion_data.SOURCES, "all"):
        inside = (domains == domain) | (domain == "all")
        right = classifier_scores.accuracy(chances[inside], truth[inside])
        error = classifier_scores.calibration_error(chances[inside], truth[inside])
        below = classifier_scores.accuracy(baseline[inside], truth[inside])
        rows.append(f"| {domain} | {inside.sum()} | {right:.1f} % | {error:.3f} | {below:.1f} % |")
    return rows


def _f1(truth: np.ndarray, chances: np.ndarray) -> np.ndarray:
    """(labels,), of 1."""
    return f1_score(truth, chances.argmax(1), average=None, labels=range(len(LABELS)), zero_division=0)


if __name__ == "__main__":
    adapter_training.run(__doc__, NAME, emotion_data.load, train, evaluate, epochs=2)
