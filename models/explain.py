"""Why a picture classifier answered as it did: where in the picture a class was seen, and how far that map can be trusted.

By models.heat and models.masking. It runs on the inference thread in steps and changes nothing in the shared models.
Knows no page.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from PIL import Image

from models import heat, masking, overlay
from models.engine import Engine
from models.errors import BadInput
from models.heat import Relevance
from models.library import Library
from models.loading import LoadedModel
from models.masking import Trust
from models.progress import Progress, finished
from models.settings import Settings
from models.vision import TASK, open_picture, pixels_of

Result = TypeVar("Result")
_NAMED = 5  # classes that a refusal names


@dataclass(frozen=True)
class PictureExplanation:
    label: str
    score: float  # 0 to 1
    heat: Image.Image  # RGB: the picture, at most overlay.LONGEST_SIDE px a side, with the heat laid over
    method: str  # of heat.METHODS
    trust: Trust | None = None  # where it was asked for


class Explainer:
    def __init__(self, library: Library, engine: Engine, settings: Settings) -> None:
        self._library = library
        self._engine = engine
        self._settings = settings

    def picture(
        self, picture: str | Path | Image.Image, model: str = "", label: str = "", method: str = ""
    ) -> PictureExplanation:
        """What `steps` comes to, unchecked."""
        return finished(self.steps(picture, model, label, method))

    def steps(
        self,
        picture: str | Path | Image.Image,
        model: str = "",
        label: str = "",
        method: str = "",
        *,
        check: bool = False,
        side: int = overlay.LONGEST_SIDE,
    ) -> Iterator[Progress | PictureExplanation]:
        """Where a class was seen, and with `check` how far the map can be trusted. Closing it stops the computing.

        label: one of the model's own; empty: the likeliest. method: one of heat.METHODS; empty: the network's own.
        side: px that the painted picture has at most.
        BadInput where the file is no picture or has too many pixels, and for a label or a method that does not exist.
        """
        if method and method not in heat.METHODS:
            raise BadInput("errors.no_heat_method", method=method, valid=", ".join(heat.METHODS))
        image = open_picture(picture, self._settings.max_pixels)
        with self._library.lease(model, TASK) as loaded:
            target = _target(loaded, label)
            found = yield from _through(self._engine.stream(_found(image, loaded, target, method, check)))
            yield _painted(image, loaded, found, side)  # here, since the inference thread is waited for


def _target(loaded: LoadedModel, label: str) -> int | None:
    if not label:
        return None
    if label not in loaded.labels:
        valid = ", ".join(loaded.labels[:_NAMED]) + (" …" if len(loaded.labels) > _NAMED else "")
        raise BadInput("errors.unknown_class", label=label[:60], model=loaded.spec.shown_name, valid=valid)
    return loaded.labels.index(label)


def _found(
    image: Image.Image, loaded: LoadedModel, target: int | None, method: str, check: bool
) -> Iterator[Progress | tuple[Relevance, Trust | None]]:
    pixels = pixels_of(image, loaded)
    found = yield from _through(heat.explain(loaded.model, pixels, target, method))
    trusted = None
    if check:
        trusted = yield from _through(masking.trust(loaded.model, pixels, found.target, found.map))
    yield found, trusted


def _through(steps: Iterator[Progress | Result]) -> Generator[Progress, None, Result]:
    """Passes the progress on; its value is the result."""
    for step in steps:
        if not isinstance(step, Progress):
            return step
        yield step
    raise AssertionError("a computation in steps ends with its result")


def _painted(
    image: Image.Image, loaded: LoadedModel, found: tuple[Relevance, Trust | None], side: int
) -> PictureExplanation:
    relevance, trusted = found
    painted = overlay.paint(image, relevance.map, overlay.seen_box(loaded.processor, image.size), side)
    return PictureExplanation(loaded.labels[relevance.target], relevance.score, painted, relevance.method, trusted)
