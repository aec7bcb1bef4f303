"""The visitor's runs side by side, in the Fine-tune tab: two to four are chosen, their differences, curves and scores drawn."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import gradio as gr

from demos.finetune_compare_view import CompareView
from demos.finetune_desk import AT_ONCE, QUIET, Desk, ids_in
from models.errors import UnknownRun
from models.finetune import comparison
from models.finetune.comparison import MOST, Comparison
from models.finetune.run import Run


class ComparePart:
    def __init__(self, desk: Desk) -> None:
        self.fields: dict[str, Any] = {}
        self.outputs: list[Any] = []
        self._runs, self._view = desk.runs, CompareView(desk.ui.strings)
        words = {"label": "finetune.compare.title"}
        with desk.ui.make(gr.Accordion, words, open=False, elem_classes="tea-quiet") as accordion:
            words = {"label": "finetune.compare.runs", "info": "finetune.compare.info"}
            chosen = desk.ui.make(
                gr.Dropdown,
                words,
                choices=[],
                value=[],
                multiselect=True,
                allow_custom_value=True,
                max_choices=MOST,
                elem_id="tea-finetune-compared",
            )
            words = {"value": "finetune.compare.button"}
            button = desk.ui.make(gr.Button, words, elem_id="tea-finetune-compare")
            drawn = gr.HTML("", elem_id="tea-finetune-comparison", elem_classes="tea-finetune-box")
        found = gr.State(None)
        asked = [desk.ids, desk.ui.lang]
        gr.on([desk.ids.change, accordion.expand], self.offer, asked, chosen, **AT_ONCE)
        button.click(desk.reporter.said(self.compare), [chosen, desk.ui.lang], [found, drawn], **QUIET)
        desk.ui.lang.change(self.redraw, [found, desk.ui.lang], drawn, **AT_ONCE)

    def show(self, run: Run | None, lang: str) -> list[Any]:
        """Nothing here goes with the one run that the tab shows."""
        return []

    def offer(self, ids: str | None, lang: str) -> Any:
        """One's own runs that still exist, the latest first, each told by its day, its base and its state."""
        return gr.update(choices=[(self._view.name(run, lang), run.run_id) for run in self._known(ids_in(ids))])

    def compare(self, chosen: Sequence[str] | None, lang: str) -> tuple[Comparison, str]:
        found = comparison.compare([self._runs.folder(run_id) for run_id in chosen or []])
        return found, self._view.comparison(found, lang)

    def redraw(self, found: Comparison | None, lang: str) -> str:
        return self._view.comparison(found, lang) if found else ""

    def _known(self, ids: Sequence[str]) -> list[Run]:
        runs = []
        for run_id in ids:
            try:
                runs.append(self._runs.status(run_id))
            except UnknownRun:  # it has expired
                continue
        return sorted(runs, key=lambda run: -run.queued_at)
