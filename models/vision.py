"""Image classification: a picture in, plain predictions out. Checks a picture's header before decoding it.

Knows no page; labels are the model's own, in English.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image, ImageOps, UnidentifiedImageError

from models.engine import Engine
from models.errors import BadInput
from models.library import Library
from models.loading import LoadedModel
from models.sentiment import Prediction
from models.settings import Settings

if TYPE_CHECKING:
    from torch import Tensor

TASK = "image-classification"
UNSURE_BELOW = 0.5  # an answer with less than this is not sure
FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP")


@dataclass(frozen=True)
class Answer:
    predictions: tuple[Prediction, ...]  # best first
    seconds: float  # of preparing, waiting for the inference thread and computing; loading is not counted


class VisionRunner:
    def __init__(self, library: Library, engine: Engine, settings: Settings) -> None:
        self._library = library
        self._engine = engine
        self._settings = settings

    def classify(self, picture: str | Path | Image.Image, model: str = "", top: int = 5) -> tuple[Prediction, ...]:
        """The `top` likeliest classes, best first. BadInput where the file is no picture or has too many pixels."""
        return self.answer(picture, model, top).predictions

    def answer(self, picture: str | Path | Image.Image, model: str = "", top: int = 5) -> Answer:
        """What classify gives, with the time it took."""
        image = open_picture(picture, self._settings.max_pixels)
        with self._library.lease(model, TASK) as loaded:
            started = time.monotonic()
            (found,) = scores([image], loaded, self._engine)
            ranked = sorted(zip(loaded.labels, found, strict=True), key=lambda pair: -pair[1])
            return Answer(tuple(Prediction(label, score) for label, score in ranked[:top]), time.monotonic() - started)


def scores(images: Sequence[Image.Image], loaded: LoadedModel, engine: Engine) -> list[list[float]]:
    """The probabilities of all classes for each picture; those waiting for the same model go through it together."""
    pixels = [pixels_of(image, loaded)[0] for image in images]
    futures = [
        engine.submit(("picture", loaded.spec.name, tuple(one.shape)), one, lambda batch: _forward(batch, loaded))
        for one in pixels
    ]
    return [future.result() for future in futures]


def pixels_of(image: Image.Image, loaded: LoadedModel) -> Tensor:
    """(1, 3, height, width), as the model takes a picture.

    A model that learned from small pictures gets no finer ones: with detail it has never seen it is right less often.
    """
    side = loaded.spec.sees
    if side and image.size != (side, side):
        image = image.resize((side, side), Image.Resampling.BILINEAR)
    return loaded.processor(image, return_tensors="pt")["pixel_values"]


def open_picture(picture: str | Path | Image.Image | None, max_pixels: int) -> Image.Image:
    """An upright RGB picture. Its header is read first: a small file can decode to gigabytes."""
    if picture is None:
        raise BadInput("errors.no_picture")
    if isinstance(picture, Image.Image):
        return picture.convert("RGB")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # our own bound is the one that holds
            image = Image.open(picture, formats=FORMATS)
        width, height = image.size
        if width * height > max_pixels:
            raise BadInput("errors.too_many_pixels", width=width, height=height, limit=max_pixels // 1_000_000)
        return ImageOps.exif_transpose(image).convert("RGB")
    except (UnidentifiedImageError, Image.DecompressionBombError, OSError, SyntaxError, ValueError):
        raise BadInput("errors.not_a_picture", valid=", ".join(FORMATS)) from None


def _forward(batch: Sequence, loaded: LoadedModel) -> list[list[float]]:
    """N tensors (3, height, width) -> N lists of class probabilities."""
    import torch

    with torch.inference_mode():
        logits = loaded.model(pixel_values=torch.stack(list(batch)).to(loaded.model.dtype)).logits
    return logits.float().softmax(dim=-1).tolist()
