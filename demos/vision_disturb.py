"""The view «disturb»: sliders that disturb the picture, the answers to it, and where each model changes its mind.

A moved slider is answered at once; then its whole range is tried for each model. Knows the runner and the disturber by
what they return, never how they compute.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any, Protocol

import gradio as gr
from PIL import Image

from demos import opening
from demos.errors import Reporter
from demos.i18n import DEFAULT, Localizer
from demos.streaming import AT_ONCE, QUEUED
from demos.vision_disturb_view import Bent, Column, DisturbView
from demos.vision_view import data_uri
from demos.waiting import Waiter
from models.catalog import Catalog
from models.disturb import BOUNDS, KINDS, NONE, SWEEPS, Disturbance, Sweep
from models.errors import TeahouseError
from models.progress import Progress
from models.settings import Settings
from models.vision import TASK
from models.vision import Answer as ModelAnswer

_FIRST = "rotate"  # what is tried before any slider was moved
_PAUSE = 0.12  # seconds: a slider that is still moving asks again before that
_STEPS = {"crop": 0.05, "rotate": 1, "blur": 0.005, "noise": 0.02, "brightness": 0.05, "cover_size": 0.05}
_CENTRE = (NONE["cover_x"], NONE["cover_y"])
# A tap on the picture tells its place as shares of the sides.
_TAPS = """element.addEventListener('click', (event) => {
  const picture = event.target.closest('img');
  if (!picture) return;
  const box = picture.getBoundingClientRect();
  trigger('click', {x: (event.clientX - box.left) / box.width, y: (event.clientY - box.top) / box.height});
});"""


class Runner(Protocol):
    def answer(self, picture: Image.Image, model: str = "") -> ModelAnswer: ...


class PictureDisturber(Protocol):
    def disturbed(self, picture: str, disturbance: Disturbance) -> Image.Image: ...
    def sweep(self, picture: str, kind: str, model: str, place: tuple[float, float]) -> Iterator[Progress | Sweep]: ...


class Handlers:
    """What the events call: plain values in, component values out."""

    def __init__(
        self, waiter: Waiter, runner: Runner, disturber: PictureDisturber, catalog: Catalog, view: DisturbView
    ) -> None:
        self._waiter, self._runner, self._disturber, self._catalog = waiter, runner, disturber, catalog
        self._view = view

    def bend(
        self,
        picture: str | None,
        large: str,
        left: str,
        right: str,
        moved: tuple[str, int],
        place: tuple[float, float],
        lang: str,
        progress: Callable[..., Any] = gr.Progress(),
        *strengths: float,
    ) -> Iterator[tuple]:
        """The disturbed picture with three answers, filled one after the other; then the sweeps of the slider moved."""
        yield gr.skip(), gr.skip(), gr.skip()
        time.sleep(_PAUSE)
        yield gr.skip(), gr.skip(), gr.skip()
        if picture is None:
            yield self._shown(None, lang)
            return
        asked = Disturbance(**dict(zip(KINDS, strengths, strict=True)), cover_x=place[0], cover_y=place[1])
        image = self._disturber.disturbed(picture, asked)
        columns = [Column(model) for model in (large, left, right)]
        bent = Bent(data_uri(image), moved[0], getattr(asked, moved[0]), tuple(columns))
        for step in (self._answered, self._swept):
            for number, column in enumerate(columns):
                for columns[number] in step(picture, image, column, moved[0], place, lang, progress):
                    if columns[number] is None:
                        columns[number] = column
                        yield gr.skip(), gr.skip(), gr.skip()
                bent = replace(bent, columns=tuple(columns))
                yield self._shown(bent, lang)

    def redraw(self, bent: Bent | None, lang: str) -> tuple[str, str]:
        return self._view.picture(bent, lang), self._view.columns(bent, lang)

    def _shown(self, bent: Bent | None, lang: str) -> tuple:
        return bent, *self.redraw(bent, lang)

    def _answered(
        self, picture: str, image: Image.Image, column: Column, kind: str, place: Any, lang: str, progress: Any
    ) -> Iterator[Column | None]:
        try:
            labels = self._catalog.find(column.model, TASK).labels
            found = self._waiter.run(lambda: self._runner.answer(image, column.model), column.model, lang, progress)
        except TeahouseError as error:
            yield replace(column, error=error)
            return
        best = found.predictions[0]
        yield replace(column, labels=labels, label=best.label, score=best.score)

    def _swept(
        self, picture: str, image: Image.Image, column: Column, kind: str, place: Any, lang: str, progress: Any
    ) -> Iterator[Column | None]:
        if column.error is not None:
            return
        try:
            steps = self._disturber.sweep(picture, kind, column.model, place)
            for sweep in self._waiter.follow(steps, column.model, lang, progress):
                yield sweep and replace(column, sweep=sweep)
        except TeahouseError as error:
            yield replace(column, error=error)


def build(
    ui: Localizer,
    waiter: Waiter,
    reporter: Reporter,
    runner: Runner,
    disturber: PictureDisturber,
    settings: Settings,
    catalog: Catalog,
    picture: gr.Image,
    pickers: Sequence[gr.Dropdown],
) -> None:
    """Lays the view out and connects it. pickers: the tab's three models."""
    view = DisturbView(ui.strings, reporter.sentence)
    handlers = Handlers(waiter, runner, disturber, catalog, view)
    bent, moved, place = gr.State(None), gr.State((_FIRST, 0)), gr.State(_CENTRE)
    with opening.view(ui, "disturb") as opened:
        with gr.Row(equal_height=False):
            with gr.Column(scale=2, min_width=260):
                shown = gr.HTML(
                    view.picture(None, DEFAULT),
                    js_on_load=_TAPS,
                    elem_id="tea-disturb-picture",
                    elem_classes="tea-disturb-box",
                )
                reset = ui.make(gr.Button, {"value": "disturb.reset"}, size="sm", elem_id="tea-disturb-reset")
            with gr.Column(scale=3, min_width=260), gr.Row():
                sliders = [_slider(ui, kind) for kind in KINDS]
        columns = gr.HTML(elem_id="tea-disturb-columns", elem_classes="tea-disturb-box")
    opening.connect(
        opened,
        reporter.said(handlers.bend),
        [picture, *pickers, moved, place, ui.lang, *sliders],
        [bent, shown, columns],
        follows=[picture.change, *(picker.change for picker in pickers), moved.change],
        show_progress_on=columns,
        concurrency_limit=settings.concurrency,
        concurrency_id="vision",
        api_visibility="private",
    )
    _connect_sliders(sliders, moved)
    shown.click(_tapped, [moved, *sliders[-1:]], [place, moved, sliders[-1]], **QUEUED)
    reset.click(_reset, moved, [*sliders, place, moved], **QUEUED)
    ui.lang.change(handlers.redraw, [bent, ui.lang], [shown, columns], **AT_ONCE)


def _slider(ui: Localizer, kind: str) -> gr.Slider:
    low, high = BOUNDS[kind]
    words = {"label": f"disturb.{kind}", "info": f"disturb.{kind}_info"}
    return ui.make(
        gr.Slider,
        words,
        minimum=low,
        maximum=high,
        value=NONE[kind],
        step=_STEPS[kind],
        min_width=200,
        elem_id=f"tea-disturb-{kind.replace('_', '-')}",
    )


def _connect_sliders(sliders: Sequence[gr.Slider], moved: gr.State) -> None:
    for kind, slider in zip(KINDS, sliders, strict=True):

        def move(before: tuple[str, int], kind: str = kind) -> tuple[str, int]:
            return kind, before[1] + 1

        slider.input(move, moved, moved, trigger_mode="always_last", **QUEUED)


def _tapped(moved: tuple[str, int], size: float, event: gr.EventData) -> tuple:
    """The square goes where the picture was tapped; a square of no size becomes one that can be seen."""
    data = event._data if isinstance(event._data, dict) else {}
    place = tuple(_share(data.get(axis)) for axis in ("x", "y"))
    return place, ("cover_size", moved[1] + 1), size or SWEEPS["cover_size"][4]


def _share(value: object) -> float:
    """What the page says; it is a visitor's to say, so it is held between 0 and 1."""
    is_number = isinstance(value, (int, float)) and value == value
    return min(max(float(value), 0.0), 1.0) if is_number else 0.5


def _reset(moved: tuple[str, int]) -> tuple:
    return *(NONE[kind] for kind in KINDS), _CENTRE, (moved[0], moved[1] + 1)
