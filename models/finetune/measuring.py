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
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from models.activity import Activity
from models.catalog import Catalog
from models.errors import TeahouseError
from models.finetune import class_weights
from models.finetune.measured import Measured, Pace
from models.finetune.request import CLASSIFY, FinetuneRequest
from models.finetune.run_folder import RunFolder, spec_of_run
from models.finetune.telling import plain

if TYPE_CHECKING:
    from models.finetune.course import Course, Item, Lesson
    from models.finetune.trainer import Trainer
    from models.finetune.trial import Steps

logger = logging.getLogger(__name__)
WAYS, MEASURED = "ways.json", "measured.json"  # files in the folder: what to measure, and what was
_NICE = 5  # as the worker's
_SECONDS = 15.0  # of steps, of all ways together


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
            validation=tuple(len(item["input_ids"]) for item in lesson.validation),
            held_out=tuple(len(item["input_ids"]) for item in lesson.held_out),
            alike=lesson.split.alike,
            is_divided=lesson.split.is_divided,
            class_weights=tuple(self._class_weights(lesson, items)),
            classes=lesson.split.classes,
            parameters=sum(parameter.numel() for parameter in lesson.model.parameters()),
            peak_bytes=_peak_bytes(),
            result_bytes=sum(path.stat().st_size for path in self._folder.model.iterdir()),
            paces=paces,
        )

    def _prepared(self) -> tuple[Course, Lesson]:
        from models.finetune.course import course_for

        catalog = Catalog(
            find_run=partial(spec_of_run, self._settings.runs), local_folders=self._settings.local_folders
        )
        course = course_for(self._request.task)
        return course, course.prepare(self._request, self._settings, Activity(), catalog, lambda phase: None)

    def _paces(
        self, lesson: Lesson, items: Sequence[Item], ways: Sequence[FinetuneRequest]
    ) -> tuple[tuple[Pace, ...], Steps]:
        """The asked way's steps come last, to be gone on with."""
        from models.finetune import tuning
        from models.finetune.trial import Steps

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
