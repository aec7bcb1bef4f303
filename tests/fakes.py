"""Stand-ins for what is slow or far away: a loaded model without weights, and a loader that counts and can be held up.

Knows the seams of models/ and nothing of torch.
"""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass, field

from models.spec import MB, ModelSpec

DEAD_ENDPOINT = "http://127.0.0.1:9"  # the discard port: nobody listens


def fake_spec(name: str = "oolong", megabytes: int = 10, **more: object) -> ModelSpec:
    """A spec that no file stands behind."""
    options = {"task": "text-classification", "source": f"/nowhere/{name}", "size_bytes": megabytes * MB}
    return ModelSpec(name=name, **options | more)


@dataclass
class FakeLoaded:
    """What the cache needs of a loaded model."""

    spec: ModelSpec
    size_bytes: int = 10 * MB
    closed: int = 0  # how often close() was called

    def close(self) -> None:
        self.closed += 1


@dataclass
class CountingLoader:
    """Loads FakeLoaded and remembers what it was asked for.

    gate: cleared, loads wait until it is set. failures: errors raised by the next loads, one each.
    measured: sizes in bytes by name that differ from the reserved ones.
    """

    gate: threading.Event = field(default_factory=threading.Event)
    failures: list[Exception] = field(default_factory=list)
    measured: dict[str, int] = field(default_factory=dict)
    calls: Counter[str] = field(default_factory=Counter)
    loaded: dict[str, FakeLoaded] = field(default_factory=dict)  # the latest of each name
    started: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))  # released as each load begins
    at_once: int = 0
    most_at_once: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.gate.set()

    def __call__(self, spec: ModelSpec) -> FakeLoaded:
        with self._lock:
            self.calls[spec.name] += 1
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
        self.started.release()
        try:
            if not self.gate.wait(timeout=20):
                raise TimeoutError("nobody opened the gate")
            if self.failures:
                raise self.failures.pop(0)
            model = FakeLoaded(spec, self.measured.get(spec.name, spec.size_bytes))
            self.loaded[spec.name] = model
            return model
        finally:
            with self._lock:
                self.at_once -= 1
