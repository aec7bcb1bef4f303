"""sentiment-zh: a LoRA adapter on encoder-zh that tells negative from positive Chinese text.

Trains on reviews, weibo posts and chat turns without any prefix, saves the adapter, loads it again and scores it. With
--start it goes on from an adapter that an earlier run of the recipe left.
"""

from __future__ import annotations

import argparse
import logging
from pathlib import Path

import numpy as np

from models.recipes import adapter_training, classifier_scores, sentiment_data, sentiment_scores
from models.recipes.adapter_training import targets, texts
from models.recipes.sentiment_data import SentimentData

log = logging.getLogger("sentiment-zh")

NAME = "sentiment-zh"
LABELS = ("negative", "positive")
LONGEST = 192  # tokens
WATCHED = "chnsenticorp_train"  # its held-out texts are scored while the training runs


def train(options: argparse.Namespace, data: SentimentData, folder: Path) -> None:
    watched = [example for example in data.held_out if example.domain == WATCHED]
    adapter_training.fit(options, LABELS, data.train, data.tuned, watched, said, folder, max_length=LONGEST)


def said(scores: np.ndarray, truth: np.ndarray) -> str:
    return f"{100 * (scores.argmax(1) == truth).mean():.1f} % of {len(truth)} held-out texts of {WATCHED}"


def evaluate(data: SentimentData, folder: Path) -> None:
    """Scores what lies in the folder, in single precision, and logs a table."""
    examples = data.judge + data.held_out + sentiment_scores.probe_examples()
    chances = adapter_training.saved_chances(folder, LABELS, examples, max_length=LONGEST)
    for line in sentiment_scores.table(examples, chances, baseline(data, texts(examples))):
        log.info(line)
    for line in sentiment_scores.mistakes(examples, chances):
        log.info("wrong: %s", line)


def baseline(data: SentimentData, judged: list[str]) -> np.ndarray:
    """The n-gram model's probabilities, (texts, labels). It reads each training text once."""
    once = list({example.text: example for example in data.train}.values())
    return classifier_scores.ngram_baseline(texts(once), targets(once), judged)


if __name__ == "__main__":
    adapter_training.run(__doc__, NAME, sentiment_data.load, train, evaluate, epochs=1)
