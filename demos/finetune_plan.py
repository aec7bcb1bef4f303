"""Step 2 of the Fine-tune tab: texts varied, a plan of what the training takes, and options that fit some minutes.

Starts no run. A plan is measured by whoever has the runs; here it is waited for, drawn and written into the controls.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Future
from typing import Any

import gradio as gr

from demos.finetune_desk import AT_ONCE, QUIET, Desk, Runs
from demos.finetune_plan_view import PlanView
from demos.i18n import Localizer, Words
from models.errors import TeahouseError
from models.finetune.plan import Plan
from models.finetune.preview import ChangedRow
from models.finetune.request import CHOICES, FinetuneRequest
from models.finetune.run import Run

FITTED = ("method", "layers", "learning_rate", "max_length", "epochs")  # what a plan for some minutes may change
_TICK = 0.4  # seconds between two looks at a plan that is being measured
_USUAL = FinetuneRequest(file="-")
_MINUTES = 5


class PlanHandlers:
    """What the events call: plain values in, component values out. names: of the options, in the order of the values."""

    def __init__(self, runs: Runs, view: PlanView, names: tuple[str, ...]) -> None:
        self._runs, self.view, self._names = runs, view, names

    def plan(self, lang: str, *values: Any) -> Iterator[tuple[Any, ...]]:
        """The plan, what was changed, drawn; the controls stay."""
        for drawn in self._planned(lang, 0.0, values):
            yield drawn[:3]

    def fit(self, lang: str, minutes: float | None, *values: Any) -> Iterator[tuple[Any, ...]]:
        """The same, and the controls filled with what fits the minutes."""
        yield from self._planned(lang, minutes or 0.0, values)

    def preview(self, lang: str, *values: Any) -> tuple[tuple[ChangedRow, ...] | None, str]:
        """The rows and how they are drawn."""
        try:
            rows = self._runs.preview(self._request(values))
        except TeahouseError as error:
            return None, self.view.problem(error, lang)
        return rows, self.view.preview(rows, lang)

    def _planned(self, lang: str, minutes: float, values: tuple[Any, ...]) -> Iterator[tuple[Any, ...]]:
        stay = (gr.skip(),) * len(FITTED)
        try:
            request = self._request(values)
            told, waiting = ["", 0.0], Future()
            _beside(waiting, lambda: self._runs.plan(request, minutes, lambda *now: told.__setitem__(slice(None), now)))
            while not _is_done(waiting):
                yield None, (), self.view.progress(*told, lang), *stay
            plan = waiting.result()
        except TeahouseError as error:
            yield None, (), self.view.problem(error, lang), *stay
            return
        changed = tuple(name for name in FITTED if getattr(plan.request, name) != getattr(request, name))
        controls = (getattr(plan.request, name) for name in FITTED) if minutes else stay
        yield plan, changed, self.view.plan(plan, changed, lang), *controls

    def _request(self, values: tuple[Any, ...]) -> FinetuneRequest:
        return FinetuneRequest(**dict(zip(self._names, values, strict=True)))


class PlanPart:
    """options: the controls of the other steps, by the names of FinetuneRequest."""

    outputs: list[Any] = []  # noqa: RUF012, of a Part: a run changes nothing here

    def __init__(self, desk: Desk, options: Mapping[str, Any]) -> None:
        self._desk, ui = desk, desk.ui
        self.fields, self._preview, self._changed = _augmentation(ui)
        self._plan, self._fit, self._minutes, self._drawn = _planning(ui)
        inputs = {**options, **self.fields}
        self._inputs = list(inputs.values())
        self._controls = [options[name] for name in FITTED]
        self._handlers = PlanHandlers(desk.runs, PlanView(ui.strings), tuple(inputs))
        self._connect()

    def show(self, run: Run | None, lang: str) -> list[Any]:
        return []

    def _connect(self) -> None:
        desk, handlers, lang = self._desk, self._handlers, self._desk.ui.lang
        plan, changed, rows = gr.State(None), gr.State(()), gr.State(None)
        planned = [plan, changed, self._drawn]
        said = desk.reporter.said
        self._plan.click(said(handlers.plan), [lang, *self._inputs], planned, **QUIET)
        self._fit.click(said(handlers.fit), [lang, self._minutes, *self._inputs], [*planned, *self._controls], **QUIET)
        varied = [rows, self._changed]
        self._preview.click(said(handlers.preview), [lang, *self._inputs], varied, **QUIET)
        # Of other options the old plan and preview say nothing.
        gr.on(_events(self._inputs), lambda: (None, (), ""), None, planned, **AT_ONCE)
        gr.on(_events(self.fields.values()), lambda: (None, ""), None, varied, **AT_ONCE)
        desk.report.change(lambda: (None, (), "", None, ""), None, [*planned, *varied], **AT_ONCE)

        def redraw(plan: Plan | None, changed: tuple[str, ...], rows: Any, lang: str) -> tuple[str, str]:
            return handlers.view.plan(plan, tuple(changed), lang), handlers.view.preview(rows, lang)

        lang.change(redraw, [plan, changed, rows, lang], [self._drawn, self._changed], **AT_ONCE)


def _events(components: Iterable[Any]) -> list[Any]:
    """Of a visitor's own changes, not of those that a plan writes into the controls."""
    return [component.input for component in components if hasattr(component, "input")]


def _augmentation(ui: Localizer) -> tuple[dict[str, Any], gr.Button, gr.HTML]:
    with gr.Row(equal_height=True, elem_classes="tea-plan-row"):
        words: dict[str, Words] = {"label": "finetune.options.augment", "info": "finetune.options.augment_info"}
        choices = {"choices": lambda lang: _choices(ui, lang)}
        look = {"value": _USUAL.augment, "min_width": 200, "elem_id": "tea-option-augment"}
        augment = ui.make(gr.Dropdown, {**words, **choices}, **look)
        words = {"label": "finetune.options.augment_share", "info": "finetune.options.augment_share_info"}
        look = {"value": _USUAL.augment_share, "min_width": 200, "elem_id": "tea-option-augment-share"}
        share = ui.make(gr.Slider, words, minimum=0, maximum=0.5, step=0.05, **look)
    preview = ui.make(gr.Button, {"value": "finetune.plan.preview"}, size="sm", elem_id="tea-finetune-preview")
    changed = gr.HTML("", elem_id="tea-finetune-changed", elem_classes="tea-finetune-box")
    return {"augment": augment, "augment_share": share}, preview, changed


def _choices(ui: Localizer, lang: str) -> list[tuple[str, str]]:
    return [(ui.strings.text(f"finetune.options.augment.{kind}", lang), kind) for kind in CHOICES["augment"]]


def _planning(ui: Localizer) -> tuple[gr.Button, gr.Button, gr.Number, gr.HTML]:
    with gr.Row(equal_height=True, elem_classes="tea-plan-row"):
        plan = ui.make(gr.Button, {"value": "finetune.plan.make"}, min_width=160, elem_id="tea-finetune-plan")
        words: dict[str, Words] = {"label": "finetune.plan.my_minutes"}
        look = {"value": _MINUTES, "minimum": 0.5, "min_width": 120, "elem_id": "tea-finetune-minutes"}
        minutes = ui.make(gr.Number, words, **look)
        fit = ui.make(gr.Button, {"value": "finetune.plan.fit"}, min_width=160, elem_id="tea-finetune-fit")
    drawn = gr.HTML("", elem_id="tea-finetune-planned", elem_classes="tea-finetune-box")
    return plan, fit, minutes, drawn


def _beside(waiting: Future, work: Any) -> None:
    """Work in a thread of its own, which goes on should the page be closed."""

    def settle() -> None:
        try:
            waiting.set_result(work())
        except BaseException as error:
            waiting.set_exception(error)

    threading.Thread(target=settle, daemon=True).start()


def _is_done(waiting: Future) -> bool:
    try:
        waiting.exception(timeout=_TICK)
    except TimeoutError:
        return waiting.done()
    return True
