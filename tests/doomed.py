"""A worker in a process that kills itself, as kill -9 would, at a moment that a test names.

The processes come from a server that has imported torch once, and never computed with it: each starts within moments.
"""

from __future__ import annotations

import multiprocessing
import os
import shutil
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

from models.finetune.run_folder import RunFolder

Event = dict[str, Any]


def _in_training(step: int) -> Callable[[Event], bool]:
    return lambda event: event.get("step") == step and "loss" in event


# What the worker is just about to tell when it dies.
MOMENTS: dict[str, Callable[[Event], bool]] = {
    "loading": lambda event: event.get("phase") == "loading",
    "before any checkpoint": _in_training(2),
    "in the middle of an epoch": _in_training(7),
    "right after a checkpoint": lambda event: event.get("checkpoint", 0) >= 5,
    "after the last step": lambda event: event.get("phase") == "evaluating",
    "saving": lambda event: event.get("phase") == "saving",
    "comparing": lambda event: event.get("phase") == "comparing",
    "telling its end": lambda event: event.get("state") == "finished",
}
WRITING = ("while it writes a checkpoint", "between the old model and the new")


def die_at(moment: str, folder: Path) -> int:
    """Runs a worker over the folder until the moment, and gives its exit code: -9, or 0 where it did not come to that."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["models.finetune.worker", "models.finetune.trainer", "models.finetune.classifier"])
    process = context.Process(target=_work, args=(moment, folder))
    process.start()
    process.join(120)
    return process.exitcode


class _Doomed(RunFolder):
    def __init__(self, path: Path, is_moment: Callable[[Event], bool]) -> None:
        super().__init__(path)
        self._is_moment = is_moment

    def append(self, **event: Any) -> None:
        if self._is_moment(event):
            _die()
        super().append(**event)


def _work(moment: str, folder: Path) -> None:
    from models.finetune import evaluation, worker

    evaluation.evaluate = lambda *_: None  # seconds, that change no weight

    if moment in WRITING:
        _die_writing(moment)
    worker.main(_Doomed(folder, MOMENTS.get(moment, lambda event: False)))


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _die_writing(moment: str) -> None:
    """The second checkpoint is on its way to the disk, or the model's old folder is gone."""
    if moment == WRITING[1]:
        remove = shutil.rmtree

        def remove_and_die(path: Path, **options: Any) -> None:
            remove(path, **options)
            if Path(path).name == "model":
                _die()

        shutil.rmtree = remove_and_die
        return
    synced: list[int] = []
    os.fsync = lambda file: _die() if synced else synced.append(file)
