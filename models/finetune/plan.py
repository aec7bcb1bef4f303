"""What a training will take, reckoned from what was measured: minutes, memory, size; and what fits a time.

Arithmetic alone: measures nothing and starts nothing. Time goes by tokens, not rows, because batches of short rows are fast.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from models.errors import BadInput
from models.finetune.measured import Measured, Pace
from models.finetune.request import BOUNDS, CLASSIFY, FinetuneRequest, suggested_rate
from models.settings import MB
from models.spec import FLOAT32_BYTES

# As the trainer has them (trainer.py), which this module does not import because it would import torch.
LOOKS, SAMPLE, BUCKET, LOOK_ROWS = 10, 256, 16, 32
_CHECKPOINT_SHARE = 0.1  # of the time goes into writing checkpoints, at most
# Comparing, beside what the models read: libraries imported, models loaded, contenders fitted and cross-validated. The
# first of it goes by the time that loading takes here, the second by the rows.
_COMPARING_LOADS, _COMPARING_A_ROW = 0.2, 0.004
_COMPARING_BYTES = 64 * MB  # what its libraries take, beside the base model that is loaded once more
MOST_READ = 5000  # training rows that the base model reads for it (judging.py)
_MARGIN = 0.9  # of a visitor's minutes are planned for
_ENOUGH_EPOCHS = 3  # fewer teach little: rather learn less of the model, or of long texts
# Share of the rows that stay whole as texts are cut shorter: a little in each way of training, before much in any.
_CUTS = ((1.0, 0.95, 0.9), (0.75, 0.5))


@dataclass(frozen=True)
class Seconds:
    """Of each phase of the run."""

    loading: float
    training: float  # evaluations in its course and checkpoints included
    saving: float  # the last evaluation included
    comparing: float

    @property
    def total(self) -> float:
        return self.loading + self.training + self.saving + self.comparing


@dataclass(frozen=True)
class Plan:
    request: FinetuneRequest  # as asked, or as it fits the time
    seconds: Seconds
    steps: int
    train_rows: int
    validation_rows: int
    held_out_rows: int
    alike_rows: int
    is_divided: bool  # whether they had to stand on both sides
    cut_rows: int  # longer than max_length: only their beginning is read
    class_weights: tuple[tuple[str, float], ...]
    parameters: int
    peak_bytes: int
    result_bytes: int


def plan_json(plan: Plan) -> dict[str, Any]:
    """What /plan_finetune gives. Names in it are promises; `options` are those to start with."""
    return {
        "seconds": round(plan.seconds.total, 1),
        "phases": {name: round(seconds, 1) for name, seconds in asdict(plan.seconds).items()},
        "steps": plan.steps,
        "train_rows": plan.train_rows,
        "validation_rows": plan.validation_rows,
        "held_out_rows": plan.held_out_rows,
        "near_duplicate_rows": plan.alike_rows,
        "near_duplicates_divided": plan.is_divided,
        "cut_rows": plan.cut_rows,
        "class_weights": dict(plan.class_weights),
        "parameters": plan.parameters,
        "peak_memory_bytes": plan.peak_bytes,
        "model_bytes": plan.result_bytes,
        "options": {name: value for name, value in plan.request.to_json().items() if name != "file"},
    }


def reckon(request: FinetuneRequest, measured: Measured, pace: Pace | None = None) -> Plan:
    """The plan of a request; pace: of its way of training, by default the one that was asked to be measured."""
    pace = pace or measured.paces[0]
    seconds = _seconds(request, measured, pace)
    return Plan(
        request=request,
        seconds=seconds,
        steps=request.epochs * _steps_an_epoch(request, measured),
        train_rows=len(measured.train),
        validation_rows=len(measured.validation),
        held_out_rows=len(measured.held_out),
        alike_rows=measured.alike,
        is_divided=measured.is_divided,
        cut_rows=sum(length >= request.max_length for length in measured.train),
        class_weights=tuple(zip(measured.classes, measured.class_weights, strict=False)),
        parameters=measured.parameters,
        peak_bytes=measured.peak_bytes + pace.feature_bytes + _comparing_bytes(request, measured),
        result_bytes=measured.result_bytes,
    )


def fit(request: FinetuneRequest, measured: Measured, minutes: float) -> Plan:
    """What teaches most within the minutes: as asked if it fits, else fewer epochs, shorter texts, fewer layers.

    BadInput with the minutes that the shortest training needs where none fits.
    """
    seconds = _MARGIN * 60 * minutes
    asked = reckon(request, measured)
    if asked.seconds.total <= seconds:
        return asked
    ways = list(_ways(request, measured))
    for least in sorted({min(_ENOUGH_EPOCHS, request.epochs), 1}, reverse=True):
        for changed, pace in ways:
            for epochs in range(request.epochs, least - 1, -1):
                plan = reckon(replace(changed, epochs=epochs), measured, pace)
                if plan.seconds.total <= seconds:
                    return plan
    shortest = min(reckon(replace(changed, epochs=1), measured, pace).seconds.total for changed, pace in ways)
    raise BadInput("errors.too_few_minutes", minutes=f"{minutes:g}", least=math.ceil(shortest / _MARGIN / 6) / 10)


def batch_tokens(lengths: np.ndarray, size: int, seed: int = 0) -> np.ndarray:
    """Tokens of each batch of an epoch, padding included: rows are sorted by length within buckets of batches."""
    order = np.random.default_rng(seed).permutation(lengths)
    batches = []
    for start in range(0, len(order), BUCKET * size):
        bucket = np.sort(order[start : start + BUCKET * size])
        batches += [len(batch) * batch[-1] for batch in np.split(bucket, range(size, len(bucket), size))]
    return np.array(batches, dtype=float)


def _seconds(request: FinetuneRequest, measured: Measured, pace: Pace) -> Seconds:
    train, validation, held_out = (
        np.minimum(np.array(lengths), request.max_length)
        for lengths in (measured.train, measured.validation, measured.held_out)
    )
    steps = pace.step_seconds(batch_tokens(train, request.batch_size)).sum()
    at_end, sample, scored = (_look_tokens(rows) for rows in (validation, validation[:SAMPLE], held_out))
    total = request.epochs * _steps_an_epoch(request, measured)
    per_epoch = total // request.epochs
    samples = sum(round(total * (look + 1) / LOOKS) % per_epoch > 0 for look in range(LOOKS)) if per_epoch > 1 else 0
    looks = (request.epochs * at_end + samples * sample) * pace.look_seconds_a_token
    training = request.epochs * (steps + measured.epoch_data) + looks
    written = min((request.epochs + samples) * measured.checkpoint, measured.checkpoint + _CHECKPOINT_SHARE * training)
    seen = _look_tokens(train) + at_end
    read = seen * min(1, MOST_READ / (len(train) + len(validation))) + 2 * scored
    return Seconds(
        loading=measured.loading + pace.folding * seen,
        training=float(training + written),
        saving=measured.saving + measured.checkpoint + scored * measured.exact_look,
        comparing=_comparing(request, measured, read),
    )


def _comparing(request: FinetuneRequest, measured: Measured, tokens: float) -> float:
    """A writer's run has no such phase."""
    if request.task != CLASSIFY:
        return 0.0
    rows = min(MOST_READ, len(measured.train) + len(measured.validation)) + len(measured.held_out)
    return _COMPARING_LOADS * measured.loading + _COMPARING_A_ROW * rows + measured.exact_look * tokens


def _comparing_bytes(request: FinetuneRequest, measured: Measured) -> int:
    """On top of what training holds, which is still there."""
    return _COMPARING_BYTES + FLOAT32_BYTES * measured.parameters if request.task == CLASSIFY else 0


def _steps_an_epoch(request: FinetuneRequest, measured: Measured) -> int:
    return math.ceil(math.ceil(len(measured.train) / request.batch_size) / request.accumulation)


def _look_tokens(lengths: np.ndarray) -> float:
    """Of an evaluation, whose rows are sorted by length."""
    ordered = np.sort(lengths)
    return float(sum(len(batch) * batch[-1] for batch in np.split(ordered, range(LOOK_ROWS, len(ordered), LOOK_ROWS))))


def _ways(request: FinetuneRequest, measured: Measured) -> Iterator[tuple[FinetuneRequest, Pace]]:
    """Each way of training with each length, what is nearest to the wish first."""
    low = int(BOUNDS["max_length"][0])
    for cuts in _CUTS:
        lengths = [max(low, min(request.max_length, math.ceil(np.quantile(measured.train, cut)))) for cut in cuts]
        for pace in measured.paces:
            for length in dict.fromkeys(lengths):
                yield replace(_by(request, pace), max_length=length), pace


def _by(request: FinetuneRequest, pace: Pace) -> FinetuneRequest:
    """The request in this way of training; a learning rate that was the usual one of its method stays the usual one."""
    rate = request.learning_rate
    if rate == suggested_rate(request.method, request.optimizer, request.task):
        rate = suggested_rate(pace.method, request.optimizer, request.task)
    return replace(request, method=pace.method, layers=pace.layers, learning_rate=rate)
