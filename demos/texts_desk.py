"""A desk for many texts: pasted lines or an uploaded table in, a status line with its Stop button, a result and a csv out.

Laid out and connected alike wherever many texts are judged or compared. Knows nothing of what is done with them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import gradio as gr
from gradio.events import Dependency

from demos.errors import Reporter
from demos.i18n import Localizer
from models.finetune.table import SUFFIXES

_AT_ONCE = {"queue": False, "show_progress": "hidden", "api_visibility": "private"}
_QUIET = {"show_progress": "hidden", "api_visibility": "private"}


class Files(Protocol):
    """What opens a table, and says that the work was stopped."""

    def open_file(self, file: str | None, lang: str) -> dict[str, Any]: ...
    def example_file(self) -> str: ...
    def stopped(self, lang: str) -> tuple[str, dict[str, Any]]: ...


@dataclass(frozen=True)
class TextsDesk:
    lines: gr.Textbox
    run_lines: gr.Button
    file: gr.File
    column: gr.Dropdown
    run_file: gr.Button
    example: gr.Button
    status: gr.HTML
    stop: gr.Button
    result: gr.HTML
    download: gr.DownloadButton


def lay_out(ui: Localizer, name: str, area: str, idle: str) -> TextsDesk:
    """name: of the elements, tea-<name>-lines and so on. area: of the strings run_lines and run_file. idle: the first status."""
    with gr.Row(equal_height=False):
        with gr.Column(min_width=220):
            words = {"label": "sentiment.lines", "placeholder": "sentiment.lines_hint"}
            lines = ui.make(gr.Textbox, words, lines=8, max_lines=12, elem_id=f"tea-{name}-lines")
            run_lines = ui.make(gr.Button, {"value": f"{area}.run_lines"}, elem_id=f"tea-{name}-run-lines")
        with gr.Column(min_width=220):
            words = {"label": "sentiment.file"}
            file = ui.make(gr.File, words, file_types=list(SUFFIXES), height=120, elem_id=f"tea-{name}-file")
            words = {"label": "sentiment.column", "info": "sentiment.column_info"}
            column = ui.make(gr.Dropdown, words, choices=[], interactive=False, elem_id=f"tea-{name}-column")
            run_file = ui.make(gr.Button, {"value": f"{area}.run_file"}, elem_id=f"tea-{name}-run-file")
            words = {"value": "sentiment.example_file"}
            example = ui.make(gr.Button, words, size="sm", elem_id=f"tea-{name}-example")
    with gr.Row(equal_height=False, elem_classes="tea-status-row"):
        status = gr.HTML(idle, elem_id=f"tea-{name}-status", elem_classes="tea-status-box")
        look = {"interactive": False, "size": "sm", "scale": 0, "min_width": 90}
        stop = ui.make(gr.Button, {"value": "common.stop"}, elem_id=f"tea-{name}-stop", **look)
    result = gr.HTML("", elem_id=f"tea-{name}-result", elem_classes="tea-batch-box")
    look = {"interactive": False, "size": "sm"}
    download = ui.make(gr.DownloadButton, {"label": "sentiment.download"}, elem_id=f"tea-{name}-download", **look)
    return TextsDesk(lines, run_lines, file, column, run_file, example, status, stop, result, download)


def connect(
    desk: TextsDesk,
    reporter: Reporter,
    files: Files,
    of_lines: Callable[..., Any],
    of_file: Callable[..., Any],
    asked: Sequence[Any],
    remembered: gr.State,
    lang: gr.State,
    limit: int,
) -> list[Dependency]:
    """The events that do the work, which the Stop button cancels.

    of_lines(lines, *asked) and of_file(file, column, *asked) -> status, stop, what is remembered, result, download.
    limit: of them at once.
    """
    job = {
        "outputs": [desk.status, desk.stop, remembered, desk.result, desk.download],
        "show_progress_on": desk.status,
        "concurrency_limit": limit,
        "concurrency_id": "sentiment-batch",
        "api_visibility": "private",
    }
    by_file, from_file = reporter.said(of_file), [desk.file, desk.column, *asked]
    open_file, opens = reporter.said(files.open_file), [desk.file, lang]
    opened = desk.example.click(files.example_file, None, desk.file, **_AT_ONCE).then(
        open_file, opens, desk.column, **_QUIET
    )
    jobs = [
        desk.run_lines.click(reporter.said(of_lines), [desk.lines, *asked], **job),
        desk.run_file.click(by_file, from_file, **job),
        opened.then(by_file, from_file, **job),
    ]
    gr.on([desk.file.upload, desk.file.clear], open_file, opens, desk.column, **_QUIET)
    desk.stop.click(files.stopped, lang, [desk.status, desk.stop], cancels=jobs, **_AT_ONCE)
    return jobs
