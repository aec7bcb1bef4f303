"""The process of one run: python -m models.finetune.worker FOLDER. Reads the request, trains, writes events and model.

Ends by itself, on SIGTERM (stopped: checkpoint and model so far are kept) or when its time is over. Knows no page, and
of other runs nothing.
"""

from __future__ import annotations

import json
import logging
import os
import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from models.activity import Activity
from models.catalog import Catalog
from models.errors import TeahouseError
from models.finetune import dataset
from models.finetune.run import Metrics
from models.finetune.run_folder import RunFolder
from models.spec import ModelSpec

if TYPE_CHECKING:
    from models.finetune.classifier import Classifier
    from models.finetune.trainer import Evaluated, Stepped, Trainer, TrainOptions

logger = logging.getLogger(__name__)
_NICE = 5  # visitors who wait for an answer go first
_LOSSES = 200  # events of losses in a run, so that the file stays small
_CHECKPOINT_SHARE = 0.1  # of the time may go into writing checkpoints
_TICK = 0.5  # seconds between two events of a download


class Worker:
    """One run from its folder. `should_stop` is asked between all pieces of work."""

    def __init__(self, folder: RunFolder, should_stop: Callable[[], bool]) -> None:
        self._folder = folder
        self._asked_to_stop = should_stop
        self._settings = folder.settings()
        self._request = folder.request()
        self._ends = time.monotonic() + self._settings.max_train_seconds
        self._losses: list[float] = []
        self._last: Evaluated | None = None
        self._next_checkpoint = 0.0

    def run(self) -> None:
        """Writes the events of a whole run, the last one with its end."""
        try:
            self._folder.append(state="running", phase="loading")
            self._train()
        except TeahouseError as error:
            self._folder.append(state="failed", error={"key": error.key, "values": _plain(error.values)})
        except Exception:
            logger.exception("run %s", self._folder.run_id)
            self._folder.append(state="failed", error={"key": "errors.internal", "values": {}})

    def _should_stop(self) -> bool:
        return self._asked_to_stop() or self._is_over_time()

    def _is_over_time(self) -> bool:
        return time.monotonic() > self._ends

    def _train(self) -> None:
        request, settings = self._request, self._settings
        examples = dataset.read_examples(request.file, request.text_column, request.label_column, settings)
        split = dataset.split(examples, share=request.held_out_share, seed=request.seed)
        catalog = Catalog(find_run=self._other_run, local_folders=settings.local_folders)
        base = catalog.find(request.base_model, "text-classification")
        classifier = self._load(base, split.classes)
        self._folder.append(phase="preparing")
        trainer = self._trainer(classifier, examples, split)
        self._tell_training(trainer, examples, split)
        finished = self._fit(trainer)
        if trainer.step == 0:
            self._folder.append(state="stopped", **self._notice())
            return
        if not finished:
            self._write_checkpoint(trainer)
        self._export(classifier, trainer, examples, split, base, finished)

    def _other_run(self, run_id: str) -> ModelSpec:
        """A run may start from the model of another, which the store has looked up before."""
        folder = RunFolder(self._folder.path.parent / run_id)
        return ModelSpec(name=f"run:{run_id}", task="text-classification", source=str(folder.model), origin="run")

    def _load(self, base: ModelSpec, classes: tuple[str, ...]) -> Classifier:
        activity, done = Activity(), threading.Event()
        teller = threading.Thread(target=self._tell_download, args=(activity, base.name, done), daemon=True)
        teller.start()
        try:
            from models.finetune.classifier import load_base  # imports torch: seconds, told as the first phase

            return load_base(base, classes, self._settings, activity, self._request.seed)
        finally:
            done.set()
            teller.join()

    def _tell_download(self, activity: Activity, name: str, done: threading.Event) -> None:
        while not done.wait(_TICK):
            step = activity.of(name)
            if step is not None and step.key == "activity.downloading":
                self._folder.append(phase="downloading", done=step.done, total=step.total)

    def _trainer(self, classifier: Classifier, examples: dataset.Examples, split: dataset.Split) -> Trainer:
        from models.finetune.trainer import Rows, Trainer

        def rows(indices: tuple[int, ...]) -> Rows:
            ids = classifier.encode([examples.texts[index] for index in indices], self._request.max_length)
            return Rows(ids, [split.classes.index(examples.labels[index]) for index in indices])

        trainer = Trainer(
            classifier.model, classifier.pad, rows(split.train), rows(split.held_out), self._options(classifier)
        )
        self._restore(trainer)
        return trainer

    def _options(self, classifier: Classifier) -> TrainOptions:
        """The lower half of the layers stays as it is: faster, and with all free at this rate a run can end in guessing."""
        from models.finetune.trainer import TrainOptions

        asked = self._request
        frozen = getattr(classifier.model.config, "num_hidden_layers", 0) // 2
        return TrainOptions(asked.epochs, asked.batch_size, asked.learning_rate, asked.seed, frozen_layers=frozen)

    def _restore(self, trainer: Trainer) -> None:
        """Goes on from the checkpoint, where there is one; what was told of later steps is void."""
        from safetensors import safe_open

        if self._folder.checkpoint.is_file():
            with safe_open(self._folder.checkpoint, framework="pt") as file:
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118, not a dict
                trainer.restore(tensors, json.loads(file.metadata()["state"]))
        self._folder.append(resumed_at=trainer.step)

    def _tell_training(self, trainer: Trainer, examples: dataset.Examples, split: dataset.Split) -> None:
        """What does not change any more, with the score that always guessing the largest class would have."""
        counts = Counter(examples.labels[index] for index in split.held_out)
        known = {"classes": split.classes, "baseline": round(max(counts.values()) / len(split.held_out), 4)}
        self._folder.append(phase="training", step=trainer.step, steps=trainer.steps, **known)

    def _fit(self, trainer: Trainer) -> bool:
        from models.finetune.trainer import Stepped

        started, first = time.monotonic(), trainer.step

        def on_event(event: Stepped | Evaluated) -> None:
            if isinstance(event, Stepped):
                rate = (time.monotonic() - started) / (event.step - first)
                self._tell_step(event, trainer.steps, rate)
            else:
                self._last = event
                self._folder.append(step=event.step, held_out=_scores(event))
                self._maybe_checkpoint(trainer)

        return trainer.run(on_event, self._should_stop)

    def _tell_step(self, event: Stepped, steps: int, seconds_a_step: float) -> None:
        self._losses.append(event.loss)
        if event.step % max(1, steps // _LOSSES) and event.step != steps:
            return
        loss = sum(self._losses) / len(self._losses)
        self._losses.clear()
        left = round(seconds_a_step * (steps - event.step), 1)
        self._folder.append(
            step=event.step, loss=round(loss, 5), learning_rate=round(event.learning_rate, 9), seconds_left=left
        )

    def _maybe_checkpoint(self, trainer: Trainer) -> None:
        """As often as it can be without taking more than its share of the time."""
        if time.monotonic() < self._next_checkpoint or trainer.step == trainer.steps:
            return
        started = time.monotonic()
        self._write_checkpoint(trainer)
        ended = time.monotonic()
        self._next_checkpoint = ended + (ended - started) / _CHECKPOINT_SHARE

    def _write_checkpoint(self, trainer: Trainer) -> None:
        from safetensors.torch import save_file

        tensors, values = trainer.state()
        part = self._folder.checkpoint.with_suffix(".part")
        save_file(tensors, part, metadata={"state": json.dumps(values)})
        part.replace(self._folder.checkpoint)
        self._folder.append(checkpoint=values["step"])

    def _export(
        self,
        classifier: Classifier,
        trainer: Trainer,
        examples: dataset.Examples,
        split: dataset.Split,
        base: ModelSpec,
        finished: bool,
    ) -> None:
        from models.finetune.card import model_card

        self._folder.append(phase="evaluating")
        classifier.round_weights()
        scores = trainer.evaluate(exact=True)
        self._folder.append(phase="saving")
        classifier.save(self._folder.model)
        counts = Counter(examples.labels)
        metrics = Metrics(**_scores(scores), confusion=scores.confusion)
        card = model_card(self._request, base, counts, len(split.train), metrics, None if finished else trainer.step)
        (self._folder.model / "README.md").write_text(card, encoding="utf-8")
        ending = {"metrics": asdict(metrics)}
        if finished:
            self._folder.checkpoint.unlink(missing_ok=True)
            self._folder.append(state="finished", step=trainer.step, **ending)
        else:
            self._folder.append(state="stopped", step=trainer.step, **ending, **self._notice())

    def _notice(self) -> dict[str, object]:
        """Why it stopped, where nobody asked it to."""
        if not self._is_over_time():
            return {}
        minutes = round(self._settings.max_train_seconds / 60)
        return {"notice": {"key": "finetune.time_limit", "values": {"minutes": minutes}}}


def _scores(scores: Evaluated) -> dict[str, float | int]:
    rounded = {name: round(getattr(scores, name), 5) for name in ("accuracy", "macro_f1", "loss")}
    return rounded | {"rows": scores.rows}


def _plain(values: dict[str, object]) -> dict[str, object]:
    """As JSON; lists are of phrases, which are plain already."""
    return {name: value if isinstance(value, (int, float, str, list)) else str(value) for name, value in values.items()}


def main(folder: Path) -> None:
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C in a terminal is for the app, which then asks us to stop
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    if hasattr(os, "nice"):
        os.nice(_NICE)
    Worker(RunFolder(folder), stop.is_set).run()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
