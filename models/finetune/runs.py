"""Fine-tuning runs: started, queued, watched, stopped, resumed, found by id. One trains at a time, in its own process.

What is known of a run is read from its folder each time, so that it survives a reload of the page and a restart of the
app. The id is the only key: whoever has it may see, stop and use the run. Imports no torch.
"""

from __future__ import annotations

import atexit
import logging
import re
import secrets
import shutil
import threading
import zipfile
from dataclasses import replace
from pathlib import Path

from models import checkpoint
from models.catalog import DEFAULT_ENCODER, Catalog
from models.errors import BadInput, Busy, UnknownRun
from models.finetune import dataset, digest
from models.finetune.process import WorkerProcess
from models.finetune.request import FinetuneRequest
from models.finetune.run import Run, read_run
from models.finetune.run_folder import RunFolder
from models.settings import Settings
from models.spec import ModelSpec

__all__ = ["FinetuneRequest", "Run", "RunStore"]

logger = logging.getLogger(__name__)
TASK = "text-classification"
_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"  # none that is mistaken for another when typed
_ID_LENGTH = 20  # of 31 letters: 99 bits
_ID = re.compile(f"[{_ALPHABET}]{{{_ID_LENGTH}}}")
_STOP_SECONDS = 20.0  # how long `stop` waits for the worker to have ended
_TICK = 0.5  # seconds between two looks at whether a worker has ended


class RunStore:
    """All runs of settings.runs. Thread-safe; `close` ends what it started."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock = threading.RLock()
        self._wake = threading.Event()
        self._closed = threading.Event()
        self._supervisor: threading.Thread | None = None
        self._process: WorkerProcess | None = None
        atexit.register(self.close)
        if any(run.state == "queued" for run in self._all()):
            self._supervise()

    def start(self, request: FinetuneRequest) -> Run:
        """Queues a run with its own copy of the data. BadInput where the data or the base model will not do."""
        report = dataset.inspect(request.file, request.text_column, request.label_column, settings=self._settings)
        for problem in report.problems:
            raise BadInput(problem.key, **problem.values)
        catalog = Catalog(find_run=self.find, local_folders=self._settings.local_folders)
        catalog.find(request.base_model or DEFAULT_ENCODER, TASK)
        with self._lock:
            self._make_room()
            folder = RunFolder(self._settings.runs / "".join(secrets.choice(_ALPHABET) for _ in range(_ID_LENGTH)))
            folder.path.mkdir(parents=True)
            copy = shutil.copyfile(request.file, folder.path / f"data{Path(request.file).suffix.lower()}")
            columns = {"text_column": report.text_column, "label_column": report.label_column}
            folder.write_request(replace(request, file=str(copy), **columns))
            folder.append(state="queued")
        self._supervise()
        return self.status(folder.run_id)

    def status(self, run_id: str) -> Run:
        """What is known of a run now. UnknownRun for an id that is not one."""
        folder = self.folder(run_id)
        run = read_run(folder)
        if run.has_model:
            return replace(run, sha256=digest.of(folder.model))
        if run.state != "queued":
            return run
        ahead = [
            other for other in self._all() if other.state in ("queued", "running") and other.queued_at < run.queued_at
        ]
        return replace(run, ahead=len(ahead))

    def stop(self, run_id: str) -> Run:
        """Stops a run and waits a while for it; its checkpoint stays. A run that has ended stays as it is."""
        folder = self.folder(run_id)
        with self._lock:
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
        with self._lock:
            state = read_run(folder).state
            if state not in ("stopped", "interrupted", "failed"):
                raise UnknownRun("errors.run_cannot_resume", state=state)
            folder.process_file.unlink(missing_ok=True)
            folder.append(state="queued")
        self._supervise()
        return self.status(run_id)

    def find(self, run_id: str) -> ModelSpec:
        """The model of a run as the catalog's spec. UnknownRun while there is none."""
        folder = self.folder(run_id)
        run = read_run(folder)
        if not run.has_model:
            raise UnknownRun("errors.run_without_model", state=run.state)
        return ModelSpec(
            name=f"run:{folder.run_id}",
            task=TASK,
            source=str(folder.model),
            origin="run",
            revision=str(run.step),  # a resumed run gives another model under the same name
            size_bytes=checkpoint.float32_size(folder.model),
            title=("我的微调", "My fine-tune"),
        )

    def download(self, run_id: str) -> Path:
        """A zip of the model folder, among the uploads, which the page may hand out."""
        spec = self.find(run_id)
        folder = Path(spec.source)
        target = self._settings.uploads / "finetuned" / spec.name.removeprefix("run:") / f"teahouse-{spec.revision}.zip"
        if not target.is_file():
            target.parent.mkdir(parents=True, exist_ok=True)
            part = target.with_suffix(f".{secrets.token_hex(4)}")
            with zipfile.ZipFile(part, "w", zipfile.ZIP_STORED) as archive:  # weights hardly shrink
                for path in sorted(folder.iterdir()):
                    archive.write(path, path.name)
            part.replace(target)
        return target

    def close(self) -> None:
        """Stops the run that this store trains, with its checkpoint, and starts no other."""
        self._closed.set()
        self._wake.set()
        process = self._process
        if process is not None and process.is_alive():
            process.ask_to_stop()
            process.wait(_STOP_SECONDS)
        atexit.unregister(self.close)

    def folder(self, run_id: str) -> RunFolder:
        """The folder of an id, checked letter by letter before it touches the file system. UnknownRun for any other."""
        run_id = (run_id or "").strip().removeprefix("run:")
        if not _ID.fullmatch(run_id) or not (self._settings.runs / run_id / "request.json").is_file():
            raise UnknownRun("errors.unknown_run", run=run_id[:40])
        return RunFolder(self._settings.runs / run_id)

    def _all(self) -> list[Run]:
        """Every run, oldest first."""
        if not self._settings.runs.is_dir():
            return []
        folders = [path for path in self._settings.runs.iterdir() if _ID.fullmatch(path.name)]
        runs = [read_run(RunFolder(path)) for path in folders if (path / "request.json").is_file()]
        return sorted(runs, key=lambda run: run.queued_at)

    def _make_room(self) -> None:
        """Deletes ended runs, the oldest finished ones first, until one more fits. Busy where all are under way."""
        runs = self._all()
        ended = [run for run in runs if run.state not in ("queued", "running")]
        ended.sort(key=lambda run: (run.state != "finished", run.queued_at))
        while len(runs) >= self._settings.max_runs:
            if not ended:
                raise Busy("errors.too_many_runs", limit=self._settings.max_runs)
            gone = ended.pop(0)
            runs.remove(gone)
            logger.info("the oldest ended run gives way to a new one")
            shutil.rmtree(self._settings.runs / gone.run_id)
            shutil.rmtree(self._settings.uploads / "finetuned" / gone.run_id, ignore_errors=True)

    def _supervise(self) -> None:
        """Sees to it that queued runs are started in turn."""
        with self._lock:
            self._wake.set()
            if self._supervisor is None and not self._closed.is_set():
                self._supervisor = threading.Thread(target=self._start_in_turn, name="finetune", daemon=True)
                self._supervisor.start()

    def _start_in_turn(self) -> None:
        while not self._closed.is_set():
            try:
                is_busy = self._start_next()
            except Exception:
                logger.exception("the next run could not be started")  # and those behind it must not wait for ever
                is_busy = True
            self._wake.wait(_TICK if is_busy else None)
            self._wake.clear()

    def _start_next(self) -> bool:
        """Starts the oldest queued run where none is running. False when there is nothing to wait for."""
        if self._process is not None and self._process.is_alive():
            return True
        with self._lock:
            runs = self._all()
            queued = [run for run in runs if run.state == "queued"]
            is_running = any(run.state == "running" for run in runs)
            if queued and not is_running and not self._closed.is_set():
                folder = RunFolder(self._settings.runs / queued[0].run_id)
                folder.write_settings(self._settings)
                self._process = WorkerProcess.start(folder)
                return True
            return bool(queued) or is_running
