"""The view «tokens»: every token of a continued text, what else might have stood there, and branches from it.

Opened, it looks at the text that was written last, or has one written. A click on a token shows its alternatives, a
click on one of these writes a branch; the branches stay, and one goes back to any of them. Knows nothing of how a text is
traced.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol

import gradio as gr

from demos import opening
from demos.streaming import AT_ONCE, Desk
from demos.tokens_view import Branch, Looked, TokensView
from models.errors import BadInput
from models.progress import Progress
from models.sampling import GenerationOptions
from models.tracing import Trace, Written

if TYPE_CHECKING:
    from demos.continuation import Shown

_MOST_BRANCHES = 12  # that a visitor keeps; the oldest but the first goes
_UNASKED = 60  # tokens of a text that the view has written itself
# A click names what it was on; keyboards click buttons too.
_CLICKS = """element.addEventListener('click', (event) => {
  const button = event.target.closest('[data-token], [data-id], [data-branch]');
  if (button) trigger('click', {...button.dataset});
});"""


class TextTracer(Protocol):
    def trace(
        self, prompt: str, model: str, options: GenerationOptions, prefix: list[int], *, is_whole: bool
    ) -> Iterator[Written | Progress | Trace]: ...


class Handlers:
    """What the events call: plain values in, component values out."""

    def __init__(self, desk: Desk, tracer: TextTracer) -> None:
        self._desk, self._tracer = desk, tracer
        self.view = TokensView(desk.ui.strings)

    def look(
        self,
        shown: Shown | None,
        prompt: str,
        model: str,
        lang: str,
        progress: Callable[..., Any] = gr.Progress(),
        *sampling: float,
    ) -> Iterator[tuple[Looked | dict, str]]:
        """The tokens of the text that was written last; where none was, of one written now."""
        if shown is not None and shown.ids:
            asked = _Asked(shown.prompt, shown.model, shown.options, [*shown.ids], is_whole=True)
        else:
            options = self._desk.sampling.options(*sampling)
            options = replace(options, max_new_tokens=min(options.max_new_tokens, _UNASKED))
            asked = _Asked(prompt, model, options)
        for trace in self._traced(asked, lang, progress):
            if isinstance(trace, str):
                yield gr.skip(), self.view.writing(asked.prompt, trace[len(asked.prompt) :])
            elif trace is None:
                yield gr.skip(), gr.skip()
            else:
                looked = Looked(asked.model, asked.options, (Branch(trace),), chosen=_doubtful(trace))
                yield looked, self.view.draw(looked, lang)

    def click(
        self, looked: Looked | None, lang: str, event: gr.EventData, progress: Callable[..., Any] = gr.Progress()
    ) -> Iterator[tuple[Looked | dict, str]]:
        """A click in the view: on a token, on one of its alternatives, on a branch."""
        clicked = {name: _number(event, name) for name in ("token", "id", "branch")}
        if looked is None or set(clicked.values()) == {None}:
            return
        if clicked["id"] is not None:
            yield from self._branch(looked, clicked["id"], lang, progress)
            return
        if clicked["branch"] is not None:
            looked = looked.at(clicked["branch"])
        else:
            looked = replace(looked, chosen=clicked["token"])
        yield looked, self.view.draw(looked, lang)

    def draw(self, looked: Looked | None, lang: str) -> str:
        return self.view.draw(looked, lang)

    def _branch(
        self, looked: Looked, token: int, lang: str, progress: Callable[..., Any]
    ) -> Iterator[tuple[Looked | dict, str]]:
        """The text up to the chosen token, the alternative, and what the model writes after it."""
        trace, place = looked.trace, looked.chosen
        if place is None or place >= len(trace.tokens):
            raise BadInput("errors.bad_branch", tokens=0, limit=len(trace.tokens), vocabulary=0)
        prefix = [*(one.id for one in trace.tokens[:place]), token]
        kept = trace.prompt + "".join(one.text for one in trace.tokens[:place])
        for grown in self._traced(_Asked(trace.prompt, looked.model, looked.options, prefix), lang, progress):
            if isinstance(grown, str):
                yield gr.skip(), self.view.writing(kept, grown[len(kept) :])
            elif grown is None:
                yield gr.skip(), gr.skip()
            else:
                branches = (*looked.branches, Branch(grown, looked.current, place))
                looked = looked.with_branches(branches, _MOST_BRANCHES)
                yield looked, self.view.draw(looked, lang)

    def _traced(self, asked: _Asked, lang: str, progress: Callable[..., Any]) -> Iterator[str | Trace | None]:
        """The growing text, None while it is looked at, the trace at last."""
        steps = self._tracer.trace(asked.prompt, asked.model, asked.options, asked.prefix, is_whole=asked.is_whole)
        with closing(self._desk.waiter.stream(steps, asked.model, lang, progress)) as pieces:
            for piece in pieces:
                if isinstance(piece, Written):
                    yield piece.text
                else:
                    yield None if isinstance(piece, Progress) else piece


@dataclass(frozen=True)
class _Asked:
    """A text to be traced."""

    prompt: str
    model: str
    options: GenerationOptions
    prefix: list[int] | tuple[()] = ()
    is_whole: bool = False


def build(desk: Desk, prompt: gr.Textbox, finished: gr.State) -> opening.View:
    """Lays the view out and connects it. finished: the text that was written last, of demos.continuation."""
    handlers = Handlers(desk, desk.explainers.tracer)
    looked = gr.State(None)
    with opening.view(desk.ui, "tokens") as view:
        drawn = gr.HTML(elem_id="tea-tokens", elem_classes="tea-tokens-box", js_on_load=_CLICKS)
    said, work = desk.reporter.said, {**desk.work, "show_progress_on": drawn}
    inputs = [finished, prompt, desk.picker, desk.ui.lang, *desk.sampling.inputs]
    opening.connect(view, said(handlers.look), inputs, [looked, drawn], follows=[finished.change], **work)
    clicked = drawn.click(said(handlers.click), [looked, desk.ui.lang], [looked, drawn], **work)
    view.box.collapse(None, None, None, cancels=[clicked], queue=False, api_visibility="private")
    desk.ui.lang.change(handlers.draw, [looked, desk.ui.lang], drawn, **AT_ONCE)
    return view


def _doubtful(trace: Trace) -> int | None:
    """The first token that had a real choice: it is shown opened, so that one sees what a click does."""
    written = [number for number, token in enumerate(trace.tokens) if token.text.strip()]
    return next((number for number in written if trace.tokens[number].kept < 0.5), written[0] if written else None)


def _number(event: gr.EventData, name: str) -> int | None:
    """What the page says was clicked; it is a visitor's to say, so only a number counts."""
    value = str(event._data.get(name, "") if isinstance(event._data, dict) else "")
    return int(value) if value.isdecimal() and len(value) < 10 else None
