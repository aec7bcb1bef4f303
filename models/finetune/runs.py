"""Fine-tuning runs as the app sees them: started, watched, stopped, resumed, found by id, taken away.

What is known of a run is read from its folder each time, so that it survives a reload of the page and a restart of the
app. One trains at a time, in a process of its own (supervisor.py). Imports no torch.
"""

from __future__ import annotations

import atexit
import shutil
from dataclasses import replace
from pathlib import Path

from models import checkpoint
from models.catalog import Catalog
from models.errors import BadInput, Busy, UnknownRun
from models.finetune import dataset, digest, package
from models.finetune.plan import Plan
from models.finetune.planner import Planner, Tell, refuse_too_large, silent
from models.finetune.preview import ChangedRow, preview
from models.finetune.process import WorkerProcess
from models.finetune.reckoning import needed_bytes
from models.finetune.request import FinetuneRequest
from models.finetune.run import Run, read_run
from models.finetune.run_folder import RunFolder
from models.finetune.shelf import RunShelf, visitor_mark
from models.finetune.supervisor import Supervisor
from models.settings import Settings
from models.spec import ModelSpec

__all__ = ["FinetuneRequest", "Run", "RunStore"]

_STOP_SECONDS = 20.0  # how long `stop` waits for the worker to have ended
RESUMABLE = ("stopped", "interrupted", "failed")


class RunStore:
    """All runs of settings.runs. Thread-safe; `close` ends what it started."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._shelf = RunShelf(settings)
        self._supervisor = Supervisor(settings, self._shelf)
        self._planner = Planner(settings)
        atexit.register(self.close)

    def start(self, request: FinetuneRequest, visitor: str = "") -> Run:
        """Queues a run with its own copy of the data. BadInput where the data or the base model will not do.

        visitor: who asks, by any word that is the same each time; Busy where they have too many under way.
        """
        request = self._checked(request)
        with self._shelf.lock:
            self._check_visitor(visitor)
            self._shelf.make_room()
            folder = self._shelf.new()
            copy = shutil.copyfile(request.file, folder.path / f"data{Path(request.file).suffix.lower()}")
            folder.write_visitor(visitor_mark(visitor))
            folder.append(state="queued")
            folder.write_request(replace(request, file=str(copy)))  # last: only then it is a run
        self._supervisor.wake()
        return self.status(folder.run_id)

    def plan(self, request: FinetuneRequest, minutes: float = 0, tell: Tell = silent) -> Plan:
        """What a run would take, measured on a few real steps; minutes: of which it is made to fit. Starts no run.

        tell: called with each phase and how much of it is done.
        """
        return self._planner.plan(self._checked(request), minutes, tell)

    def preview(self, request: FinetuneRequest) -> tuple[ChangedRow, ...]:
        """Three rows as the request's augmentation changes them."""
        request = self._checked(request)
        return preview(request, self._base(request), self._settings)

    def status(self, run_id: str) -> Run:
        """What is known of a run now. UnknownRun for an id that is not one."""
        folder = self.folder(run_id)
        run = read_run(folder)
        run = replace(run, expires_at=self._shelf.expires_at(run))
        if run.has_model:
            return replace(run, sha256=digest.of(folder.model))
        return self._queued(run) if run.state == "queued" else run

    def stop(self, run_id: str) -> Run:
        """Stops a run and waits a while for it; its checkpoint stays. A run that has ended stays as it is."""
        folder = self.folder(run_id)
        with self._shelf.lock:
            run = read_run(folder)
            if run.state == "queued":
                folder.append(state="stopped")
            process = WorkerProcess.of(folder) if run.state == "running" else None
        if process is not None:
            process.ask_to_stop()
            process.wait(_STOP_SECONDS)
            if read_run(folder).state == "interrupted":  # asked before the worker could listen
                folder.append(state="stopped")
        return self.status(run_id)

    def resume(self, run_id: str) -> Run:
        """Queues a stopped, interrupted or failed run again; it goes on from its last checkpoint."""
        folder = self.folder(run_id)
        with self._shelf.lock:
            state = read_run(folder).state
            if state not in RESUMABLE:
                raise UnknownRun("errors.run_cannot_resume", state=state)
            folder.process_file.unlink(missing_ok=True)
            folder.append(state="queued")
        self._supervisor.wake()
        return self.status(run_id)

    def find(self, run_id: str) -> ModelSpec:
        """The model of a run as the catalog's spec. UnknownRun while there is none."""
        folder = self.folder(run_id)
        run = read_run(folder)
        if not run.has_model:
            raise UnknownRun("errors.run_without_model", state=run.state)
        return ModelSpec(
            name=f"run:{folder.run_id}",
            task=run.request.task,
            source=str(folder.model),
            origin="run",
            revision=str(run.step),  # a resumed run gives another model under the same name
            size_bytes=checkpoint.float32_size(folder.model),
            title=("我的微调", "My fine-tune"),
        )

    def download(self, run_id: str) -> Path:
        """A zip of the model and of what repeats its training, among the uploads, which the page may hand out."""
        folder = self.trained(run_id)
        place = self._shelf.zips(folder.run_id) / package.stamp(folder)
        target = place / f"teahouse-{digest.of(folder.model)[:8]}.zip"
        if not target.is_file():
            package.zip_of(folder, target)
        return target

    def folder(self, run_id: str) -> RunFolder:
        """The folder of an id. UnknownRun for what is none."""
        return self._shelf.folder(run_id)

    def trained(self, run_id: str) -> RunFolder:
        """The folder of a run that has a model. UnknownRun while it has none."""
        self.find(run_id)
        return self.folder(run_id)

    def close(self) -> None:
        """Stops the run that this store trains, with its checkpoint, and starts no other."""
        self._supervisor.close()
        atexit.unregister(self.close)

    def _checked(self, request: FinetuneRequest) -> FinetuneRequest:
        """With its columns named. BadInput, UnknownModel or WrongTask before there is a run."""
        columns = (request.file, request.text_column, request.label_column)
        report = dataset.inspect(*columns, settings=self._settings, task=request.task, max_length=request.max_length)
        for problem in report.problems:
            raise BadInput(problem.key, **problem.values)
        refuse_too_large(needed_bytes(request, self._base(request), report.characters.longest))
        return replace(request, text_column=report.text_column, label_column=report.label_column)

    def _base(self, request: FinetuneRequest) -> ModelSpec:
        catalog = Catalog(find_run=self.find, local_folders=self._settings.local_folders)
        return catalog.find(request.base_model, request.task)

    def _check_visitor(self, visitor: str) -> None:
        limit = self._settings.max_runs_per_visitor
        if visitor and len(self._shelf.under_way_of(visitor)) >= limit:
            raise Busy("errors.too_many_runs_of_yours", limit=limit)

    def _queued(self, run: Run) -> Run:
        """With the runs that come first, and the seconds that the one under way has left where no other waits."""
        ahead = [
            other
            for other in self._shelf.runs()
            if other.is_under_way and (other.queued_at, other.run_id) < (run.queued_at, run.run_id)
        ]
        is_known = len(ahead) == 1 and ahead[0].seconds_left is not None
        return replace(run, ahead=len(ahead), wait_seconds=ahead[0].seconds_left if is_known else None)
