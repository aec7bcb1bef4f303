"""The process of one run: python -m models.finetune.worker FOLDER. Reads the request, trains, writes events and model.

Ends by itself, on SIGTERM (stopped: the checkpoint and the best model so far are kept) or when its time is over. Knows
no page, no task (courses do), and of other runs nothing.

On several GPUs: accelerate launch --num_processes 2 -m models.finetune.worker TEAHOUSE_HOME/runs/ID
"""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
from filelock import FileLock, Timeout

from models.activity import Activity
from models.catalog import Catalog
from models.errors import TeahouseError
from models.finetune import provenance
from models.finetune.process import mark
from models.finetune.run_folder import RunFolder, spec_of_run
from models.finetune.telling import Teller, plain, rounded

if TYPE_CHECKING:
    from models.finetune.course import Course, Lesson
    from models.finetune.trainer import Evaluated, Stepped, Trainer

logger = logging.getLogger(__name__)
_NICE = 19  # visitors who wait for an answer go first
_CHECKPOINT_SHARE = 0.1  # of the time may go into writing checkpoints
_LOCK_SECONDS = 15.0  # a worker that has told its end may take a moment to be gone
_TICK = 0.5  # seconds between two events of a download


class Worker:
    """One run from its folder. `should_stop` is asked between all pieces of work.

    Of several processes that train one run together, only the main one writes.
    """

    def __init__(self, folder: RunFolder, should_stop: Callable[[], bool], *, is_main: bool = True) -> None:
        self._folder, self._is_main = folder, is_main
        self._asked_to_stop = should_stop
        self._settings = folder.settings()
        self._request = folder.request()
        self._ends = time.monotonic() + self._settings.max_train_seconds
        self._next_checkpoint = 0.0
        others = partial(spec_of_run, folder.path.parent)
        self._catalog = Catalog(find_run=others, local_folders=self._settings.local_folders)

    def run(self) -> None:
        """Writes the events of a whole run, the last one with its end."""
        try:
            self._tell(state="running", phase="loading")
            self._train()
        except TeahouseError as error:
            self._tell(state="failed", error={"key": error.key, "values": plain(error.values)})
        except Exception:
            logger.exception("run %s", self._folder.run_id)
            self._tell(state="failed", error={"key": "errors.internal", "values": {}})

    def _train(self) -> None:
        course, lesson = self._prepared()
        trainer = self._trainer(lesson)
        self._tell(phase="training", step=trainer.step, steps=trainer.steps, **lesson.facts)
        finished = trainer.run(self._listener(trainer), self._should_stop)
        if trainer.step == 0:
            self._tell(state="stopped", **self._notice())
            return
        if not self._is_main:
            return
        self._write_checkpoint(trainer)
        self._export(course, trainer, stopped_at=None if finished else trainer.step)
        if finished:
            self._compare()
            self._tell(state="finished", step=trainer.step)
            self._folder.checkpoint.unlink(missing_ok=True)
        else:
            self._tell(state="stopped", step=trainer.step, **self._notice())

    def _prepared(self) -> tuple[Course, Lesson]:
        """Base and data, while a download is told of."""
        activity, done = Activity(), threading.Event()
        teller = threading.Thread(target=self._tell_download, args=(activity, done), daemon=True)
        teller.start()
        try:
            from models.finetune import frozen  # imports torch: seconds, told as the first phase
            from models.finetune.course import course_for

            course = course_for(self._request.task)
            lesson = course.prepare(self._request, self._settings, activity, self._catalog, self._tell_phase)
            return course, frozen.fold(lesson) if lesson.is_fixed else lesson
        finally:
            done.set()
            teller.join()

    def _tell_download(self, activity: Activity, done: threading.Event) -> None:
        while not done.wait(_TICK):
            step = activity.of(self._request.base_model)
            if step is not None and step.key == "activity.downloading":
                self._tell(phase="downloading", done=step.done, total=step.total)

    def _tell_phase(self, phase: str) -> None:
        self._tell(phase=phase)

    def _trainer(self, lesson: Lesson) -> Trainer:
        """Goes on from the checkpoint, where there is one; what was told of later steps is void."""
        from models.finetune import checkpoint_file
        from models.finetune.trainer import Trainer, TrainOptions

        trainer = Trainer(lesson, TrainOptions.of(self._request))
        if self._is_main:
            self._folder.write_split(lesson.split)
            self._write_provenance(trainer.precision)
        state = checkpoint_file.read(self._folder.checkpoint)
        if state is not None:
            trainer.restore(*state)
        self._tell(resumed_at=trainer.step)
        return trainer

    def _write_provenance(self, precision: str) -> None:
        base = self._catalog.find(self._request.base_model, self._request.task)
        provenance.write(self._folder, provenance.of(base, Path(self._request.file), precision=precision))

    def _listener(self, trainer: Trainer) -> Callable[[Stepped | Evaluated], None]:
        from models.finetune.trainer import Stepped

        teller = Teller(self._tell, steps=trainer.steps, first=trainer.step)

        def on_event(event: Stepped | Evaluated) -> None:
            if isinstance(event, Stepped):
                teller.stepped(event)
            else:
                teller.evaluated(event)
                self._maybe_checkpoint(trainer)

        return on_event

    def _maybe_checkpoint(self, trainer: Trainer) -> None:
        """As often as it can be without taking more than its share of the time."""
        if time.monotonic() < self._next_checkpoint or trainer.is_done or not self._is_main:
            return
        started = time.monotonic()
        self._write_checkpoint(trainer)
        ended = time.monotonic()
        self._next_checkpoint = ended + (ended - started) / _CHECKPOINT_SHARE

    def _write_checkpoint(self, trainer: Trainer) -> None:
        from models.finetune import checkpoint_file

        tensors, values = trainer.state()
        checkpoint_file.write(self._folder.checkpoint, tensors, values)
        self._tell(checkpoint=values["step"])

    def _export(self, course: Course, trainer: Trainer, *, stopped_at: int | None) -> None:
        """The best model so far, with the scores that its file has: in half precision, adapters merged."""
        from models.finetune import tuning

        self._tell(phase="evaluating")
        trainer.take_best()
        lesson = trainer.unfold()
        tuning.merge(lesson.model)
        tuning.round_weights(lesson.model)
        scores = trainer.score()
        self._tell(phase="saving")
        course.export(self._folder, lesson, scores, stopped_at)
        self._tell(metrics=rounded(scores))

    def _compare(self) -> None:
        """Whether it was worth it. The model is usable already: a failure here costs the comparison, not the run."""
        from models.finetune import evaluation  # imports much that a training does not need

        self._tell(phase="comparing")
        try:
            evaluation.evaluate(self._folder, self._tell_comparison, self._should_stop)
        except Exception:
            logger.exception("comparing run %s", self._folder.run_id)
            self._tell(notice={"key": "finetune.progress.not_compared", "values": {}})

    def _tell_comparison(self, what: str, share: float) -> None:
        self._tell(comparing=what, share=round(share, 3))

    def _tell(self, **event: Any) -> None:
        if self._is_main:
            self._folder.append(**event)

    def _should_stop(self) -> bool:
        return self._asked_to_stop() or self._is_over_time()

    def _is_over_time(self) -> bool:
        return time.monotonic() > self._ends

    def _notice(self) -> dict[str, object]:
        """Why it stopped, where nobody asked it to."""
        if not self._is_over_time():
            return {}
        minutes = round(self._settings.max_train_seconds / 60)
        return {"notice": {"key": "finetune.time_limit", "values": {"minutes": minutes}}}


def main(folder: RunFolder) -> None:
    """Refuses where another process trains this run already."""
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C in a terminal is for the app, which then asks us to stop
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    if hasattr(os, "nice"):
        os.nice(_NICE)
    if int(os.environ.get("RANK", "0")) > 0:  # under accelerate launch
        Worker(folder, stop.is_set, is_main=False).run()
        return
    try:
        with FileLock(folder.worker_lock, timeout=_LOCK_SECONDS):
            mark(folder, psutil.Process())
            Worker(folder, stop.is_set).run()
    except Timeout:
        logger.warning("run %s is trained by another process", folder.run_id)


if __name__ == "__main__":
    main(RunFolder(Path(sys.argv[1])))
