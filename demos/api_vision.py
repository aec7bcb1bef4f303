"""The public API of the picture tab: a picture's classes, where the model saw one of them, and a check of that map."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import gradio as gr

from demos.endpoint import Endpoint, confidences, model_field, text_field
from demos.picture_file import PictureFile
from models.heat import METHODS
from models.progress import finished

if TYPE_CHECKING:
    from demos.page import Teahouse


def endpoints(teahouse: Teahouse) -> list[Endpoint]:
    def classify_image(image: str, model: str, request: gr.Request):
        return confidences(teahouse.vision.classify(image, model))

    def explain_image(image: str, model: str, label: str, method: str, request: gr.Request):
        return teahouse.explainer.picture(image, model, label, method).heat

    def check_explanation(image: str, model: str, label: str, method: str, request: gr.Request):
        found = finished(teahouse.explainer.steps(image, model, label, method, check=True))
        return {"label": found.label, "method": found.method, **asdict(found.trust), "holds": found.trust.holds}

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
            [PictureFile(label="image"), model_field("efficientnet-lite0"), *_asked()],
            [gr.Image(label="the picture with the heat laid over", format="png")],
            "explain_image",
            "Where the model saw a class: Grad-CAM for convolutional networks, attention for transformers.",
        ),
        Endpoint(
            check_explanation,
            [PictureFile(label="image"), model_field("efficientnet-lite0"), *_asked()],
            [gr.JSON(label="label, method, and its probability: whole, without_hottest, without_random; holds")],
            "check_explanation",
            "How far a heat map can be trusted: the class's probability without its hottest 20 % and without a random 20 %.",
        ),
    ]


def _asked() -> list[gr.Textbox]:
    """Which class, and how to look for it."""
    return [
        text_field("label: one of the model's own classes; empty: the likeliest"),
        text_field(f"method: one of {', '.join(METHODS)}; empty: what suits the network"),
    ]
