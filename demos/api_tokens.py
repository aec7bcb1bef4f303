"""The public API of the view «tokens»: a text with its tokens' alternatives, and a branch of it."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import gradio as gr

from demos.api_generation import sampling_fields
from demos.endpoint import Endpoint, model_field, text_field
from models.errors import BadInput
from models.progress import finished
from models.sampling import GenerationOptions

if TYPE_CHECKING:
    from demos.page import Teahouse


def endpoints(teahouse: Teahouse) -> list[Endpoint]:
    def trace(prompt: str, model: str, sampling: tuple[Any, ...], prefix: list[int]) -> dict[str, Any]:
        options = GenerationOptions(*sampling).seeded()
        found = finished(teahouse.tracer.trace(prompt, model, options, prefix))
        return {"text": found.text, "seed": options.seed, **asdict(found)}

    def trace_generation(
        prompt: str,
        model: str,
        max_new_tokens: int,
        temperature: float,
        top_k: int,
        top_p: float,
        repetition_penalty: float,
        seed: int,
        request: gr.Request,
    ):
        return trace(prompt, model, (max_new_tokens, temperature, top_k, top_p, repetition_penalty, seed), [])

    def branch_generation(
        prompt: str,
        prefix: list[int] | None,
        model: str,
        max_new_tokens: int,
        temperature: float,
        top_k: int,
        top_p: float,
        repetition_penalty: float,
        seed: int,
        request: gr.Request,
    ):
        if not isinstance(prefix or [], list):
            raise BadInput("errors.bad_branch", tokens=0, limit=teahouse.settings.max_new_tokens, vocabulary="-")
        return trace(prompt, model, (max_new_tokens, temperature, top_k, top_p, repetition_penalty, seed), prefix or [])

    found = "text, seed, and for every token its probability and alternatives"
    return [
        Endpoint(
            trace_generation,
            [text_field("prompt"), model_field("gpt-zh"), *sampling_fields()],
            [gr.JSON(label=found)],
            "trace_generation",
            "Continues a text as /generate_text does, with what else might have been written at each place.",
        ),
        Endpoint(
            branch_generation,
            [
                text_field("prompt"),
                gr.JSON(value=[], label="prefix: ids of the tokens kept, and of the alternative after them"),
                model_field("gpt-zh"),
                *sampling_fields(),
            ],
            [gr.JSON(label=found)],
            "branch_generation",
            "Continues a text that begins with given tokens: a branch of what /trace_generation gave.",
        ),
    ]
