"""A vision transformer for pictures of 32 px whose patches come from convolutions instead of one cut.

transformers' ViT with another first layer: three 3x3 convolutions, of which two halve the size, and one 1x1. A network
that sees few pictures learns what an edge is from them and leaves attention the rest (Xiao et al. 2021,
https://arxiv.org/abs/2106.14881). `register` makes transformers' Auto classes know it. Knows no training.
"""

from __future__ import annotations

from itertools import pairwise

from torch import Tensor, nn
from transformers import AutoConfig, AutoModelForImageClassification, ViTConfig, ViTForImageClassification

_STRIDES = (1, 2, 2)
PATCH = 4  # pixels a side; the product of the strides


class CifarViTConfig(ViTConfig):
    """stem_widths: channels of the three convolutions before the tokens. The rest is transformers' ViTConfig."""

    model_type = "cifar_vit"

    def __init__(self, stem_widths: tuple[int, int, int] = (32, 64, 128), **options) -> None:
        self.stem_widths = list(stem_widths)
        super().__init__(**({"patch_size": PATCH} | options))


class ConvolutionalPatches(nn.Module):
    """(N, channels, height, width) -> (N, height * width / 16, hidden size), row by row."""

    def __init__(self, config: CifarViTConfig) -> None:
        super().__init__()
        self.image_size = (config.image_size, config.image_size)
        self.num_patches = (config.image_size // PATCH) ** 2
        widths, layers = [config.num_channels, *config.stem_widths], []
        for (inner, outer), stride in zip(pairwise(widths), _STRIDES, strict=True):
            layers += [nn.Conv2d(inner, outer, 3, stride, padding=1, bias=False), nn.BatchNorm2d(outer), nn.GELU()]
        self.stem = nn.Sequential(*layers)
        self.projection = nn.Conv2d(widths[-1], config.hidden_size, 1)

    def forward(self, pixel_values: Tensor) -> Tensor:
        return self.projection(self.stem(pixel_values)).flatten(2).transpose(1, 2)


class CifarViTForImageClassification(ViTForImageClassification):
    config_class = CifarViTConfig

    def __init__(self, config: CifarViTConfig) -> None:
        super().__init__(config)
        self.vit.embeddings.patch_embeddings = ConvolutionalPatches(config)
        self.post_init()


def register() -> None:
    """Tells transformers' Auto classes of the architecture; a second call changes nothing."""
    AutoConfig.register(CifarViTConfig.model_type, CifarViTConfig, exist_ok=True)
    AutoModelForImageClassification.register(CifarViTConfig, CifarViTForImageClassification, exist_ok=True)
