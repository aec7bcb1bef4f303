"""sentiment-zh: a LoRA adapter on encoder-zh that tells negative from positive Chinese text.

Trains on reviews, weibo posts and chat turns without any prefix, saves the adapter, loads it again and scores it. With
--start it goes on from an adapter that an earlier run of the recipe left.
"""

from __future__ import annotations

import argparse
import logging
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
import torch

from models.recipes import classifier_scores, classifier_training, common, sentiment_data, sentiment_scores
from models.recipes.sentiment_data import Example, SentimentData

log = logging.getLogger("sentiment-zh")

NAME = "sentiment-zh"
LABELS = ("negative", "positive")
WATCHED = "chnsenticorp_train"  # its held-out texts are scored while the training runs


def train(options: argparse.Namespace, data: SentimentData, folder: Path) -> None:
    """Trains, or goes on from the checkpoint, sets the temperature and saves the adapter."""
    from models.recipes import adapter

    model, tokenizer = adapter.load_base(common.BUNDLED / adapter.BASE, LABELS)
    model = adapter.resume_adapter(model, options.start) if options.start else adapter.add_adapter(model)
    watched = [example for example in data.held_out if example.domain == WATCHED]
    state = classifier_training.train(
        model,
        tokenizer,
        texts(data.train),
        [example.label for example in data.train],
        classifier_training.TrainingOptions(steps=options.steps, learning_rate=options.rate, seed=options.seed),
        options.work / "checkpoint.pt",
        partial(_watch, model, tokenizer, watched),
    )
    log.info("trained on %s examples in %.0f min", f"{32 * state.step:,}", state.seconds / 60)
    scores = classifier_training.logits(model, tokenizer, texts(data.tuned))
    adapter.cool(model, classifier_scores.temperature(scores, np.array([example.label for example in data.tuned])))
    adapter.save_adapter(model, folder)


def evaluate(data: SentimentData, folder: Path) -> None:
    """Scores what lies in the folder, in single precision, and logs a table."""
    from models.recipes import adapter

    model, tokenizer = adapter.load_adapter(common.BUNDLED / adapter.BASE, folder, LABELS)
    examples = data.judge + data.held_out + sentiment_scores.probe_examples()
    chances = classifier_scores.probabilities(classifier_training.logits(model, tokenizer, texts(examples)))
    once = list({example.text: example for example in data.train}.values())
    baseline = classifier_scores.ngram_baseline(texts(once), [example.label for example in once], texts(examples))
    for line in sentiment_scores.table(examples, chances, baseline):
        log.info(line)
    for line in sentiment_scores.mistakes(examples, chances):
        log.info("wrong: %s", line)


def texts(examples: Sequence[Example]) -> list[str]:
    return [example.text for example in examples]


def main() -> None:
    """Trains, saves, scores."""
    options = common.parser(__doc__)
    options.add_argument("--start", type=Path, help="an adapter to go on from")
    options.add_argument("--steps", type=int, help="batches of 32 at most (default: one pass)")
    options.add_argument("--rate", type=float, default=5e-4)
    options = options.parse_args()
    common.start(options)
    data = sentiment_data.load(options.data, options.seed)
    folder = options.out or common.BUNDLED / NAME
    train(options, data, folder)
    evaluate(data, folder)


def _watch(model: torch.nn.Module, tokenizer, examples: list[Example]) -> str:
    scores = classifier_training.logits(model, tokenizer, texts(examples))
    right = scores.argmax(1) == [example.label for example in examples]
    return f"{100 * np.mean(right):.1f} % of {len(right)} held-out texts of {WATCHED}"


if __name__ == "__main__":
    main()
