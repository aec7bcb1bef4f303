"""The picker every tab shares: known models by name, and room to type a Hub id, a folder or run:<id>."""

from __future__ import annotations

import gradio as gr

from demos.i18n import Localizer
from models.catalog import Catalog, ModelSpec, Task


def model_picker(ui: Localizer, catalog: Catalog, task: Task, value: str, label: str = "common.model") -> gr.Dropdown:
    """A dropdown whose value is always a name that Catalog.find takes."""

    def choices(lang: str) -> list[tuple[str, str]]:
        return picker_choices(catalog, task, lang)

    return ui.make(
        gr.Dropdown,
        {"label": label, "info": "common.model_info", "choices": choices},
        value=value,
        allow_custom_value=True,
        filterable=True,
        elem_classes="tea-picker",
    )


def picker_choices(catalog: Catalog, task: Task, lang: str, runs: list[str] | None = None) -> list[tuple[str, str]]:
    """(shown, value) pairs: the visitor's own runs first, then what is bundled, then the Hub's."""
    own = [(f"run:{run}", f"run:{run}") for run in runs or []]
    return own + [
        (_shown(spec, lang), spec.name)
        for spec in catalog.specs()
        if spec.name in catalog.names(task) and spec.task == task
    ]


def _shown(spec: ModelSpec, lang: str) -> str:
    title = spec.title[0] if lang == "zh" else spec.title[1]
    size = f" · {spec.size_bytes // 2**20} MB" if spec.origin == "hub" else ""
    return f"{spec.name} · {title}{size}" if title else spec.name
