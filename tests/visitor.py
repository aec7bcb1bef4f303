"""Who types a Hub id into a tab: the real catalog, sources, loader and cache, with nothing to look at.

The servers that the settings name are the test's affair.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from models.activity import Activity, Step
from models.cache import ModelCache
from models.catalog import Catalog
from models.library import Library
from models.loading import Loader
from models.settings import Settings
from models.sources import Sources

CLASSIFY = "text-classification"


class Recorder(Activity):
    """An activity board that remembers all steps written on it."""

    def __init__(self) -> None:
        super().__init__()
        self.steps: list[Step] = []

    def advance(self, name: str, done: int, total: int) -> None:
        super().advance(name, done, total)
        self.steps.append(self.of(name))


class Visitor:
    """Who types a Hub id into a tab of an app with these settings."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.activity = Recorder()
        self.sources = Sources(settings, self.activity)
        cache = ModelCache(Loader(settings, self.sources, self.activity), budget_bytes=settings.memory_budget)
        self.library = Library(Catalog(), self.sources, cache, self.activity)

    def answer(self, name: str, text: str = "今天天气真好") -> list[float]:
        with self.library.lease(name, CLASSIFY) as loaded:
            return loaded.model(**loaded.processor(text, return_tensors="pt")).logits[0].tolist()

    def refused(self, name: str, kind: type[Exception]) -> dict[str, object]:
        """The values of the error with which this name is refused."""
        with pytest.raises(kind) as caught:
            self.answer(name)
        return {"key": caught.value.key} | caught.value.values


def local_answer(folder: Path, settings: Settings) -> list[float]:
    return Visitor(settings).answer(str(folder))
