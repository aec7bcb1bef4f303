"""Makes resnet-cifar10: a small basic-block ResNet trained from nothing on CIFAR-10.

transformers' ResNet begins with a 7x7 convolution and a pooling of stride two each; pictures of 32 px are therefore
enlarged, first to 64 px, so that the first stage works on a 16x16 map, and for the last epochs to 96 px: 24x24 tells more
apart and costs twice the time. Does not know how the loop runs.
"""

from __future__ import annotations

import argparse
import logging
from functools import partial

import torch
from torch import Tensor, nn

from models.recipes import cifar10, common

NAME = "resnet-cifar10"
COARSE_SIDE, SIDE = 64, 96  # pixels: of most of the training, and of the end and ever after
RATE, FINE_RATE, WEIGHT_DECAY, LABEL_SMOOTHING = 0.15, 0.03, 5e-4, 0.05


def build() -> nn.Module:
    """2.8 M parameters: six basic blocks at 64, 128 and 256 channels."""
    from transformers import ResNetConfig, ResNetForImageClassification

    config = ResNetConfig(
        layer_type="basic", embedding_size=64, hidden_sizes=[64, 128, 256], depths=[2, 2, 2], **cifar10.labels()
    )
    return ResNetForImageClassification(config).to(memory_format=torch.channels_last)


def loss(side: int, model: nn.Module, pictures: Tensor, targets: Tensor, _progress: float) -> Tensor:
    logits = model(pixel_values=cifar10.to_pixels(pictures, side)).logits
    return nn.functional.cross_entropy(logits.float(), targets, label_smoothing=LABEL_SMOOTHING)


def train(model: nn.Module, side: int, rate: float, plan: cifar10.Plan, options: argparse.Namespace) -> nn.Module:
    """Trains at one size of picture, with checkpoints in a folder of its own. The averaged model."""
    folder = options.work / f"{side}px"
    folder.mkdir(parents=True, exist_ok=True)
    pictures, targets = cifar10.read_split(options.data, "train")
    groups = cifar10.decay_groups(model, WEIGHT_DECAY)
    optimiser = torch.optim.SGD(groups, lr=rate, momentum=0.9, nesterov=True)
    training = cifar10.Training(model, [optimiser], plan, len(pictures))
    here = argparse.Namespace(**vars(options) | {"work": folder})
    return cifar10.fit(training, partial(loss, side), pictures, targets, here)


def main() -> None:
    options = common.parser(__doc__)
    options.add_argument("--epochs", type=int, default=22, help="at 64 px")
    options.add_argument("--fine-epochs", type=int, default=20, help="at 96 px")
    options = options.parse_args()
    common.start(options)
    model = build()
    logging.getLogger(NAME).info("%d parameters", sum(weight.numel() for weight in model.parameters()))
    coarse = train(model, COARSE_SIDE, RATE, cifar10.Plan(options.epochs), options)
    best = train(coarse, SIDE, FINE_RATE, cifar10.Plan(options.fine_epochs, warmup=0.1), options)
    folder = options.out or common.BUNDLED / NAME
    common.save(best, folder, image_processor=cifar10.image_processor(SIDE))
    cifar10.report(folder, *cifar10.read_split(options.data, "test"))


if __name__ == "__main__":
    main()
