"""What is being waited for: a board on which loading writes its steps and from which a page reads them.

A model's load is shared by everyone who waits for it, so its progress cannot belong to one caller. Knows no model and
no page; a step is a string key with its bytes done and in all.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass(frozen=True)
class Step:
    key: str  # of the string table: activity.importing, activity.downloading, activity.loading
    done: int = 0  # bytes
    total: int = 0  # bytes; 0 where unknown

    @property
    def fraction(self) -> float | None:
        return min(self.done / self.total, 1.0) if self.total else None


class Activity:
    """Thread-safe. One current step a model name."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._steps: dict[str, Step] = {}

    @contextmanager
    def step(self, name: str, key: str, total: int = 0) -> Iterator[None]:
        """The model `name` is at this step while the block runs; the step before it is restored after."""
        with self._lock:
            before = self._steps.get(name)
            self._steps[name] = Step(key, 0, total)
        try:
            yield
        finally:
            with self._lock:
                if before is None:
                    self._steps.pop(name, None)
                else:
                    self._steps[name] = before

    def advance(self, name: str, done: int, total: int) -> None:
        """Bytes done of the current step."""
        with self._lock:
            if name in self._steps:
                self._steps[name] = Step(self._steps[name].key, done, total)

    def of(self, name: str) -> Step | None:
        """The current step of a model, or None while nothing is being done for it."""
        with self._lock:
            return self._steps.get(name)
