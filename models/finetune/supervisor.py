"""Starts queued runs in their turn, one at a time, also where several apps share one home. Knows no training.

Only the store's own thread starts workers. It looks at the folders each time, so it takes over what an app that was
killed has left: a worker that still trains is waited for, a queue is gone on with.
"""

from __future__ import annotations

import logging
import threading

from models.finetune.process import WorkerProcess
from models.finetune.run_folder import RunFolder
from models.finetune.shelf import RunShelf
from models.settings import Settings

logger = logging.getLogger(__name__)
_TICK = 0.5  # seconds between two looks while something trains or waits
_REST = 60.0  # the same while nothing does: another app may have left a queue, and runs expire
_STOP_SECONDS = 20.0  # how long `close` waits for the worker to have ended


class Supervisor:
    def __init__(self, settings: Settings, shelf: RunShelf) -> None:
        self._settings, self._shelf = settings, shelf
        self._wake, self._closed = threading.Event(), threading.Event()
        self._process: WorkerProcess | None = None
        self._thread = threading.Thread(target=self._watch, name="finetune", daemon=True)
        self._thread.start()

    def wake(self) -> None:
        """There is a run to start."""
        self._wake.set()

    def close(self) -> None:
        """Stops the run that was started here, with its checkpoint, and starts no other."""
        self._closed.set()
        self._wake.set()
        self._thread.join(_STOP_SECONDS)
        process = self._process
        if process is not None and process.is_alive():
            process.ask_to_stop()
            process.wait(_STOP_SECONDS)

    def _watch(self) -> None:
        while not self._closed.is_set():
            try:
                is_busy = self._start_next()
            except Exception:
                logger.exception("the next run could not be started")  # and those behind it must not wait for ever
                is_busy = True
            self._wake.wait(_TICK if is_busy else _REST)
            self._wake.clear()

    def _start_next(self) -> bool:
        """Starts the oldest queued run where none is running. False when there is nothing to wait for."""
        if self._process is not None and self._process.is_alive():
            return True
        if not self._shelf.runs():
            return False
        with self._shelf.lock:
            self._shelf.sweep()
            runs = self._shelf.runs()
            queued = [run for run in runs if run.state == "queued"]
            is_running = any(run.state == "running" for run in runs)
            if queued and not is_running and not self._closed.is_set():
                folder = RunFolder(self._settings.runs / queued[0].run_id)
                folder.write_settings(self._settings)
                self._process = WorkerProcess.start(folder)
                return True
            return bool(queued) or is_running
