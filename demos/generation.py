"""The Generation tab: poems, continued texts and chat, with one model and one set of sampling options for all three.

Puts the three together. Knows the runner by what it yields, never how it computes.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr

from demos import chat, continuation, poem, sampling
from demos.errors import Reporter
from demos.i18n import ASSETS, Localizer
from demos.model_picker import model_picker
from demos.streaming import Desk, Explainers
from demos.waiting import Waiter
from models.catalog import DEFAULTS, Catalog
from models.generation import TASK, GenerationRunner
from models.settings import Settings

EXAMPLES = ASSETS / "examples" / "generation.json"


@dataclass(frozen=True)
class GenerationTab:
    """What other parts of the page reach for."""

    picker: gr.Dropdown
    tabs: gr.Tabs


def build(
    ui: Localizer,
    waiter: Waiter,
    reporter: Reporter,
    runner: GenerationRunner,
    explainers: Explainers,
    settings: Settings,
    catalog: Catalog,
) -> GenerationTab:
    """Lays the tab out and connects it. Call it inside its gr.Tab."""
    examples = load_examples()
    picker = model_picker(ui, catalog, settings, TASK, DEFAULTS[TASK])
    options = sampling.build(ui, settings)
    desk = Desk(ui, waiter, reporter, runner, settings, picker, options, explainers)
    with gr.Tabs(elem_id="tea-generation-tabs", elem_classes="tea-inner-tabs") as tabs:
        with ui.make(gr.Tab, {"label": "generation.tab.poem"}, id="poem", elem_id="tea-generation-poem"):
            poem.build(desk, examples["poem"])
        with ui.make(gr.Tab, {"label": "generation.tab.continue"}, id="continue", elem_id="tea-generation-continue"):
            continuation.build(desk, examples["continue"], examples["surprise"])
        with ui.make(gr.Tab, {"label": "generation.tab.chat"}, id="chat", elem_id="tea-generation-chat"):
            chat.build(desk, examples["chat"])
    return GenerationTab(picker, tabs)


def load_examples(path: Path = EXAMPLES) -> dict[str, list[Any]]:
    """poem: form, title and acrostic; continue, chat and surprise: texts."""
    return json.loads(path.read_text(encoding="utf-8"))
