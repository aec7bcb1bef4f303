"""Where in a picture a class was seen: a map of relevance for any image classifier.

Four methods, by what the network is made of:
gradcam: of convolutions, Grad-CAM (Selvaraju et al. 2017, https://arxiv.org/abs/1610.02391) at the last feature map;
attention: of a plain vision transformer, each attention weight times the gradient of the class's logit with respect to
it, summed over layers, heads and the tokens that look (the first-order step of Hao et al. 2021,
https://arxiv.org/abs/2004.11207; the product is that of Chefer et al. 2021, https://arxiv.org/abs/2103.15679);
rollout: of the same transformers, attention multiplied through the layers (Abnar and Zuidema 2020,
https://arxiv.org/abs/2005.00928): where it looked whatever the class;
occlusion: of anything, in a bounded number of forward passes, squares covered (models.masking).
Knows no labels and no page.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from models import masking
from models.eager import eager_attention
from models.errors import BadInput
from models.progress import Progress

if TYPE_CHECKING:
    from torch import Tensor, nn

METHODS = ("gradcam", "attention", "rollout", "occlusion")
_NOTHING = 1e-12
_STEPS = 2  # the forward pass that answers, and the one that is looked into


@dataclass(frozen=True)
class Relevance:
    target: int  # the class that is explained
    score: float  # its probability, 0 to 1
    method: str  # of METHODS
    map: (
        np.ndarray
    )  # (rows, columns), at most 1, over what the processor kept of the picture; below 0: against the class


def explain(
    model: nn.Module, pixels: Tensor, target: int | None = None, method: str = ""
) -> Iterator[Progress | Relevance]:
    """Where `target` (None: the likeliest class) was seen in pixels (1, 3, height, width). Leaves the model as it was.

    method: one of METHODS; empty: attention or gradcam, whichever fits the network, else occlusion.
    BadInput where the network does not allow the method.
    """
    import torch

    pixels = pixels.to(next(model.parameters(), pixels).dtype)
    with torch.no_grad(), _last_feature_map(model, pixels.shape) as last:
        scores = model(pixel_values=pixels).logits.float().softmax(dim=-1)[0]
    target = int(scores.argmax()) if target is None else target
    yield Progress(1, _STEPS)
    method, found = _looked_into(model, pixels, target, last.layer, method)
    if found is None:
        found = yield from _by_occlusion(model, pixels, target, scores[target])
    found = found.float()
    largest = found.max() if found.max() > 0 else found.abs().max().clamp(min=_NOTHING)
    yield Relevance(target, float(scores[target]), method, (found / largest).numpy())


def _looked_into(
    model: nn.Module, pixels: Tensor, target: int, layer: nn.Module | None, method: str
) -> tuple[str, Tensor | None]:
    """The method and its map (rows, columns); None for occlusion, which takes many steps."""
    if method in ("", "attention") and (found := _by_attention(model, pixels, target)) is not None:
        return "attention", found
    if method == "rollout" and (found := _by_rollout(model, pixels)) is not None:
        return method, found
    if method in ("", "gradcam") and layer is not None:
        return "gradcam", _by_gradcam(model, pixels, target, layer)
    if method in ("", "occlusion"):
        return "occlusion", None
    raise BadInput("errors.no_heat_method", method=method, valid="occlusion")


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
    """(rows, columns). The input asks for the gradient: the weights of a served model do not."""
    from captum.attr import LayerGradCam

    method = LayerGradCam(lambda inputs: _evidence(model(pixel_values=inputs).logits.float(), target), layer)
    return method.attribute(pixels.clone().requires_grad_())[0, 0].detach()


@dataclass(frozen=True)
class Attended:
    logits: Tensor  # (1, classes)
    layers: list[Tensor]  # each (1, heads, tokens, tokens): who looks, at whom
    frame: int  # class and register tokens; they come first
    grid: tuple[int, int]  # rows and columns of patches, which follow

    def mapped(self, tokens: Tensor) -> Tensor:
        """(tokens,) -> (rows, columns)."""
        return tokens[self.frame :].reshape(self.grid)


def attended(model: nn.Module, pixels: Tensor) -> Attended | None:
    """None where the network is not a plain vision transformer."""
    grid = _patches(model.config, pixels.shape)
    if grid is None:
        return None
    with eager_attention(model):
        output = model(pixel_values=pixels, output_attentions=True)
    layers = [layer for layer in getattr(output, "attentions", None) or () if layer is not None]
    tokens = layers[0].shape[-1] if layers else 0
    frame = tokens - grid[0] * grid[1]
    if frame < 0 or not layers or any(layer.shape[-2:] != (tokens, tokens) for layer in layers):
        return None
    return Attended(output.logits, layers, frame, grid)


def _by_attention(model: nn.Module, pixels: Tensor, target: int) -> Tensor | None:
    """(rows, columns): what the evidence for the class would lose, to first order, if no token looked at the patch.

    Summed over all who look. The class token's row alone, as is usual, finds fewer of the places that matter: patches
    look at each other before it looks at them (tests/bench/heat_trust.py measures both).
    """
    import torch

    seen = attended(model, pixels.clone().requires_grad_())
    if seen is None:
        return None
    gradients = torch.autograd.grad(_evidence(seen.logits.float(), target)[0], seen.layers)
    parts = zip(seen.layers, gradients, strict=True)
    return seen.mapped(sum((layer.detach().float() * slope.float()).sum(dim=(0, 1, 2)) for layer, slope in parts))


def _by_rollout(model: nn.Module, pixels: Tensor) -> Tensor | None:
    """(rows, columns): how much of each patch reaches the class token if attention were all that moves; no class."""
    import torch

    with torch.no_grad():
        seen = attended(model, pixels)
    if seen is None:
        return None
    stays = torch.eye(seen.layers[0].shape[-1])
    reached = stays
    for layer in seen.layers:
        reached = 0.5 * (layer[0].float().mean(dim=0) + stays) @ reached  # half goes around attention
    return seen.mapped(reached[0] if seen.frame else reached.mean(dim=0))


def _patches(config: Any, shape: tuple[int, ...]) -> tuple[int, int] | None:
    """(rows, columns) of patches, for a config that has attention heads and patches of one size."""
    size = getattr(config, "patch_size", None)
    if not size or not isinstance(getattr(config, "num_attention_heads", None), int):
        return None
    height, width = size if isinstance(size, (list, tuple)) else (size, size)
    return shape[-2] // height, shape[-1] // width


def _evidence(logits: Tensor, target: int) -> Tensor:
    """(N, classes) -> (N,): the class's logit above the mean of all: what is said for every class is said for none.

    Against the likeliest class alone, the map of any other would show little but where that one is not.
    """
    return logits[:, target] - logits.mean(dim=1)


def _by_occlusion(model: nn.Module, pixels: Tensor, target: int, whole: Tensor) -> Generator[Progress, None, Tensor]:
    """Steps whose result is (CELLS, CELLS): how far the probability of the whole falls when a square is covered."""
    scores = yield from masking.scores(model, pixels, masking.single_cells(), target)
    return (whole - scores).reshape(masking.CELLS, masking.CELLS)
