"""Where in a picture a class was seen: a map of relevance for any image classifier, and the map laid over the picture.

Three methods, by what the network is made of:
convolutions: Grad-CAM (Selvaraju et al. 2017, https://arxiv.org/abs/1610.02391) at the last feature map;
a plain vision transformer: attention weighted by its gradients and multiplied through the layers (Chefer et al. 2021,
https://arxiv.org/abs/2103.15679); anything else: occlusion by grey squares (Zeiler and Fergus 2014,
https://arxiv.org/abs/1311.2901), in a bounded number of forward passes. Knows no labels and no page.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from models.eager import eager_attention

if TYPE_CHECKING:
    from torch import Tensor, nn

LONGEST_SIDE = 1024  # px of the painted picture
OCCLUSION_CELLS = 8  # squares a side: 64 forward passes
OCCLUSION_BATCH = 8
_RAMP_SIDE = 256  # px of the test picture that finds a processor's crop
_NEAR_EDGE = 0.01  # shares of a side: what ends so close to the picture's edge was not cropped there
_AMBER, _VERMILION = np.array([246, 190, 84]), np.array([196, 48, 22])
_OPACITY = 0.78  # of the hottest spot
_FADE = 0.65  # towards white, where the model did not see the picture


@dataclass(frozen=True)
class Relevance:
    target: int  # the likeliest class
    score: float  # 0 to 1
    map: np.ndarray  # (rows, columns), 0 to 1, over what the processor kept of the picture


def explain(model: nn.Module, pixels: Tensor) -> Relevance:
    """The likeliest class for pixels (1, 3, height, width), and where it was seen. Leaves the model as it was."""
    import torch

    pixels = pixels.to(next(model.parameters(), pixels).dtype)
    with torch.no_grad(), _last_feature_map(model, pixels.shape) as last:
        scores = model(pixel_values=pixels).logits.float().softmax(dim=-1)[0]
    target = int(scores.argmax())
    found = _by_attention(model, pixels, target)
    if found is None:
        found = (
            _by_occlusion(model, pixels, target)
            if last.layer is None
            else _by_gradcam(model, pixels, target, last.layer)
        )
    found = found.float().clamp(min=0)
    return Relevance(target, float(scores[target]), (found / found.max().clamp(min=1e-12)).numpy())


@dataclass
class _Last:
    layer: nn.Module | None = None


@contextmanager
def _last_feature_map(model: nn.Module, shape: tuple[int, ...]) -> Iterator[_Last]:
    """Watches a forward pass for the last module whose output is a map (1, channels, rows, columns).

    Token sequences after it take its place away: a patch embedding says nothing about the class.
    """
    import torch

    last = _Last()

    def watch(module: nn.Module, _inputs: tuple, output: Any) -> None:
        if isinstance(output, torch.Tensor) and output.ndim in (3, 4) and output.shape[2:].numel() > 1:
            last.layer = module if _is_map(output.shape, shape) else None

    with ExitStack() as hooks:
        for module in model.modules():
            hooks.callback(module.register_forward_hook(watch).remove)
        yield last


def _is_map(output: tuple[int, ...], pixels: tuple[int, ...]) -> bool:
    """Has rows and columns, in about the proportion of the picture; channels come first."""
    rows, columns = output[-2:]
    return len(output) == 4 and rows > 1 and columns > 1 and 0.8 < rows * pixels[-1] / (columns * pixels[-2]) < 1.25


def _by_gradcam(model: nn.Module, pixels: Tensor, target: int, layer: nn.Module) -> Tensor:
    """(rows, columns). The input asks for the gradient, since the weights of a served model do not."""
    from captum.attr import LayerGradCam

    method = LayerGradCam(lambda inputs: model(pixel_values=inputs).logits, layer)
    return method.attribute(pixels.clone().requires_grad_(), target=target, relu_attributions=True)[0, 0].detach()


def _by_attention(model: nn.Module, pixels: Tensor, target: int) -> Tensor | None:
    """(rows, columns), or None where the network is not a plain vision transformer."""
    import torch

    grid = _patches(model.config, pixels.shape)
    if grid is None:
        return None
    with eager_attention(model):
        output = model(pixel_values=pixels.clone().requires_grad_(), output_attentions=True)
    attentions = [layer for layer in output.attentions or () if layer is not None]
    tokens = attentions[0].shape[-1] if attentions else 0
    frame = tokens - grid[0] * grid[1]  # class and register tokens; they come first
    if frame < 0 or not attentions or any(layer.shape[-2:] != (tokens, tokens) for layer in attentions):
        return None
    gradients = torch.autograd.grad(output.logits[0, target], attentions)
    relevance = torch.eye(tokens)
    for attention, gradient in zip(attentions, gradients, strict=True):
        weighted = attention.float() * gradient.float()
        relevance = relevance + weighted.clamp(min=0)[0].mean(dim=0).detach() @ relevance
    reader = relevance[0] if frame else relevance.mean(dim=0)
    return reader[frame:].reshape(grid)


def _patches(config: Any, shape: tuple[int, ...]) -> tuple[int, int] | None:
    """(rows, columns) of patches, for a config that has attention heads and patches of one size."""
    size = getattr(config, "patch_size", None)
    if not size or not isinstance(getattr(config, "num_attention_heads", None), int):
        return None
    height, width = size if isinstance(size, (list, tuple)) else (size, size)
    return shape[-2] // height, shape[-1] // width


def _by_occlusion(model: nn.Module, pixels: Tensor, target: int) -> Tensor:
    """(OCCLUSION_CELLS, OCCLUSION_CELLS): how far the class's probability falls when a square is covered with grey."""
    import torch
    from captum.attr import Occlusion

    height, width = (max(side // OCCLUSION_CELLS, 1) for side in pixels.shape[-2:])
    method = Occlusion(lambda inputs: model(pixel_values=inputs).logits.float().softmax(dim=-1))
    with torch.no_grad():
        fall = method.attribute(
            pixels,
            sliding_window_shapes=(3, height, width),
            strides=(3, height, width),
            baselines=pixels.mean(dim=(2, 3), keepdim=True).expand_as(pixels),
            target=target,
            perturbations_per_eval=OCCLUSION_BATCH,
        )
    return torch.nn.functional.adaptive_avg_pool2d(fall[0].mean(dim=0, keepdim=True), OCCLUSION_CELLS)[0]


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


def paint(image: Image.Image, heat: np.ndarray, box: tuple[float, float, float, float]) -> Image.Image:
    """The picture with the heat laid over where it belongs; greyed a little, and faded where the model saw nothing."""
    image = image.copy()
    image.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    warmth, seen = _spread(heat, box, image.size), _spread(np.ones((2, 2)), box, image.size)
    grey = np.asarray(image.convert("L"), np.float32)[..., None]
    base = 0.5 * np.asarray(image, np.float32) + 0.5 * grey
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
