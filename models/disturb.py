"""A picture disturbed, by how much one likes, and the point at which a model changes its mind.

Augmentation does the same to training pictures. The kinds of disturbance are those of Hendrycks and Dietterich 2019
(https://arxiv.org/abs/1903.12261) that a slider can set, and a square that covers a place. Knows no page.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter

from models.engine import Engine
from models.errors import BadInput
from models.library import Library
from models.progress import Progress
from models.settings import Settings
from models.vision import TASK, open_picture, scores

LONGEST_SIDE = 640  # px of a disturbed picture
_GRAINS = 48  # of noise along the shorter side: finer noise is gone once a picture is shrunk for a model
_AT_ONCE = 4  # strengths of a sweep between two signs of progress
BOUNDS: dict[str, tuple[float, float]] = {
    "crop": (0.0, 0.8),
    "rotate": (-180.0, 180.0),
    "blur": (0.0, 0.06),
    "noise": (0.0, 0.6),
    "brightness": (0.0, 3.0),
    "cover_size": (0.0, 1.0),
    "cover_x": (0.0, 1.0),
    "cover_y": (0.0, 1.0),
    "seed": (0, 2**31 - 1),
}
# What a sweep tries of each kind, in order; the undisturbed picture is among them.
SWEEPS: dict[str, tuple[float, ...]] = {
    "crop": tuple(round(0.05 * step, 2) for step in range(17)),
    "rotate": tuple(15.0 * step for step in range(13)),
    "blur": tuple(round(0.005 * step, 3) for step in range(13)),
    "noise": tuple(round(0.05 * step, 2) for step in range(13)),
    "brightness": tuple(round(0.2 * step, 1) for step in range(16)),
    "cover_size": tuple(round(0.075 * step, 3) for step in range(13)),
}
KINDS = tuple(SWEEPS)


@dataclass(frozen=True)
class Disturbance:
    """How much of each. The default is none. BadInput names the option that is out of BOUNDS."""

    crop: float = 0.0  # share of each side that is cut away around the middle; the rest fills the picture
    rotate: float = 0.0  # degrees, against the clock
    blur: float = 0.0  # standard deviation of the Gaussian, as a share of the shorter side
    noise: float = 0.0  # standard deviation, as a share of the way from black to white
    brightness: float = 1.0  # factor
    cover_size: float = 0.0  # side of the square, as a share of the shorter side
    cover_x: float = 0.5  # middle of the square, as a share of the width
    cover_y: float = 0.5  # and of the height
    seed: int = 0  # of the noise

    def __post_init__(self) -> None:
        for name, (low, high) in BOUNDS.items():
            value = getattr(self, name)
            is_number = isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
            if not is_number or not low <= value <= high or (name == "seed" and value != int(value)):
                raise BadInput("errors.option_out_of_bounds", option=name, value=value, low=low, high=high)

    @property
    def is_none(self) -> bool:
        """Nothing but the place of a square of no size, or the seed of no noise, differs from the default."""
        return all(getattr(self, kind) == NONE[kind] for kind in KINDS)


NONE = {field.name: field.default for field in fields(Disturbance)}


def apply(image: Image.Image, disturbance: Disturbance) -> Image.Image:
    """The picture disturbed, at most LONGEST_SIDE px a side; itself where nothing is asked."""
    if disturbance.is_none:
        return image
    image = image.copy()
    image.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    if disturbance.rotate:
        image = image.rotate(disturbance.rotate, Image.Resampling.BILINEAR, fillcolor=_mean(image))
    if disturbance.crop:
        image = _cropped(image, disturbance.crop)
    if disturbance.brightness != 1:
        image = ImageEnhance.Brightness(image).enhance(disturbance.brightness)
    if disturbance.blur:
        image = image.filter(ImageFilter.GaussianBlur(disturbance.blur * min(image.size)))
    if disturbance.noise:
        image = _noisy(image, disturbance.noise, int(disturbance.seed))
    return _covered(image, disturbance) if disturbance.cover_size else image


def _mean(image: Image.Image) -> tuple[int, int, int]:
    return tuple(round(value) for value in np.asarray(image).mean(axis=(0, 1)))


def _cropped(image: Image.Image, share: float) -> Image.Image:
    width, height = image.size
    left, top = width * share / 2, height * share / 2
    return image.resize(image.size, Image.Resampling.BILINEAR, (left, top, width - left, height - top))


def _noisy(image: Image.Image, deviation: float, seed: int) -> Image.Image:
    scale = _GRAINS / min(image.size)
    grid = tuple(max(round(side * scale), 1) for side in reversed(image.size))
    grains = np.random.default_rng(seed).normal(0, 255 * deviation, (*grid, 3)).astype(np.float32)
    rows, columns = (np.arange(side) * cells // side for side, cells in zip(reversed(image.size), grid, strict=True))
    noisy = np.asarray(image, np.float32) + grains[rows[:, None], columns[None, :]]
    return Image.fromarray(noisy.round().clip(0, 255).astype(np.uint8))


def _covered(image: Image.Image, disturbance: Disturbance) -> Image.Image:
    half = disturbance.cover_size * min(image.size) / 2
    x, y = disturbance.cover_x * image.width, disturbance.cover_y * image.height
    image = image.copy()
    ImageDraw.Draw(image).rectangle((x - half, y - half, x + half, y + half), fill=_mean(image))
    return image


@dataclass(frozen=True)
class Point:
    strength: float
    label: str
    score: float  # of the label, 0 to 1
    kept: float  # of what the undisturbed picture was called, 0 to 1


@dataclass(frozen=True)
class Turn:
    """Where the answer is another one for the first time, coming from the undisturbed picture."""

    strength: float
    label: str


@dataclass(frozen=True)
class Sweep:
    kind: str  # of KINDS
    label: str  # of the undisturbed picture
    points: tuple[Point, ...]  # by strength

    @property
    def turns(self) -> tuple[Turn, ...]:
        """At most one on each side of the undisturbed picture: that of less, then that of more."""
        start = NONE[self.kind]
        less = [point for point in reversed(self.points) if point.strength < start]
        more = [point for point in self.points if point.strength > start]
        found = (next((point for point in side if point.label != self.label), None) for side in (less, more))
        return tuple(Turn(point.strength, point.label) for point in found if point)


class Disturber:
    def __init__(self, library: Library, engine: Engine, settings: Settings) -> None:
        self._library = library
        self._engine = engine
        self._settings = settings

    def disturbed(self, picture: str | Path | Image.Image, disturbance: Disturbance) -> Image.Image:
        """BadInput where the file is no picture or has too many pixels."""
        return apply(open_picture(picture, self._settings.max_pixels), disturbance)

    def sweep(
        self,
        picture: str | Path | Image.Image,
        kind: str,
        model: str = "",
        place: tuple[float, float] = (NONE["cover_x"], NONE["cover_y"]),
    ) -> Iterator[Progress | Sweep]:
        """All strengths of one kind, nothing else disturbed. place: of the square's middle, as shares of the sides."""
        if kind not in SWEEPS:
            raise BadInput("errors.option_not_known", option="kind", value=kind, valid=", ".join(KINDS))
        image = open_picture(picture, self._settings.max_pixels)
        start = Disturbance(cover_x=place[0], cover_y=place[1])
        strengths = SWEEPS[kind]
        found: list[list[float]] = []
        with self._library.lease(model, TASK) as loaded:
            for begin in range(0, len(strengths), _AT_ONCE):
                pictures = [apply(image, replace(start, **{kind: one})) for one in strengths[begin : begin + _AT_ONCE]]
                found += scores(pictures, loaded, self._engine)
                yield Progress(len(found), len(strengths))
            yield _swept(kind, strengths, found, loaded.labels)


def _swept(kind: str, strengths: tuple[float, ...], found: list[list[float]], labels: list[str]) -> Sweep:
    undisturbed = found[strengths.index(NONE[kind])]
    first = undisturbed.index(max(undisturbed))
    points = []
    for strength, scored in zip(strengths, found, strict=True):
        best = scored.index(max(scored))
        points.append(Point(strength, labels[best], scored[best], scored[first]))
    return Sweep(kind, labels[first], tuple(points))
