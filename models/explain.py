"""Why a picture classifier answered as it did: where in the picture the answer came from, by models.heat.

It runs on the inference thread and changes nothing in the shared models. Knows no page.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path

from PIL import Image

from models import heat
from models.engine import Engine
from models.library import Library
from models.loading import LoadedModel
from models.settings import Settings
from models.vision import TASK, open_picture, pixels_of


@dataclass(frozen=True)
class PictureExplanation:
    label: str
    score: float  # 0 to 1
    heat: Image.Image  # RGB: the picture, at most heat.LONGEST_SIDE px a side, with the heat laid over


class Explainer:
    def __init__(self, library: Library, engine: Engine, settings: Settings) -> None:
        self._library = library
        self._engine = engine
        self._settings = settings

    def picture(self, picture: str | Path | Image.Image, model: str = "") -> PictureExplanation:
        """Where the likeliest class was seen. BadInput where the file is no picture or has too many pixels."""
        image = open_picture(picture, self._settings.max_pixels)
        with self._library.lease(model, TASK) as loaded:
            return self._engine.call(partial(_pictured, image, loaded))


def _pictured(image: Image.Image, loaded: LoadedModel) -> PictureExplanation:
    found = heat.explain(loaded.model, pixels_of(image, loaded))
    box = heat.seen_box(loaded.processor, image.size)
    return PictureExplanation(loaded.labels[found.target], found.score, heat.paint(image, found.map, box))
