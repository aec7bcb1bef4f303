"""The options of a training in the Fine-tune tab, each with a default that one can leave alone. Starts nothing.

Two are in sight, the others behind «more», in the order in which one meets them: what learns, how, against what, on which
machine. Each has one sentence of help; what the chosen method does not use is greyed out.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import gradio as gr

from demos.finetune_desk import AT_ONCE, Desk
from demos.i18n import Localizer, Words
from demos.model_picker import base_picker
from models.finetune.request import BOUNDS, CHOICES, FinetuneRequest
from models.finetune.run import Run

# What stands together in a row.
_GROUPS: dict[str, tuple[tuple[str, ...], ...]] = {
    "learns": (("method", "layers", "lora_rank"), ("learning_rate", "batch_size", "max_length")),
    "how": (("optimizer", "weight_decay", "warmup"), ("accumulation", "patience", "seed")),
    "against": (("dropout", "label_smoothing", "class_weights"), ("held_out_share", "precision")),
}
_SLIDERS = {
    "epochs": 1,
    "dropout": 0.05,
    "label_smoothing": 0.05,
    "warmup": 0.05,
    "held_out_share": 0.05,
}  # their steps
_USUAL = FinetuneRequest(file="-")


class OptionsPart:
    outputs: list[Any] = []  # noqa: RUF012, of a Part

    def __init__(self, desk: Desk) -> None:
        self._desk, ui = desk, desk.ui
        self.fields: dict[str, Any] = {"base_model": base_picker(ui, desk.catalog, desk.settings)}
        self.fields["epochs"] = _control(ui, "epochs")
        with ui.make(
            gr.Accordion, {"label": "finetune.options.more"}, open=False, elem_classes="tea-quiet", elem_id="tea-more"
        ):
            for group, rows in _GROUPS.items():
                ui.make(gr.HTML, {"value": _heading(ui, group)}, elem_classes="tea-finetune-box")
                for names in rows:
                    with gr.Row(equal_height=True):
                        self.fields |= {name: _control(ui, name) for name in names}
        self._connect()

    def show(self, run: Run | None, lang: str) -> list[Any]:
        return []

    def _connect(self) -> None:
        method = self.fields["method"]
        method.change(applicable, method, [self.fields["layers"], self.fields["lora_rank"]], **AT_ONCE)


def applicable(method: str) -> tuple[Any, Any]:
    """layers and lora_rank: each belongs to one method."""
    return gr.update(interactive=method == "last_layers"), gr.update(interactive=method == "lora")


def _control(ui: Localizer, name: str) -> Any:
    words: Mapping[str, Words] = {"label": f"finetune.options.{name}", "info": f"finetune.options.{name}_info"}
    look = {"value": getattr(_USUAL, name), "elem_id": f"tea-option-{name.replace('_', '-')}", "min_width": 200}
    if name in CHOICES:
        return ui.make(gr.Dropdown, {**words, "choices": _choices(ui, name)}, **look)
    low, high = BOUNDS[name]
    if name in _SLIDERS:
        return ui.make(gr.Slider, words, minimum=low, maximum=high, step=_SLIDERS[name], **look)
    is_whole = isinstance(high, int)
    look["interactive"] = name != "lora_rank"  # as `applicable` has it for the usual method
    return ui.make(gr.Number, words, minimum=low, maximum=high, precision=0 if is_whole else None, **look)


def _choices(ui: Localizer, name: str) -> Words:
    """(shown, value) pairs in a language."""
    return lambda lang: [(ui.strings.text(f"finetune.options.{name}.{value}", lang), value) for value in CHOICES[name]]


def _heading(ui: Localizer, group: str) -> Words:
    return lambda lang: f'<h4 class="tea-options-head">{ui.strings.text(f"finetune.options.group_{group}", lang)}</h4>'
