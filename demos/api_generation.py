"""The public API of the text tab: going on with a text and answering a message, streamed. Knows the runner by its texts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import gradio as gr

from demos.endpoint import Endpoint, model_field, number_field, text_field
from demos.streaming import paced
from models.generation import GenerationOptions

if TYPE_CHECKING:
    from demos.page import Teahouse

_OPTIONS = GenerationOptions()


def endpoints(teahouse: Teahouse) -> list[Endpoint]:
    def generate_text(
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
        options = GenerationOptions(max_new_tokens, temperature, top_k, top_p, repetition_penalty, seed)
        yield from paced(teahouse.generation.stream(prompt, model, options))

    def chat(
        message: str,
        history: list | None,
        model: str,
        system_prompt: str,
        max_new_tokens: int,
        temperature: float,
        top_k: int,
        top_p: float,
        repetition_penalty: float,
        seed: int,
        request: gr.Request,
    ):
        options = GenerationOptions(max_new_tokens, temperature, top_k, top_p, repetition_penalty, seed)
        messages = [*(history or []), {"role": "user", "content": message}]
        yield from paced(teahouse.generation.chat(messages, model, options, system_prompt))

    return [
        Endpoint(
            generate_text,
            [text_field("prompt"), model_field("gpt-zh"), *sampling_fields()],
            [text_field("the prompt with its continuation, streamed")],
            "generate_text",
            "Continues a text. The same seed gives the same text; seed -1 another each time.",
        ),
        Endpoint(
            chat,
            [
                text_field("message"),
                gr.JSON(value=[], label='history: [{"role": "user" or "assistant", "content": "…"}]'),
                model_field("gpt-zh"),
                text_field("system_prompt"),
                *sampling_fields(),
            ],
            [text_field("reply, streamed")],
            "chat",
            "Answers a message, with any model that has a chat template.",
        ),
    ]


def sampling_fields() -> list[gr.Number]:
    """The fields of GenerationOptions, in their order."""
    return [
        number_field("max_new_tokens", _OPTIONS.max_new_tokens, 0),
        number_field("temperature: 0 takes the likeliest token", _OPTIONS.temperature),
        number_field("top_k: 0 switches it off", _OPTIONS.top_k, 0),
        number_field("top_p: 1 switches it off", _OPTIONS.top_p),
        number_field("repetition_penalty: 1 is none", _OPTIONS.repetition_penalty),
        number_field("seed: -1 is another each time", -1, 0),
    ]
