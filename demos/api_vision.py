"""The public API of the picture tab: a picture's classes, and where the model looked."""

from __future__ import annotations

from typing import TYPE_CHECKING

import gradio as gr

from demos.endpoint import Endpoint, confidences, model_field
from demos.picture_file import PictureFile

if TYPE_CHECKING:
    from demos.page import Teahouse


def endpoints(teahouse: Teahouse) -> list[Endpoint]:
    def classify_image(image: str, model: str, request: gr.Request):
        return confidences(teahouse.vision.classify(image, model))

    def explain_image(image: str, model: str, request: gr.Request):
        return teahouse.explainer.picture(image, model).heat

    return [
        Endpoint(
            classify_image,
            [PictureFile(label="image"), model_field("efficientnet-lite0")],
            [gr.Label(label="label with confidences")],
            "classify_image",
            "The five likeliest classes of a picture.",
        ),
        Endpoint(
            explain_image,
            [PictureFile(label="image"), model_field("efficientnet-lite0")],
            [gr.Image(label="the picture with the heat laid over", format="png")],
            "explain_image",
            "Where the model looked: Grad-CAM for convolutional networks, attention for transformers.",
        ),
    ]
