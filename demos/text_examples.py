"""The row of example texts under an input, the same in every tab. Knows nothing of what a click on one does."""

from __future__ import annotations

from collections.abc import Iterable

import gradio as gr

from demos.i18n import Localizer


def text_examples(ui: Localizer, texts: Iterable[str], elem_id: str) -> gr.Dataset:
    """A dataset whose value, when one is clicked, is its index."""
    return ui.make(
        gr.Dataset,
        {"label": "common.examples"},
        components=[gr.Textbox(render=False)],
        samples=[[text] for text in texts],
        type="index",
        elem_id=elem_id,
        elem_classes="tea-examples",
    )
