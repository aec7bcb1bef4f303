"""What the recipes of LoRA classifiers share: options, the way from labelled texts to a saved adapter, and back.

Knows neither where the texts come from nor what is good about a score.
"""

from __future__ import annotations

import argparse
import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np

from models.recipes import classifier_scores, classifier_training, common

log = logging.getLogger(__name__)

Said = Callable[[np.ndarray, np.ndarray], str]  # logits (N, labels), labels (N,) -> a few words for the log


class Labelled(Protocol):
    @property
    def text(self) -> str: ...
    @property
    def label(self) -> int: ...


def parser(description: str, *, epochs: int) -> argparse.ArgumentParser:
    """The options of common.parser, and those of a training that can go on from an earlier adapter."""
    options = common.parser(description)
    options.add_argument("--start", type=Path, help="an adapter to go on from")
    options.add_argument("--epochs", type=int, default=epochs)
    options.add_argument("--steps", type=int, help="batches of 32 at most")
    options.add_argument("--rate", type=float, default=5e-4)
    return options


def fit(
    options: argparse.Namespace,
    labels: Sequence[str],
    train: Sequence[Labelled],
    tuned: Sequence[Labelled],
    watched: Sequence[Labelled],
    said: Said,
    folder: Path,
    *,
    max_length: int,
    loss: classifier_training.Loss | None = None,
) -> None:
    """Trains, or goes on from the checkpoint; sets the temperature on `tuned`; saves. `watched`: scored now and then."""
    from models.recipes import adapter

    model, tokenizer = adapter.load_base(common.BUNDLED / adapter.BASE, labels)
    model = adapter.resume_adapter(model, options.start) if options.start else adapter.add_adapter(model)
    plan = classifier_training.TrainingOptions(
        steps=options.steps,
        epochs=options.epochs,
        max_length=max_length,
        learning_rate=options.rate,
        seed=options.seed,
    )

    def scores(examples: Sequence[Labelled]) -> np.ndarray:
        return classifier_training.logits(model, tokenizer, texts(examples), max_length=max_length)

    state = classifier_training.train(
        model,
        tokenizer,
        texts(train),
        targets(train),
        plan,
        options.work / "checkpoint.pt",
        lambda: said(scores(watched), targets(watched)),
        loss,
    )
    log.info("trained on %s examples in %.0f min", f"{plan.batch_size * state.step:,}", state.seconds / 60)
    adapter.cool(model, classifier_scores.temperature(scores(tuned), targets(tuned)))
    adapter.save_adapter(model, folder)


def saved_chances(folder: Path, labels: Sequence[str], examples: Sequence[Labelled], *, max_length: int) -> np.ndarray:
    """Probabilities (examples, labels) by what lies in the folder, in single precision."""
    from models.recipes import adapter

    model, tokenizer = adapter.load_adapter(common.BUNDLED / adapter.BASE, folder, labels)
    found = classifier_training.logits(model, tokenizer, texts(examples), max_length=max_length)
    return classifier_scores.probabilities(found)


def texts(examples: Sequence[Labelled]) -> list[str]:
    return [example.text for example in examples]


def targets(examples: Sequence[Labelled]) -> np.ndarray:
    """(N,), places among the labels."""
    return np.array([example.label for example in examples])
