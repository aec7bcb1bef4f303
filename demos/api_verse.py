"""The public API of the view «verse»: a poem's lines, rhymes and tones, kept or broken."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import gradio as gr

from demos.endpoint import Endpoint, text_field
from models.verse_reading import read

if TYPE_CHECKING:
    from demos.page import Teahouse


def endpoints(teahouse: Teahouse) -> list[Endpoint]:
    def check_poem(poem: str, form: str, request: gr.Request):
        found = read(poem, form)
        return {**asdict(found), "holds": found.holds, "tones_hold": found.pattern and found.pattern.holds}

    return [
        Endpoint(
            check_poem,
            [
                text_field("poem: its lines, parted by stops or line breaks"),
                text_field("form: 五绝 … or a tune of ci; empty: guessed"),
            ],
            [gr.JSON(label="form, lines with rhyme and tones, pattern")],
            "check_poem",
            "The form of a Chinese poem: the length and rhyme of its lines, the tones of regulated verse.",
        )
    ]
