"""Makes resnet-cifar10: a small basic-block ResNet trained from nothing on CIFAR-10.

transformers' ResNet begins with a 7x7 convolution and a pooling of stride two each; pictures of 32 px are therefore
enlarged to 64 px by the image processor, so that the first stage still works on a 16x16 map. Does not know how the loop
runs.
"""

from __future__ import annotations

import logging

import torch
from torch import Tensor, nn

from models.recipes import cifar10, common

NAME, SIDE = "resnet-cifar10", 64
RATE, WEIGHT_DECAY, LABEL_SMOOTHING = 0.15, 5e-4, 0.05


def build() -> nn.Module:
    """2.8 M parameters: six basic blocks at 64, 128 and 256 channels."""
    from transformers import ResNetConfig, ResNetForImageClassification

    config = ResNetConfig(
        layer_type="basic", embedding_size=64, hidden_sizes=[64, 128, 256], depths=[2, 2, 2], **cifar10.labels()
    )
    return ResNetForImageClassification(config).to(memory_format=torch.channels_last)


def loss(model: nn.Module, pictures: Tensor, targets: Tensor, _progress: float) -> Tensor:
    logits = model(pixel_values=cifar10.to_pixels(pictures, SIDE)).logits
    return nn.functional.cross_entropy(logits.float(), targets, label_smoothing=LABEL_SMOOTHING)


def main() -> None:
    options = common.parser(__doc__)
    options.add_argument("--epochs", type=int, default=14)
    options = options.parse_args()
    common.start(options)
    model, plan = build(), cifar10.Plan(options.epochs)
    logging.getLogger(NAME).info("%d parameters, %s", sum(weight.numel() for weight in model.parameters()), plan)
    pictures, targets = cifar10.read_split(options.data, "train")
    groups = cifar10.decay_groups(model, WEIGHT_DECAY)
    optimiser = torch.optim.SGD(groups, lr=RATE, momentum=0.9, nesterov=True)
    training = cifar10.Training(model, [optimiser], plan, len(pictures))
    best = cifar10.fit(training, loss, pictures, targets, options)
    folder = options.out or common.BUNDLED / NAME
    common.save(best, folder, image_processor=cifar10.image_processor(SIDE))
    cifar10.report(folder, *cifar10.read_split(options.data, "test"))


if __name__ == "__main__":
    main()
