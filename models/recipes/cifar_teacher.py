"""Makes the teacher of resnet-cifar10 and vit-cifar10: efficientnet-lite0, which knows ImageNet, fine-tuned on CIFAR-10.

    python -m models.recipes.cifar_teacher --data DIR --work DIR

A teacher that has seen a million pictures knows how much a cat is like a dog; its opinion of a picture says more than
the label (Hinton et al. 2015, https://arxiv.org/abs/1503.02531). It leaves lessons.safetensors in --work: what it thinks
of each view of each picture. The teacher itself is not bundled. Knows no student.
"""

from __future__ import annotations

import argparse
import logging
from functools import partial

import torch
from torch import Tensor, nn

from models.recipes import cifar10, common, lessons
from models.recipes.efficientnet_lite0 import NAME as BASE
from models.recipes.efficientnet_lite0 import TRANSFORM

NAME = "cifar-teacher"
SIDE = 96  # pixels: 32 are too few for a network that halves them five times
RATE, WEIGHT_DECAY, LABEL_SMOOTHING = 1e-3, 0.05, 0.1

logger = logging.getLogger(NAME)


def build() -> nn.Module:
    """efficientnet-lite0 with a fresh head; pixels (N, 3, 96, 96) -> logits (N, 10)."""
    from transformers import AutoModelForImageClassification

    model = AutoModelForImageClassification.from_pretrained(common.BUNDLED / BASE, dtype=torch.float32).timm_model
    model.reset_classifier(len(cifar10.CLASSES))
    return model.to(memory_format=torch.channels_last)


def to_pixels(pictures: Tensor) -> Tensor:
    return cifar10.to_pixels(pictures, SIDE, TRANSFORM["mean"], TRANSFORM["std"])


def loss(model: nn.Module, pictures: Tensor, targets: Tensor, _progress: float) -> Tensor:
    logits = model(to_pixels(pictures)).float()
    return nn.functional.cross_entropy(logits, targets, label_smoothing=LABEL_SMOOTHING)


def train(options: argparse.Namespace, pictures: Tensor, targets: Tensor) -> nn.Module:
    model, plan = build(), cifar10.Plan(options.epochs, batch_size=100, warmup=0.1, ema_decay=0.99)
    optimiser = torch.optim.AdamW(cifar10.decay_groups(model, WEIGHT_DECAY), lr=RATE, fused=True)
    training = cifar10.Training(model, [optimiser], plan, len(pictures))
    # Other views than those of the lessons, which it is not to know by heart.
    return cifar10.fit(
        training, loss, lambda epoch: (cifar10.view(pictures, lessons.VIEWS + epoch, options.seed), targets), options
    )


@torch.inference_mode()
def logits_of(model: nn.Module, pictures: Tensor, batch_size: int = 250) -> Tensor:
    """(N, 10), single precision."""
    with common.autocast():
        return torch.cat([model(to_pixels(batch)).float() for batch in pictures.split(batch_size)])


def main() -> None:
    options = common.parser(__doc__)
    options.add_argument("--epochs", type=int, default=4)
    options = options.parse_args()
    common.start(options)
    pictures, targets = cifar10.read_split(options.data, "train")
    model = train(options, pictures, targets)
    test, truth = cifar10.read_split(options.data, "test")
    right = logits_of(model, test).argmax(1) == truth
    logger.info("teacher: %.2f %% of %d test pictures", 100 * right.float().mean(), len(truth))
    lessons.write(partial(logits_of, model), pictures, options.seed, options.work / lessons.FILE)


if __name__ == "__main__":
    main()
