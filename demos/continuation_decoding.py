"""The view «decoding»: one beginning continued in six ways, side by side. Knows nothing of how any of them works."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from typing import TYPE_CHECKING, Any, Protocol

import gradio as gr

from demos import opening
from demos.decoding_view import DecodingView
from demos.streaming import AT_ONCE, Desk
from models.decoding import LONGEST, Comparison, Writing

if TYPE_CHECKING:
    from demos.continuation import Shown

_LENGTH = 60  # tokens


class Comparer(Protocol):
    def compare(
        self, prompt: str, model: str, max_new_tokens: int, seed: int | None
    ) -> Iterator[Writing | Comparison]: ...


class Handlers:
    """What the events call: plain values in, component values out."""

    def __init__(self, desk: Desk, comparer: Comparer) -> None:
        self._desk, self._comparer = desk, comparer
        self._view = DecodingView(desk.ui.strings)

    def compare(
        self,
        shown: Shown | None,
        prompt: str,
        length: int,
        model: str,
        lang: str,
        progress: Callable[..., Any] = gr.Progress(),
        *sampling: float,
    ) -> Iterator[tuple[Comparison | dict, str]]:
        """The beginning in the box, in all ways, as they are written. With the seed of the text written above."""
        prompt = prompt or (shown.prompt if shown else "")
        options = self._desk.sampling.options(*sampling)
        seed = shown.options.seed if shown and shown.prompt == prompt else options.seed
        steps = self._comparer.compare(prompt, model, length, seed)
        drawn = self._drawn(steps, prompt, model, lang, progress)
        with closing(drawn):
            yield from drawn

    def draw(self, comparison: Comparison | None, lang: str) -> str:
        return self._view.draw(comparison, lang)

    def _drawn(
        self,
        steps: Iterator[Writing | Comparison],
        prompt: str,
        model: str,
        lang: str,
        progress: Callable[..., Any],
    ) -> Iterator[tuple[Comparison | dict, str]]:
        with closing(self._desk.read(steps, model, lang, progress)) as read:
            for step in read:
                if isinstance(step, Comparison):
                    yield step, self._view.draw(step, lang)
                else:
                    yield gr.skip(), self._view.writing(prompt, step.texts, step.growing, lang)


def build(desk: Desk, comparer: Comparer, prompt: gr.Textbox, finished: gr.State) -> opening.View:
    """Lays the view out and connects it. finished: the text that was written last, of demos.continuation."""
    handlers, ui = Handlers(desk, comparer), desk.ui
    compared = gr.State(None)
    with opening.view(ui, "decoding") as view:
        with gr.Row(equal_height=False):
            length = ui.make(
                gr.Slider,
                {"label": "decoding.length"},
                minimum=20,
                maximum=LONGEST,
                value=_LENGTH,
                step=10,
                min_width=240,
                elem_id="tea-decoding-length",
            )
            run = ui.make(gr.Button, {"value": "decoding.run"}, size="sm", elem_id="tea-decoding-run", min_width=200)
        drawn = gr.HTML(elem_id="tea-decoding", elem_classes="tea-decoding-box")
    opening.connect(
        view,
        desk.reporter.said(handlers.compare),
        [finished, prompt, length, desk.picker, ui.lang, *desk.sampling.inputs],
        [compared, drawn],
        follows=[run.click, finished.change],
        **desk.work,
        show_progress_on=drawn,
    )
    ui.lang.change(handlers.draw, [compared, ui.lang], drawn, **AT_ONCE)
    return view
