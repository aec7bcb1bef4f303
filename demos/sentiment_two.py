"""The view "two_models" of the Sentiment tab: another model beside the chosen one, on one text and on many.

The text is compared when the view is open; a batch when it is asked for. Knows the runner by what it returns.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import gradio as gr

from demos import opening, sentiment_batch
from demos.errors import Reporter
from demos.i18n import DEFAULT, Localizer
from demos.model_picker import model_picker
from demos.sentiment_batch_view import BatchView
from demos.sentiment_subject import Subject, text_and_model
from demos.sentiment_two_view import BatchSeen, Seen, TwoView, kept_rows
from demos.sentiment_view import Answer
from demos.waiting import Waiter
from models import batch, two_models
from models.batch import BatchRunner
from models.catalog import Catalog
from models.finetune import dataset
from models.finetune.table import SUFFIXES
from models.sentiment import TASK
from models.settings import Settings
from models.two_models import OTHER, BatchComparison

_AT_ONCE = {"queue": False, "show_progress": "hidden", "api_visibility": "private"}
_QUIET = {"show_progress": "hidden", "api_visibility": "private"}
Shown = tuple[str, Any, Any, Any, Any]  # values of: status, stop, what is remembered, result, download


class Handlers:
    """What the events call: plain values in, component values out."""

    def __init__(
        self,
        waiter: Waiter,
        runner: BatchRunner,
        settings: Settings,
        catalog: Catalog,
        view: TwoView,
        batches: BatchView,
    ) -> None:
        self._waiter, self._runner, self._catalog = waiter, runner, catalog
        self.settings, self.view, self._batches = settings, view, batches
        self.desk = sentiment_batch.Handlers(waiter, runner, settings, catalog, batches)

    def compare(
        self,
        answer: Answer | None,
        text: str,
        model: str,
        other: str,
        lang: str,
        progress: Callable[..., Any] = gr.Progress(),
    ) -> Iterator[tuple[Any, Any]]:
        text, model = text_and_model(answer, text, model)
        if not text.strip():
            yield None, self.view.text(None, lang)
            return
        found = self._waiter.run(lambda: two_models.compare(self._runner, text, model, other), other, lang, progress)
        seen = Seen((model, other), self._labels(model, other), found)
        yield seen, self.view.text(seen, lang)

    def compare_lines(
        self, lines: str, model: str, other: str, lang: str, progress: Callable[..., Any] = gr.Progress()
    ) -> Iterator[Shown]:
        texts = [line for line in (lines or "").splitlines() if line.strip()]
        yield from self._batch(texts, model, other, lang, progress)

    def compare_file(
        self,
        file: str | None,
        column: str | None,
        model: str,
        other: str,
        lang: str,
        progress: Callable[..., Any] = gr.Progress(),
    ) -> Iterator[Shown]:
        texts = batch.column_texts(dataset.read_table(file, self.settings), column or "")
        yield from self._batch(texts, model, other, lang, progress)

    def redraw(self, seen: Seen | None, many: BatchSeen | None, lang: str) -> tuple[str, str, str]:
        """The same in another language."""
        status = self._batches.status("sentiment.batch_ready", lang) if many else self.idle(lang)
        return self.view.text(seen, lang), status, self.view.batch(many, lang)

    def idle(self, lang: str) -> str:
        return self._batches.status("sentiment_two.batch_idle", lang, limit=f"{self.settings.max_batch_rows:,}")

    def _labels(self, model: str, other: str) -> tuple[str | None, str | None]:
        return self._catalog.find(model, TASK).labels, self._catalog.find(other, TASK).labels

    def _batch(
        self, texts: Sequence[str], model: str, other: str, lang: str, progress: Callable[..., Any]
    ) -> Iterator[Shown]:
        steps = two_models.compare_steps(self._runner, texts, model, other, self.settings)
        try:
            with closing(self._waiter.stream(steps, model, lang, progress)) as told:
                for step in told:
                    if isinstance(step, BatchComparison):
                        yield self._finished(step, model, other, lang)
                    else:
                        drawn = self._batches.progress(step, lang)
                        yield drawn, gr.update(interactive=True), gr.skip(), gr.skip(), gr.skip()
        except Exception:  # the toast will say what was wrong; the status line must not go on counting
            yield self.idle(lang), gr.update(interactive=False), gr.skip(), gr.skip(), gr.skip()
            raise

    def _finished(self, found: BatchComparison, model: str, other: str, lang: str) -> Shown:
        path = two_models.write_csv(found, self.settings.uploads)
        many = BatchSeen(found.summary, self._labels(model, other), kept_rows(found))
        _, status, drawn = self.redraw(None, many, lang)
        return status, gr.update(interactive=False), many, drawn, gr.update(value=str(path), interactive=True)


def build(
    ui: Localizer,
    waiter: Waiter,
    reporter: Reporter,
    runner: BatchRunner,
    settings: Settings,
    catalog: Catalog,
    subject: Subject,
) -> gr.Dropdown:
    """Gives the second picker."""
    handlers = Handlers(waiter, runner, settings, catalog, TwoView(ui.strings), BatchView(ui.strings))
    with opening.view(ui, "two_models") as view:
        parts = _lay_out(ui, handlers, catalog, settings)
    _connect(ui, reporter, handlers, parts, view, subject)
    return parts.other


@dataclass(frozen=True)
class _Parts:
    other: gr.Dropdown
    drawn: gr.HTML
    lines: gr.Textbox
    run_lines: gr.Button
    file: gr.File
    column: gr.Dropdown
    run_file: gr.Button
    example: gr.Button
    status: gr.HTML
    stop: gr.Button
    result: gr.HTML
    download: gr.DownloadButton


def _lay_out(ui: Localizer, handlers: Handlers, catalog: Catalog, settings: Settings) -> _Parts:
    other = model_picker(ui, catalog, settings, TASK, OTHER, "sentiment_two.other")
    drawn = gr.HTML(handlers.view.text(None, DEFAULT), elem_id="tea-two", elem_classes="tea-two-box")
    ui.make(gr.HTML, {"value": handlers.view.batch_title}, elem_classes="tea-two-title")
    with gr.Row(equal_height=False):
        with gr.Column(min_width=220):
            words = {"label": "sentiment.lines", "placeholder": "sentiment.lines_hint"}
            lines = ui.make(gr.Textbox, words, lines=6, max_lines=12, elem_id="tea-two-lines")
            run_lines = ui.make(gr.Button, {"value": "sentiment_two.run_lines"}, elem_id="tea-two-run-lines")
        with gr.Column(min_width=220):
            file = ui.make(
                gr.File,
                {"label": "sentiment.file"},
                file_types=list(SUFFIXES),
                height=120,
                elem_id="tea-two-file",
            )
            column = ui.make(
                gr.Dropdown,
                {"label": "sentiment.column", "info": "sentiment.column_info"},
                choices=[],
                interactive=False,
                elem_id="tea-two-column",
            )
            run_file = ui.make(gr.Button, {"value": "sentiment_two.run_file"}, elem_id="tea-two-run-file")
            example = ui.make(gr.Button, {"value": "sentiment.example_file"}, size="sm", elem_id="tea-two-example")
    with gr.Row(equal_height=False, elem_classes="tea-status-row"):
        status = gr.HTML(handlers.idle(DEFAULT), elem_id="tea-two-status", elem_classes="tea-status-box")
        stop = ui.make(
            gr.Button,
            {"value": "common.stop"},
            interactive=False,
            size="sm",
            scale=0,
            min_width=90,
            elem_id="tea-two-stop",
        )
    result = gr.HTML("", elem_id="tea-two-result", elem_classes="tea-batch-box")
    download = ui.make(
        gr.DownloadButton, {"label": "sentiment.download"}, interactive=False, size="sm", elem_id="tea-two-download"
    )
    return _Parts(other, drawn, lines, run_lines, file, column, run_file, example, status, stop, result, download)


def _connect(
    ui: Localizer, reporter: Reporter, handlers: Handlers, parts: _Parts, view: opening.View, subject: Subject
) -> None:
    seen, many = gr.State(None), gr.State(None)
    work = {"concurrency_limit": handlers.settings.concurrency, "api_visibility": "private"}
    opening.connect(
        view,
        reporter.said(handlers.compare),
        [*subject.inputs, parts.other, ui.lang],
        [seen, parts.drawn],
        follows=[subject.answer.change, parts.other.input],
        show_progress_on=parts.drawn,
        concurrency_id="sentiment",
        **work,
    )
    _connect_batch(ui, reporter, handlers, parts, many, subject.picker)
    shown = [parts.drawn, parts.status, parts.result]
    ui.lang.change(handlers.redraw, [seen, many, ui.lang], shown, **_AT_ONCE)


def _connect_batch(
    ui: Localizer, reporter: Reporter, handlers: Handlers, parts: _Parts, many: gr.State, picker: gr.Dropdown
) -> None:
    job = {
        "outputs": [parts.status, parts.stop, many, parts.result, parts.download],
        "show_progress_on": parts.status,
        "concurrency_limit": handlers.settings.concurrency,
        "concurrency_id": "sentiment-batch",
        "api_visibility": "private",
    }
    models = [picker, parts.other, ui.lang]
    compare_file = reporter.said(handlers.compare_file)
    from_file = [parts.file, parts.column, *models]
    open_file = reporter.said(handlers.desk.open_file)
    opened = parts.example.click(handlers.desk.example_file, None, parts.file, **_AT_ONCE).then(
        open_file, [parts.file, ui.lang], parts.column, **_QUIET
    )
    jobs = [
        parts.run_lines.click(reporter.said(handlers.compare_lines), [parts.lines, *models], **job),
        parts.run_file.click(compare_file, from_file, **job),
        opened.then(compare_file, from_file, **job),
    ]
    gr.on([parts.file.upload, parts.file.clear], open_file, [parts.file, ui.lang], parts.column, **_QUIET)
    parts.stop.click(handlers.desk.stopped, ui.lang, [parts.status, parts.stop], cancels=jobs, **_AT_ONCE)
