"""The options of a training in the Fine-tune tab, each with a default that one can leave alone. Starts nothing."""

from __future__ import annotations

from typing import Any

import gradio as gr

from demos.finetune_desk import Desk
from demos.model_picker import base_picker
from models.finetune.request import BOUNDS, FinetuneRequest
from models.finetune.run import Run


class OptionsPart:
    outputs: list[Any] = []  # noqa: RUF012, of a Part

    def __init__(self, desk: Desk) -> None:
        ui, usual = desk.ui, FinetuneRequest(file="-")
        with ui.make(gr.Accordion, {"label": "finetune.options"}, open=False, elem_classes="tea-quiet"):
            base = base_picker(ui, desk.catalog, desk.settings)
            with gr.Row():
                words = {"label": "finetune.epochs", "info": "finetune.epochs_info"}
                epochs = ui.make(gr.Slider, words, minimum=1, maximum=BOUNDS["epochs"][1], step=1, value=usual.epochs)
                words = {"label": "finetune.batch_size"}
                most = BOUNDS["batch_size"][1]
                batch = ui.make(gr.Slider, words, minimum=1, maximum=most, step=1, value=usual.batch_size)
            with gr.Row():
                words = {"label": "finetune.learning_rate", "info": "finetune.rate_info"}
                rate = ui.make(gr.Number, words, value=usual.learning_rate, min_width=160)
                words = {"label": "finetune.max_length"}
                length = ui.make(gr.Number, words, value=usual.max_length, precision=0, min_width=120)
                seed = ui.make(gr.Number, {"label": "finetune.seed"}, value=usual.seed, precision=0, min_width=120)
        self.fields = {
            "base_model": base,
            "epochs": epochs,
            "batch_size": batch,
            "learning_rate": rate,
            "max_length": length,
            "seed": seed,
        }

    def show(self, run: Run | None, lang: str) -> list[Any]:
        return []
