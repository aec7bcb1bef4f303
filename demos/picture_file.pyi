"""A picture as the file that was uploaded: gr.Image would open it itself, and fail with an error of its own on what is none.

Whoever reads the file checks its header first and says in one sentence what is wrong. Knows no models and no tabs.
"""

from __future__ import annotations

from typing import Any

import gradio as gr
from gradio.components.image import ImageData

from gradio.events import Dependency

class PictureFile(gr.Image):
    """gr.Image whose handlers get the path of the file, unread; None where there is none."""

    is_template = True  # the page draws it as an image

    def __init__(self, value: str | None = None, **props: Any) -> None:
        super().__init__(value, type="filepath", **props)

    def preprocess(self, payload: ImageData | None) -> str | None:
        if payload is None or not payload.path:
            return super().preprocess(payload)
        return payload.path
    from typing import Callable, Literal, Sequence, Any, TYPE_CHECKING
    from gradio.blocks import Block
    if TYPE_CHECKING:
        from gradio.components import Timer
        from gradio.components.base import Component