"""The view "attention" of the Sentiment tab: which token looks at which in a layer and head, and how that comes about.

Another layer is read anew, which takes some hundredths of a second; another head or token is drawn from what the page
remembers. Knows the reader by what it returns, never how it computes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol

import gradio as gr

from demos import opening
from demos.errors import Reporter
from demos.i18n import DEFAULT, Localizer
from demos.sentiment_attention_view import AttentionView
from demos.sentiment_subject import Subject, text_and_model
from demos.sentiment_view import Answer
from demos.waiting import Waiter
from models.settings import Settings

if TYPE_CHECKING:
    from models.attention import Attention

MEAN = 0  # of all heads; the heads themselves are counted from 1
PATTERNS = ("answer", "next", "previous", "rest")
_AT_ONCE = {"queue": False, "show_progress": "hidden", "api_visibility": "private"}
_CHOOSE_TOKEN = """element.addEventListener('click', function (event) {
  var token = event.target.closest('[data-token]');
  if (token) trigger('select', {index: Number(token.dataset.token)});
});"""


class Reader(Protocol):
    def look(self, text: str, model: str = "", layer: int | None = None) -> Attention: ...


@dataclass(frozen=True)
class Seen:
    """What the page remembers: all that a picture is drawn from."""

    text: str
    model: str
    attention: Attention
    head: int  # counted from 1, or MEAN
    token: int = 0  # the place of the one that looks


class Handlers:
    """What the events call: plain values in, component values out. Layers and heads are counted from 1."""

    def __init__(self, waiter: Waiter, reader: Reader, view: AttentionView) -> None:
        self._waiter, self._reader, self.view = waiter, reader, view

    def look(
        self, answer: Answer | None, text: str, model: str, lang: str, progress: Callable[..., Any] = gr.Progress()
    ) -> Iterator[tuple[Any, ...]]:
        """The layer and head that looks from the first token at few words; the controls follow the model and the text."""
        text, model = text_and_model(answer, text, model)
        if not text.strip():
            yield None, self.redraw(None, lang), gr.skip(), gr.skip(), gr.skip(), gr.skip()
            return
        found = self._waiter.run(lambda: self._reader.look(text, model), model, lang, progress)
        head = found.patterns["answer"][1] + 1
        yield (
            *self._seen(Seen(text, model, found, head), lang),
            gr.update(value=found.layer + 1, maximum=found.layers),
            gr.update(value=head, choices=self.view.head_choices(found.heads, lang)),
            gr.update(value=0, choices=self.view.token_choices(found)),
            "answer",
        )

    def choose_layer(self, seen: Seen | None, layer: int, lang: str) -> tuple[Any, Any]:
        if seen is None:
            return gr.skip(), gr.skip()
        found = self._reader.look(seen.text, seen.model, int(layer) - 1)
        return self._seen(replace(seen, attention=found), lang)

    def choose_pattern(self, seen: Seen | None, pattern: str, lang: str) -> tuple[Any, ...]:
        """The head in which this text shows the pattern best."""
        if seen is None:
            return gr.skip(), gr.skip(), gr.skip(), gr.skip()
        layer, head = seen.attention.patterns[pattern]
        found = self._reader.look(seen.text, seen.model, layer)
        return *self._seen(replace(seen, attention=found, head=head + 1), lang), layer + 1, head + 1

    def choose_head(self, seen: Seen | None, head: int, lang: str) -> tuple[Any, Any]:
        return self._seen(seen and replace(seen, head=head), lang)

    def choose_token(self, seen: Seen | None, token: int, lang: str) -> tuple[Any, Any]:
        return self._seen(seen and replace(seen, token=token), lang)

    def click_token(self, seen: Seen | None, lang: str, event: gr.EventData) -> tuple[Any, Any, int]:
        """The token that was clicked in the picture."""
        token = int(event.index)
        return *self.choose_token(seen, token, lang), token

    def redraw(self, seen: Seen | None, lang: str) -> str:
        return self.view.drawn(seen.attention, seen.head, seen.token, lang) if seen else self.view.nothing(lang)

    def reword(self, seen: Seen | None, lang: str) -> tuple[str, dict[str, Any]]:
        """The same in another language."""
        heads = seen.attention.heads if seen else 1
        return self.redraw(seen, lang), gr.update(choices=self.view.head_choices(heads, lang))

    def _seen(self, seen: Seen | None, lang: str) -> tuple[Seen | None, str]:
        return seen, self.redraw(seen, lang)


def build(
    ui: Localizer, waiter: Waiter, reporter: Reporter, reader: Reader, settings: Settings, subject: Subject
) -> None:
    handlers = Handlers(waiter, reader, AttentionView(ui.strings))
    with opening.view(ui, "attention") as view:
        parts = _lay_out(ui, handlers)
    _connect(ui, reporter, handlers, parts, view, settings, subject)


@dataclass(frozen=True)
class _Parts:
    pattern: gr.Radio
    layer: gr.Slider
    head: gr.Dropdown
    token: gr.Dropdown
    drawn: gr.HTML


def _lay_out(ui: Localizer, handlers: Handlers) -> _Parts:
    say = ui.strings.text
    pattern = ui.make(
        gr.Radio,
        {
            "label": "sentiment_attention.pattern",
            "choices": lambda lang: [(say(f"sentiment_attention.pattern_{name}", lang), name) for name in PATTERNS],
        },
        value="answer",
        elem_id="tea-attention-pattern",
    )
    with gr.Row():
        layer = ui.make(
            gr.Slider,
            {"label": "sentiment_attention.layer"},
            minimum=1,
            maximum=12,
            step=1,
            value=1,
            min_width=160,
            elem_id="tea-attention-layer",
        )
        choices = handlers.view.head_choices(1, DEFAULT)
        head = ui.make(
            gr.Dropdown,
            {"label": "sentiment_attention.head"},
            choices=choices,
            value=MEAN,
            min_width=160,
            elem_id="tea-attention-head",
        )
        token = ui.make(
            gr.Dropdown,
            {"label": "sentiment_attention.token"},
            choices=[("", 0)],
            value=0,
            min_width=160,
            elem_id="tea-attention-token",
        )
    drawn = gr.HTML(
        handlers.redraw(None, DEFAULT),
        js_on_load=_CHOOSE_TOKEN,
        elem_id="tea-attention",
        elem_classes="tea-attention-box",
    )
    return _Parts(pattern, layer, head, token, drawn)


def _connect(
    ui: Localizer,
    reporter: Reporter,
    handlers: Handlers,
    parts: _Parts,
    view: opening.View,
    settings: Settings,
    subject: Subject,
) -> None:
    seen = gr.State(None)
    work = {"concurrency_limit": settings.concurrency, "concurrency_id": "attention", "api_visibility": "private"}
    opening.connect(
        view,
        reporter.said(handlers.look),
        [*subject.inputs, ui.lang],
        [seen, parts.drawn, parts.layer, parts.head, parts.token, parts.pattern],
        follows=[subject.answer.change],
        show_progress_on=parts.drawn,
        **work,
    )
    quick = {"show_progress": "hidden", "trigger_mode": "always_last", **work}
    shown = [seen, parts.drawn]
    parts.layer.input(reporter.said(handlers.choose_layer), [seen, parts.layer, ui.lang], shown, **quick)
    parts.pattern.input(
        reporter.said(handlers.choose_pattern),
        [seen, parts.pattern, ui.lang],
        [*shown, parts.layer, parts.head],
        **quick,
    )
    parts.head.input(handlers.choose_head, [seen, parts.head, ui.lang], shown, **_AT_ONCE)
    parts.token.input(handlers.choose_token, [seen, parts.token, ui.lang], shown, **_AT_ONCE)
    parts.drawn.select(handlers.click_token, [seen, ui.lang], [*shown, parts.token], **_AT_ONCE)
    ui.lang.change(handlers.reword, [seen, ui.lang], [parts.drawn, parts.head], **_AT_ONCE)
