"""The view «surprise»: a pasted text, or the one written last, and where it surprised the model.

Knows nothing of how surprise is measured.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from typing import TYPE_CHECKING, Any, Protocol

import gradio as gr

from demos import opening
from demos.streaming import AT_ONCE, QUEUED, Desk
from demos.surprise_view import Measured, SurpriseView
from demos.text_examples import text_examples
from models.perplexity import Reading
from models.progress import Progress

if TYPE_CHECKING:
    from demos.continuation import Shown


class Reader(Protocol):
    def measure(self, text: str, model: str) -> Iterator[Progress | Reading]: ...


class Handlers:
    """What the events call: plain values in, component values out."""

    def __init__(self, desk: Desk, reader: Reader) -> None:
        self._desk, self._reader = desk, reader
        self._view = SurpriseView(desk.ui.strings)

    def measure(
        self, text: str, model: str, lang: str, progress: Callable[..., Any] = gr.Progress()
    ) -> Iterator[tuple[Measured | dict, str | dict]]:
        """What of the text surprised the model, as data and drawn."""
        steps = self._reader.measure(text or "", model)
        with closing(self._desk.waiter.follow(steps, model, lang, progress)) as read:
            for reading in read:
                if reading is None:
                    yield gr.skip(), gr.skip()
                else:
                    measured = Measured(reading, model)
                    yield measured, self._view.draw(measured, lang)

    def draw(self, measured: Measured | None, lang: str) -> str:
        return self._view.draw(measured, lang)


def build(desk: Desk, reader: Reader, finished: gr.State, examples: list[str]) -> opening.View:
    """Lays the view out and connects it. finished: the text that was written last, of demos.continuation."""
    handlers, ui = Handlers(desk, reader), desk.ui
    measured, asked = gr.State(None), gr.State(0)
    with opening.view(ui, "surprise") as view:
        text = ui.make(
            gr.Textbox,
            {"label": "surprise.text"},
            value=examples[0],
            lines=3,
            max_lines=10,
            elem_id="tea-surprise-text",
        )
        with gr.Row(elem_classes="tea-buttons"):
            run = ui.make(gr.Button, {"value": "surprise.run"}, size="sm", elem_id="tea-surprise-run")
            take = ui.make(
                gr.Button, {"value": "surprise.take"}, size="sm", interactive=False, elem_id="tea-surprise-take"
            )
        samples = text_examples(ui, examples, "tea-surprise-examples")
        drawn = gr.HTML(elem_id="tea-surprise", elem_classes="tea-surprise-box")
    opening.connect(
        view,
        desk.reporter.said(handlers.measure),
        [text, desk.picker, ui.lang],
        [measured, drawn],
        follows=[run.click, asked.change],
        **desk.work,
        show_progress_on=drawn,
    )
    samples.click(lambda index, count: (examples[index], count + 1), [samples, asked], [text, asked], **QUEUED)
    take.click(_taken, [finished, asked], [text, asked], **QUEUED)
    finished.change(lambda shown: gr.update(interactive=bool(shown and shown.written)), finished, take, **QUEUED)
    ui.lang.change(handlers.draw, [measured, ui.lang], drawn, **AT_ONCE)
    return view


def _taken(shown: Shown | None, count: int) -> tuple[str | dict, int]:
    return (f"{shown.prompt}{shown.written}", count + 1) if shown else (gr.skip(), count)
