"""The view "words" of the Sentiment tab: which words pushed the answer, by two methods, and a check of the first.

Knows the explainer by what it returns, never how it computes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import gradio as gr

from demos import opening
from demos.errors import Reporter
from demos.i18n import DEFAULT, Localizer
from demos.sentiment_subject import Subject, text_and_model
from demos.sentiment_view import Answer
from demos.sentiment_words_view import WordsView
from demos.waiting import Waiter
from models.catalog import Catalog
from models.progress import Progress
from models.sentiment import TASK
from models.settings import Settings

if TYPE_CHECKING:
    from models.explain_text import TextExplanation

_AT_ONCE = {"queue": False, "show_progress": "hidden", "api_visibility": "private"}


class TextExplainer(Protocol):
    def steps(self, text: str, model: str = "") -> Iterator[Progress | TextExplanation]: ...


@dataclass(frozen=True)
class Explained:
    """What the page remembers of an explanation."""

    labels: str | None  # of ModelSpec: assets/labels/<labels>.json
    explanation: TextExplanation


class Handlers:
    """What the events call: plain values in, component values out."""

    def __init__(self, waiter: Waiter, explainer: TextExplainer, catalog: Catalog, view: WordsView) -> None:
        self._waiter, self._explainer, self._catalog, self.view = waiter, explainer, catalog, view

    def explain(
        self,
        answer: Answer | None,
        text: str,
        model: str,
        lang: str,
        progress: Callable[..., Any] = gr.Progress(),
    ) -> Iterator[tuple[Any, Any]]:
        """Yields between the steps, so that it can be stopped there."""
        text, model = text_and_model(answer, text, model)
        if not text.strip():
            yield None, self.view.reasons(None, None, lang)
            return
        for found in self._waiter.follow(self._explainer.steps(text, model), model, lang, progress):
            if found is None:
                yield gr.skip(), gr.skip()
                continue
            explained = Explained(self._catalog.find(model, TASK).labels, found)
            yield explained, self.redraw(explained, lang)

    def redraw(self, explained: Explained | None, lang: str) -> str:
        """The same in another language."""
        return self.view.reasons(explained and explained.explanation, explained and explained.labels, lang)


def build(
    ui: Localizer,
    waiter: Waiter,
    reporter: Reporter,
    explainer: TextExplainer,
    settings: Settings,
    catalog: Catalog,
    subject: Subject,
) -> None:
    handlers = Handlers(waiter, explainer, catalog, WordsView(ui.strings))
    with opening.view(ui, "words") as view:
        reasons = gr.HTML(handlers.redraw(None, DEFAULT), elem_id="tea-sentiment-reasons", elem_classes="tea-why-box")
    explained = gr.State(None)
    opening.connect(
        view,
        reporter.said(handlers.explain),
        [*subject.inputs, ui.lang],
        [explained, reasons],
        follows=[subject.answer.change],
        show_progress_on=reasons,
        concurrency_limit=settings.concurrency,
        concurrency_id="sentiment",
        api_visibility="private",
    )
    ui.lang.change(handlers.redraw, [explained, ui.lang], reasons, **_AT_ONCE)
