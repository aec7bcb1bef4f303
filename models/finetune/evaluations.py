"""Evaluations by the id of their run: read once, computed again where they are missing, and the files they give.

Computing happens in a process of its own, one at a time: the app goes on answering meanwhile. Imports no torch.
"""

from __future__ import annotations

import hashlib
import json
import logging
import threading
from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from models.errors import UnknownRun
from models.finetune import corrections, evaluation, mistakes
from models.finetune.evaluation import Evaluation
from models.finetune.process import launch
from models.finetune.request import CLASSIFY
from models.finetune.run import Run
from models.finetune.run_folder import RunFolder
from models.settings import Settings

logger = logging.getLogger(__name__)
_KEPT = 16  # evaluations in memory: a page that polls reads none twice


class FinetuneRuns(Protocol):
    """The part of RunStore that is needed. Both raise UnknownRun for an id that is not one."""

    def status(self, run_id: str) -> Run: ...
    def folder(self, run_id: str) -> RunFolder: ...


class Evaluations:
    """Thread-safe."""

    def __init__(self, runs: FinetuneRuns, settings: Settings) -> None:
        self._runs, self._settings = runs, settings
        self._computing, self._lock = threading.Lock(), threading.Lock()
        self._read: OrderedDict[tuple[str, int | None], Evaluation] = OrderedDict()

    def find(self, run_id: str) -> Evaluation | None:
        """None where the run has none, or has trained on since."""
        folder = self._runs.folder(run_id)
        key = folder.run_id, evaluation.version(folder)
        with self._lock:
            if key not in self._read:
                found = evaluation.read(folder)
                if found is None:
                    return None
                self._read[key] = found
                while len(self._read) > _KEPT:
                    self._read.popitem(last=False)
            return self._read[key]

    def computed(self, run_id: str) -> Evaluation:
        """The evaluation, computed first where there is none. UnknownRun where the run has no model to evaluate."""
        found = self.find(run_id)
        if found is not None:
            return found
        run, folder = self._runs.status(run_id), self._runs.folder(run_id)
        if run.request.task != CLASSIFY:
            raise UnknownRun("errors.run_is_a_writer", run=run.run_id)
        if not run.has_model:
            raise UnknownRun("errors.run_without_model", state=run.state)
        with self._computing:
            if self.find(run_id) is None:  # or another caller had it computed meanwhile
                self._compute(folder)
        found = self.find(run_id)
        if found is None:
            raise UnknownRun("errors.not_evaluated", run=run.run_id)
        return found

    def corrected(self, run_id: str, chosen: Mapping[int, str]) -> Path:
        """The run's table with the labels of these rows changed."""
        found, request = self.computed(run_id), self._runs.folder(run_id).request()
        chosen_hash = hashlib.sha256(json.dumps(sorted(chosen.items())).encode()).hexdigest()[:8]
        target = self._place(run_id, chosen_hash) / f"{Path(request.file).stem}-corrected.csv"
        return corrections.write(chosen, found, request, self._settings, target)

    def parsed(self, run_id: str, asked: str) -> dict[int, str]:
        """What /correct_labels was asked for, checked."""
        return corrections.parse(asked, self.computed(run_id))

    def rows_csv(self, run_id: str, change: str) -> Path:
        """The held-out rows of one of mistakes.CHANGES, or the misclassified ones, as a csv."""
        return mistakes.write_csv(self.computed(run_id).changed(change), self._place(run_id, "rows") / f"{change}.csv")

    def _place(self, run_id: str, name: str) -> Path:
        """A folder among the uploads, out of which the page may hand files."""
        return self._settings.uploads / "finetuned" / self._runs.folder(run_id).run_id / name

    def _compute(self, folder: RunFolder) -> None:
        status = launch("models.finetune.evaluator", folder).wait()
        if status:
            logger.error("evaluating a run failed with status %d: see its log.txt", status)
