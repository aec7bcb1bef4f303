"""The Fine-tune tab: a table in, its columns guessed, a training that one watches, a model that the other tabs use.

Knows the store of runs by what it returns. A run outlives the page: the browser keeps the ids, and a page that is opened
again finds its run by them.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import gradio as gr

from demos.errors import Reporter
from demos.finetune_layout import EXAMPLES, Parts, lay_out
from demos.finetune_view import FinetuneView
from demos.i18n import Localizer
from demos.model_picker import base_picker
from demos.waiting import Waiter
from models.catalog import Catalog
from models.errors import BadInput, UnknownRun
from models.finetune import dataset
from models.finetune.dataset import DatasetReport
from models.finetune.request import FinetuneRequest
from models.finetune.run import Run
from models.settings import Settings

_KEPT_IDS = 20
_OPENED = 11  # components that a run fills: see _connect_run
_AT_ONCE = {"queue": False, "show_progress": "hidden", "api_visibility": "private"}
_QUIET = {"show_progress": "hidden", "api_visibility": "private", "concurrency_limit": 8}


class Runs(Protocol):
    """The part of RunStore that the tab needs."""

    def start(self, request: FinetuneRequest) -> Run: ...
    def status(self, run_id: str) -> Run: ...
    def stop(self, run_id: str) -> Run: ...
    def resume(self, run_id: str) -> Run: ...
    def download(self, run_id: str) -> Path: ...


@dataclass(frozen=True)
class FinetuneTab:
    """What other parts of the page reach for."""

    use: gr.Button  # pressed to take the finished run to the Sentiment tab
    run_id: gr.State


def build(
    ui: Localizer, waiter: Waiter, reporter: Reporter, runs: Runs, settings: Settings, catalog: Catalog
) -> FinetuneTab:
    """Lays the tab out and connects it. Call it inside its gr.Tab. `waiter` is not needed: runs tell their own progress."""
    handlers = Handlers(runs, settings, FinetuneView(ui.strings))
    parts = lay_out(ui, handlers.view, partial(base_picker, ui, catalog, settings))
    _connect_data(ui, reporter, handlers, parts)
    _connect_run(ui, reporter, handlers, parts)
    return FinetuneTab(parts.use, parts.run_id)


class Handlers:
    """What the events call: plain values in, component values out."""

    def __init__(self, runs: Runs, settings: Settings, view: FinetuneView) -> None:
        self._runs, self._settings, self.view = runs, settings, view

    def open_file(self, file: str | None, lang: str) -> tuple:
        """A new file: report, drawn, both columns with the guesses chosen, the steps, Start."""
        if not file:
            empty = gr.update(choices=[], value=None, visible=False)
            return None, self.view.dataset(None, lang), empty, empty, self.view.steps(None, None, lang), _button(False)
        return self._inspected(file, "", "", lang)

    def choose_columns(self, file: str | None, text_column: str | None, label_column: str | None, lang: str) -> tuple:
        """The same file read by other columns."""
        if not file:
            return self.open_file(None, lang)
        return self._inspected(file, text_column or "", label_column or "", lang)

    def start(
        self,
        file: str | None,
        text_column: str | None,
        label_column: str | None,
        base_model: str,
        epochs: float,
        batch_size: float,
        learning_rate: float,
        max_length: float,
        seed: float,
        ids: list[str] | None,
        lang: str,
    ) -> tuple:
        """A queued run, drawn; its id is the first of the visitor's."""
        if not file:
            raise BadInput("errors.no_file")
        request = FinetuneRequest(
            file=file,
            text_column=text_column or "",
            label_column=label_column or "",
            base_model=base_model,
            epochs=epochs,
            batch_size=batch_size,
            learning_rate=learning_rate,
            max_length=max_length,
            seed=seed,
        )
        run = self._runs.start(request)
        return self.opened(run, [run.run_id, *(ids or [])], lang)

    def arrive(self, ids: list[str] | None, shown: str, lang: str) -> tuple:
        """The browser gave its ids: the visitor's latest run that still exists, unless one is shown already."""
        if shown:
            return (gr.skip(),) * _OPENED
        for run_id in ids or []:
            try:
                return self.opened(self._runs.status(run_id), ids, lang)
            except UnknownRun:
                continue
        return self._nothing(lang)

    def open_run(self, run_id: str | None, ids: list[str] | None, lang: str) -> tuple:
        """A run chosen among one's own, or whose id was pasted."""
        if not (run_id or "").strip():
            return self._nothing(lang)
        run = self._runs.status(run_id)
        return self.opened(run, [run.run_id, *(ids or [])], lang)

    def poll(self, run_id: str, lang: str) -> tuple:
        return self.shown(self._runs.status(run_id), lang)

    def stop(self, run_id: str, lang: str) -> tuple:
        return self.shown(self._runs.stop(run_id), lang)

    def resume(self, run_id: str, lang: str) -> tuple:
        return self.shown(self._runs.resume(run_id), lang)

    def redraw(self, report: DatasetReport | None, run: Run | None, lang: str) -> tuple[str, str, str]:
        return self.view.steps(report, run, lang), self.view.dataset(report, lang), self.view.run(run, lang)

    def opened(self, run: Run, ids: list[str], lang: str) -> tuple:
        """run_id, stored ids, the picker of runs, and the run itself."""
        ids = list(dict.fromkeys([run.run_id, *ids]))[:_KEPT_IDS]
        return run.run_id, ids, gr.update(choices=ids, value=run.run_id, visible=True), *self.shown(run, lang)

    def shown(self, run: Run, lang: str) -> tuple:
        """The run, drawn; the steps; the timer and the buttons as its state wants them."""
        can_resume = run.state in ("stopped", "interrupted", "failed")
        return (
            run,
            self.view.run(run, lang),
            self.view.steps(None, run, lang),
            gr.Timer(active=run.is_under_way),
            gr.update(visible=run.is_under_way),
            gr.update(visible=can_resume),
            gr.update(visible=run.has_model),
            gr.update(visible=run.has_model, value=str(self._runs.download(run.run_id)) if run.has_model else None),
        )

    def _nothing(self, lang: str) -> tuple:
        hidden = gr.update(visible=False)
        drawn = (None, self.view.run(None, lang), gr.skip(), gr.Timer(active=False), hidden, hidden, hidden, hidden)
        return "", gr.skip(), gr.skip(), *drawn

    def _inspected(self, file: str, text_column: str, label_column: str, lang: str) -> tuple:
        report = dataset.inspect(file, text_column, label_column, settings=self._settings)
        choices = list(report.columns)
        return (
            report,
            self.view.dataset(report, lang),
            gr.update(choices=choices, value=report.text_column, visible=True),
            gr.update(choices=choices, value=report.label_column or None, visible=True),
            self.view.steps(report, None, lang),
            _button(report.is_ready),
        )


def _connect_data(ui: Localizer, reporter: Reporter, handlers: Handlers, parts: Parts) -> None:
    columns = [parts.text_column, parts.label_column]
    drawn = [parts.report, parts.dataset, *columns, parts.steps, parts.start]
    open_file = reporter.said(handlers.open_file)
    gr.on([parts.file.upload, parts.file.clear], open_file, [parts.file, ui.lang], drawn, **_QUIET)
    for name, button in parts.examples.items():
        path = str(EXAMPLES[name])
        button.click(lambda path=path: path, None, parts.file, **_AT_ONCE).then(
            open_file, [parts.file, ui.lang], drawn, **_QUIET
        )
    choose = reporter.said(handlers.choose_columns)
    gr.on([column.input for column in columns], choose, [parts.file, *columns, ui.lang], drawn, **_QUIET)


def _connect_run(ui: Localizer, reporter: Reporter, handlers: Handlers, parts: Parts) -> None:
    buttons = [parts.stop, parts.resume, parts.use, parts.download]
    drawn = [parts.run, parts.progress, parts.steps, parts.timer, *buttons]
    opened = [parts.run_id, parts.ids, parts.runs, *drawn]
    data = [parts.file, parts.text_column, parts.label_column]
    parts.start.click(reporter.said(handlers.start), [*data, *parts.options, parts.ids, ui.lang], opened, **_QUIET)
    parts.timer.tick(reporter.said(handlers.poll), [parts.run_id, ui.lang], drawn, **_AT_ONCE)
    parts.stop.click(reporter.said(handlers.stop), [parts.run_id, ui.lang], drawn, **_QUIET)
    parts.resume.click(reporter.said(handlers.resume), [parts.run_id, ui.lang], drawn, **_QUIET)
    parts.runs.input(reporter.said(handlers.open_run), [parts.runs, parts.ids, ui.lang], opened, **_QUIET)
    redraw = {"fn": handlers.redraw, "inputs": [parts.report, parts.run, ui.lang], **_AT_ONCE}
    redraw |= {"outputs": [parts.steps, parts.dataset, parts.progress]}
    ui.lang.change(**redraw)
    # A tab is mounted when it is first looked at, and only then the browser's store has a value: demo.load is too early.
    parts.ids.change(handlers.arrive, [parts.ids, parts.run_id, ui.lang], opened, **_AT_ONCE)


def _button(can_start: bool) -> dict[str, Any]:
    return gr.update(interactive=can_start)
