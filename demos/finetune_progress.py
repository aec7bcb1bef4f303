"""A run while it trains, in the Fine-tune tab: its state and curves, stop and resume. The tab connects the buttons."""

from __future__ import annotations

from typing import Any

import gradio as gr

from demos.finetune_desk import Desk
from demos.finetune_progress_view import ProgressView
from demos.i18n import DEFAULT
from demos.lessons import lesson_card
from models.finetune.run import Run


class ProgressPart:
    def __init__(self, desk: Desk) -> None:
        ui = desk.ui
        self.fields: dict[str, Any] = {}
        self._view = ProgressView(ui.strings)
        drawn = gr.HTML(self._view.run(None, DEFAULT), elem_id="tea-finetune-run", elem_classes="tea-finetune-box")
        with gr.Row():
            self.stop = ui.make(gr.Button, {"value": "finetune.stop"}, visible=False, elem_id="tea-finetune-stop")
            self.resume = ui.make(gr.Button, {"value": "finetune.resume"}, visible=False, elem_id="tea-finetune-resume")
        lesson_card(ui, "training", alone=True)
        self.outputs = [drawn, self.stop, self.resume]

    def show(self, run: Run | None, lang: str) -> list[Any]:
        drawn = self._view.run(run, lang)
        if run is None:
            return [drawn, gr.update(visible=False), gr.update(visible=False)]
        can_resume = run.state in ("stopped", "interrupted", "failed")
        return [drawn, gr.update(visible=run.is_under_way), gr.update(visible=can_resume)]
