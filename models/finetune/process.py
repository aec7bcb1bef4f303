"""A worker's process: started, known again by its id and the time it was created, asked to stop.

The time guards against a process id that the system has given to another since. Knows no training.
"""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from pathlib import Path

import psutil

from models.finetune.run_folder import RunFolder

logger = logging.getLogger(__name__)
_ROOT = Path(__file__).resolve().parents[2]
# Threads that spin while they wait take the core from those who would work: on a busy machine training stood still.
_CALM = {"OMP_WAIT_POLICY": "passive", "GOMP_SPINCOUNT": "0", "KMP_BLOCKTIME": "0", "TOKENIZERS_PARALLELISM": "false"}


class WorkerProcess:
    def __init__(self, process: psutil.Process, child: subprocess.Popen | None = None) -> None:
        self._process, self._child = process, child

    @classmethod
    def start(cls, folder: RunFolder) -> WorkerProcess:
        """A worker for the folder, in a session of its own: signals of the app's terminal do not reach it."""
        child = launch("models.finetune.worker", folder)
        process = psutil.Process(child.pid)
        mark(folder, process)
        logger.info("a fine-tuning run has started: process %d", child.pid)
        return cls(process, child)

    @classmethod
    def of(cls, folder: RunFolder) -> WorkerProcess | None:
        """The live process of a run, whoever started it; None where it is gone."""
        mark = folder.process()
        if mark is None:
            return None
        pid, created = mark
        try:
            process = psutil.Process(pid)
            if abs(process.create_time() - created) > 1.0 or process.status() == psutil.STATUS_ZOMBIE:
                return None
        except psutil.NoSuchProcess:
            return None
        return cls(process)

    def is_alive(self) -> bool:
        if self._child is not None:
            return self._child.poll() is None  # also buries it
        try:
            return self._process.is_running() and self._process.status() != psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return False

    def ask_to_stop(self) -> None:
        """SIGTERM: the worker ends after its step, with a checkpoint."""
        try:
            self._process.terminate()
        except psutil.NoSuchProcess:
            return

    def wait(self, seconds: float) -> bool:
        """Whether it ended in time."""
        gone, _ = psutil.wait_procs([self._process], timeout=seconds)
        return bool(gone)


def mark(folder: RunFolder, process: psutil.Process) -> None:
    """Writes down that this process trains the run. Both sides do: an app that is killed between start and mark leaves
    a worker that says so itself."""
    folder.write_process(process.pid, process.create_time())


def launch(module: str, folder: RunFolder) -> subprocess.Popen:
    """python -m MODULE FOLDER, which writes to the folder's log."""
    with folder.log.open("ab") as log:
        return subprocess.Popen(
            [sys.executable, "-m", module, str(folder.path)],
            cwd=_ROOT,
            env=_CALM | os.environ,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
