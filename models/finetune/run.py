"""What is known of a run, read from its folder: state, progress, curves, scores. Changes nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from models.finetune.dataset import Notice
from models.finetune.process import WorkerProcess
from models.finetune.request import FinetuneRequest
from models.finetune.run_folder import RunFolder

State = Literal["queued", "running", "finished", "stopped", "failed", "interrupted"]
Phase = Literal["", "loading", "downloading", "preparing", "training", "evaluating", "saving", "comparing"]
ENDED: tuple[State, ...] = ("finished", "stopped", "failed", "interrupted")


# Names in events -> fields of Run, for what only the last word counts of.
_TOLD = {name: name for name in ("phase", "step", "steps", "seconds_left", "rows_per_second", "baseline")}
_TOLD |= {"classes": "classes", "class_weights": "class_weights", "base_perplexity": "base_perplexity"}
_TOLD |= {"error": "error", "notice": "notice", "best": "best_step", "comparing": "comparing", "share": "compared"}


@dataclass(frozen=True)
class Loss:
    """The mean training loss of the steps since the one before."""

    step: int
    loss: float
    learning_rate: float
    rows_per_second: float = 0.0


@dataclass(frozen=True)
class Validated:
    """Scores of the validation rows at a step: those that its objective has."""

    step: int
    loss: float
    rows: int
    accuracy: float | None = None
    macro_f1: float | None = None
    perplexity: float | None = None


@dataclass(frozen=True)
class Metrics:
    """The scores of the saved model on all held-out rows: those that its objective has."""

    loss: float
    rows: int
    accuracy: float | None = None
    macro_f1: float | None = None
    perplexity: float | None = None
    confusion: tuple[tuple[int, ...], ...] = ()  # [true class][predicted class], in the order of Run.classes

    @property
    def margin(self) -> float:
        """Half the width of the accuracy's 95 % interval, with one row right and one wrong added at the edges."""
        if self.accuracy is None:
            return 0.0
        share = min(max(self.accuracy, 1 / (self.rows + 1)), 1 - 1 / (self.rows + 1))
        return 1.96 * (share * (1 - share) / self.rows) ** 0.5


@dataclass(frozen=True)
class Run:
    run_id: str
    state: State
    request: FinetuneRequest
    queued_at: float  # seconds since 1970
    phase: Phase = ""
    step: int = 0
    steps: int = 0  # 0 until known
    seconds: float = 0.0  # worked so far, over all resumptions
    seconds_left: float | None = None
    rows_per_second: float | None = None  # of the latest steps, while it trains
    best_step: int = 0  # the evaluation whose weights are kept; 0 before the first
    comparing: str = ""  # what the comparison is at, and its share of the whole
    compared: float = 0.0
    classes: tuple[str, ...] = ()
    class_weights: tuple[float, ...] = ()  # in the loss, one a class; () where all rows count alike
    baseline: float = 0.0  # share of the largest class among the held-out rows: what guessing it always would score
    base_perplexity: float | None = None  # of a writer's base on the held-out rows, before it was taught
    losses: tuple[Loss, ...] = ()
    validation: tuple[Validated, ...] = ()
    metrics: Metrics | None = None
    has_model: bool = False  # usable as run:<id>
    sha256: str = ""  # of the model's weights, while there are some
    error: Notice | None = None
    notice: Notice | None = None
    downloaded: tuple[int, int] | None = None  # bytes, of bytes
    ahead: int = 0  # runs that come first, while queued
    wait_seconds: float | None = None  # until they are done, where that is known
    last_at: float = 0.0  # of the latest event
    expires_at: float | None = None  # after it the run is deleted; seconds since 1970

    @property
    def is_under_way(self) -> bool:
        return self.state not in ENDED

    @property
    def scores(self) -> Metrics | Validated | None:
        """Of the saved model on the held-out rows, else the latest of the validation rows."""
        return self.metrics or (self.validation[-1] if self.validation else None)


def read_run(folder: RunFolder) -> Run:
    """The run as its files tell it. A worker that is gone without a last word was interrupted."""
    known = _Known()
    for event in folder.events():
        known.take(event)
    if known.state in ("queued", "running"):
        # The mark of the process comes a moment after the process itself, and its first event later still.
        if WorkerProcess.of(folder) is not None:
            known.state = "running"
        elif known.state == "running" or folder.process() is not None:
            known.state = "interrupted"
    return known.run(folder)


class _Known:
    """Folds events into what they say together."""

    def __init__(self) -> None:
        self.state: State = "queued"
        self._values: dict[str, Any] = {}
        self._losses: list[Loss] = []
        self._validation: list[Validated] = []
        self._metrics: Metrics | None = None
        self._queued_at = self._began = self._last = 0.0
        self._worked = 0.0

    def take(self, event: Mapping[str, Any]) -> None:
        state = event.get("state")
        if state is not None:
            self._change(state, event["at"])
        self._last = event["at"]
        for name in _TOLD:
            if name in event:
                self._values[_TOLD[name]] = event[name]
        if event.get("phase") == "downloading":
            self._values["downloaded"] = (event["done"], event["total"])
        if "resumed_at" in event:
            self._forget_after(event["resumed_at"])
        if "loss" in event:
            pace = event.get("rows_per_second", 0.0)
            self._losses.append(Loss(event["step"], event["loss"], event["learning_rate"], pace))
        if "validation" in event:
            self._validation.append(Validated(event["step"], **event["validation"]))
        if "metrics" in event:
            confusion = tuple(tuple(row) for row in event["metrics"].get("confusion", ()))
            self._metrics = Metrics(**event["metrics"] | {"confusion": confusion})

    def run(self, folder: RunFolder) -> Run:
        values = dict(self._values)
        for name in ("error", "notice"):
            if values.get(name):
                values[name] = Notice(**values[name])
        if self.state != "running":
            values |= {"phase": "", "seconds_left": None, "rows_per_second": None, "comparing": "", "compared": 0.0}
        return Run(
            run_id=folder.run_id,
            state=self.state,
            request=folder.request(),
            queued_at=self._queued_at,
            seconds=self._worked + (self._last - self._began if self._began else 0.0),
            last_at=self._last,
            losses=tuple(self._losses),
            validation=tuple(self._validation),
            metrics=self._metrics,
            # Told of its scores, it is saved; the comparison that follows may take its time, or be cut off.
            has_model=self._metrics is not None and folder.has_model,
            **values | {name: tuple(values.get(name) or ()) for name in ("classes", "class_weights")},
        )

    def _change(self, state: State, at: float) -> None:
        self.state = state
        if state == "queued":
            self._worked += self._last - self._began if self._began else 0.0
            self._queued_at, self._began = at, 0.0
            self._metrics = None
            for name in ("error", "notice", "downloaded", "seconds_left", "phase", "comparing", "compared"):
                self._values.pop(name, None)
        elif state == "running":
            self._began = at

    def _forget_after(self, step: int) -> None:
        """What was told of steps after the checkpoint that a run goes on from."""
        self._values["step"] = step
        self._losses = [loss for loss in self._losses if loss.step <= step]
        self._validation = [scores for scores in self._validation if scores.step <= step]
        if self._values.get("best_step", 0) > step:
            self._values.pop("best_step")  # told again when it is reached again
