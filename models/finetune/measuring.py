"""The process that measures a training before it is started: python -m models.finetune.measuring FOLDER.

Does what a run will do, on a few of its own rows: loads, takes real steps with the real trainer, evaluates, writes a
checkpoint and the model; and notes what each took. Knows no forecast (plan.py) and no page.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from models.activity import Activity
from models.catalog import Catalog
from models.errors import TeahouseError
from models.finetune import class_weights
from models.finetune.measured import Measured, Pace, Timed
from models.finetune.request import CLASSIFY, FinetuneRequest
from models.finetune.run_folder import RunFolder
from models.finetune.telling import plain
from models.spec import ModelSpec

if TYPE_CHECKING:
    from models.finetune.course import Course, Item, Lesson
    from models.finetune.objective import Batch, Scores
    from models.finetune.trainer import Trainer

logger = logging.getLogger(__name__)
WAYS, MEASURED = "ways.json", "measured.json"  # files in the folder: what to measure, and what was
_NICE = 5  # as the worker's
_SECONDS = 15.0  # of steps, of all ways together
_PLACES = (
    1.0,
    0.5,
    0.0,
    0.75,
    0.25,
    0.9,
    0.6,
    0.1,
)  # of a batch's rows among all, by length: the longest show the peak
_LOOK_ROWS = 32


class Measuring:
    """One request, and other ways to train by it, in a folder that nothing else uses."""

    def __init__(self, folder: RunFolder) -> None:
        self._folder, self._settings, self._request = folder, folder.settings(), folder.request()
        self._began = psutil.Process().create_time()

    def run(self, ways: Sequence[FinetuneRequest]) -> Measured:
        """ways: the first is as asked."""
        self._folder.append(phase="loading")
        course, lesson = self._prepared()
        loading = time.time() - self._began
        started = time.monotonic()
        items = lesson.train(1)
        epoch_data = time.monotonic() - started
        paces, steps = self._paces(lesson, items, ways)
        self._folder.append(phase="saving")
        checkpoint = self._timed_checkpoint(steps.trainer)
        exact_look = self._finished(steps)
        started = time.monotonic()
        course.export(self._folder, lesson, steps.scores, None)
        return Measured(
            loading=loading,
            epoch_data=epoch_data,
            checkpoint=checkpoint,
            saving=time.monotonic() - started,
            exact_look=exact_look,
            train=tuple(len(item["input_ids"]) for item in items),
            held_out=tuple(len(item["input_ids"]) for item in lesson.held_out),
            alike=lesson.split.alike,
            class_weights=tuple(self._class_weights(lesson, items)),
            classes=lesson.split.classes,
            parameters=sum(parameter.numel() for parameter in lesson.model.parameters()),
            peak_bytes=_peak_bytes(),
            result_bytes=sum(path.stat().st_size for path in self._folder.model.iterdir()),
            paces=paces,
        )

    def _prepared(self) -> tuple[Course, Lesson]:
        from models.finetune.course import course_for

        catalog = Catalog(find_run=self._other_run, local_folders=self._settings.local_folders)
        course = course_for(self._request.task)
        return course, course.prepare(self._request, self._settings, Activity(), catalog, lambda phase: None)

    def _other_run(self, run_id: str) -> ModelSpec:
        """A run may start from the model of another, which the store has looked up before."""
        folder = RunFolder(self._settings.runs / run_id)
        return ModelSpec(name=f"run:{run_id}", task=folder.request().task, source=str(folder.model), origin="run")

    def _paces(
        self, lesson: Lesson, items: Sequence[Item], ways: Sequence[FinetuneRequest]
    ) -> tuple[tuple[Pace, ...], Steps]:
        """The asked way's steps come last, to be gone on with."""
        from models.finetune import tuning

        paces: dict[int, Pace] = {}
        for done, index in enumerate(order := [*range(1, len(ways)), 0]):
            self._folder.append(phase="measuring", share=round(done / len(order), 2))
            if len(order) > 1:
                tuning.apply(lesson.model, ways[index])
            steps = Steps(lesson, items, ways[index])
            paces[index] = steps.pace(_SECONDS / len(order))
            if index:
                steps.unfold()
        return tuple(paces[index] for index in sorted(paces)), steps

    def _timed_checkpoint(self, trainer: Trainer) -> float:
        from models.finetune import checkpoint_file

        started = time.monotonic()
        checkpoint_file.write(self._folder.checkpoint, *trainer.state())
        return time.monotonic() - started

    def _finished(self, steps: Steps) -> float:
        """As a run ends: the best weights, merged and rounded. Seconds a token of their evaluation in single precision."""
        from models.finetune import tuning

        steps.trainer.take_best()
        steps.unfold()
        tuning.merge(steps.trainer.model)
        tuning.round_weights(steps.trainer.model)
        return steps.exact_look()

    def _class_weights(self, lesson: Lesson, items: Sequence[Item]) -> Sequence[float]:
        if self._request.task != CLASSIFY:
            return ()
        labels = [item["labels"] for item in items]
        return class_weights.weights(labels, len(lesson.split.classes), self._request.class_weights) or ()


class Steps:
    """Real steps of a lesson, each on rows of one length, the longest first; after each a look at held-out rows."""

    def __init__(self, lesson: Lesson, items: Sequence[Item], way: FinetuneRequest) -> None:
        from models.finetune.trainer import Trainer, TrainOptions

        blocks = _blocks(items, way.batch_size)
        size = len(blocks[0])
        few = replace(
            lesson,
            train=lambda epoch: [item for block in blocks for item in block],
            held_out=_blocks(lesson.held_out, _LOOK_ROWS)[1],
        )
        self._way, self._tokens = way, 0
        self._lesson = self._folded(few, _tokens(items) + _tokens(lesson.held_out))
        rows, self._collate = self._lesson.train(0), self._lesson.collate
        counted = replace(
            self._lesson,
            rows=size,
            train=lambda epoch: rows[epoch * size : (epoch + 1) * size],  # an epoch is one step and one look
            collate=self._counted,
        )
        self.trainer = Trainer(counted, replace(TrainOptions.of(way), epochs=len(blocks), accumulation=1, patience=0))
        self.scores: Scores = {}

    def pace(self, seconds: float) -> Pace:
        """Of as many steps as fit into the time, at least two where there are as many."""
        from models.finetune.trainer import Evaluated, Stepped

        steps: list[Timed] = []
        looks: list[Timed] = []
        started = last = time.monotonic()

        def on_event(event: Stepped | Evaluated) -> None:
            nonlocal last
            if isinstance(event, Stepped):
                steps.append((self._taken(), event.seconds))
            else:
                looks.append((self._taken(), time.monotonic() - last))
            last = time.monotonic()

        self.trainer.run(on_event, lambda: len(steps) > 1 and time.monotonic() - started > seconds)
        return Pace(self._way.method, self._way.layers, _warm(steps), _warm(looks), self._folding, self._feature_bytes)

    def exact_look(self) -> float:
        """Seconds a token of an evaluation in single precision, of the whole model."""
        held_out = self.trainer.unfold().held_out
        started = time.monotonic()
        self.scores = self.trainer.evaluate(exact=True).scores
        return (time.monotonic() - started) / (len(held_out) * _longest(held_out))

    def unfold(self) -> None:
        self.trainer.unfold()

    def _folded(self, lesson: Lesson, all_tokens: int) -> Lesson:
        """As the worker will have it: frozen layers run beforehand, where all rows' features fit into memory."""
        from models.finetune import frozen

        self._folding, self._feature_bytes = 0.0, 0
        feature_bytes = 4 * getattr(lesson.model.config, "hidden_size", 0) * all_tokens
        if not lesson.is_fixed or feature_bytes > frozen.MOST_BYTES:
            return lesson
        started = time.monotonic()
        folded = frozen.fold(lesson)
        if folded.unfold is not None:
            tokens = _tokens(lesson.train(0)) + _tokens(lesson.held_out)
            self._folding, self._feature_bytes = (time.monotonic() - started) / tokens, feature_bytes
        return folded

    def _counted(self, items: Sequence[Item]) -> Batch:
        self._tokens += len(items) * _longest(items)
        return self._collate(items)

    def _taken(self) -> int:
        """Tokens since it was last asked, padding included."""
        tokens, self._tokens = self._tokens, 0
        return tokens


def _tokens(items: Sequence[Item]) -> int:
    return sum(len(item["input_ids"]) for item in items)


def _longest(items: Sequence[Item]) -> int:
    return max(len(item["input_ids"]) for item in items)


def _blocks(items: Sequence[Item], size: int) -> list[Sequence[Item]]:
    """Neighbours by length, as many in each, at _PLACES."""
    ordered = sorted(items, key=lambda item: len(item["input_ids"]))
    starts = [round(place * max(0, len(ordered) - size)) for place in _PLACES]
    return [ordered[start : start + size] for start in starts]


def _warm(timed: Sequence[Timed]) -> tuple[Timed, ...]:
    """Without the first, in which memory is taken and kernels are chosen, where there are others."""
    return tuple(timed[1:] or timed)


def _peak_bytes() -> int:
    """Of resident memory, in the whole life of this process."""
    if sys.platform == "win32":
        return psutil.Process().memory_info().peak_wset
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def main(folder: RunFolder) -> None:
    if hasattr(os, "nice"):
        os.nice(_NICE)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    ways = [folder.request(), *map(FinetuneRequest.from_json, json.loads((folder.path / WAYS).read_text("utf-8")))]
    try:
        Measuring(folder).run(ways).write(folder.path / MEASURED)
    except TeahouseError as error:
        folder.append(error={"key": error.key, "values": plain(error.values)})


if __name__ == "__main__":
    main(RunFolder(Path(sys.argv[1])))
