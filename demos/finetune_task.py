"""What goes with the choice of a task in the Fine-tune tab: a base and options of its own put into the controls.

They can be changed there; a learning rate is suggested for what learns and how. Knows no table.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import gradio as gr

from demos.finetune_desk import AT_ONCE, Desk
from demos.i18n import Localizer
from demos.model_picker import picker_choices
from models.catalog import Catalog
from models.finetune.request import CHOICES, CLASSIFY, suggested_rate, usual


def connect(desk: Desk, fields: Mapping[str, Any]) -> None:
    """fields: the controls of all options by the names of FinetuneRequest, the task among them."""
    task = TaskHandlers(desk.ui, desk.catalog)
    asked = [fields["task"], desk.ui.lang]
    fields["task"].change(task.begin, asked, [fields[name] for name in usual(CLASSIFY)], **AT_ONCE)
    chosen = [fields["method"], fields["optimizer"]]
    rated = {"fn": suggested_rate, "inputs": [*chosen, fields["task"]], "outputs": fields["learning_rate"]}
    gr.on([control.input for control in chosen], **rated, **AT_ONCE)
    desk.ui.lang.change(task.offer, asked, [fields[name] for name in task.OFFERED], **AT_ONCE)


class TaskHandlers:
    """What the events call: plain values in, component values out."""

    OFFERED = ("base_model", "method")  # options of which each task has its own choices

    def __init__(self, ui: Localizer, catalog: Catalog) -> None:
        self._ui, self._catalog = ui, catalog

    def begin(self, task: str, lang: str) -> list[Any]:
        """What a task begins with, in the order of `usual`, and what else could be chosen."""
        offered = dict(zip(self.OFFERED, self.offer(task, lang), strict=True))
        return [gr.update(value=value) | offered.get(name, {}) for name, value in usual(task).items()]

    def offer(self, task: str, lang: str) -> list[dict[str, Any]]:
        """The bases and the methods, in a language."""
        return [gr.update(choices=self._bases(task, lang)), gr.update(choices=self._methods(task, lang))]

    def _methods(self, task: str, lang: str) -> list[tuple[str, str]]:
        """A writer has no head that could learn alone."""
        named = [method for method in CHOICES["method"] if task == CLASSIFY or method != "head"]
        return [(self._ui.strings.text(f"finetune.options.method.{method}", lang), method) for method in named]

    def _bases(self, task: str, lang: str) -> list[tuple[str, str]]:
        return picker_choices(self._ui, self._catalog, self._catalog.bases(task), lang)
