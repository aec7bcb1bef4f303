"""The training loop: forward, loss, backward, step, schedule; evaluations, the best of them, and stopping.

Knows no page, no task and no files: it is given a lesson, asks a callable before each step whether to stop, tells a
callback what happened, and can hand out and take back its whole state, so that a resumed run takes the very steps it
would have taken.

It runs on accelerate's Accelerator, so under `accelerate launch` too (see worker.py). The processes share each batch
out between them; each evaluates all validation rows, so that they agree on when to stop.
"""

from __future__ import annotations

import math
import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from accelerate import Accelerator
from accelerate.utils import send_to_device

from models import precision
from models.finetune import optimizers
from models.finetune.course import Item, Lesson
from models.finetune.objective import Scores
from models.finetune.request import FinetuneRequest

EVALUATIONS = 10  # looks at the validation rows in the course of a run, beside those at the end of each epoch
SAMPLE = 256  # validation rows of a look within an epoch
_BUCKET = 16  # batches that are sorted by length together
_EVALUATION_BATCH = 32
_CLIP = 1.0  # the norm that a step's gradient is cut to


@dataclass(frozen=True)
class TrainOptions:
    epochs: int
    batch_size: int
    learning_rate: float  # at its highest
    seed: int = 0
    optimizer: str = "adamw"
    weight_decay: float = 0.01
    warmup: float = 0.1  # share of the steps
    accumulation: int = 1  # batches a step
    patience: int = 0  # epochs without a better score until it stops early; 0: never
    precision: str = "float32"  # or bfloat16, or auto: bfloat16 where this machine multiplies in it

    @classmethod
    def of(cls, request: FinetuneRequest) -> TrainOptions:
        return cls(**{name: getattr(request, name) for name in cls.__dataclass_fields__})


@dataclass(frozen=True)
class Stepped:
    step: int
    loss: float
    learning_rate: float
    rows: int
    seconds: float  # of this step


@dataclass(frozen=True)
class Evaluated:
    """Scores of the validation rows: of a sample within an epoch, of all at its end."""

    step: int
    scores: Scores
    is_best: bool = False


@dataclass(frozen=True)
class Best:
    """The best evaluation at the end of an epoch, with what had been learnt by then."""

    step: int
    score: float
    loss: float
    weights: Mapping[str, torch.Tensor]


class Trainer:
    """Trains the lesson's model in place."""

    def __init__(self, lesson: Lesson, options: TrainOptions) -> None:
        self._lesson, self._options = lesson, options
        self._accelerator = Accelerator(mixed_precision="no")  # the precision is an option of the run: see _autocast
        optimizer = optimizers.make(
            options.optimizer,
            lesson.model,
            learning_rate=options.learning_rate,
            head_factor=lesson.head_factor,
            weight_decay=options.weight_decay,
        )
        self._model, self._optimizer = self._accelerator.prepare(lesson.model, optimizer)
        self._in_bfloat16 = _is_bfloat16(options.precision, self._accelerator.device.type)
        self._per_epoch = math.ceil(math.ceil(lesson.rows / options.batch_size) / options.accumulation)
        self.steps = options.epochs * self._per_epoch
        self.step = 0
        self.best: Best | None = None
        self._waited = 0  # epochs since the best one
        torch.manual_seed(options.seed)

    @property
    def model(self) -> Any:
        """As it was given, without what accelerate puts around it."""
        return self._lesson.model

    @property
    def precision(self) -> str:
        """Of the forward passes, as this machine has chosen it where the options left it the choice."""
        return "bfloat16" if self._in_bfloat16 else "float32"

    @property
    def is_done(self) -> bool:
        """Whether all steps were taken, or the scores have not become better for too long."""
        return self.step >= self.steps or 0 < self._options.patience <= self._waited

    def run(self, on_event: Callable[[Stepped | Evaluated], None], should_stop: Callable[[], bool]) -> bool:
        """Trains from `step` to the end. False where it was stopped before."""
        looks = {round(self.steps * (index + 1) / EVALUATIONS) for index in range(EVALUATIONS)}
        while not self.is_done:
            for batches in self._epoch(self.step // self._per_epoch, start=self.step % self._per_epoch):
                if self._all_agree(should_stop):
                    return False
                on_event(self._learn(batches))
                if self.step % self._per_epoch == 0:
                    on_event(self._judged(self.evaluate()))
                elif self.step in looks:
                    on_event(self.evaluate(SAMPLE))
        return True

    def evaluate(self, limit: int | None = None) -> Evaluated:
        """Scores of the first `limit` validation rows."""
        return Evaluated(self.step, self._scores(self._lesson.validation[:limit]))

    def score(self) -> Scores:
        """Of the held-out rows, by the whole model in single precision, as it answers later: training is over."""
        return self._scores(self.unfold().held_out, exact=True)

    def take_best(self) -> None:
        """Puts the weights of the best evaluation back, where there was one."""
        if self.best is not None:
            self._put(self.best.weights)

    def unfold(self) -> Lesson:
        """The lesson with its whole model, to be scored and saved: training is over."""
        if self._lesson.unfold is not None:
            self._lesson = self._lesson.unfold()
        return self._lesson

    def state(self) -> tuple[dict[str, torch.Tensor], dict[str, Any]]:
        """Everything a resumed run needs: tensors (what learns, moments, random state, the best) and plain values."""
        tensors = {f"model.{name}": tensor for name, tensor in self._learning()}
        for index, moments in self._optimizer.state_dict()["state"].items():
            tensors |= {f"optimizer.{index}.{name}": value for name, value in moments.items() if value is not None}
        tensors["random"] = torch.get_rng_state()
        if torch.cuda.is_available():
            tensors["random.cuda"] = torch.cuda.get_rng_state()
        values: dict[str, Any] = {"step": self.step, "waited": self._waited}
        if self.best is not None:
            tensors |= {f"best.{name}": tensor for name, tensor in self.best.weights.items()}
            values["best"] = {"step": self.best.step, "score": self.best.score, "loss": self.best.loss}
        return tensors, values

    def restore(self, tensors: Mapping[str, torch.Tensor], values: Mapping[str, Any]) -> None:
        """Takes back what `state` gave."""
        self._put(_under("model.", tensors))
        moments: dict[int, dict[str, torch.Tensor]] = {}
        for name, tensor in _under("optimizer.", tensors).items():
            index, moment = name.split(".")
            moments.setdefault(int(index), {})[moment] = tensor
        self._optimizer.load_state_dict(self._optimizer.state_dict() | {"state": moments})
        self.step, self._waited = values["step"], values["waited"]
        if "best" in values:
            self.best = Best(**values["best"], weights=_under("best.", tensors))
        torch.set_rng_state(tensors["random"])
        if "random.cuda" in tensors and torch.cuda.is_available():
            torch.cuda.set_rng_state(tensors["random.cuda"])

    def _learn(self, batches: Sequence[Sequence[Item]]) -> Stepped:
        """One step of the optimizer: over one batch, or several whose gradients are added up."""
        started, rows, mean = time.monotonic(), sum(map(len, batches)), 0.0
        self._model.train()
        for items in batches:
            with self._accelerator.split_between_processes(list(items), apply_padding=True) as mine:
                batch = self._batch(mine)
            with self._autocast():
                loss = self._lesson.objective.loss(self._model, batch) * (len(items) / rows)
            self._accelerator.backward(loss)
            mean += float(loss.detach())
        self._accelerator.clip_grad_norm_(self._model.parameters(), _CLIP)
        share = self._schedule(self.step)
        optimizers.set_rate(self._optimizer, share)
        self._optimizer.step()
        self._optimizer.zero_grad()
        self.step += 1
        return Stepped(self.step, mean, self._options.learning_rate * share, rows, time.monotonic() - started)

    def _schedule(self, step: int) -> float:
        """Of the highest learning rate: linear warm-up, then linear decay to nothing."""
        warm_up = max(1, round(self._options.warmup * self.steps))
        return min((step + 1) / warm_up, max(0.0, (self.steps - step) / max(1, self.steps - warm_up)))

    def _epoch(self, epoch: int, start: int = 0) -> Iterator[Sequence[Sequence[Item]]]:
        """The batches of each step of an epoch, by the seed; rows of like length come together: little is padding."""
        items, size = self._lesson.train(epoch), self._options.batch_size
        shuffle = random.Random(f"{self._options.seed}:{epoch}")
        order = list(items)
        shuffle.shuffle(order)
        batches = []
        for bucket in _chunks(order, _BUCKET * size):
            batches += _chunks(sorted(bucket, key=_length), size)
        shuffle.shuffle(batches)
        yield from _chunks(batches, self._options.accumulation)[start:]

    def _judged(self, evaluated: Evaluated) -> Evaluated:
        """Keeps what the model knows now if it never scored better; of equal scores the lower loss, then the earlier."""
        objective = self._lesson.objective
        score, loss = float(evaluated.scores[objective.metric]), float(evaluated.scores["loss"])
        sign = 1 if objective.higher_is_better else -1
        # Of few rows many epochs have the same score: their loss tells them apart.
        if self.best is not None and not (sign * score, -loss) > (sign * self.best.score, -self.best.loss):
            self._waited += 1
            return evaluated
        self._waited = 0
        self.best = Best(self.step, score, loss, {name: tensor.clone() for name, tensor in self._learning()})
        return Evaluated(evaluated.step, evaluated.scores, is_best=True)

    def _scores(self, rows: Sequence[Item], *, exact: bool = False) -> Scores:
        batches = (self._batch(chunk) for chunk in _chunks(sorted(rows, key=_length), _EVALUATION_BATCH))
        self.model.eval()
        with torch.inference_mode(), self._autocast(enabled=not exact):
            return self._lesson.objective.scores(self.model, batches)

    def _all_agree(self, should_stop: Callable[[], bool]) -> bool:
        """Whether any of the processes was asked to stop: none may go on alone."""
        if should_stop():
            self._accelerator.set_trigger()
        return self._accelerator.check_trigger()

    def _autocast(self, *, enabled: bool = True) -> torch.autocast:
        return torch.autocast(self._accelerator.device.type, torch.bfloat16, enabled=enabled and self._in_bfloat16)

    def _batch(self, items: Sequence[Item]) -> dict[str, torch.Tensor]:
        return send_to_device(self._lesson.collate(items), self._accelerator.device)

    def _learning(self) -> Iterator[tuple[str, torch.Tensor]]:
        for name, parameter in self.model.named_parameters():
            if parameter.requires_grad:
                yield name, parameter.detach()

    def _put(self, weights: Mapping[str, torch.Tensor]) -> None:
        with torch.no_grad():
            for name, parameter in self.model.named_parameters():
                if name in weights:
                    parameter.copy_(weights[name])


def _is_bfloat16(asked: str, device: str) -> bool:
    """By what the machine can do, not by a measurement: a resumed run must compute as it did before."""
    if asked == "auto":
        return torch.cuda.is_bf16_supported() if device == "cuda" else precision.this_machine().multiplies_bfloat16
    return asked == "bfloat16"


def _length(item: Item) -> int:
    return len(item["input_ids"])


def _under(prefix: str, tensors: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}


def _chunks(items: Sequence[Any], size: int) -> list[Sequence[Any]]:
    return [items[start : start + size] for start in range(0, len(items), size)]
