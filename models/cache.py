"""The shared model-loading cache: one loaded copy of each model for all tabs and visitors, within a memory budget.

Knows no torch, no files and no tasks: it is given a function that loads, and asks a loaded model only for its size and
to let go. Book-keeping holds one short lock; loading holds another, so that two models are never loaded at once.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Protocol

from models.errors import BudgetExceeded
from models.spec import ModelSpec

logger = logging.getLogger(__name__)


class LoadedModel(Protocol):
    """What the cache needs of a loaded model."""

    size_bytes: int

    def close(self) -> None:
        """Lets go of the weights. Called once, with no lease open."""


@dataclass(frozen=True)
class CacheEntry:
    """One line of the status panel."""

    name: str
    shown_name: str  # as others may read it
    task: str
    size_bytes: int  # reserved while loading, measured after
    leases: int
    loading: bool
    idle_seconds: float


@dataclass
class _Slot:
    spec: ModelSpec
    size_bytes: int
    leases: int = 0
    last_used: float = field(default_factory=time.monotonic)
    future: Future = field(default_factory=Future)


class ModelCache:
    """Leases loaded models. See the tests for the eight lines of its contract."""

    def __init__(self, load: Callable[[ModelSpec], LoadedModel], *, budget_bytes: int) -> None:
        self._load = load
        self.budget_bytes = budget_bytes
        self._books = threading.Lock()
        self._loading = threading.Lock()
        self._slots: dict[str, _Slot] = {}

    @contextmanager
    def lease(self, spec: ModelSpec) -> Iterator[LoadedModel]:
        """The loaded model, kept in memory while the block runs. Raises what loading raised, or BudgetExceeded."""
        slot = self._take(spec)
        try:
            yield slot.future.result()
        finally:
            self._give_back(slot)

    def evict(self, name: str) -> bool:
        """Unloads a model. False while it is leased or loading, and where it is not loaded."""
        with self._books:
            slot = self._slots.get(name)
            if slot is None or slot.leases:
                return False
            del self._slots[name]
        self._close(slot)
        return True

    def entries(self) -> list[CacheEntry]:
        """What is loaded or loading, most recently used first."""
        now = time.monotonic()
        with self._books:
            slots = sorted(self._slots.values(), key=lambda slot: slot.last_used, reverse=True)
            return [
                CacheEntry(
                    name=slot.spec.name,
                    shown_name=slot.spec.shown_name,
                    task=slot.spec.task,
                    size_bytes=slot.size_bytes,
                    leases=slot.leases,
                    loading=not slot.future.done(),
                    idle_seconds=0.0 if slot.leases else now - slot.last_used,
                )
                for slot in slots
            ]

    def _take(self, spec: ModelSpec) -> _Slot:
        with self._books:
            slot = self._slots.get(spec.name)
            if slot is not None and (slot.leases or slot.spec.revision == spec.revision):
                slot.leases += 1
                slot.last_used = time.monotonic()
                return slot
            evicted = self._make_room(spec.name, spec.size_bytes)
            if outdated := self._slots.pop(spec.name, None):  # a resumed run has another model
                evicted.append(outdated)
            slot = self._slots[spec.name] = _Slot(spec, spec.size_bytes, leases=1)
        for old in evicted:
            self._close(old)
        self._fill(slot)
        return slot

    def _give_back(self, slot: _Slot) -> None:
        with self._books:
            slot.leases -= 1
            slot.last_used = time.monotonic()

    def _fill(self, slot: _Slot) -> None:
        """Loads outside the books. A failure leaves the cache as it was; those who waited share its error."""
        try:
            with self._loading:
                started = time.monotonic()
                loaded = self._load(slot.spec)
        except BaseException as error:
            with self._books:
                self._slots.pop(slot.spec.name, None)
            slot.future.set_exception(error)
            return
        evicted = self._correct(slot, loaded.size_bytes)
        slot.future.set_result(loaded)
        logger.info("loaded %s: %.1f MB, %.2f s", slot.spec.name, slot.size_bytes / 2**20, time.monotonic() - started)
        for old in evicted:
            self._close(old)

    def _correct(self, slot: _Slot, measured: int) -> list[_Slot]:
        with self._books:
            slot.size_bytes = measured
            return self._drop_idle(room=0)

    def _make_room(self, name: str, needed: int) -> list[_Slot]:
        """Idle slots taken out so that `needed` bytes fit; refuses before anything went. Holds the books."""
        kept = sum(slot.size_bytes for slot in self._slots.values() if slot.leases)
        if kept + needed > self.budget_bytes:
            raise BudgetExceeded(
                "errors.budget",
                model=name,
                needed=_megabytes(needed),
                free=_megabytes(max(self.budget_bytes - kept, 0)),
                budget=_megabytes(self.budget_bytes),
                loaded=", ".join(slot.spec.shown_name for slot in self._slots.values()) or "-",
            )
        return self._drop_idle(room=needed)

    def _drop_idle(self, room: int) -> list[_Slot]:
        """Takes idle slots out, least recently used first, until `room` bytes are free. Holds the books."""
        gone = []
        idle = sorted((s for s in self._slots.values() if not s.leases), key=lambda slot: slot.last_used)
        while idle and self._used() + room > self.budget_bytes:
            slot = idle.pop(0)
            del self._slots[slot.spec.name]
            gone.append(slot)
        return gone

    def _used(self) -> int:
        return sum(slot.size_bytes for slot in self._slots.values())

    def _close(self, slot: _Slot) -> None:
        try:
            slot.future.result().close()
            logger.info("unloaded %s", slot.spec.name)
        except Exception:  # it is out of the books already; those who wait for the room it made must not fail for it
            logger.exception("closing %s", slot.spec.name)


def _megabytes(size: int) -> str:
    return f"{size / 2**20:,.0f} MB"
