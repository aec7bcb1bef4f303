"""The public API of the view «disturb»: a disturbed picture with its classes, and where a model changes its mind."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import gradio as gr

from demos.endpoint import Endpoint, confidences, model_field, number_field, text_field
from demos.picture_file import PictureFile
from models.disturb import BOUNDS, KINDS, NONE, Disturbance
from models.progress import finished

if TYPE_CHECKING:
    from demos.page import Teahouse


def endpoints(teahouse: Teahouse) -> list[Endpoint]:
    def disturb_image(
        image: str,
        model: str,
        crop: float,
        rotate: float,
        blur: float,
        noise: float,
        brightness: float,
        cover_size: float,
        cover_x: float,
        cover_y: float,
        seed: int,
        request: gr.Request,
    ):
        asked = Disturbance(crop, rotate, blur, noise, brightness, cover_size, cover_x, cover_y, seed)
        picture = teahouse.disturber.disturbed(image, asked)
        return picture, confidences(teahouse.vision.classify(picture, model))

    def sweep_image(image: str, model: str, kind: str, cover_x: float, cover_y: float, request: gr.Request):
        place = Disturbance(cover_x=cover_x, cover_y=cover_y)
        found = finished(teahouse.disturber.sweep(image, kind, model, (place.cover_x, place.cover_y)))
        return {**asdict(found), "turns": [asdict(turn) for turn in found.turns]}

    picture, model = PictureFile(label="image"), model_field("efficientnet-lite0")
    fields = [number_field(f"{name}: {low:g} to {high:g}", NONE[name]) for name, (low, high) in BOUNDS.items()]
    place = [number_field(f"{name}: 0 to 1", NONE[name]) for name in ("cover_x", "cover_y")]
    return [
        Endpoint(
            disturb_image,
            [picture, model, *fields],
            [gr.Image(label="the disturbed picture", format="png"), gr.Label(label="label with confidences")],
            "disturb_image",
            "A picture cropped, turned, blurred, covered with noise, made brighter or darker or partly covered.",
        ),
        Endpoint(
            sweep_image,
            [picture, model, text_field(f"kind: {', '.join(KINDS)}", "rotate"), *place],
            [gr.JSON(label="the answer at every strength, and where it changes")],
            "sweep_image",
            "One kind of disturbance over its whole range.",
        ),
    ]
