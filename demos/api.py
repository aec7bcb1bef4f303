"""The public API: plain endpoints beside the page, with names that pages, notebooks and checks may rely on.

Each tab's endpoints are in a module of their own. Errors come back as one sentence, in Chinese where the caller's
Accept-Language asks for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import gradio as gr

from demos import (
    api_album,
    api_dataset,
    api_decoding,
    api_disturb,
    api_finetune,
    api_finetune_evaluation,
    api_finetune_plan,
    api_generation,
    api_models,
    api_sentiment,
    api_surprise,
    api_tokens,
    api_verse,
    api_vision,
)
from demos.errors import Reporter

if TYPE_CHECKING:
    from demos.page import Teahouse

_WORKING = (
    api_sentiment,
    api_generation,
    api_tokens,
    api_decoding,
    api_surprise,
    api_verse,
    api_vision,
    api_disturb,
    api_album,
    api_dataset,
    api_finetune,
    api_finetune_plan,
    api_finetune_evaluation,
)
_LOOKING = 8  # calls at once of what only looks


def build(teahouse: Teahouse, reporter: Reporter) -> None:
    """Adds every endpoint to the Blocks being built. Nothing of it is shown."""
    with gr.Column(visible=False):
        for module in _WORKING:
            for endpoint in module.endpoints(teahouse):
                endpoint.add(reporter, teahouse.settings.concurrency)
        for endpoint in api_models.endpoints(teahouse):
            endpoint.add(reporter, _LOOKING)
