"""The training loop: steps, evaluations and stopping, told to a callback as plain data.

Knows no page, no process and no files: it is given a model, token ids and labels, asks a callable at each step whether
to stop, and can hand out and take back its whole state, so that a resumed run takes the steps it would have taken.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import torch
from sklearn.metrics import confusion_matrix, f1_score
from torch.nn import functional

EVALUATIONS = 10  # looks at the held-out rows in the course of a run, beside those at the end of each epoch
SAMPLE = 256  # held-out rows of a look within an epoch
_BUCKET = 8  # batches that are sorted by length together
_WARM_UP = 0.1  # of the steps
_CLIP = 1.0
_DECAY = 0.01


@dataclass(frozen=True)
class TrainOptions:
    epochs: int
    batch_size: int
    learning_rate: float
    seed: int = 0
    head_factor: float = 10.0  # the new head learns this much faster than the encoder
    frozen_layers: int = 0  # from below, and with them the embeddings


@dataclass(frozen=True)
class Rows:
    """Tokenized texts with the index of their class."""

    ids: Sequence[list[int]]
    labels: Sequence[int]


@dataclass(frozen=True)
class Stepped:
    step: int
    loss: float
    learning_rate: float
    seconds: float  # of this step


@dataclass(frozen=True)
class Evaluated:
    """Held-out scores: of a sample within an epoch, of all rows at its end."""

    step: int
    rows: int
    loss: float
    accuracy: float
    macro_f1: float
    confusion: tuple[tuple[int, ...], ...]  # [true class][predicted class]


class Trainer:
    """Trains in place. `pad` turns token ids of one batch into the model's input tensors."""

    def __init__(
        self,
        model: Any,
        pad: Callable[[Sequence[list[int]]], dict[str, torch.Tensor]],
        train: Rows,
        held_out: Rows,
        options: TrainOptions,
    ) -> None:
        self.model, self._pad, self._train, self._held_out, self._options = model, pad, train, held_out, options
        self._per_epoch = -(-len(train.ids) // options.batch_size)
        self.steps = options.epochs * self._per_epoch
        self.step = 0
        self._optimizer = torch.optim.AdamW(_groups(model, options), lr=options.learning_rate)
        self._precision = _fastest_precision()
        torch.manual_seed(options.seed)

    def run(self, on_event: Callable[[Stepped | Evaluated], None], should_stop: Callable[[], bool]) -> bool:
        """Trains from `step` to `steps`. False where it was stopped before."""
        looks = {round(self.steps * (index + 1) / EVALUATIONS) for index in range(EVALUATIONS)}
        while self.step < self.steps:
            for batch in self._batches(self.step // self._per_epoch)[self.step % self._per_epoch :]:
                if should_stop():
                    return False
                on_event(self._learn(batch))
                if self.step % self._per_epoch == 0:
                    on_event(self.evaluate())
                elif self.step in looks:
                    on_event(self.evaluate(SAMPLE))
        return True

    def evaluate(self, limit: int | None = None, *, exact: bool = False) -> Evaluated:
        """Scores of the first `limit` held-out rows; `exact` in single precision, as the model answers later."""
        labels = list(self._held_out.labels[:limit])
        self.model.eval()
        logits = torch.zeros(len(labels), self.model.config.num_labels)
        precision = torch.autocast("cpu", enabled=False) if exact else self._precision()
        with torch.inference_mode(), precision:
            for rows in _chunks(sorted(range(len(labels)), key=lambda row: len(self._held_out.ids[row])), 32):
                logits[rows] = self.model(**self._pad([self._held_out.ids[row] for row in rows])).logits.float()
        predicted = logits.argmax(dim=-1).tolist()
        classes = range(logits.shape[1])
        return Evaluated(
            step=self.step,
            rows=len(labels),
            loss=float(functional.cross_entropy(logits, torch.tensor(labels))),
            accuracy=sum(a == b for a, b in zip(predicted, labels, strict=True)) / len(labels),
            macro_f1=float(f1_score(labels, predicted, average="macro", zero_division=0)),
            confusion=tuple(tuple(map(int, row)) for row in confusion_matrix(labels, predicted, labels=classes)),
        )

    def state(self) -> tuple[dict[str, torch.Tensor], dict[str, Any]]:
        """Everything a resumed run needs: tensors (weights, moments, random state) and plain values."""
        tensors = {f"model.{name}": tensor.contiguous() for name, tensor in self.model.state_dict().items()}
        for index, moments in self._optimizer.state_dict()["state"].items():
            tensors |= {f"optimizer.{index}.{name}": tensor for name, tensor in moments.items()}
        tensors["random"] = torch.get_rng_state()
        return tensors, {"step": self.step}

    def restore(self, tensors: dict[str, torch.Tensor], values: dict[str, Any]) -> None:
        """Takes back what `state` gave."""
        weights = {name.removeprefix("model."): tensor for name, tensor in tensors.items() if name.startswith("model.")}
        self.model.load_state_dict(weights)
        moments: dict[int, dict[str, torch.Tensor]] = {}
        for name, tensor in tensors.items():
            if name.startswith("optimizer."):
                _, index, moment = name.split(".")
                moments.setdefault(int(index), {})[moment] = tensor
        state = self._optimizer.state_dict()
        self._optimizer.load_state_dict({**state, "state": moments})
        self.step = values["step"]
        torch.set_rng_state(tensors["random"])

    def _learn(self, rows: list[int]) -> Stepped:
        started = time.monotonic()
        self.model.train()
        with self._precision():
            logits = self.model(**self._pad([self._train.ids[row] for row in rows])).logits
        loss = functional.cross_entropy(logits.float(), torch.tensor([self._train.labels[row] for row in rows]))
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), _CLIP)
        rate = self._rate(self.step)
        for group in self._optimizer.param_groups:
            group["lr"] = group["highest"] * rate
        self._optimizer.step()
        self._optimizer.zero_grad()
        self.step += 1
        return Stepped(self.step, float(loss.detach()), self._options.learning_rate * rate, time.monotonic() - started)

    def _batches(self, epoch: int) -> list[list[int]]:
        """The batches of an epoch, by the seed; rows of like length come together, so that little is padding."""
        shuffle = random.Random(f"{self._options.seed}:{epoch}")
        order = list(range(len(self._train.ids)))
        shuffle.shuffle(order)
        size = self._options.batch_size
        batches = []
        for bucket in _chunks(order, _BUCKET * size):
            batches += _chunks(sorted(bucket, key=lambda row: len(self._train.ids[row])), size)
        shuffle.shuffle(batches)
        return batches

    def _rate(self, step: int) -> float:
        """Of the highest learning rate: linear warm-up, then linear decay to nothing."""
        warm_up = max(1, round(_WARM_UP * self.steps))
        return min((step + 1) / warm_up, max(0.0, (self.steps - step) / max(1, self.steps - warm_up)))


def _groups(model: Any, options: TrainOptions) -> Iterator[dict[str, Any]]:
    """Freezes what is to be frozen, and gives one group for each parameter. Biases and norms are not decayed."""
    layers = getattr(model.config, "num_hidden_layers", 0)
    for name, parameter in model.named_parameters():
        depth = _depth(name, layers, model.base_model_prefix)
        is_frozen = depth is not None and 0 < options.frozen_layers >= depth
        parameter.requires_grad_(not is_frozen)
        if not is_frozen:
            rate = options.learning_rate * (options.head_factor if depth is None else 1.0)
            yield {"params": [parameter], "highest": rate, "weight_decay": _DECAY if parameter.ndim > 1 else 0.0}


def _depth(name: str, layers: int, prefix: str) -> int | None:
    """0 for the embeddings, then the number of the layer from 1; what follows the layers comes last. None for the head."""
    if not name.startswith(f"{prefix}."):
        return None
    numbers = [int(part) for part in name.split(".") if part.isdigit()]
    return 0 if "embeddings" in name else numbers[0] + 1 if numbers else layers + 1


def _fastest_precision() -> Callable[[], AbstractContextManager]:
    """bfloat16 autocast where this CPU multiplies faster in it: some have instructions for it, on others it is slow."""
    fast = _multiply_seconds(torch.bfloat16) < 0.8 * _multiply_seconds(torch.float32)
    return lambda: torch.autocast("cpu", dtype=torch.bfloat16, enabled=fast)


def _multiply_seconds(dtype: torch.dtype) -> float:
    left, right = torch.ones(512, 384, dtype=dtype), torch.ones(384, 1536, dtype=dtype)
    best = float("inf")
    for _ in range(5):
        started = time.perf_counter()
        left @ right
        best = min(best, time.perf_counter() - started)
    return best


def _chunks(items: list[int], size: int) -> list[list[int]]:
    return [items[start : start + size] for start in range(0, len(items), size)]
