"""What the views under the answer speak of: the text that was answered, or before any answer the one in the box.

Knows no view.
"""

from __future__ import annotations

from dataclasses import dataclass

import gradio as gr

from demos.sentiment_view import Answer


@dataclass(frozen=True)
class Subject:
    """The components and the State that a view's handler takes, in the order of `text_and_model`'s parameters."""

    answer: gr.State  # of Answer
    text: gr.Textbox
    picker: gr.Dropdown

    @property
    def inputs(self) -> list[gr.components.Component]:
        return [self.answer, self.text, self.picker]


def text_and_model(answer: Answer | None, text: str, model: str) -> tuple[str, str]:
    """The box may have been written in since the answer: that is not what is explained."""
    return (answer.text, answer.model) if answer else (text or "", model)
