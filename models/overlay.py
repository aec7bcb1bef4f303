"""A small map laid over the picture it belongs to: where the model's processor cropped it, and in which colours.

Knows neither what the map means nor how it was found.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from PIL import Image

LONGEST_SIDE = 2048  # px of the painted picture
_RAMP_SIDE = 256  # px of the test picture that finds a processor's crop
_NEAR_EDGE = 0.01  # shares of a side: what ends so close to the picture's edge was not cropped there
_AMBER, _VERMILION = np.array([246, 190, 84], np.float32), np.array([196, 48, 22], np.float32)
_OPACITY = 0.78  # of the hottest spot
_FADE = 0.65  # towards white, where the model did not see the picture


def seen_box(processor: Any, size: tuple[int, int]) -> tuple[float, float, float, float]:
    """What the processor keeps of a picture (width, height): left, top, right, bottom as shares of its sides.

    Ramps of colour are sent through it and read at the other end, so that every way to resize and crop is covered.
    """
    scale = _RAMP_SIDE / max(size)
    width, height = (max(round(side * scale), 8) for side in size)
    ramp = np.zeros((height, width, 3), np.uint8)
    ramp[..., 0] = np.linspace(0, 255, width).round()
    ramp[..., 1] = np.linspace(0, 255, height).round()[:, None]
    black, white, read = (
        processor(Image.fromarray(array), return_tensors="pt")["pixel_values"][0].numpy()
        for array in (ramp * 0, ramp * 0 + 255, ramp)
    )
    share = (read - black) / (white - black)
    left, right = _ends(share[0].mean(axis=0), width)
    top, bottom = _ends(share[1].mean(axis=1), height)
    return left, top, right, bottom


def _ends(values: np.ndarray, side: int) -> tuple[float, float]:
    """Where a line through the middle half of the ramp's values reaches the first and the last edge, as shares of `side`."""
    middle = np.arange(len(values) // 4, len(values) - len(values) // 4)
    slope, start = np.polyfit(middle + 0.5, (values[middle] * (side - 1) + 0.5) / side, 1)
    ends = start, start + slope * len(values)
    return tuple(float(round(end)) if abs(end - round(end)) < _NEAR_EDGE else float(end) for end in ends)


def paint(
    image: Image.Image, heat: np.ndarray, box: tuple[float, float, float, float], side: int = LONGEST_SIDE
) -> Image.Image:
    """The picture, at most `side` px a side, with the heat laid over where it belongs; what is below 0 gets no colour.

    Greyed a little, and faded where the model saw nothing.
    """
    image = image.copy()
    image.thumbnail((side, side))
    warmth, seen = _spread(heat, box, image.size), _spread(np.ones((2, 2)), box, image.size)
    grey = np.asarray(image.convert("L"), np.float32)[..., None]
    base = 0.5 * (np.asarray(image, np.float32) + grey)
    base += (255 - base) * _FADE * (1 - seen)
    colour = _AMBER + (_VERMILION - _AMBER) * warmth
    painted = base + (colour - base) * _OPACITY * warmth
    return Image.fromarray(painted.clip(0, 255).astype(np.uint8))


def _spread(heat: np.ndarray, box: tuple[float, float, float, float], size: tuple[int, int]) -> np.ndarray:
    """A small map stretched over its box of a picture (width, height): (height, width, 1), 0 to 1, 0 outside the box."""
    rows, columns = heat.shape
    left, top, right, bottom = box
    across, down = columns / (right - left), rows / (bottom - top)
    matrix = (across / size[0], 0, -left * across, 0, down / size[1], -top * down)
    spread = Image.fromarray(heat.astype(np.float32)).transform(
        size, Image.Transform.AFFINE, matrix, Image.Resampling.BICUBIC
    )
    return np.asarray(spread).clip(0, 1)[..., None]
