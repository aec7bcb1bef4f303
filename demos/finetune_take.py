"""What one does with a trained model, in the Fine-tune tab: use it in another tab, or take it away as a zip."""

from __future__ import annotations

from typing import Any

import gradio as gr

from demos.finetune_desk import Desk
from models.finetune.run import Run


class TakePart:
    def __init__(self, desk: Desk) -> None:
        ui = desk.ui
        self.fields: dict[str, Any] = {}
        self._runs = desk.runs
        with gr.Row():
            words = {"value": "finetune.use"}
            self.use = ui.make(gr.Button, words, variant="primary", visible=False, elem_id="tea-finetune-use")
            words = {"label": "finetune.download"}
            self._download = ui.make(gr.DownloadButton, words, visible=False, elem_id="tea-finetune-download")
        self.outputs = [self.use, self._download]

    def show(self, run: Run | None, lang: str) -> list[Any]:
        if run is None or not run.has_model:
            return [gr.update(visible=False), gr.update(visible=False)]
        path = str(self._runs.download(run.run_id))
        return [gr.update(visible=True), gr.update(visible=True, value=path)]
