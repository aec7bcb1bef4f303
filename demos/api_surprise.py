"""The public API of the view «surprise»: how much each token of a text surprised a model."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import gradio as gr

from demos.endpoint import Endpoint, model_field, text_field
from models.progress import finished

if TYPE_CHECKING:
    from demos.page import Teahouse


def endpoints(teahouse: Teahouse) -> list[Endpoint]:
    def measure_surprise(text: str, model: str, request: gr.Request):
        return asdict(finished(teahouse.perplexity.measure(text, model)))

    return [
        Endpoint(
            measure_surprise,
            [text_field("text"), model_field("gpt-zh")],
            [gr.JSON(label="perplexity, bits per character, and for every token its bits and what was expected")],
            "measure_surprise",
            "Reads a text and tells where it surprised the model.",
        )
    ]
