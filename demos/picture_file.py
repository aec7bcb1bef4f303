"""A picture as the file that was uploaded: gr.Image would open it itself, and fail with an error of its own on what is none.

Whoever reads the file checks its header first and says in one sentence what is wrong. Knows no models and no tabs.
"""

from __future__ import annotations

import gradio as gr
from gradio.components.image import ImageData


class PictureFile(gr.Image):
    """gr.Image(type="filepath") whose handlers get the path of the file, unread; None where there is none."""

    is_template = True  # the page draws it as an image

    def preprocess(self, payload: ImageData | None) -> str | None:
        if payload is None or not payload.path:
            return super().preprocess(payload)
        return payload.path
