"""The Fine-tune tab: its steps put together, a run started, watched, and found again by its id.

Knows the store of runs by what it returns. A run outlives the page: the browser keeps the ids, and a page that is opened
again finds its run by them.
"""

from __future__ import annotations

import html
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import gradio as gr

from demos import finetune_steps, finetune_task
from demos.errors import Reporter
from demos.finetune_compare import ComparePart
from demos.finetune_data import DataPart
from demos.finetune_desk import AT_ONCE, QUIET, Desk, Part, Runs, ids_in
from demos.finetune_evaluation import EvaluationPart, FoundEvaluations, Runner
from demos.finetune_options import OptionsPart
from demos.finetune_plan import PlanPart
from demos.finetune_progress import ProgressPart
from demos.finetune_take import TakePart
from demos.finetune_writing import WritingPart
from demos.i18n import DEFAULT, Localizer, Strings
from demos.waiting import Waiter
from models.catalog import Catalog
from models.errors import UnknownRun
from models.finetune.dataset import DatasetReport
from models.finetune.request import FinetuneRequest
from models.finetune.run import Run
from models.settings import Settings

_KEPT_IDS = 20
_POLL_SECONDS = 3.0  # each answer costs the browser about half a second of one core
# Through the queue: only then do listeners of the States that a run changes hear of it.
_HEARD = QUIET | {"concurrency_limit": None}
# So that a reload, and a copied address, open the same run.
_KEEP_RUN_IN_URL = """(run) => {
  if (!run || !document.documentElement.classList.contains('tea-awake')) return;
  const url = new URL(window.location.href);
  url.searchParams.set('run', run);
  window.history.replaceState(window.history.state, '', url);
}"""


@dataclass(frozen=True)
class FinetuneTab:
    """What other parts of the page reach for."""

    use: gr.Button  # pressed to take the finished run to the Sentiment tab
    run_id: gr.State
    ids: gr.BrowserState  # the visitor's runs
    asked: gr.State  # the run that the page's address names (?run=), set once the page has read it


def build(
    ui: Localizer,
    waiter: Waiter,
    reporter: Reporter,
    runs: Runs,
    settings: Settings,
    catalog: Catalog,
    evaluations: FoundEvaluations,
    sentiment: Runner,
) -> FinetuneTab:
    """Lays the tab out and connects it. Call it inside its gr.Tab. `waiter` is not needed: runs tell their own progress."""
    desk = Desk(ui, reporter, runs, settings, catalog)
    ui.make(gr.HTML, {"value": "finetune.intro"}, elem_classes="tea-finetune-box tea-muted")
    drawn = finetune_steps.steps(ui.strings, None, None, DEFAULT)
    steps = gr.HTML(drawn, elem_id="tea-finetune-steps", elem_classes="tea-finetune-box")
    data = DataPart(desk)
    options = OptionsPart(desk)
    plan = PlanPart(desk, {**data.fields, **options.fields})
    words = {"value": "finetune.start"}
    start = ui.make(gr.Button, words, variant="primary", interactive=False, elem_id="tea-finetune-start")
    progress = ProgressPart(desk)
    evaluation = EvaluationPart(desk, evaluations, sentiment, data.fields["file"], data.opening)
    writing = WritingPart(desk)
    take = TakePart(desk)
    compare = ComparePart(desk)
    words = {"label": "finetune.my_runs", "info": "finetune.my_runs_info"}
    picker = ui.make(gr.Dropdown, words, choices=[], value=None, allow_custom_value=True, elem_id="tea-finetune-runs")
    asked = gr.State("")
    timer = gr.Timer(_POLL_SECONDS, active=False)
    parts: list[Part] = [data, options, plan, progress, evaluation, writing, take, compare]
    handlers = Handlers(runs, ui.strings, parts)
    finetune_task.connect(desk, handlers.fields)
    shown = [desk.run, steps, timer, *(output for part in parts for output in part.outputs)]
    found = [desk.run_id, picker, *shown]
    opened = [desk.run_id, desk.ids, picker, *shown]
    _connect_table(desk, steps, start)
    _connect_start(desk, handlers, start, opened)
    _connect_run(desk, handlers, progress, timer, shown)
    picker.input(reporter.said(handlers.open_run), [picker, desk.ids, ui.lang], opened, **QUIET)
    # A tab is mounted when it is first looked at, and only then the browser's store has a value: demo.load is too early.
    desk.ids.change(handlers.arrive, [desk.ids, desk.run_id, asked, ui.lang], found, **_HEARD)
    asked.change(handlers.follow, [desk.ids, desk.run_id, asked, ui.lang], found, **_HEARD)
    # The picker holds the id in the browser, where a State has no value.
    picker.change(None, picker, js=_KEEP_RUN_IN_URL, api_visibility="private")
    return FinetuneTab(take.use, desk.run_id, desk.ids, asked)


class Handlers:
    """What the events call: plain values in, component values out."""

    def __init__(self, runs: Runs, strings: Strings, parts: Sequence[Part]) -> None:
        self._runs, self._strings, self._parts = runs, strings, parts
        self.fields = {name: component for part in parts for name, component in part.fields.items()}

    def start(self, lang: str, visitor: str | None, ids: str | None, *values: Any) -> list[Any]:
        """The visitor, and a queued run, drawn; its id is the first of theirs. values: in the order of `fields`."""
        request = FinetuneRequest(**dict(zip(self.fields, values, strict=True)))
        visitor = visitor or secrets.token_urlsafe()
        run = self._runs.start(request, visitor)
        return [visitor, *self.opened(run, ids, lang)]

    def arrive(self, ids: str | None, shown: str, asked: str, lang: str) -> list[Any]:
        """The browser gave its ids, or the address a run: that one, else the visitor's latest that still exists.

        A run that is shown already stays. A run that only a link named is not put to the visitor's own.
        """
        if shown and shown == (asked or shown):
            return [gr.skip()] * len(self._found(None, "", lang))
        for run_id in filter(None, [asked, *ids_in(ids)]):
            try:
                return self._found(self._runs.status(run_id), ids, lang)
            except UnknownRun:
                continue
        return self._found(None, "", lang)

    def follow(self, ids: str | None, shown: str, asked: str, lang: str) -> list[Any]:
        """The address names a run: as `arrive`, and it is said where there is no such run any more."""
        try:
            if asked:
                self._runs.status(asked)
        except UnknownRun as error:
            gr.Warning(html.escape(self._strings.text(error.key, lang, **error.values)))
        return self.arrive(ids, shown, asked, lang)

    def open_run(self, run_id: str | None, ids: str | None, lang: str) -> list[Any]:
        """A run chosen among one's own, or whose id was pasted."""
        if not (run_id or "").strip():
            nothing, *rest = self._found(None, "", lang)
            return [nothing, gr.skip(), *rest]
        return self.opened(self._runs.status(run_id), ids, lang)

    def poll(self, run_id: str, lang: str) -> list[Any]:
        return self.shown(self._runs.status(run_id), lang)

    def stop(self, run_id: str, lang: str) -> list[Any]:
        return self.shown(self._runs.stop(run_id), lang)

    def resume(self, run_id: str, lang: str) -> list[Any]:
        return self.shown(self._runs.resume(run_id), lang)

    def redraw(self, report: DatasetReport | None, run: Run | None, lang: str) -> list[Any]:
        """The same in another language: the steps, the timer, the parts."""
        return [finetune_steps.steps(self._strings, report, run, lang), *self.shown(run, lang)[2:]]

    def opened(self, run: Run, ids: str | None, lang: str) -> list[Any]:
        """run_id, stored ids, the picker of runs, and the run itself."""
        run_id, *rest = self._found(run, ids, lang)
        return [run_id, " ".join(_kept(run, ids)), *rest]

    def shown(self, run: Run | None, lang: str) -> list[Any]:
        """The run; the steps; the timer as its state wants it; what each part draws of it."""
        steps = gr.skip() if run is None else finetune_steps.steps(self._strings, None, run, lang)
        timer = gr.Timer(active=run is not None and run.is_under_way)
        return [run, steps, timer, *(update for part in self._parts for update in part.show(run, lang))]

    def _found(self, run: Run | None, ids: str | None, lang: str) -> list[Any]:
        """run_id, the picker of runs, and the run itself."""
        if run is None:
            return ["", gr.skip(), *self.shown(None, lang)]
        picker = gr.update(choices=_kept(run, ids), value=run.run_id, visible=True)
        return [run.run_id, picker, *self.shown(run, lang)]


def _kept(run: Run, ids: str | None) -> list[str]:
    """The visitor's runs with this one first."""
    return list(dict.fromkeys([run.run_id, *ids_in(ids)]))[:_KEPT_IDS]


def _connect_table(desk: Desk, steps: gr.HTML, start: gr.Button) -> None:
    """Another table: the steps begin anew, and Start waits for one that can be trained on."""

    def changed(report: DatasetReport | None, lang: str) -> tuple[str, Any]:
        drawn = finetune_steps.steps(desk.ui.strings, report, None, lang)
        return drawn, gr.update(interactive=report is not None and report.is_ready)

    desk.report.change(changed, [desk.report, desk.ui.lang], [steps, start], **AT_ONCE)


def _connect_start(desk: Desk, handlers: Handlers, start: gr.Button, opened: list[Any]) -> None:
    inputs = [desk.ui.lang, desk.visitor, desk.ids, *handlers.fields.values()]
    start.click(desk.reporter.said(handlers.start), inputs, [desk.visitor, *opened], **QUIET)


def _connect_run(desk: Desk, handlers: Handlers, progress: ProgressPart, timer: gr.Timer, shown: list[Any]) -> None:
    asked = [desk.run_id, desk.ui.lang]
    timer.tick(desk.reporter.said(handlers.poll), asked, shown, **_HEARD)
    progress.stop.click(desk.reporter.said(handlers.stop), asked, shown, **QUIET)
    progress.resume.click(desk.reporter.said(handlers.resume), asked, shown, **QUIET)
    desk.ui.lang.change(handlers.redraw, [desk.report, desk.run, desk.ui.lang], shown[1:], **AT_ONCE)
