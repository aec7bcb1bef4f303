"""A training loop for text classifiers: length-bucketed batches, AdamW, warm-up and decay, checkpoints to go on from.

It trains whatever parameters ask for a gradient. It knows neither the data's meaning nor how the model is saved.
"""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch

from models.recipes import common

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

log = logging.getLogger(__name__)

# Logits (N, classes), labels (N,) and the places of the N examples among all -> a scalar.
Loss = Callable[[torch.Tensor, torch.Tensor, list[int]], torch.Tensor]


@dataclass(frozen=True)
class TrainingOptions:
    """`epochs` passes over the examples as they are given, or their first `steps` batches."""

    steps: int | None = None
    epochs: int = 1
    batch_size: int = 32
    max_length: int = 192  # tokens
    learning_rate: float = 5e-4
    weight_decay: float = 0.01
    warmup: float = 0.06  # of the steps
    checkpoint_steps: int = 200
    evaluate_steps: int = 500
    seed: int = 0


@dataclass
class TrainingState:
    """What a checkpoint holds."""

    step: int
    seconds: float  # spent on training, over all sittings
    loss: float  # running mean

    def save(self, path: Path, model, optimizer, schedule) -> None:
        """Writes beside the old checkpoint, then takes its place: a cut leaves one of them whole."""
        parts = {"state": vars(self), "optimizer": optimizer.state_dict(), "schedule": schedule.state_dict()}
        parts |= {"weights": _trained(model), "random": torch.get_rng_state()}
        torch.save(parts, path.with_suffix(".part"))
        path.with_suffix(".part").replace(path)

    @classmethod
    def load(cls, path: Path, model, optimizer, schedule) -> TrainingState:
        """The last checkpoint, or the beginning."""
        if not path.exists():
            return cls(0, 0.0, 0.0)
        parts = torch.load(path, weights_only=True)
        model.load_state_dict(parts["weights"], strict=False)
        optimizer.load_state_dict(parts["optimizer"])
        schedule.load_state_dict(parts["schedule"])
        torch.set_rng_state(parts["random"])
        return cls(**parts["state"])


def train(
    model: torch.nn.Module,
    tokenizer: PreTrainedTokenizerBase,
    texts: Sequence[str],
    labels: Sequence[int],
    options: TrainingOptions,
    checkpoint: Path,
    evaluate: Callable[[], str],
    loss: Loss | None = None,
) -> TrainingState:
    """Trains in place. `evaluate` is called now and then; what it says is logged. `loss`: cross-entropy by default."""
    ids = tokenizer(list(texts), truncation=True, max_length=options.max_length)["input_ids"]
    order, lengths = random.Random(options.seed), list(map(len, ids))
    batches = [batch for _ in range(options.epochs) for batch in bucket(lengths, options.batch_size, order)]
    batches = batches[: options.steps]
    optimizer = torch.optim.AdamW(_groups(model, options), lr=options.learning_rate)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, partial(_rate, len(batches), options.warmup))
    state = TrainingState.load(checkpoint, model, optimizer, schedule)
    model.train()
    for batch in batches[state.step :]:
        began = time.monotonic()
        inputs = tokenizer.pad({"input_ids": [ids[place] for place in batch]}, return_tensors="pt")
        with common.autocast():
            scores = model(**inputs).logits.float()
        value = (loss or _cross_entropy)(scores, torch.tensor([labels[place] for place in batch]), batch)
        _descend(model, value, optimizer, schedule)
        _count(state, value.item(), time.monotonic() - began)
        if state.step % options.evaluate_steps == 0:
            log.info("step %d: %s", state.step, evaluate())
            model.train()
        if state.step % options.checkpoint_steps == 0 or state.step == len(batches):
            state.save(checkpoint, model, optimizer, schedule)
            _report(state, len(batches))
    return state


def bucket(lengths: Sequence[int], size: int, order: random.Random) -> list[list[int]]:
    """Batches of places whose texts are about equally long, in random order: 50 batches are sorted at a time."""
    places = list(range(len(lengths)))
    order.shuffle(places)
    batches = []
    for start in range(0, len(places), 50 * size):
        pool = sorted(places[start : start + 50 * size], key=lengths.__getitem__)
        batches += [pool[at : at + size] for at in range(0, len(pool), size)]
    order.shuffle(batches)
    return batches


def logits(
    model: torch.nn.Module, tokenizer: PreTrainedTokenizerBase, texts: Sequence[str], *, max_length: int = 192
) -> np.ndarray:
    """Scores of each class in single precision, shape (texts, classes), in the order of the texts."""
    model.eval()
    ids = tokenizer(list(texts), truncation=True, max_length=max_length)["input_ids"]
    order = sorted(range(len(ids)), key=lambda place: len(ids[place]))
    rows = np.zeros((len(ids), model.config.num_labels), np.float32)
    with torch.inference_mode():
        for start in range(0, len(order), 32):
            places = order[start : start + 32]
            inputs = tokenizer.pad({"input_ids": [ids[place] for place in places]}, return_tensors="pt")
            rows[places] = model(**inputs).logits.float().numpy()
    return rows


def _rate(steps: int, warmup: float, step: int) -> float:
    """Up in a straight line over the warm-up, then down to nothing."""
    return min((step + 1) / (warmup * steps), (steps - step) / (steps - warmup * steps))


def _groups(model: torch.nn.Module, options: TrainingOptions) -> list[dict]:
    """Biases do not decay."""
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    return [
        {"params": [parameter for parameter in trained if parameter.ndim > 1], "weight_decay": options.weight_decay},
        {"params": [parameter for parameter in trained if parameter.ndim < 2], "weight_decay": 0.0},
    ]


def _cross_entropy(scores: torch.Tensor, labels: torch.Tensor, _places: list[int]) -> torch.Tensor:
    return torch.nn.functional.cross_entropy(scores, labels)


def _descend(model: torch.nn.Module, loss: torch.Tensor, optimizer, schedule) -> None:
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    schedule.step()
    optimizer.zero_grad(set_to_none=True)


def _count(state: TrainingState, loss: float, seconds: float) -> None:
    state.step += 1
    state.seconds += seconds
    state.loss = loss if state.step == 1 else 0.98 * state.loss + 0.02 * loss


def _report(state: TrainingState, steps: int) -> None:
    left = state.seconds / state.step * (steps - state.step) / 60
    log.info("step %d of %d, loss %.4f, %.0f min left", state.step, steps, state.loss, left)


def _trained(model: torch.nn.Module) -> dict[str, torch.Tensor]:
    return {name: value.detach() for name, value in model.named_parameters() if value.requires_grad}
