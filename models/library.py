"""One door to a model for every runner: a typed name becomes a spec, its size is found out, the cache leases it.

Knows neither what is asked of the model nor who asks.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from models.activity import Activity, Step
from models.cache import ModelCache
from models.catalog import Catalog
from models.errors import WrongTask
from models.loading import LoadedModel
from models.sources import Sources
from models.spec import Task


class Library:
    def __init__(self, catalog: Catalog, sources: Sources, cache: ModelCache, activity: Activity) -> None:
        self.catalog = catalog
        self.cache = cache
        self._sources = sources
        self._activity = activity

    @contextmanager
    def lease(self, name: str, task: Task) -> Iterator[LoadedModel]:
        """The loaded model for a typed name. Raises a TeahouseError where there is none or it does not fit."""
        spec = self._sources.measured(self.catalog.find_answering(name, task))
        with self.cache.lease(spec) as loaded:
            if loaded.spec.task != task:  # the same Hub id or folder, typed in another tab before
                valid = ", ".join(self.catalog.names(task))
                raise WrongTask("errors.wrong_task", model=name, task=loaded.spec.task, wanted=task, valid=valid)
            yield loaded

    def waiting_for(self, name: str) -> Step | None:
        """What is being done so that this model can be used; None once it is loaded."""
        return self._activity.of((name or "").strip())
