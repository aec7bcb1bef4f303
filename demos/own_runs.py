"""The visitor's own trained models in the pickers of the other tabs: in each those that do its task.

The browser keeps the ids, in the store of the Fine-tune tab; here they are read when the page opens, before that tab is
looked at. Knows the store of runs by what it finds.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

import gradio as gr
from gradio.events import Dependency

from demos.finetune_desk import AT_ONCE, ids_in, own_ids
from demos.i18n import Localizer
from demos.model_picker import picker_choices
from models.catalog import Catalog
from models.errors import UnknownRun
from models.spec import ModelSpec, Task


class Finder(Protocol):
    """The part of RunStore that is needed."""

    def find(self, run_id: str) -> ModelSpec: ...


class OwnRuns:
    """pickers: by what is picked in them."""

    def __init__(
        self, ui: Localizer, finder: Finder, catalog: Catalog, pickers: Sequence[tuple[Task, gr.Dropdown]]
    ) -> None:
        self._ui, self._finder, self._catalog, self._pickers = ui, finder, catalog, pickers

    def connect(self, arrived: Dependency, ids: gr.BrowserState) -> None:
        """ids: the Fine-tune tab's, which has no value before that tab is looked at.

        arrived: the event of an opened page. It words all choices anew, as each change of language does, so the runs
        are put back after both.
        """
        stored = own_ids()
        inputs, outputs = [ids, stored, self._ui.lang], [picker for _, picker in self._pickers]
        arrived.then(self.offer, inputs, outputs, **AT_ONCE)
        gr.on([ids.change, self._ui.lang.change], self.offer, inputs, outputs, **AT_ONCE)

    def offer(self, ids: str | None, stored: str | None, lang: str) -> list[Any]:
        """Choices for each picker: the runs that have a model of its task, then the known models."""
        found = self._tasks(dict.fromkeys([*ids_in(ids), *ids_in(stored)]))
        return [gr.update(choices=self._choices(task, found, lang)) for task, _ in self._pickers]

    def _choices(self, task: Task, found: Mapping[str, Task], lang: str) -> list[tuple[str, str]]:
        own = [run_id for run_id, of in found.items() if of == task]
        return picker_choices(self._ui, self._catalog, self._catalog.names(task), lang, own)

    def _tasks(self, ids: Iterable[str]) -> dict[str, Task]:
        tasks = {}
        for run_id in ids:
            try:
                tasks[run_id] = self._finder.find(run_id).task
            except UnknownRun:  # gone, or without a model yet
                continue
        return tasks
