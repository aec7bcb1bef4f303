"""The sampling options as controls: one accordion, shared by everything on the page that writes. Knows no model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import gradio as gr

from demos.i18n import Localizer
from models.sampling import BOUNDS, GenerationOptions
from models.settings import Settings

_DEFAULTS = GenerationOptions()
_STEPS = {"max_new_tokens": 1, "temperature": 0.05, "top_k": 1, "top_p": 0.01, "repetition_penalty": 0.05}
_HIGHEST = {"top_k": 200}  # a slider up to 1,000 could not be set to 40


@dataclass(frozen=True)
class SamplingControls:
    """The controls, in the order of GenerationOptions' fields."""

    inputs: list[Any]

    @staticmethod
    def options(*values: float | None) -> GenerationOptions:
        """The options that the controls' values ask for, with a seed that can be told. BadInput names a bad one."""
        return GenerationOptions(*values).seeded()


def build(ui: Localizer, settings: Settings) -> SamplingControls:
    box = ui.make(gr.Accordion, {"label": "generation.options"}, open=False, elem_classes="tea-quiet tea-sampling")
    with box, gr.Row():
        sliders = [_slider(ui, name, settings) for name in _STEPS]
        seed = ui.make(gr.Number, _words("seed"), value=-1, precision=0, min_width=240, elem_id="tea-seed")
    return SamplingControls([*sliders, seed])


def _slider(ui: Localizer, name: str, settings: Settings) -> gr.Slider:
    low, high = BOUNDS[name]
    high = settings.max_new_tokens if name == "max_new_tokens" else _HIGHEST.get(name, high)
    return ui.make(
        gr.Slider,
        _words(name),
        minimum=low,
        maximum=high,
        value=min(getattr(_DEFAULTS, name), high),
        step=_STEPS[name],
        min_width=240,
        elem_id=f"tea-{name.replace('_', '-')}",
    )


def _words(name: str) -> dict[str, str]:
    return {"label": f"generation.{name}", "info": f"generation.{name}_info"}
