"""A picture with some of its squares covered, and what a class's probability is then: occlusion, and a check of heat maps.

Squares are those of a grid of CELLS × CELLS over what the model sees; a covered one has the picture's mean colour.
Occlusion: Zeiler and Fergus 2014, https://arxiv.org/abs/1311.2901. Covering what a map calls hottest, and as much at
random: Samek et al. 2017, https://arxiv.org/abs/1509.06321. Knows no method that makes a map.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from models.progress import Progress

if TYPE_CHECKING:
    from torch import Tensor, nn

CELLS = 8  # a side
SHARE = 0.2  # of the picture is covered in a check
_COVERED = round(SHARE * CELLS**2)
_DRAWS = 8  # random coverings, whose mean is what chance does
_BATCH = 8  # pictures in a forward pass


@dataclass(frozen=True)
class Trust:
    """Probabilities of one class, 0 to 1: of the whole picture, without its hottest share, without a random share."""

    whole: float
    without_hottest: float
    without_random: float  # mean of _DRAWS draws

    @property
    def holds(self) -> bool:
        """Covering what is hottest hurts more than chance does."""
        return self.without_hottest < self.without_random


def trust(model: nn.Module, pixels: Tensor, target: int, heat: np.ndarray, seed: int = 0) -> Iterator[Progress | Trust]:
    """Checks a map (rows, columns) of where `target` was seen in pixels (1, 3, height, width)."""
    import torch

    chance = np.random.default_rng(seed)
    nothing = np.zeros((1, CELLS, CELLS), bool)
    masks = np.concatenate([nothing, hottest(heat)[None], [random_cells(chance) for _ in range(_DRAWS)]])
    found = yield from scores(model, pixels, torch.from_numpy(masks), target)
    yield Trust(float(found[0]), float(found[1]), float(found[2:].mean()))


def scores(model: nn.Module, pixels: Tensor, masks: Tensor, target: int) -> Generator[Progress, None, Tensor]:
    """Steps whose result is (N,): the class's probability under each of the masks (N, CELLS, CELLS)."""
    import torch

    found: list[Tensor] = []
    for start in range(0, len(masks), _BATCH):
        with torch.inference_mode():
            logits = model(pixel_values=covered(pixels, masks[start : start + _BATCH])).logits
        found.append(logits.float().softmax(dim=-1)[:, target])
        yield Progress(min(start + _BATCH, len(masks)), len(masks))
    return torch.cat(found)


def covered(pixels: Tensor, masks: Tensor) -> Tensor:
    """pixels (1, 3, height, width) under masks (N, CELLS, CELLS): (N, 3, height, width)."""
    from torch.nn.functional import interpolate

    over = interpolate(masks[:, None].float(), pixels.shape[-2:], mode="nearest").to(pixels.dtype)
    return pixels + over * (pixels.mean(dim=(2, 3), keepdim=True) - pixels)


def hottest(heat: np.ndarray) -> np.ndarray:
    """(CELLS, CELLS) of bool: the hottest SHARE of a map (rows, columns)."""
    import torch
    from torch.nn.functional import interpolate

    whole = torch.from_numpy(np.ascontiguousarray(heat, np.float32))[None, None]
    mode = {"mode": "area"} if min(heat.shape) > CELLS else {"mode": "bilinear", "align_corners": False}
    cells = interpolate(whole, (CELLS, CELLS), **mode).flatten()
    mask = np.zeros(CELLS**2, bool)
    mask[cells.topk(_COVERED).indices.numpy()] = True
    return mask.reshape(CELLS, CELLS)


def random_cells(chance: np.random.Generator) -> np.ndarray:
    """(CELLS, CELLS) of bool: as many squares as `hottest` chooses."""
    mask = np.zeros(CELLS**2, bool)
    mask[chance.choice(CELLS**2, _COVERED, replace=False)] = True
    return mask.reshape(CELLS, CELLS)


def single_cells() -> Tensor:
    """Every square alone: (CELLS², CELLS, CELLS)."""
    import torch

    return torch.eye(CELLS**2, dtype=torch.bool).reshape(-1, CELLS, CELLS)
