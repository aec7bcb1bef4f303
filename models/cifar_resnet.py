"""A residual network for pictures of 32 px, as transformers' ResNet, whose stem quarters the size, cannot be.

A whitening convolution of 2x2 pixels and three stages of two 3x3 convolutions, the second with a shortcut around it,
after ResNet (He et al. 2015, https://arxiv.org/abs/1512.03385) and airbench (Jordan 2024,
https://arxiv.org/abs/2404.00498). `register` makes transformers' Auto classes know it. Knows no training.
"""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn
from transformers import AutoConfig, AutoModelForImageClassification, PreTrainedConfig, PreTrainedModel
from transformers.modeling_outputs import ImageClassifierOutput

_BATCH_SHARE = 0.4  # of a batch's mean and variance in the running ones: trainings are short


class CifarResNetConfig(PreTrainedConfig):
    """widths: channels of the three stages. whitening_channels: each whitened direction twice, with both signs."""

    model_type = "cifar_resnet"

    def __init__(
        self,
        widths: tuple[int, ...] = (64, 256, 256),
        whitening_channels: int = 24,
        image_size: int = 32,
        num_channels: int = 3,
        **options,
    ) -> None:
        self.widths = list(widths)
        self.whitening_channels = whitening_channels
        self.image_size = image_size
        self.num_channels = num_channels
        super().__init__(**options)


class Stage(nn.Module):
    """(N, inner, H, W) -> (N, outer, H / 2, W / 2)."""

    def __init__(self, inner: int, outer: int) -> None:
        super().__init__()
        self.widen = nn.Conv2d(inner, outer, 3, padding=1, bias=False)
        self.pool = nn.MaxPool2d(2)
        self.widen_norm = nn.BatchNorm2d(outer, momentum=_BATCH_SHARE)
        self.refine = nn.Conv2d(outer, outer, 3, padding=1, bias=False)
        self.refine_norm = nn.BatchNorm2d(outer, momentum=_BATCH_SHARE)

    def forward(self, maps: Tensor) -> Tensor:
        maps = nn.functional.gelu(self.widen_norm(self.pool(self.widen(maps))))
        return nn.functional.gelu(maps + self.refine_norm(self.refine(maps)))


class CifarResNetForImageClassification(PreTrainedModel):
    config_class = CifarResNetConfig
    main_input_name = "pixel_values"

    def __init__(self, config: CifarResNetConfig) -> None:
        super().__init__(config)
        widths = [config.whitening_channels, *config.widths]
        self.whiten = nn.Conv2d(config.num_channels, widths[0], 2)
        self.stages = nn.ModuleList(Stage(*pair) for pair in pairwise(widths))
        self.head = nn.Linear(widths[-1], config.num_labels, bias=False)
        self.post_init()

    def _init_weights(self, module: nn.Module) -> None:
        """PyTorch's own initialisation stands."""

    def forward(self, pixel_values: Tensor, **_options) -> ImageClassifierOutput:
        """pixel_values (N, channels, 32, 32), normalised, -> logits (N, classes)."""
        padded = nn.functional.pad(pixel_values, (0, 1, 0, 1))  # so that sides stay powers of two
        maps = nn.functional.gelu(self.whiten(padded))
        for stage in self.stages:
            maps = stage(maps)
        return ImageClassifierOutput(logits=self.head(torch.amax(maps, dim=(2, 3))) / maps.shape[1])


def register() -> None:
    """Tells transformers' Auto classes of the architecture; a second call changes nothing."""
    AutoConfig.register(CifarResNetConfig.model_type, CifarResNetConfig, exist_ok=True)
    AutoModelForImageClassification.register(CifarResNetConfig, CifarResNetForImageClassification, exist_ok=True)
