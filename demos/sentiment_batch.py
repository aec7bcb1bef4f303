"""Many texts at once: pasted lines or an uploaded table in, a chart, the first rows and a csv out; can be stopped.

Sits below the Sentiment tab and uses the model chosen there.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from typing import Any

import gradio as gr

from demos import texts_desk
from demos.errors import Reporter
from demos.i18n import ASSETS, DEFAULT, Localizer
from demos.sentiment_batch_view import BatchOverview, BatchView, overview
from demos.waiting import Waiter
from models import batch
from models.batch import BatchProgress, BatchResult, BatchRunner
from models.catalog import Catalog
from models.finetune import dataset
from models.sentiment import TASK
from models.settings import Settings

EXAMPLE_FILE = ASSETS / "examples" / "reviews.csv"
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
    desk = texts_desk.lay_out(ui, "batch", "sentiment", handlers.idle(DEFAULT))
    asked, shown = [picker, ui.lang], gr.State(None)
    works = handlers.judge_lines, handlers.judge_file
    texts_desk.connect(desk, reporter, handlers, *works, asked, shown, ui.lang, settings.concurrency)
    redrawn = [desk.status, desk.result]
    ui.lang.change(
        handlers.redraw, [shown, ui.lang], redrawn, queue=False, show_progress="hidden", api_visibility="private"
    )


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
