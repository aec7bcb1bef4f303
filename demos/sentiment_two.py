"""The view "two_models" of the Sentiment tab: another model beside the chosen one, on one text and on many.

The text is compared when the view is open; a batch when it is asked for. Knows the runner by what it returns.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from typing import Any

import gradio as gr

from demos import opening, sentiment_batch, texts_desk
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
from models.sentiment import TASK
from models.settings import Settings
from models.two_models import OTHER, BatchComparison

_AT_ONCE = {"queue": False, "show_progress": "hidden", "api_visibility": "private"}
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
        self.files = sentiment_batch.Handlers(waiter, runner, settings, catalog, batches)

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

    def folded(self, lang: str) -> tuple[str, dict[str, Any]]:
        """The status of a batch that folding the view has given up, if there was one."""
        return self.idle(lang), gr.update(interactive=False)

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
        other = model_picker(ui, catalog, settings, TASK, OTHER, "sentiment_two.other")
        drawn = gr.HTML(handlers.view.text(None, DEFAULT), elem_id="tea-two", elem_classes="tea-two-box")
        ui.make(gr.HTML, {"value": handlers.view.batch_title}, elem_classes="tea-two-title")
        desk = texts_desk.lay_out(ui, "two", "sentiment_two", handlers.idle(DEFAULT))
    seen, many = gr.State(None), gr.State(None)
    opening.connect(
        view,
        reporter.said(handlers.compare),
        [*subject.inputs, other, ui.lang],
        [seen, drawn],
        follows=[subject.answer.change, other.input],
        show_progress_on=drawn,
        concurrency_limit=settings.concurrency,
        concurrency_id="sentiment",
        api_visibility="private",
    )
    asked, works = [subject.picker, other, ui.lang], (handlers.compare_lines, handlers.compare_file)
    jobs = texts_desk.connect(desk, reporter, handlers.files, *works, asked, many, ui.lang, settings.concurrency)
    view.box.collapse(handlers.folded, ui.lang, [desk.status, desk.stop], cancels=jobs, **_AT_ONCE)
    ui.lang.change(handlers.redraw, [seen, many, ui.lang], [drawn, desk.status, desk.result], **_AT_ONCE)
    return other
