"""The one inference thread a device has, and micro-batching in front of it.

Work from all tabs and visitors is done here one piece at a time, so that two cores are not fought over. Pieces waiting
for the same model are merged into one batch. A stream is advanced one step at a time, only when its reader asks for the
next piece: between two tokens others are served, and a reader who stops asking has stopped the computing. Knows no
torch and no model.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Hashable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import TypeVar

from models.errors import Busy

logger = logging.getLogger(__name__)
Item = TypeVar("Item")
Result = TypeVar("Result")
_END = object()


@dataclass
class _Job:
    key: Hashable
    item: object
    run: Callable[[Sequence], Sequence]
    future: Future = field(default_factory=Future)


class Engine:
    """Runs jobs in the order they came, those of one key together. Close it to end its thread."""

    def __init__(self, *, max_batch: int = 32, max_waiting: int = 256) -> None:
        self._max_batch = max_batch
        self._max_waiting = max_waiting
        self._jobs: deque[_Job] = deque()
        self._changed = threading.Condition()
        self._closed = False
        self.batches = 0  # forward passes done, for tests and the log
        self._thread = threading.Thread(target=self._work, name="inference", daemon=True)
        self._thread.start()

    def submit(self, key: Hashable, item: Item, run: Callable[[Sequence[Item]], Sequence[Result]]) -> Future[Result]:
        """Queues one item. `run` gets every waiting item with this key, at most max_batch, and gives a result for each."""
        job = _Job(key, item, run)
        with self._changed:
            if self._closed:
                raise RuntimeError("the engine is closed")
            if len(self._jobs) >= self._max_waiting:
                raise Busy("errors.busy", waiting=len(self._jobs))
            self._jobs.append(job)
            self._changed.notify()
        return job.future

    def map(
        self, key: Hashable, items: Sequence[Item], run: Callable[[Sequence[Item]], Sequence[Result]]
    ) -> list[Result]:
        """Runs many items through merged batches; never more than one batch of them waits, so others come between."""
        results: list[Result] = []
        for start in range(0, len(items), self._max_batch):
            futures = [self.submit(key, item, run) for item in items[start : start + self._max_batch]]
            results += [future.result() for future in futures]
        return results

    def call(self, function: Callable[[], Result]) -> Result:
        """Runs a function on the inference thread and waits for it."""
        return self.submit(object(), None, lambda _: [function()]).result()

    def stream(self, pieces: Iterator[Result]) -> Iterator[Result]:
        """The same pieces, each computed on the inference thread at the moment it is asked for."""
        try:
            while (piece := self.call(lambda: next(pieces, _END))) is not _END:
                yield piece
        finally:
            close = getattr(pieces, "close", None)
            if close is not None:
                close()

    def close(self) -> None:
        with self._changed:
            self._closed = True
            self._changed.notify()
        self._thread.join(timeout=30)

    def _work(self) -> None:
        while (batch := self._next_batch()) is not None:
            self._run(batch)

    def _next_batch(self) -> list[_Job] | None:
        with self._changed:
            while not self._jobs and not self._closed:
                self._changed.wait()
            if not self._jobs:
                return None
            key = self._jobs[0].key
            batch = [job for job in self._jobs if job.key == key][: self._max_batch]
            taken = set(map(id, batch))
            self._jobs = deque(job for job in self._jobs if id(job) not in taken)
            return batch

    def _run(self, batch: list[_Job]) -> None:
        batch = [job for job in batch if job.future.set_running_or_notify_cancel()]
        if not batch:
            return
        self.batches += 1
        try:
            results = batch[0].run([job.item for job in batch])
            if len(results) != len(batch):
                raise RuntimeError(f"a batch of {len(batch)} gave {len(results)} results")
        except BaseException as error:  # whatever went wrong belongs to those who wait, and the thread must live on
            for job in batch:
                job.future.set_exception(error)
            return
        for job, result in zip(batch, results, strict=True):
            job.future.set_result(result)
