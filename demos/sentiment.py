"""The Sentiment tab: a Chinese text in, its leaning out; below it views that open the answer, and the same for many texts.

Knows the runner by what it returns, never how it computes.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import gradio as gr

from demos import sentiment_attention, sentiment_batch, sentiment_pairs, sentiment_two, sentiment_words
from demos.errors import Reporter
from demos.i18n import ASSETS, DEFAULT, Localizer
from demos.model_picker import model_picker
from demos.sentiment_subject import Subject
from demos.sentiment_view import Answer, SentimentView
from demos.sentiment_words import TextExplainer
from demos.text_examples import text_examples
from demos.waiting import Waiter
from models.batch import BatchRunner
from models.catalog import DEFAULTS, Catalog
from models.sentiment import TASK, Sentiment
from models.settings import Settings

EXAMPLES = ASSETS / "examples" / "sentiment.json"
_AT_ONCE = {"queue": False, "show_progress": "hidden", "api_visibility": "private"}
# On a phone the examples are below the result.
_SHOW_RESULT = (
    """() => document.getElementById('tea-sentiment-result').scrollIntoView({block: 'nearest', behavior: 'smooth'})"""
)


class Runner(BatchRunner, Protocol):
    def classify(self, text: str, model: str = "") -> Sentiment: ...


@dataclass(frozen=True)
class Example:
    text: str
    note: dict[str, str] = field(default_factory=dict)  # language -> what to watch


@dataclass(frozen=True)
class SentimentTab:
    """What other parts of the page reach for."""

    picker: gr.Dropdown
    other: gr.Dropdown  # the model that it is compared with
    text: gr.Textbox
    run: gr.Button


def build(
    ui: Localizer,
    waiter: Waiter,
    reporter: Reporter,
    runner: Runner,
    explainer: TextExplainer,
    attention: sentiment_attention.Reader,
    settings: Settings,
    catalog: Catalog,
) -> SentimentTab:
    """Lays the tab out and connects it. Call it inside its gr.Tab."""
    handlers = Handlers(waiter, runner, catalog, SentimentView(ui.strings), load_examples())
    parts = _lay_out(ui, handlers, catalog, settings)
    answer = _connect(ui, reporter, handlers, parts, settings)
    subject = Subject(answer, parts.text, parts.picker)
    sentiment_words.build(ui, waiter, reporter, explainer, settings, catalog, subject)
    sentiment_attention.build(ui, waiter, reporter, attention, settings, subject)
    sentiment_pairs.build(ui, waiter, reporter, runner, settings, catalog, subject)
    other = sentiment_two.build(ui, waiter, reporter, runner, settings, catalog, subject)
    with ui.make(gr.Accordion, {"label": "sentiment.batch"}, open=False):
        sentiment_batch.build(ui, waiter, reporter, runner, settings, catalog, parts.picker)
    return SentimentTab(parts.picker, other, parts.text, parts.run)


def load_examples(path: Path = EXAMPLES) -> list[Example]:
    """The bundled examples; the first one stands in the text box when the page opens."""
    entries = json.loads(path.read_text(encoding="utf-8"))
    return [Example(entry["text"], entry.get("note", {})) for entry in entries]


class Handlers:
    """What the events call: plain values in, component values out."""

    def __init__(
        self,
        waiter: Waiter,
        runner: Runner,
        catalog: Catalog,
        view: SentimentView,
        examples: list[Example],
    ) -> None:
        self._waiter, self._runner, self._catalog = waiter, runner, catalog
        self._notes = {example.text: example.note for example in examples}
        self.view, self.examples = view, examples

    def note(self, text: str, lang: str) -> str:
        """What to watch, while an example stands in the box."""
        return self.view.note(self._notes.get(text), lang)

    def classify(
        self, text: str, model: str, lang: str, progress: Callable[..., Any] = gr.Progress()
    ) -> tuple[Answer, str]:
        """The answer as data and drawn."""
        found = self._waiter.run(lambda: self._runner.classify(text, model), model, lang, progress)
        answer = Answer(text, model, self._catalog.find(model, TASK).labels, found)
        return answer, self.view.answer(answer, lang)

    def redraw(self, answer: Answer | None, text: str, lang: str) -> tuple[str, str]:
        """The same in another language."""
        return self.view.answer(answer, lang), self.note(text, lang)


@dataclass(frozen=True)
class _Parts:
    text: gr.Textbox
    run: gr.Button
    picker: gr.Dropdown
    examples: gr.Dataset
    note: gr.HTML
    result: gr.HTML


def _lay_out(ui: Localizer, handlers: Handlers, catalog: Catalog, settings: Settings) -> _Parts:
    first = handlers.examples[0].text
    with gr.Row(equal_height=False):
        with gr.Column(scale=1, min_width=260):
            words = {"label": "sentiment.text", "placeholder": "sentiment.text_hint"}
            text = ui.make(gr.Textbox, words, value=first, lines=5, max_lines=14, elem_id="tea-sentiment-text")
            note = gr.HTML(handlers.note(first, DEFAULT), elem_classes="tea-note-box")
            run = ui.make(gr.Button, {"value": "sentiment.run"}, variant="primary", elem_id="tea-sentiment-run")
            picker = model_picker(ui, catalog, settings, TASK, DEFAULTS[TASK])
        with gr.Column(scale=1, min_width=260):
            nothing = handlers.view.answer(None, DEFAULT)
            result = gr.HTML(nothing, elem_id="tea-sentiment-result", elem_classes="tea-result-box")
    samples = text_examples(ui, (example.text for example in handlers.examples), "tea-sentiment-examples")
    return _Parts(text, run, picker, samples, note, result)


def _connect(ui: Localizer, reporter: Reporter, handlers: Handlers, parts: _Parts, settings: Settings) -> gr.State:
    """The State of the answer."""
    answer = gr.State(None)
    work = {"concurrency_limit": settings.concurrency, "concurrency_id": "sentiment", "api_visibility": "private"}
    asked = {
        "fn": reporter.said(handlers.classify),
        "inputs": [parts.text, parts.picker, ui.lang],
        "outputs": [answer, parts.result],
        "show_progress_on": parts.result,
        **work,
    }
    gr.on([parts.run.click, parts.text.submit], **asked)
    filled = parts.examples.click(lambda index: handlers.examples[index].text, parts.examples, parts.text, **_AT_ONCE)
    filled.then(**asked).then(None, js=_SHOW_RESULT, api_visibility="private")
    parts.text.change(handlers.note, [parts.text, ui.lang], parts.note, trigger_mode="always_last", **_AT_ONCE)
    ui.lang.change(handlers.redraw, [answer, parts.text, ui.lang], [parts.result, parts.note], **_AT_ONCE)
    return answer
