"""Many texts at once: pasted lines or an uploaded table in, a chart, the first rows and a csv out; can be stopped.

Sits below the Sentiment tab and uses the model chosen there.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import gradio as gr

from demos.errors import Reporter
from demos.i18n import ASSETS, DEFAULT, Localizer
from demos.sentiment_batch_view import BatchOverview, BatchView, overview
from demos.waiting import Waiter
from models import batch
from models.batch import BatchProgress, BatchResult, BatchRunner
from models.catalog import Catalog
from models.finetune import dataset
from models.finetune.table import SUFFIXES
from models.sentiment import TASK
from models.settings import Settings

EXAMPLE_FILE = ASSETS / "examples" / "reviews.csv"
_AT_ONCE = {"queue": False, "show_progress": "hidden", "api_visibility": "private"}
_QUIET = {"show_progress": "hidden", "api_visibility": "private"}
Shown = tuple[str, Any, Any, Any, Any]  # values of: status, stop, overview, result, download


def build(
    ui: Localizer,
    waiter: Waiter,
    reporter: Reporter,
    runner: BatchRunner,
    settings: Settings,
    catalog: Catalog,
    picker: gr.Dropdown,
) -> None:
    handlers = Handlers(waiter, runner, settings, catalog, BatchView(ui.strings))
    parts = _lay_out(ui, handlers)
    _connect(ui, reporter, handlers, parts, picker)


class Handlers:
    """What the events call: plain values in, component values out."""

    def __init__(
        self, waiter: Waiter, runner: BatchRunner, settings: Settings, catalog: Catalog, view: BatchView
    ) -> None:
        self._waiter, self._runner, self._catalog = waiter, runner, catalog
        self.settings, self.view = settings, view

    def idle(self, lang: str) -> str:
        return self.view.status("sentiment.batch_idle", lang, limit=f"{self.settings.max_batch_rows:,}")

    def open_file(self, file: str | None, lang: str) -> dict[str, Any]:
        """The columns of an uploaded table, with the guessed one chosen."""
        if not file:
            return gr.update(choices=[], value=None, interactive=False)
        frame = dataset.read_table(file, self.settings)
        return gr.update(choices=list(frame.columns), value=dataset.guess_text_column(frame), interactive=True)

    def example_file(self) -> str:
        """A copy among the uploads: Gradio serves no file from where the app happens to be installed."""
        self.settings.uploads.mkdir(parents=True, exist_ok=True)
        return str(shutil.copy(EXAMPLE_FILE, self.settings.uploads))

    def judge_lines(
        self, lines: str, model: str, lang: str, progress: Callable[..., Any] = gr.Progress()
    ) -> Iterator[Shown]:
        """Blank lines between pasted texts are only their distance."""
        yield from self._judge([line for line in (lines or "").splitlines() if line.strip()], model, lang, progress)

    def judge_file(
        self, file: str | None, column: str | None, model: str, lang: str, progress: Callable[..., Any] = gr.Progress()
    ) -> Iterator[Shown]:
        texts = batch.column_texts(dataset.read_table(file, self.settings), column or "")
        yield from self._judge(texts, model, lang, progress)

    def stopped(self, lang: str) -> tuple[str, dict[str, Any]]:
        return self.view.status("sentiment.batch_stopped", lang), gr.update(interactive=False)

    def redraw(self, shown: BatchOverview | None, lang: str) -> tuple[str, str]:
        status = self.view.status("sentiment.batch_ready", lang) if shown else self.idle(lang)
        return status, self.view.result(shown, lang)

    def _judge(self, texts: Sequence[str], model: str, lang: str, progress: Callable[..., Any]) -> Iterator[Shown]:
        """Closing it, as the stop button and a closed page do, ends the work after the piece in hand."""
        steps = batch.classify_steps(self._runner, texts, model, self.settings)
        try:
            with closing(self._waiter.stream(steps, model, lang, progress)) as told:
                for step in told:
                    yield (
                        self._finished(step, model, lang)
                        if isinstance(step, BatchResult)
                        else self._under_way(step, lang)
                    )
        except Exception:  # the toast will say what was wrong; the status line must not go on counting
            yield self.idle(lang), gr.update(interactive=False), gr.skip(), gr.skip(), gr.skip()
            raise

    def _under_way(self, step: BatchProgress, lang: str) -> Shown:
        return self.view.progress(step, lang), gr.update(interactive=True), gr.skip(), gr.skip(), gr.skip()

    def _finished(self, result: BatchResult, model: str, lang: str) -> Shown:
        shown = overview(result, self._catalog.find(model, TASK).labels)
        path = batch.write_csv(result, self.settings.uploads)
        status, drawn = self.redraw(shown, lang)
        return status, gr.update(interactive=False), shown, drawn, gr.update(value=str(path), interactive=True)


@dataclass(frozen=True)
class _Parts:
    lines: gr.Textbox
    run_lines: gr.Button
    file: gr.File
    example: gr.Button
    column: gr.Dropdown
    run_file: gr.Button
    status: gr.HTML
    stop: gr.Button
    result: gr.HTML
    download: gr.DownloadButton


def _lay_out(ui: Localizer, handlers: Handlers) -> _Parts:
    with gr.Row(equal_height=False):
        with gr.Column(min_width=220):
            words = {"label": "sentiment.lines", "placeholder": "sentiment.lines_hint"}
            lines = ui.make(gr.Textbox, words, lines=8, max_lines=12, elem_id="tea-batch-lines")
            run_lines = ui.make(gr.Button, {"value": "sentiment.run_lines"}, elem_id="tea-batch-run-lines")
        with gr.Column(min_width=220):
            file = ui.make(
                gr.File, {"label": "sentiment.file"}, file_types=list(SUFFIXES), height=120, elem_id="tea-batch-file"
            )
            column = ui.make(
                gr.Dropdown,
                {"label": "sentiment.column", "info": "sentiment.column_info"},
                choices=[],
                interactive=False,
                elem_id="tea-batch-column",
            )
            run_file = ui.make(gr.Button, {"value": "sentiment.run_file"}, elem_id="tea-batch-run-file")
            example = ui.make(gr.Button, {"value": "sentiment.example_file"}, size="sm", elem_id="tea-batch-example")
    with gr.Row(equal_height=False, elem_classes="tea-status-row"):
        status = gr.HTML(handlers.idle(DEFAULT), elem_id="tea-batch-status", elem_classes="tea-status-box")
        stop = ui.make(
            gr.Button,
            {"value": "common.stop"},
            interactive=False,
            size="sm",
            scale=0,
            min_width=90,
            elem_id="tea-batch-stop",
        )
    result = gr.HTML("", elem_id="tea-batch-result", elem_classes="tea-batch-box")
    download = ui.make(
        gr.DownloadButton, {"label": "sentiment.download"}, interactive=False, size="sm", elem_id="tea-batch-download"
    )
    return _Parts(lines, run_lines, file, example, column, run_file, status, stop, result, download)


def _connect(ui: Localizer, reporter: Reporter, handlers: Handlers, parts: _Parts, picker: gr.Dropdown) -> None:
    shown = gr.State(None)
    job = {
        "outputs": [parts.status, parts.stop, shown, parts.result, parts.download],
        "show_progress_on": parts.status,
        "concurrency_limit": handlers.settings.concurrency,
        "concurrency_id": "sentiment-batch",
        "api_visibility": "private",
    }
    judge_file, from_file = reporter.said(handlers.judge_file), [parts.file, parts.column, picker, ui.lang]
    open_file = reporter.said(handlers.open_file)
    opened = parts.example.click(handlers.example_file, None, parts.file, **_AT_ONCE).then(
        open_file, [parts.file, ui.lang], parts.column, **_QUIET
    )
    jobs = [
        parts.run_lines.click(reporter.said(handlers.judge_lines), [parts.lines, picker, ui.lang], **job),
        parts.run_file.click(judge_file, from_file, **job),
        opened.then(judge_file, from_file, **job),
    ]
    parts.file.upload(open_file, [parts.file, ui.lang], parts.column, **_QUIET)
    parts.file.clear(open_file, [parts.file, ui.lang], parts.column, **_QUIET)
    parts.stop.click(handlers.stopped, ui.lang, [parts.status, parts.stop], cancels=jobs, **_AT_ONCE)
    ui.lang.change(handlers.redraw, [shown, ui.lang], [parts.status, parts.result], **_AT_ONCE)
