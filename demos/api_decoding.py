"""The public API of the view «decoding»: one beginning continued in several ways, with figures."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import gradio as gr

from demos.endpoint import Endpoint, model_field, number_field, text_field
from models.progress import finished

if TYPE_CHECKING:
    from demos.page import Teahouse


def endpoints(teahouse: Teahouse) -> list[Endpoint]:
    def compare_decoding(prompt: str, model: str, max_new_tokens: int, seed: int, request: gr.Request):
        return asdict(finished(teahouse.decodings.compare(prompt, model, max_new_tokens, seed)))

    return [
        Endpoint(
            compare_decoding,
            [
                text_field("prompt"),
                model_field("gpt-zh"),
                number_field("max_new_tokens: of each text", 60, 0),
                number_field("seed: -1 for another each time", -1, 0),
            ],
            [gr.JSON(label="texts: greedy, beam, top_k, top_p, cold, hot, each with its figures")],
            "compare_decoding",
            "Continues a text in six ways: greedy, beam search, top-k, top-p and two temperatures.",
        )
    ]
