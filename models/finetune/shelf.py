"""The folders of all runs: found by id, listed, made, expired, thrown away. Decides nothing about training.

The id is the only key: whoever has it may see, stop and use the run. It is checked letter by letter before it touches
the file system.
"""

from __future__ import annotations

import hashlib
import logging
import re
import secrets
import shutil
import time
from pathlib import Path

from filelock import FileLock

from models.errors import Busy, UnknownRun
from models.finetune.run import Run, read_run
from models.finetune.run_folder import RunFolder
from models.settings import Settings

logger = logging.getLogger(__name__)
_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"  # none that is mistaken for another when typed
_ID_LENGTH = 20  # of 31 letters: 99 bits
_ID = re.compile(f"[{_ALPHABET}]{{{_ID_LENGTH}}}")
_DAY = 24 * 3600.0
_LOCK_SECONDS = 30.0


class RunShelf:
    """What lies under settings.runs. Threads and apps that change it together hold `lock`."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock = FileLock(settings.runs / ".lock", timeout=_LOCK_SECONDS, thread_local=True)

    @property
    def lock(self) -> FileLock:
        """Reentrant within a thread; between threads, and between apps over one home, it excludes."""
        self._settings.runs.mkdir(parents=True, exist_ok=True)
        return self._lock

    def folder(self, run_id: str) -> RunFolder:
        """UnknownRun for what is no id, for an id without a run, and for a run that has expired."""
        run_id = (run_id or "").strip().removeprefix("run:")
        folder = self._at(run_id) if _ID.fullmatch(run_id) else None
        if folder is None or not folder.is_run or self._has_expired(folder):
            raise UnknownRun("errors.unknown_run", run=run_id[:40])
        return folder

    def new(self) -> RunFolder:
        """An empty one under an id that nobody can guess."""
        folder = self._at("".join(secrets.choice(_ALPHABET) for _ in range(_ID_LENGTH)))
        folder.path.mkdir(parents=True)
        return folder

    def runs(self) -> list[Run]:
        """Every run, the one that was queued first comes first."""
        if not self._settings.runs.is_dir():
            return []
        folders = [RunFolder(path) for path in self._settings.runs.iterdir() if _ID.fullmatch(path.name)]
        return sorted((read_run(folder) for folder in folders if folder.is_run), key=lambda run: run.queued_at)

    def under_way_of(self, visitor: str) -> list[Run]:
        """A visitor's runs that are queued or train."""
        mark = visitor_mark(visitor)
        return [run for run in self.runs() if run.is_under_way and self._at(run.run_id).visitor() == mark]

    def expires_at(self, run: Run) -> float | None:
        """Seconds since 1970; None while it is under way."""
        return None if run.is_under_way else run.last_at + self._settings.run_days * _DAY

    def sweep(self) -> None:
        """Deletes what has expired."""
        for run in self.runs():
            if self._has_expired(self._at(run.run_id)):
                logger.info("a run of more than %g days ago is deleted", self._settings.run_days)
                self._throw_away(run)

    def make_room(self) -> None:
        """Deletes ended runs, the oldest finished ones first, until one more fits. Busy where all are under way."""
        runs = self.runs()
        ended = sorted((run for run in runs if not run.is_under_way), key=lambda run: run.state != "finished")
        for _ in range(len(runs) - self._settings.max_runs + 1):
            if not ended:
                raise Busy("errors.too_many_runs", limit=self._settings.max_runs)
            logger.info("the oldest ended run gives way to a new one")
            self._throw_away(ended.pop(0))

    def zips(self, run_id: str) -> Path:
        """Where a run's downloads lie: among the uploads, which the page may hand out."""
        return self._settings.uploads / "finetuned" / run_id

    def _at(self, run_id: str) -> RunFolder:
        return RunFolder(self._settings.runs / run_id)

    def _has_expired(self, folder: RunFolder) -> bool:
        """Most were written to lately, and need not be read to know it."""
        touched = folder.events_file if folder.events_file.is_file() else folder.path
        ago = time.time() - touched.stat().st_mtime
        if ago <= self._settings.run_days * _DAY:
            return False
        expires_at = self.expires_at(read_run(folder))
        return expires_at is not None and expires_at < time.time()

    def _throw_away(self, run: Run) -> None:
        shutil.rmtree(self._at(run.run_id).path)
        shutil.rmtree(self.zips(run.run_id), ignore_errors=True)


def visitor_mark(visitor: str) -> str:
    """What is kept of who started a run: enough to count, too little to know them by. "" for nobody in particular."""
    return hashlib.sha256(visitor.encode()).hexdigest()[:16] if visitor else ""
