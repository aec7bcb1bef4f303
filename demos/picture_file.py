"""A picture as the file that was uploaded: gr.Image would open it itself, and fail with an error of its own on what is none.

Whoever reads the file checks its header first and says in one sentence what is wrong. Knows no model that looks and no tab.
"""

from __future__ import annotations

from pathlib import Path

import gradio as gr
from gradio.components.image import ImageData
from gradio.data_classes import ListFiles

from models.album import Photo


class PictureFile(gr.Image):
    """gr.Image(type="filepath") whose handlers get the path of the file, unread; None where there is none."""

    is_template = True  # the page draws it as an image

    def preprocess(self, payload: ImageData | None) -> str | None:
        if payload is None or not payload.path:
            return super().preprocess(payload)
        return payload.path


class PictureFiles(gr.File):
    """gr.File(file_count="multiple") whose handlers get every file's own name and path, unread, in the order of upload."""

    is_template = True  # the page draws it as files

    def preprocess(self, payload: ListFiles | None) -> list[Photo]:
        return [Photo(file.orig_name or Path(file.path).name, file.path) for file in payload or ()]
