"""What one endpoint of the public API is: its function, its parameters and results, its name.

Knows what all endpoints share, and none of them.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import gradio as gr

from demos.errors import Reporter
from models.sentiment import Prediction


@dataclass(frozen=True)
class Endpoint:
    """The components are never shown: by them Gradio checks uploaded files and describes the types."""

    function: Callable[..., Any]
    inputs: list[gr.components.Component]  # in the order of the function's parameters
    outputs: list[gr.components.Component]
    name: str
    description: str

    def add(self, reporter: Reporter, limit: int) -> None:
        """Adds it to the Blocks being built. limit: calls at once."""
        gr.Button(visible=False).click(
            reporter.said(self.function),
            self.inputs,
            self.outputs,
            api_name=self.name,
            api_description=self.description,
            concurrency_limit=limit,
        )


def with_parameters(function: Callable[..., Any], names: Sequence[str]) -> Callable[..., Any]:
    """A function of *values, and of the request as the last of them, that tells Gradio these names for its parameters."""
    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    function.__signature__ = inspect.Signature([inspect.Parameter(name, kind) for name in (*names, "request")])
    function.__annotations__ = {"request": gr.Request}
    return function


def text_field(label: str, value: str = "") -> gr.Textbox:
    return gr.Textbox(value=value, label=label)


def number_field(label: str, value: float | None, precision: int | None = None) -> gr.Number:
    return gr.Number(value=value, label=label, precision=precision)


def model_field(value: str) -> gr.Textbox:
    return text_field("model: a catalog name, a Hub id (owner/name) or run:<id>", value)


def confidences(predictions: tuple[Prediction, ...]) -> dict[str, float]:
    """As gr.Label takes them."""
    return {prediction.label: prediction.score for prediction in predictions}
