"""Loads and evicts the model in FOLDER/large five times; writes its megabytes, those loaded, those left after each.

Run by test_cache in a process of its own: python tests/memory_trial.py FOLDER, with the repository on PYTHONPATH.
FOLDER/small is asked first, so that the libraries count for nothing.
"""

from __future__ import annotations

import sys
from pathlib import Path

import psutil

from models.activity import Activity
from models.cache import ModelCache
from models.catalog import Catalog
from models.library import Library
from models.loading import Loader
from models.settings import Settings
from models.sources import Sources
from models.spec import ModelSpec

MB = 1024 * 1024
TASK = "text-classification"


def resident() -> float:
    return psutil.Process().memory_info().rss / MB


def main(folder: Path) -> None:
    def find_run(run: str) -> ModelSpec:
        return ModelSpec(name=f"run:{run}", task=TASK, source=str(folder / run), origin="run")

    settings, activity = Settings(home=folder / "home", threads=2), Activity()
    sources = Sources(settings, activity)
    cache = ModelCache(Loader(settings, sources, activity), budget_bytes=4096 * MB)
    library = Library(Catalog(find_run=find_run), sources, cache, activity)

    def ask(run: str) -> None:
        with library.lease(f"run:{run}", TASK) as loaded:
            loaded.model(**loaded.processor(["今天天气真好"] * 8, return_tensors="pt"))

    ask("small")
    before = resident()
    figures: list[float] = []
    for _ in range(5):
        ask("large")
        if not figures:
            size = next(entry.size_bytes for entry in cache.entries() if entry.name == "run:large")
            figures = [size / MB, resident() - before]
        cache.evict("run:large")
        figures.append(resident() - before)
    sys.stdout.write(" ".join(f"{figure:.1f}" for figure in figures))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
