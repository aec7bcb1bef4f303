"""The view «where» of the Vision tab: where each model saw a class of its own, and how far each map can be trusted.

Sits below the answers and explains them. Knows the explainer by what it returns, never how it computes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Protocol

import gradio as gr
from PIL import Image

from demos import opening
from demos.errors import Reporter
from demos.i18n import DEFAULT, Localizer
from demos.vision_view import SHOWN_SIDE, Answer, data_uri
from demos.vision_where_view import Figure, Seen, WhereView, remembered
from demos.waiting import Waiter
from models.errors import TeahouseError
from models.progress import Progress
from models.settings import Settings
from models.vision import open_picture

if TYPE_CHECKING:
    from models.explain import PictureExplanation

PLACES = ("large", "left", "right")
_AT_ONCE = {"queue": False, "show_progress": "hidden", "api_visibility": "private"}
_OF_THE_NETWORK, _COVERING = "", "occlusion"  # the two methods to choose from
_NO_CLASS = {"attention": "rollout"}  # what is shown beside a method because it knows no class


class PictureExplainer(Protocol):
    def steps(
        self,
        picture: Image.Image,
        model: str = "",
        label: str = "",
        method: str = "",
        *,
        check: bool = False,
        side: int = 0,
    ) -> Iterator[Progress | PictureExplanation]: ...


def build(
    ui: Localizer,
    waiter: Waiter,
    reporter: Reporter,
    explainer: PictureExplainer,
    settings: Settings,
    picture: gr.Image,
    answers: Sequence[gr.State],
) -> opening.View:
    """Lays the view out and connects it. answers: the tab's three, in the order of PLACES."""
    view = WhereView(ui.strings, reporter.sentence)
    handlers = Handlers(waiter, explainer, view, settings.max_pixels)
    work = {"concurrency_limit": settings.concurrency, "concurrency_id": "vision", "api_visibility": "private"}
    with opening.view(ui, "where") as opened:
        method = _method(ui)
        ui.make(gr.HTML, {"value": view.legend}, elem_classes="tea-heats-box")
        with gr.Row(equal_height=False, elem_classes="tea-where"):
            columns = [_column(ui, view, place) for place in PLACES]
    for answer, (chosen, panel) in zip(answers, columns, strict=True):
        seen = gr.State(None)
        opening.connect(
            opened,
            reporter.said(handlers.where),
            [picture, answer, seen, chosen, method, ui.lang],
            [seen, chosen, panel],
            follows=[answer.change, chosen.input, method.input],
            show_progress_on=panel,
            **work,
        )
        ui.lang.change(handlers.redraw, [seen, ui.lang], [chosen, panel], **_AT_ONCE)
    return opened


def _method(ui: Localizer) -> gr.Radio:
    def choices(lang: str) -> list[tuple[str, str]]:
        return [(ui.strings.text(f"where.by_{key}", lang), value) for key, value in named.items()]

    named = {"network": _OF_THE_NETWORK, "covering": _COVERING}
    words = {"label": "where.method", "choices": choices}
    return ui.make(gr.Radio, words, value=_OF_THE_NETWORK, elem_id="tea-where-method")


def _column(ui: Localizer, view: WhereView, place: str) -> tuple[gr.Dropdown, gr.HTML]:
    with gr.Column(scale=1, min_width=240):
        chosen = ui.make(
            gr.Dropdown,
            {"label": f"where.class_{place}"},
            choices=[],
            value=None,
            filterable=False,
            elem_id=f"tea-where-{place}-class",
        )
        panel = gr.HTML(view.seen(None, DEFAULT), elem_id=f"tea-where-{place}", elem_classes="tea-heats-box")
    return chosen, panel


class Handlers:
    """What the events call: plain values in, component values out."""

    def __init__(self, waiter: Waiter, explainer: PictureExplainer, view: WhereView, max_pixels: int) -> None:
        self._waiter, self._explainer, self._view, self._max_pixels = waiter, explainer, view, max_pixels

    def where(
        self,
        picture: str | None,
        answer: Answer | None,
        seen: Seen | None,
        chosen: str | None,
        method: str,
        lang: str,
        progress: Callable[..., Any] = gr.Progress(),
    ) -> Iterator[tuple]:
        """One model's heat pictures: what is remembered, the classes to choose from, and the panel."""
        if picture is None or answer is None or answer.error is not None:
            yield None, *self.redraw(None, lang)
            return
        label = remembered(seen, answer, chosen)
        figures: list[Figure] = []
        try:
            image = open_picture(picture, self._max_pixels)
            for step in self._figures(image, answer.model, label, method, lang, progress):
                if step is None:
                    yield gr.skip(), gr.skip(), gr.skip()
                else:
                    figures.append(step)
            found = Seen(answer, label, tuple(figures))
        except TeahouseError as error:
            found = Seen(answer, label, error=error)
        yield found, *self.redraw(found, lang)

    def redraw(self, seen: Seen | None, lang: str) -> tuple[dict[str, Any], str]:
        """The classes to choose from and the panel, in a language."""
        choices = self._view.choices(seen.answer if seen else None, lang)
        return gr.update(choices=choices, value=seen.label if seen else None), self._view.seen(seen, lang)

    def _figures(
        self, image: Image.Image, model: str, label: str, method: str, lang: str, progress: Callable[..., Any]
    ) -> Iterator[Figure | None]:
        """None between the steps of the work; with a method that knows the class also the one that does not."""
        methods = [method]
        for asked in methods:
            steps = self._explainer.steps(image, model, label, asked, check=True, side=SHOWN_SIDE)
            for found in self._waiter.follow(steps, model, lang, progress):
                yield found and _figure(found)
                if found and found.method in _NO_CLASS:
                    methods.append(_NO_CLASS[found.method])


def _figure(found: PictureExplanation) -> Figure:
    trust = found.trust
    return Figure(found.method, data_uri(found.heat), trust.whole, trust.without_hottest, trust.without_random)
