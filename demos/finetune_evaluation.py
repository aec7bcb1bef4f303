"""Step 4 of the Fine-tune tab: whether it was worth it, what is still wrong, labels to correct, a sentence to try.

Knows evaluations and the sentiment runner by what they return. A poll changes only a small stamp; what is heavy is drawn
when that changes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import gradio as gr

from demos.finetune_desk import AT_ONCE, QUIET, Desk
from demos.finetune_evaluation_rows import CHANGES, RowsView, last_page
from demos.finetune_evaluation_view import EvaluationView
from demos.i18n import Localizer
from demos.lessons import lesson_card
from models.errors import BadInput
from models.finetune.evaluation import Evaluation
from models.finetune.request import CLASSIFY
from models.finetune.run import Run
from models.sentiment import Sentiment


class FoundEvaluations(Protocol):
    """The part of Evaluations that the step needs."""

    def find(self, run_id: str) -> Evaluation | None: ...
    def computed(self, run_id: str) -> Evaluation: ...
    def corrected(self, run_id: str, chosen: dict[int, str]) -> Path: ...
    def rows_csv(self, run_id: str, change: str) -> Path: ...


class Runner(Protocol):
    def classify(self, text: str, model: str = "") -> Sentiment: ...


@dataclass(frozen=True)
class Stamp:
    """What the step shows of a run: nothing, how far the comparison is, that it is missing, or what was found."""

    kind: str = "nothing"  # or doing, missing, found
    run_id: str = ""
    what: str = ""  # that is being done, a key of the string table
    share: float = 0.0
    version: tuple[object, ...] = ()  # of the evaluation: another one has another
    can_try: bool = False


class EvaluationHandlers:
    """What the events call: plain values in, component values out."""

    def __init__(
        self, evaluations: FoundEvaluations, runner: Runner, view: EvaluationView, rows_view: RowsView
    ) -> None:
        self._evaluations, self._runner, self.view, self._rows_view = evaluations, runner, view, rows_view

    def stamp(self, run: Run | None) -> Stamp:
        if run is None or run.request.task != CLASSIFY:
            return Stamp()
        if run.phase == "comparing":
            what = run.comparing or "finetune.evaluation.doing.ngrams"
            return Stamp("doing", run.run_id, what, run.compared, can_try=run.has_model)
        if run.is_under_way:
            return Stamp()
        found = self._evaluations.find(run.run_id)
        if found is not None:
            version = (found.seconds, found.finetuned.accuracy, len(found.doubtful))
            return Stamp("found", run.run_id, version=version, can_try=run.has_model)
        return Stamp("missing", run.run_id, can_try=True) if run.has_model else Stamp()

    def draw(self, stamp: Stamp, lang: str) -> list[Any]:
        """Step, overview, button to compute; box of details; before, changes, rows, page, download; doubts; box to try."""
        found = self._evaluations.find(stamp.run_id) if stamp.kind == "found" else None
        shown = [
            gr.update(visible=stamp.kind != "nothing"),
            self._overview(stamp, found, lang),
            gr.update(visible=stamp.kind == "missing"),
            gr.update(visible=found is not None),
        ]
        return [*shown, *self._details(stamp.run_id, found, lang), gr.update(visible=stamp.can_try)]

    def compute(self, run_id: str, lang: str) -> Iterator[tuple[Any, Any]]:
        """The overview while it is computed, and the stamp by which all else is drawn after it."""
        yield self.view.said("computing", lang), gr.skip()
        found = self._evaluations.computed(run_id)
        yield gr.skip(), Stamp("found", run_id, version=(found.seconds, "computed"), can_try=True)

    def turn(self, run_id: str, change: str, page: int, lang: str) -> tuple[str, int, Any]:
        """Another page of rows, or the same rows by another filter: the rows, the page that there is, their csv."""
        found = self._evaluations.find(run_id)
        if found is None:
            return "", 0, gr.update(visible=False)
        rows = found.changed(change)
        page = min(max(page, 0), last_page(rows))
        file = str(self._evaluations.rows_csv(run_id, change))
        return self._rows_view.rows(rows, page, lang), page, gr.update(value=file, visible=bool(rows))

    def tick_all(self, run_id: str, lang: str) -> list[int]:
        found = self._evaluations.find(run_id)
        return [row for _, row in self._rows_view.doubts(found, lang)] if found else []

    def correct(self, run_id: str, ticked: Sequence[int], lang: str) -> tuple[str, Any, str]:
        """The corrected table: as the file of step 1, to download, and the sentence about it."""
        if not ticked:
            raise BadInput("errors.no_row_ticked")
        suggested = {doubt.row: doubt.suggested for doubt in self._evaluations.computed(run_id).doubtful}
        path = str(self._evaluations.corrected(run_id, {row: suggested[row] for row in ticked if row in suggested}))
        return path, gr.update(value=path, visible=True), self._rows_view.corrected(len(ticked), lang)

    def try_sentence(self, run_id: str, text: str, lang: str) -> str:
        return self._rows_view.tried(self._runner.classify(text, f"run:{run_id}"))

    def _overview(self, stamp: Stamp, found: Evaluation | None, lang: str) -> str:
        if found is not None:
            return self.view.whole(found, lang)
        if stamp.kind == "doing":
            return self.view.doing(stamp.what, stamp.share, lang)
        return self.view.said("missing" if stamp.kind == "missing" else "none", lang)

    def _details(self, run_id: str, found: Evaluation | None, lang: str) -> list[Any]:
        hidden = gr.update(visible=False)
        if found is None:
            return ["", gr.update(choices=[], value=None), "", 0, hidden, "", hidden, hidden, hidden, hidden]
        rows, page, file = self.turn(run_id, CHANGES[0], 0, lang)
        doubts = self._rows_view.doubts(found, lang)
        return [
            self._rows_view.before(found, lang),
            gr.update(choices=self._rows_view.choices(found, lang), value=CHANGES[0]),
            rows,
            page,
            file,
            self._rows_view.doubtful(found, lang),
            gr.update(choices=doubts, value=[], visible=bool(doubts)),
            gr.update(visible=bool(doubts)),
            gr.update(visible=bool(doubts)),
            hidden,
        ]


class EvaluationPart:
    """`file` and `opening` are step 1's: where a corrected table goes, and the event that reads it there."""

    def __init__(self, desk: Desk, evaluations: FoundEvaluations, runner: Runner, file: gr.File, opening: dict) -> None:
        self.fields: dict[str, Any] = {}
        view = EvaluationView(desk.ui.strings)
        self._handlers = EvaluationHandlers(evaluations, runner, view, RowsView(desk.ui.strings))
        self._stamp = gr.State(Stamp())
        self.outputs = [self._stamp]
        with gr.Column(visible=False, elem_id="tea-evaluation", elem_classes="tea-evaluation") as step:
            overview = gr.HTML(elem_id="tea-evaluation-overview", elem_classes="tea-finetune-box")
            compute = _button(desk.ui, "compute")
            lesson_card(desk.ui, "evaluation", alone=True)
            with gr.Column(visible=False) as details:
                judged = _Judged(desk.ui)
                doubts = _Doubts(desk.ui)
            with gr.Column(visible=False) as trying:
                text, ask, answer = _try_box(desk.ui)
        self._connect(desk, [step, overview, compute, details, *judged.drawn, *doubts.drawn, trying])
        self._connect_rows(desk, judged)
        self._connect_doubts(desk, doubts, file, opening)
        fn, inputs = desk.reporter.said(self._handlers.compute), [desk.run_id, desk.ui.lang]
        compute.click(fn, inputs, [overview, self._stamp], **QUIET)
        fn, inputs = desk.reporter.said(self._handlers.try_sentence), [desk.run_id, text, desk.ui.lang]
        gr.on([ask.click, text.submit], fn, inputs, answer, **QUIET)
        gr.on([desk.run_id.change, desk.ui.lang.change], lambda: ("", ""), None, [answer, doubts.said], **AT_ONCE)

    def show(self, run: Run | None, lang: str) -> list[Any]:
        return [self._handlers.stamp(run)]

    def _connect(self, desk: Desk, drawn: list[Any]) -> None:
        draw = {"fn": self._handlers.draw, "inputs": [self._stamp, desk.ui.lang], "outputs": drawn, **AT_ONCE}
        self._stamp.change(**draw)
        desk.ui.lang.change(**draw)

    def _connect_rows(self, desk: Desk, judged: _Judged) -> None:
        handlers, shown = self._handlers, [judged.rows, judged.page, judged.download]
        inputs = [desk.run_id, judged.change, judged.page, desk.ui.lang]
        for event, step in ((judged.change.input, None), (judged.previous.click, -1), (judged.next.click, 1)):

            def turn(run_id: str, change: str, page: int, lang: str, step: int | None = step) -> tuple:
                return handlers.turn(run_id, change, 0 if step is None else page + step, lang)

            event(desk.reporter.said(turn), inputs, shown, **QUIET)

    def _connect_doubts(self, desk: Desk, doubts: _Doubts, file: gr.File, opening: dict) -> None:
        handlers = self._handlers
        doubts.tick_all.click(handlers.tick_all, [desk.run_id, desk.ui.lang], doubts.ticked, **AT_ONCE)
        inputs, outputs = [desk.run_id, doubts.ticked, desk.ui.lang], [file, doubts.download, doubts.said]
        doubts.correct.click(desk.reporter.said(handlers.correct), inputs, outputs, **QUIET).success(**opening)


class _Judged:
    """Held-out rows by the page, filtered by what the training did to them."""

    def __init__(self, ui: Localizer) -> None:
        before = gr.HTML(elem_classes="tea-finetune-box")
        self.change = gr.Radio(choices=[], show_label=False, container=False, elem_id="tea-evaluation-change")
        self.rows = gr.HTML(elem_id="tea-evaluation-rows", elem_classes="tea-finetune-box")
        self.page = gr.State(0)
        with gr.Row(elem_classes="tea-pager"):
            self.previous, self.next = (_button(ui, name, min_width=90) for name in ("previous", "next"))
            words = {"label": "finetune.evaluation.download_rows"}
            self.download = ui.make(gr.DownloadButton, words, size="sm", elem_id="tea-evaluation-download-rows")
        self.drawn = [before, self.change, self.rows, self.page, self.download]


class _Doubts:
    """Rows whose label is probably wrong, to tick, and what becomes of those ticked."""

    def __init__(self, ui: Localizer) -> None:
        sentence = gr.HTML(elem_classes="tea-finetune-box")
        words = {"label": "finetune.evaluation.tick"}
        self.ticked = ui.make(gr.CheckboxGroup, words, choices=[], elem_id="tea-evaluation-doubts")
        with gr.Row(elem_classes="tea-pager"):
            self.tick_all, self.correct = (_button(ui, name) for name in ("tick_all", "correct"))
            words = {"label": "finetune.evaluation.download_corrected"}
            self.download = ui.make(gr.DownloadButton, words, size="sm", elem_id="tea-evaluation-download-corrected")
        self.said = gr.HTML(elem_classes="tea-finetune-box")
        self.drawn = [sentence, self.ticked, self.tick_all, self.correct, self.download]


def _button(ui: Localizer, name: str, **props: Any) -> gr.Button:
    words = {"value": f"finetune.evaluation.{name}"}
    return ui.make(gr.Button, words, size="sm", elem_id=f"tea-evaluation-{name.replace('_', '-')}", **props)


def _try_box(ui: Localizer) -> tuple[gr.Textbox, gr.Button, gr.HTML]:
    words = {"label": "finetune.evaluation.try", "placeholder": "finetune.evaluation.try_hint"}
    text = ui.make(gr.Textbox, words, lines=1, max_lines=4, elem_id="tea-evaluation-text")
    ask = _button(ui, "try_button")
    return text, ask, gr.HTML(elem_id="tea-evaluation-answer", elem_classes="tea-finetune-box")
