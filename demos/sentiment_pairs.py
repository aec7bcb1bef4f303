"""The view "pairs" of the Sentiment tab: the visitor's sentence changed in one place at a time, and what the model makes of it.

Knows the runner by what it returns.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import gradio as gr

from demos import opening
from demos.errors import Reporter
from demos.i18n import DEFAULT, Localizer
from demos.sentiment_pairs_view import PairsView
from demos.sentiment_subject import Subject, text_and_model
from demos.sentiment_view import Answer
from demos.waiting import Waiter
from models.catalog import Catalog
from models.pair_check import LONGEST, PairCheck, Runner, check_pairs
from models.sentiment import TASK
from models.settings import Settings

_AT_ONCE = {"queue": False, "show_progress": "hidden", "api_visibility": "private"}


@dataclass(frozen=True)
class Checked:
    """What the page remembers."""

    labels: str | None  # of ModelSpec: assets/labels/<labels>.json
    found: PairCheck


class Handlers:
    """What the events call: plain values in, component values out."""

    def __init__(self, waiter: Waiter, runner: Runner, catalog: Catalog, view: PairsView) -> None:
        self._waiter, self._runner, self._catalog, self.view = waiter, runner, catalog, view

    def check(
        self, answer: Answer | None, text: str, model: str, lang: str, progress: Callable[..., Any] = gr.Progress()
    ) -> Iterator[tuple[Any, Any]]:
        text, model = text_and_model(answer, text, model)
        if not text.strip():
            yield None, self.redraw(None, lang)
            return
        if len(text.strip()) > LONGEST:  # said where the table would stand, which is of another text
            yield None, self.view.too_long(LONGEST, lang)
            return
        found = self._waiter.run(lambda: check_pairs(self._runner, text, model), model, lang, progress)
        checked = Checked(self._catalog.find(model, TASK).labels, found)
        yield checked, self.redraw(checked, lang)

    def redraw(self, checked: Checked | None, lang: str) -> str:
        """The same in another language."""
        return self.view.drawn(checked and checked.found, checked and checked.labels, lang)


def build(
    ui: Localizer,
    waiter: Waiter,
    reporter: Reporter,
    runner: Runner,
    settings: Settings,
    catalog: Catalog,
    subject: Subject,
) -> None:
    handlers = Handlers(waiter, runner, catalog, PairsView(ui.strings))
    with opening.view(ui, "pairs") as view:
        drawn = gr.HTML(handlers.redraw(None, DEFAULT), elem_id="tea-pairs", elem_classes="tea-pairs-box")
    checked = gr.State(None)
    opening.connect(
        view,
        reporter.said(handlers.check),
        [*subject.inputs, ui.lang],
        [checked, drawn],
        follows=[subject.answer.change],
        show_progress_on=drawn,
        concurrency_limit=settings.concurrency,
        concurrency_id="sentiment",
        api_visibility="private",
    )
    ui.lang.change(handlers.redraw, [checked, ui.lang], drawn, **_AT_ONCE)
