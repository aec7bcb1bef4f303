"""What the recipes of LoRA classifiers share: options, the way from labelled texts to a saved adapter, and back.

Knows neither where the texts come from nor what is good about a score.
"""

from __future__ import annotations

import argparse
import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from models.recipes import classifier_scores, classifier_training, common
from models.recipes.common import Example

log = logging.getLogger(__name__)

Said = Callable[[np.ndarray, np.ndarray], str]  # logits (N, labels), labels (N,) -> a few words for the log
Data = TypeVar("Data")


def run(
    description: str,
    name: str,
    load: Callable[[Path, int], Data],
    train: Callable[[argparse.Namespace, Data, Path], None],
    evaluate: Callable[[Data, Path], None],
    *,
    epochs: int,
) -> None:
    """A recipe from its command line to its table: reads, trains, saves, scores. `load` takes the folder and the seed."""
    parser = common.parser(description)
    parser.add_argument("--start", type=Path, help="an adapter to go on from")
    parser.add_argument("--epochs", type=int, default=epochs)
    parser.add_argument("--steps", type=int, help="batches of 32 at most")
    parser.add_argument("--rate", type=float, default=5e-4)
    options = parser.parse_args()
    common.start(options)
    data = load(options.data, options.seed)
    folder = options.out or common.BUNDLED / name
    train(options, data, folder)
    evaluate(data, folder)


def fit(
    options: argparse.Namespace,
    labels: Sequence[str],
    train: Sequence[Example],
    tuned: Sequence[Example],
    watched: Sequence[Example],
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

    def scores(examples: Sequence[Example]) -> np.ndarray:
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


def saved_chances(folder: Path, labels: Sequence[str], examples: Sequence[Example], *, max_length: int) -> np.ndarray:
    """Probabilities (examples, labels) by what lies in the folder, in single precision."""
    from models.recipes import adapter

    model, tokenizer = adapter.load_adapter(common.BUNDLED / adapter.BASE, folder, labels)
    return chances_of(model, tokenizer, examples, max_length=max_length)


def chances_of(model: Any, tokenizer: Any, examples: Sequence[Example], *, max_length: int) -> np.ndarray:
    """Probabilities (examples, labels)."""
    found = classifier_training.logits(model, tokenizer, texts(examples), max_length=max_length)
    return classifier_scores.probabilities(found)


def texts(examples: Sequence[Example]) -> list[str]:
    return [example.text for example in examples]


def targets(examples: Sequence[Example]) -> np.ndarray:
    """(N,), places among the labels."""
    return np.array([example.label for example in examples])
