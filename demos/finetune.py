"""The Fine-tune tab: a table in, its columns guessed, a training that one watches, a model that the other tabs use.

Knows the store of runs by what it returns. A run outlives the page: the browser keeps the ids, and a page that is opened
again finds its run by them.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import gradio as gr

from demos.errors import Reporter
from demos.finetune_view import FinetuneView
from demos.i18n import ASSETS, DEFAULT, Localizer
from demos.waiting import Waiter
from models.catalog import DEFAULT_ENCODER
from models.errors import BadInput, UnknownRun
from models.finetune import dataset
from models.finetune.dataset import DatasetReport
from models.finetune.request import BOUNDS, FinetuneRequest
from models.finetune.run import Run
from models.settings import Settings

EXAMPLES = {name: ASSETS / "examples" / f"finetune_{name}.csv" for name in ("tea", "topics")}
_POLL_SECONDS = 1.5
_KEPT_IDS = 20
_OPENED = 11  # components that a run fills: see _connect_run
# Fixed, so that the ids outlive a restart of the server.
_RUN_STORE = {"storage_key": "teahouse-runs", "secret": "teahouse"}
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


def build(ui: Localizer, waiter: Waiter, reporter: Reporter, runs: Runs, settings: Settings) -> FinetuneTab:
    """Lays the tab out and connects it. Call it inside its gr.Tab. `waiter` is not needed: runs tell their own progress."""
    handlers = Handlers(runs, settings, FinetuneView(ui.strings))
    parts = _lay_out(ui, handlers.view)
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
            empty = gr.update(choices=[], value=None, interactive=False)
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

    def download(self, run_id: str) -> str:
        return str(self._runs.download(run_id))

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
            gr.update(visible=run.has_model),
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
            gr.update(choices=choices, value=report.text_column, interactive=True),
            gr.update(choices=choices, value=report.label_column or None, interactive=True),
            self.view.steps(report, None, lang),
            _button(report.is_ready),
        )


@dataclass(frozen=True)
class _Parts:
    steps: gr.HTML
    file: gr.File
    examples: dict[str, gr.Button]
    text_column: gr.Dropdown
    label_column: gr.Dropdown
    dataset: gr.HTML
    options: list[Any]  # base model, epochs, batch size, learning rate, max length, seed
    start: gr.Button
    progress: gr.HTML
    stop: gr.Button
    resume: gr.Button
    use: gr.Button
    download: gr.DownloadButton
    runs: gr.Dropdown
    run_id: gr.State
    run: gr.State
    report: gr.State
    ids: gr.BrowserState
    timer: gr.Timer


def _lay_out(ui: Localizer, view: FinetuneView) -> _Parts:
    ui.make(gr.HTML, {"value": "finetune.intro"}, elem_classes="tea-finetune-box tea-muted")
    steps = gr.HTML(view.steps(None, None, DEFAULT), elem_id="tea-finetune-steps", elem_classes="tea-finetune-box")
    with gr.Row(equal_height=False):
        with gr.Column(scale=2, min_width=280):
            file, examples, text_column, label_column = _data_inputs(ui)
        with gr.Column(scale=3, min_width=280):
            shown = gr.HTML(
                view.dataset(None, DEFAULT), elem_id="tea-finetune-dataset", elem_classes="tea-finetune-box"
            )
    options = _training_options(ui)
    start = ui.make(
        gr.Button, {"value": "finetune.start"}, variant="primary", interactive=False, elem_id="tea-finetune-start"
    )
    progress = gr.HTML(view.run(None, DEFAULT), elem_id="tea-finetune-run", elem_classes="tea-finetune-box")
    stop, resume, use, download = _run_buttons(ui)
    words = {"label": "finetune.my_runs", "info": "finetune.my_runs_info"}
    runs = ui.make(gr.Dropdown, words, choices=[], value=None, allow_custom_value=True, elem_id="tea-finetune-runs")
    return _Parts(
        steps=steps,
        file=file,
        examples=examples,
        text_column=text_column,
        label_column=label_column,
        dataset=shown,
        options=options,
        start=start,
        progress=progress,
        stop=stop,
        resume=resume,
        use=use,
        download=download,
        runs=runs,
        run_id=gr.State(""),
        run=gr.State(None),
        report=gr.State(None),
        ids=gr.BrowserState([], **_RUN_STORE),
        timer=gr.Timer(_POLL_SECONDS, active=False),
    )


def _data_inputs(ui: Localizer) -> tuple[gr.File, dict[str, gr.Button], gr.Dropdown, gr.Dropdown]:
    types = [".csv", ".tsv", ".txt"]
    file = ui.make(gr.File, {"label": "finetune.file"}, file_types=types, height=130, elem_id="tea-finetune-file")
    with gr.Column(elem_classes="tea-tight"):
        examples = {
            name: ui.make(gr.Button, {"value": f"finetune.example_{name}"}, size="sm", elem_id=f"tea-finetune-{name}")
            for name in EXAMPLES
        }
    with gr.Row():
        columns = [
            ui.make(
                gr.Dropdown,
                {"label": f"finetune.{name}"},
                choices=[],
                interactive=False,
                min_width=120,
                elem_id=f"tea-finetune-{name.replace('_', '-')}",
            )
            for name in ("text_column", "label_column")
        ]
    return file, examples, *columns


def _training_options(ui: Localizer) -> list[Any]:
    """In the order of Handlers.start's parameters."""
    usual = FinetuneRequest(file="-")
    with ui.make(gr.Accordion, {"label": "finetune.options"}, open=False, elem_classes="tea-quiet"):
        words = {"label": "finetune.base_model", "info": "finetune.base_info"}
        choices = [DEFAULT_ENCODER]
        base = ui.make(gr.Dropdown, words, choices=choices, value=DEFAULT_ENCODER, allow_custom_value=True)
        with gr.Row():
            words = {"label": "finetune.epochs", "info": "finetune.epochs_info"}
            epochs = ui.make(gr.Slider, words, minimum=1, maximum=BOUNDS["epochs"][1], step=1, value=usual.epochs)
            words = {"label": "finetune.batch_size"}
            batch = ui.make(
                gr.Slider, words, minimum=1, maximum=BOUNDS["batch_size"][1], step=1, value=usual.batch_size
            )
        with gr.Row():
            rate = ui.make(gr.Number, {"label": "finetune.learning_rate"}, value=usual.learning_rate, min_width=120)
            length = ui.make(
                gr.Number, {"label": "finetune.max_length"}, value=usual.max_length, precision=0, min_width=120
            )
            seed = ui.make(gr.Number, {"label": "finetune.seed"}, value=usual.seed, precision=0, min_width=120)
    return [base, epochs, batch, rate, length, seed]


def _run_buttons(ui: Localizer) -> tuple[gr.Button, gr.Button, gr.Button, gr.DownloadButton]:
    with gr.Row():
        stop = ui.make(gr.Button, {"value": "finetune.stop"}, visible=False, elem_id="tea-finetune-stop")
        resume = ui.make(gr.Button, {"value": "finetune.resume"}, visible=False, elem_id="tea-finetune-resume")
        words = {"value": "finetune.use"}
        use = ui.make(gr.Button, words, variant="primary", visible=False, elem_id="tea-finetune-use")
        words = {"label": "finetune.download"}
        download = ui.make(gr.DownloadButton, words, visible=False, elem_id="tea-finetune-download")
    return stop, resume, use, download


def _connect_data(ui: Localizer, reporter: Reporter, handlers: Handlers, parts: _Parts) -> None:
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


def _connect_run(ui: Localizer, reporter: Reporter, handlers: Handlers, parts: _Parts) -> None:
    buttons = [parts.stop, parts.resume, parts.use, parts.download]
    drawn = [parts.run, parts.progress, parts.steps, parts.timer, *buttons]
    opened = [parts.run_id, parts.ids, parts.runs, *drawn]
    data = [parts.file, parts.text_column, parts.label_column]
    parts.start.click(reporter.said(handlers.start), [*data, *parts.options, parts.ids, ui.lang], opened, **_QUIET)
    parts.timer.tick(reporter.said(handlers.poll), [parts.run_id, ui.lang], drawn, **_AT_ONCE)
    parts.stop.click(reporter.said(handlers.stop), [parts.run_id, ui.lang], drawn, **_QUIET)
    parts.resume.click(reporter.said(handlers.resume), [parts.run_id, ui.lang], drawn, **_QUIET)
    parts.download.click(reporter.said(handlers.download), parts.run_id, parts.download, **_QUIET)
    parts.runs.input(reporter.said(handlers.open_run), [parts.runs, parts.ids, ui.lang], opened, **_QUIET)
    redraw = {"fn": handlers.redraw, "inputs": [parts.report, parts.run, ui.lang], **_AT_ONCE}
    redraw |= {"outputs": [parts.steps, parts.dataset, parts.progress]}
    ui.lang.change(**redraw)
    # A tab is mounted when it is first looked at, and only then the browser's store has a value: demo.load is too early.
    parts.ids.change(handlers.arrive, [parts.ids, parts.run_id, ui.lang], opened, **_AT_ONCE)


def _button(can_start: bool) -> dict[str, Any]:
    return gr.update(interactive=can_start)
