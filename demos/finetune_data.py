"""Step 1 of the Fine-tune tab: a table in, its columns guessed, what is in it. Knows no training."""

from __future__ import annotations

from typing import Any

import gradio as gr

from demos.finetune_data_view import DataView
from demos.finetune_desk import AT_ONCE, QUIET, Desk
from demos.i18n import ASSETS, DEFAULT, Localizer
from models.finetune import dataset
from models.finetune.dataset import DatasetReport
from models.settings import Settings

EXAMPLES = {name: ASSETS / "examples" / f"finetune_{name}.csv" for name in ("tea", "topics")}


class DataHandlers:
    """What the events call: plain values in, component values out."""

    def __init__(self, settings: Settings, view: DataView) -> None:
        self._settings, self.view = settings, view

    def open_file(self, file: str | None, lang: str) -> tuple:
        """A new file: report, drawn, both columns with the guesses chosen."""
        if not file:
            empty = gr.update(choices=[], value=None, visible=False)
            return None, self.view.dataset(None, lang), empty, empty
        return self._inspected(file, "", "", lang)

    def choose_columns(self, file: str | None, text_column: str | None, label_column: str | None, lang: str) -> tuple:
        """The same file read by other columns."""
        if not file:
            return self.open_file(None, lang)
        return self._inspected(file, text_column or "", label_column or "", lang)

    def _inspected(self, file: str, text_column: str, label_column: str, lang: str) -> tuple:
        report = dataset.inspect(file, text_column, label_column, settings=self._settings)
        choices = list(report.columns)
        return (
            report,
            self.view.dataset(report, lang),
            gr.update(choices=choices, value=report.text_column, visible=True),
            gr.update(choices=choices, value=report.label_column or None, visible=True),
        )


class DataPart:
    """Draws the table; a run changes nothing here."""

    outputs: list[Any] = []  # noqa: RUF012, of a Part

    def __init__(self, desk: Desk) -> None:
        handlers = DataHandlers(desk.settings, DataView(desk.ui.strings))
        with gr.Row(equal_height=False):
            with gr.Column(scale=2, min_width=280):
                self._file, self._examples, text_column, label_column = _inputs(desk.ui)
            with gr.Column(scale=3, min_width=280):
                drawn = handlers.view.dataset(None, DEFAULT)
                self._drawn = gr.HTML(drawn, elem_id="tea-finetune-dataset", elem_classes="tea-finetune-box")
        self._columns = [text_column, label_column]
        self.fields = {"file": self._file, "text_column": text_column, "label_column": label_column}
        self._connect(desk, handlers)

    def show(self, run: Any, lang: str) -> list[Any]:
        return []

    def _connect(self, desk: Desk, handlers: DataHandlers) -> None:
        drawn = [desk.report, self._drawn, *self._columns]
        open_file = desk.reporter.said(handlers.open_file)
        # The event that reads the file, wherever it came from.
        self.opening = {"fn": open_file, "inputs": [self._file, desk.ui.lang], "outputs": drawn, **QUIET}
        gr.on([self._file.upload, self._file.clear], **self.opening)
        for name, button in self._examples.items():
            path = str(EXAMPLES[name])
            button.click(lambda path=path: path, None, self._file, **AT_ONCE).then(**self.opening)
        choose = desk.reporter.said(handlers.choose_columns)
        changed = [column.input for column in self._columns]
        gr.on(changed, choose, [self._file, *self._columns, desk.ui.lang], drawn, **QUIET)

        def redraw(report: DatasetReport | None, lang: str) -> str:
            return handlers.view.dataset(report, lang)

        desk.ui.lang.change(redraw, [desk.report, desk.ui.lang], self._drawn, **AT_ONCE)


def _inputs(ui: Localizer) -> tuple[gr.File, dict[str, gr.Button], gr.Dropdown, gr.Dropdown]:
    types = [".csv", ".tsv", ".txt"]
    file = ui.make(gr.File, {"label": "finetune.file"}, file_types=types, height=150, elem_id="tea-finetune-file")
    with gr.Column(elem_classes="tea-tight"):
        examples = {
            name: ui.make(gr.Button, {"value": f"finetune.example_{name}"}, size="sm", elem_id=f"tea-finetune-{name}")
            for name in EXAMPLES
        }
    with gr.Row():
        columns = [
            ui.make(
                gr.Dropdown,
                {"label": f"finetune.{name}"},
                choices=[],
                visible=False,
                interactive=True,
                min_width=120,
                elem_id=f"tea-finetune-{name.replace('_', '-')}",
            )
            for name in ("text_column", "label_column")
        ]
    return file, examples, *columns
