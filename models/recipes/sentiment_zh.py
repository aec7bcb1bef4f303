"""sentiment-zh: a LoRA adapter on encoder-zh that tells negative from positive Chinese text.

Trains on reviews, weibo posts and chat turns without any prefix, saves the adapter, loads it again and scores it.
"""

from __future__ import annotations

import argparse
import logging
from functools import partial
from pathlib import Path

import numpy as np
import torch

from models.recipes import classifier_training, common, sentiment_data, sentiment_evaluation
from models.recipes.sentiment_data import Example, SentimentData
from models.torchvision_ops import ensure_torchvision_ops

log = logging.getLogger("sentiment-zh")

NAME = "sentiment-zh"
STEPS = 1_450  # batches of 32: what one busy core does in an hour
WATCHED = "chnsenticorp_train"  # its held-out texts are scored while the training runs


def train(options: argparse.Namespace, data: SentimentData, folder: Path) -> None:
    """Trains, or goes on from the checkpoint, and saves the adapter."""
    from models.recipes import sentiment_adapter

    model, tokenizer = sentiment_adapter.load_base(common.BUNDLED / sentiment_adapter.BASE)
    model = sentiment_adapter.add_adapter(model)
    watched = [example for example in data.held_out if example.domain == WATCHED]
    state = classifier_training.train(
        model,
        tokenizer,
        [example.text for example in data.train],
        [example.label for example in data.train],
        classifier_training.TrainingOptions(steps=STEPS, seed=options.seed),
        options.work / "checkpoint.pt",
        partial(_watch, model, tokenizer, watched),
    )
    log.info("trained on %s examples in %.0f min", f"{32 * state.step:,}", state.seconds / 60)
    sentiment_adapter.save_adapter(model, folder)


def evaluate(data: SentimentData, folder: Path) -> None:
    """Scores what lies in the folder, in single precision, and logs a table."""
    from models.recipes import sentiment_adapter

    model, tokenizer = sentiment_adapter.load_adapter(common.BUNDLED / sentiment_adapter.BASE, folder)
    examples = data.judge + data.held_out + sentiment_evaluation.probe_examples()
    scores = classifier_training.logits(model, tokenizer, [example.text for example in examples])
    chances = sentiment_evaluation.probabilities(scores)
    baseline = sentiment_evaluation.baseline(data.train, examples)
    for line in sentiment_evaluation.table(examples, chances, baseline):
        log.info(line)
    for line in sentiment_evaluation.mistakes(examples, chances):
        log.info("wrong: %s", line)


def main() -> None:
    """Trains, saves, scores."""
    options = common.parser(__doc__).parse_args()
    common.start(options)
    ensure_torchvision_ops()
    data = sentiment_data.load(options.data, options.seed)
    folder = options.out or common.BUNDLED / NAME
    train(options, data, folder)
    evaluate(data, folder)


def _watch(model: torch.nn.Module, tokenizer, examples: list[Example]) -> str:
    scores = classifier_training.logits(model, tokenizer, [example.text for example in examples])
    right = scores.argmax(1) == [example.label for example in examples]
    return f"{100 * np.mean(right):.1f} % of {len(right)} held-out texts of {WATCHED}"


if __name__ == "__main__":
    main()
