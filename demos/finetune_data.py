"""Step 1 of the Fine-tune tab: a table in, its columns guessed, what is wrong with it, its repair. Knows no training.

The table in use is the file of the upload field: a repair puts the repaired one there, and the visitor's own is kept
beside it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import gradio as gr

from demos.finding_words import FindingWords
from demos.finetune_data_view import DataView
from demos.finetune_desk import AT_ONCE, QUIET, Desk
from demos.i18n import ASSETS, DEFAULT, Localizer
from demos.lessons import lesson_card
from models.finetune import dataset
from models.finetune.dataset import DatasetReport
from models.finetune.findings import SAFE
from models.finetune.repair import place, repair
from models.finetune.request import CHOICES, CLASSIFY, WRITE
from models.settings import Settings

EXAMPLES = {name: ASSETS / "examples" / f"finetune_{name}.csv" for name in ("tea", "topics", "desk")}
_TEACHES = {"desk": WRITE}  # the others classify


class DataHandlers:
    """What the events call: plain values in, component values out."""

    def __init__(self, settings: Settings, view: DataView) -> None:
        self._settings, self.view = settings, view

    def open_file(self, file: str | None, task: str, lang: str) -> tuple:
        """A new file: report, drawn, both columns with the guesses chosen, the repairs; nothing repaired yet."""
        return *self._shown(file, "", "", task, lang), *self._nothing_repaired()

    def choose_columns(
        self, file: str | None, text_column: str | None, label_column: str | None, task: str, lang: str
    ) -> tuple:
        """The same file read by other columns."""
        return self._shown(file, text_column or "", label_column or "", task, lang)

    def repair(
        self,
        file: str | None,
        original: str | None,
        text_column: str | None,
        label_column: str | None,
        task: str,
        kinds: Sequence[str],
        lang: str,
    ) -> tuple:
        """The repaired file in place of the other, and all that is drawn of it; the visitor's own file to go back to."""
        target = place(self._settings.uploads, file or "")
        columns = (text_column or "", label_column or "")
        done = repair(file, target, *columns, kinds, settings=self._settings, task=task)
        path = str(done.path)
        mended = (self.view.repaired(done, lang), original or file, gr.update(value=path, visible=True))
        shown = self._shown(path, done.text_column, done.label_column, task, lang)
        return path, *shown, *mended, gr.update(visible=True)

    def restore(self, original: str | None, task: str, lang: str) -> tuple:
        """The visitor's own file again."""
        return original, *self.open_file(original, task, lang)

    def redraw(self, report: DatasetReport | None, chosen: Sequence[str], task: str, lang: str) -> tuple:
        """The same in another language: drawn, both columns, the repairs."""
        text, label = (gr.update(label=self.view.column(name, task, lang)) for name in ("text", "label"))
        choices = gr.update(choices=self._repairs(report, lang), value=list(chosen))
        return self.view.dataset(report, lang), text, label, choices

    def _shown(self, file: str | None, text_column: str, label_column: str, task: str, lang: str) -> tuple:
        if not file:
            empty = gr.update(choices=[], value=None, visible=False)
            return None, self.view.dataset(None, lang), empty, empty, gr.update(visible=False), gr.update(choices=[])
        report = dataset.inspect(file, text_column, label_column, settings=self._settings, task=task)
        repairs = self._repairs(report, lang)
        safe = [finding.kind for finding in report.findings if finding.repair == SAFE]
        return (
            report,
            self.view.dataset(report, lang),
            self._dropdown("text", report.columns, report.text_column, task, lang),
            self._dropdown("label", report.columns, report.label_column, task, lang),
            gr.update(visible=bool(repairs)),
            gr.update(choices=repairs, value=safe),
        )

    def _nothing_repaired(self) -> tuple:
        """What was said of a repair, the visitor's own file, its download, the way back."""
        hidden = gr.update(visible=False)
        return "", None, hidden, hidden

    def _dropdown(self, name: str, columns: Sequence[str], value: str, task: str, lang: str) -> Any:
        choices: list[tuple[str, str]] = [(column, column) for column in columns]
        has_none = name == "label" and task == WRITE  # a writer may learn plain texts
        if has_none:
            choices.insert(0, (self.view.no_answer(lang), ""))
        none = "" if has_none else None
        return gr.update(choices=choices, value=value or none, label=self.view.column(name, task, lang), visible=True)

    def _repairs(self, report: DatasetReport | None, lang: str) -> list[tuple[str, str]]:
        """(what is shown, kind) of each finding that has a repair."""
        findings = report.findings if report else ()
        return [(self.view.choice(finding, lang), finding.kind) for finding in findings if finding.repair]


class DataPart:
    """Draws the table; a run changes nothing here."""

    outputs: list[Any] = []  # noqa: RUF012, of a Part

    def __init__(self, desk: Desk) -> None:
        strings = desk.ui.strings
        self._handlers = DataHandlers(desk.settings, DataView(strings, FindingWords(strings)))
        self._desk = desk
        self._original = gr.State(None)  # path of the visitor's own file while a repaired one is in use
        with gr.Row(equal_height=False):
            with gr.Column(scale=2, min_width=280):
                self._task = _task(desk.ui)
                self._file, self._examples = _file(desk.ui)
                self._columns = self._both_columns()
                with gr.Column(visible=False, elem_classes="tea-repairs") as self._box:
                    self._repair, self._chosen = _repairs(desk.ui)
                with gr.Column(elem_classes="tea-tight"):
                    self._said = gr.HTML(elem_id="tea-finetune-repaired", elem_classes="tea-finetune-box")
                    self._download, self._back = _after_repair(desk.ui)
            with gr.Column(scale=3, min_width=280):
                drawn = self._handlers.view.dataset(None, DEFAULT)
                self._drawn = gr.HTML(drawn, elem_id="tea-finetune-dataset", elem_classes="tea-finetune-box")
        lesson_card(desk.ui, "data", alone=True)
        names = ("text_column", "label_column")
        self.fields = {"file": self._file, **dict(zip(names, self._columns, strict=True)), "task": self._task}
        self._connect()

    def show(self, run: Any, lang: str) -> list[Any]:
        return []

    def _both_columns(self) -> list[gr.Dropdown]:
        with gr.Row():
            return [
                gr.Dropdown(
                    label=self._handlers.view.column(name, CLASSIFY, DEFAULT),
                    choices=[],
                    visible=False,
                    interactive=True,
                    min_width=120,
                    elem_id=f"tea-finetune-{name}-column",
                )
                for name in ("text", "label")
            ]

    def _connect(self) -> None:
        desk, handlers, said = self._desk, self._handlers, self._desk.reporter.said
        lang, shown = desk.ui.lang, [desk.report, self._drawn, *self._columns, self._box, self._chosen]
        mended = [self._said, self._original, self._download, self._back]
        # The event that reads the file, wherever it came from.
        inputs, outputs = [self._file, self._task, lang], [*shown, *mended]
        self.opening = {"fn": said(handlers.open_file), "inputs": inputs, "outputs": outputs, **QUIET}
        gr.on([self._file.upload, self._file.clear, self._task.input], **self.opening)
        for name, button in self._examples.items():
            example = (str(EXAMPLES[name]), _TEACHES.get(name, CLASSIFY))
            button.click(lambda example=example: example, None, [self._file, self._task], **AT_ONCE).then(
                **self.opening
            )
        changed = [column.input for column in self._columns]
        gr.on(changed, said(handlers.choose_columns), [self._file, *self._columns, self._task, lang], shown, **QUIET)
        inputs = [self._file, self._original, *self._columns, self._task, self._chosen, lang]
        self._repair.click(said(handlers.repair), inputs, [self._file, *shown, *mended], **QUIET)
        inputs = [self._original, self._task, lang]
        self._back.click(said(handlers.restore), inputs, [self._file, *shown, *mended], **QUIET)
        inputs, outputs = [desk.report, self._chosen, self._task, lang], [self._drawn, *self._columns, self._chosen]
        lang.change(handlers.redraw, inputs, outputs, **AT_ONCE)


def _task(ui: Localizer) -> gr.Radio:
    def choices(lang: str) -> list[tuple[str, str]]:
        return [(ui.strings.text(f"finetune.data.task.{task}", lang), task) for task in CHOICES["task"]]

    words = {"label": "finetune.data.task", "choices": choices}
    return ui.make(gr.Radio, words, value=CLASSIFY, elem_id="tea-finetune-task")


def _file(ui: Localizer) -> tuple[gr.File, dict[str, gr.Button]]:
    types = [".csv", ".tsv", ".txt"]
    file = ui.make(gr.File, {"label": "finetune.file"}, file_types=types, height=150, elem_id="tea-finetune-file")
    with gr.Column(elem_classes="tea-tight"):
        examples = {
            name: ui.make(gr.Button, {"value": f"finetune.example_{name}"}, size="sm", elem_id=f"tea-finetune-{name}")
            for name in EXAMPLES
        }
    return file, examples


def _repairs(ui: Localizer) -> tuple[gr.Button, gr.CheckboxGroup]:
    words = {"value": "finetune.data.repair_button"}
    repair_all = ui.make(gr.Button, words, variant="primary", size="sm", elem_id="tea-finetune-repair")
    words = {"label": "finetune.data.repair_choice", "info": "finetune.data.repair_info"}
    return repair_all, ui.make(gr.CheckboxGroup, words, choices=[], elem_id="tea-finetune-repairs")


def _after_repair(ui: Localizer) -> tuple[gr.DownloadButton, gr.Button]:
    look = {"size": "sm", "visible": False, "min_width": 160}
    words = {"label": "finetune.data.download"}
    download = ui.make(gr.DownloadButton, words, elem_id="tea-finetune-download-repaired", **look)
    return download, ui.make(gr.Button, {"value": "finetune.data.original"}, elem_id="tea-finetune-original", **look)
