"""The picker every tab shares: known models by name, room to type a Hub id, a folder or run:<id>, and a card of the choice."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

import gradio as gr

from demos.i18n import DEFAULT, Localizer, Words, in_language
from demos.model_card import ModelCards
from models.catalog import DEFAULT_ENCODER, Catalog
from models.settings import Settings
from models.spec import MB, ModelSpec, Task

_AT_ONCE = {"queue": False, "show_progress": "hidden", "api_visibility": "private"}


def model_picker(
    ui: Localizer, catalog: Catalog, settings: Settings, task: Task, value: str, label: str = "common.model"
) -> gr.Dropdown:
    """A dropdown whose value is always a name that Catalog.find takes, with the model's card under it."""
    cards = ModelCards(catalog, settings, ui.strings)
    words = {
        "label": label,
        "info": "common.model_info",
        "choices": lambda lang: picker_choices(ui, catalog, catalog.names(task), lang),
    }
    return _picker_with_card(ui, words, value, lambda name, lang: cards.answering(name, task, lang))


def base_picker(ui: Localizer, catalog: Catalog, settings: Settings) -> gr.Dropdown:
    """The same for what a fine-tuning run starts from."""
    cards = ModelCards(catalog, settings, ui.strings)
    words = {
        "label": "finetune.base_model",
        "info": "finetune.base_info",
        "choices": lambda lang: picker_choices(ui, catalog, catalog.bases(), lang),
    }
    return _picker_with_card(ui, words, DEFAULT_ENCODER, cards.training)


def picker_choices(
    ui: Localizer, catalog: Catalog, names: list[str], lang: str, runs: Sequence[str] = ()
) -> list[tuple[str, str]]:
    """(shown, value) pairs: the visitor's own runs first, then the names in the catalog's order."""
    specs = {spec.name: spec for spec in catalog.specs()}
    own = [(f"run:{run}", f"run:{run}") for run in runs]
    return own + [(" · ".join(_shown(ui, specs[name], lang)), name) for name in names]


def _picker_with_card(
    ui: Localizer, words: Mapping[str, Words], value: str, draw: Callable[[str, str], str]
) -> gr.Dropdown:
    with gr.Column(elem_classes="tea-choice", min_width=0):
        picker = ui.make(
            gr.Dropdown, words, value=value, allow_custom_value=True, filterable=True, elem_classes="tea-picker"
        )
        card = gr.HTML(draw(value, DEFAULT), elem_classes="tea-card-box")
    gr.on([picker.change, ui.lang.change], draw, [picker, ui.lang], card, **_AT_ONCE)
    return picker


def _shown(ui: Localizer, spec: ModelSpec, lang: str) -> Iterator[str]:
    yield spec.name
    if title := in_language(spec.title, lang):
        yield title
    if spec.origin == "hub":
        yield f"{spec.download_bytes / MB:,.0f} MB"
    if spec.weights == "pickle":
        yield ui.strings.text("common.card.only_pickle", lang)
