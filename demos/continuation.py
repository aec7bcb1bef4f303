"""Continuing a text: the visitor's words, then the model's, told apart. Knows nothing of how a text is continued."""

from __future__ import annotations

import html
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import gradio as gr

from demos import continuation_decoding, continuation_surprise, continuation_tokens
from demos.i18n import DEFAULT
from demos.streaming import AT_ONCE, QUEUED, Desk, allow_stop, connect_stop, seed_note, stop_button
from demos.text_examples import text_examples
from models.sampling import GenerationOptions

_OPENING = 2  # of the examples: the one in the box when the page opens, prose rather than verse


@dataclass(frozen=True)
class Shown:
    """What the page remembers of a continued text."""

    prompt: str
    written: str
    options: GenerationOptions  # with the seed that was used
    model: str = ""
    ids: tuple[int, ...] = ()  # of the tokens written
    finished: bool = False


@dataclass(frozen=True)
class ContinuationParts:
    prompt: gr.Textbox
    run: gr.Button
    stop: gr.Button
    examples: gr.Dataset
    result: gr.HTML


class Handlers:
    """What the events call: plain values in, component values out."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def write(
        self,
        prompt: str,
        model: str,
        lang: str,
        progress: Callable[..., Any] = gr.Progress(),
        *sampling: float,
    ) -> Iterator[tuple[Shown, str]]:
        """The text so far as data and drawn."""
        options = self._desk.sampling.options(*sampling)
        shown = Shown(prompt, "", options, model)
        ids: list[int] = []
        texts = self._desk.runner.stream(prompt, model, options, written=ids)
        for text in self._desk.read(texts, model, lang, progress):
            shown = replace(shown, written=text[len(prompt) :], ids=tuple(ids))
            yield shown, self.draw(shown, lang)
        shown = replace(shown, finished=True)
        yield shown, self.draw(shown, lang)

    def draw(self, shown: Shown | None, lang: str) -> str:
        """The prompt in grey ink, what was written in black; one quiet line under them."""
        say = self._desk.ui.strings.text
        if shown is None:
            return f'<div class="tea-empty">{say("continue.nothing_yet", lang)}</div>'
        written = html.escape(shown.written)
        if shown.finished and not shown.written:
            written = f'<span class="tea-muted">{say("generation.nothing_written", lang)}</span>'
        text = f'<span class="tea-given">{html.escape(shown.prompt)}</span><span class="tea-written">{written}</span>'
        note = html.escape(seed_note(self._desk, shown.options.seed, lang))
        return f'<div class="tea-prose">{text}</div><div class="tea-quiet-line">{note}</div>'


def build(desk: Desk, examples: list[str], surprising: list[str]) -> ContinuationParts:
    """Lays it out and connects it. Call it inside its gr.Tab. surprising: texts to be measured."""
    handlers = Handlers(desk)
    parts = _lay_out(desk, handlers, examples)
    finished = _connect(desk, handlers, parts, examples)
    continuation_tokens.build(desk, parts.prompt, finished)
    continuation_decoding.build(desk, desk.explainers.decodings, parts.prompt, finished)
    continuation_surprise.build(desk, desk.explainers.perplexity, finished, surprising)
    return parts


def _lay_out(desk: Desk, handlers: Handlers, examples: list[str]) -> ContinuationParts:
    ui = desk.ui
    with gr.Row(equal_height=False):
        with gr.Column(scale=4, min_width=300):
            prompt = ui.make(
                gr.Textbox,
                {"label": "continue.prompt", "info": "continue.prompt_info", "placeholder": "continue.prompt_hint"},
                value=examples[_OPENING],
                lines=5,
                max_lines=12,
                elem_id="tea-continue-prompt",
            )
            with gr.Row(elem_classes="tea-buttons"):
                run = ui.make(
                    gr.Button, {"value": "continue.run"}, variant="primary", scale=2, elem_id="tea-continue-run"
                )
                stop = stop_button(desk, "continue")
        with gr.Column(scale=6, min_width=300):
            result = gr.HTML(handlers.draw(None, DEFAULT), elem_id="tea-continue-result", elem_classes="tea-prose-box")
    samples = text_examples(ui, examples, "tea-continue-examples")
    return ContinuationParts(prompt, run, stop, samples, result)


def _connect(desk: Desk, handlers: Handlers, parts: ContinuationParts, examples: list[str]) -> gr.State:
    """Gives the State of the text as it stood when its writing had ended or was stopped."""
    shown, finished = gr.State(None), gr.State(None)
    asked = {
        "fn": desk.reporter.said(handlers.write),
        "inputs": [parts.prompt, desk.picker, desk.ui.lang, *desk.sampling.inputs],
        "outputs": [shown, parts.result],
        "show_progress_on": parts.result,
        **desk.work,
    }
    begins = [parts.run.click, parts.prompt.submit]
    allow_stop(parts.stop, [*begins, parts.examples.click])
    by_hand = gr.on(begins, **asked)
    filled = parts.examples.click(lambda index: examples[index], parts.examples, parts.prompt, **AT_ONCE)
    by_example = filled.then(**asked)
    connect_stop(parts.stop, [by_hand, by_example])
    for run in (by_hand, by_example):
        run.then(lambda ended: ended, shown, finished, **QUEUED)
    desk.ui.lang.change(handlers.draw, [shown, desk.ui.lang], parts.result, **AT_ONCE)
    return finished
