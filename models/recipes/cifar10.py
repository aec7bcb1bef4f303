"""CIFAR-10 for the recipes: pictures as tensors, augmentation, a training loop that can be cut, and the final test.

The loop works on uint8 pictures of 32 px; `to_pixels` resizes and normalises them as the saved processor will, so that
training sees what the checkpoint will see. An epoch sees one view of every picture, made from the view's number and the
seed alone, so that a teacher's opinion of a view holds whenever it comes again. Does not know which architecture it
trains, nor what its loss is.
"""

from __future__ import annotations

import argparse
import logging
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from io import BytesIO
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn

from models.recipes import common

logger = logging.getLogger(__name__)

CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
MEAN, STD = (0.4914, 0.4822, 0.4465), (0.2470, 0.2435, 0.2616)
SIDE, PADDING, HOLE = 32, 4, 8  # pixels

# Model, uint8 pictures (N, 3, 32, 32), targets (N,) or (N, classes), share of the training done -> the loss.
Loss = Callable[[nn.Module, Tensor, Tensor, float], Tensor]
Views = Callable[[int], tuple[Tensor, Tensor]]  # epoch -> what it sees of all pictures, and their targets


@dataclass(frozen=True)
class Plan:
    """How long to train. The learning rates rise in a line to the optimisers' own and fall in a line to nothing."""

    epochs: int
    batch_size: int = 128
    warmup: float = 0.2  # share of all steps
    ema_decay: float = 0.995

    def __post_init__(self) -> None:
        if self.epochs < 1 or self.batch_size < 1 or not 0 < self.warmup < 1:
            raise ValueError(f"epochs and batch_size are at least 1, warmup lies between 0 and 1: {self}")

    def pace(self, progress: float) -> float:
        """The share of the full learning rate when this share of the training is done."""
        return min(progress / self.warmup, (1 - progress) / (1 - self.warmup))


def labels() -> dict[str, dict]:
    """id2label and label2id for a config."""
    return {"id2label": dict(enumerate(CLASSES)), "label2id": {name: index for index, name in enumerate(CLASSES)}}


def read_split(folder: Path, split: str) -> tuple[Tensor, Tensor]:
    """Pictures (N, 3, 32, 32) uint8 and labels (N,) of "train" or "test" from images/cifar10_packed.npz."""
    packed = np.load(folder / "images" / "cifar10_packed.npz")
    blob, offsets = packed[f"{split}_blob"].tobytes(), packed[f"{split}_off"]
    decoded = [np.asarray(Image.open(BytesIO(blob[begin:end])).convert("RGB")) for begin, end in pairwise(offsets)]
    targets = torch.from_numpy(packed[f"{split}_y"].astype("int64"))
    return torch.from_numpy(np.stack(decoded)).permute(0, 3, 1, 2).contiguous(), targets


def view(pictures: Tensor, number: int, seed: int) -> Tensor:
    """What an epoch sees of the pictures (N, 3, 32, 32) uint8: shifted, mirrored, with a grey hole.

    Two views of four are changed more, each picture in its own way: RandAugment, https://arxiv.org/abs/1909.13719.
    """
    from torchvision.transforms.v2 import RandAugment

    with torch.random.fork_rng():
        torch.manual_seed(1000 * seed + number)
        pictures = crop(flip(pictures, number, seed))
        if number % 4 > 1:
            change = RandAugment(fill=[round(255 * part) for part in MEAN])
            pictures = torch.stack([change(picture) for picture in pictures])
        return cut_hole(pictures)


def crop(pictures: Tensor) -> Tensor:
    """Shifts by up to 4 px; what comes in from outside is a reflection."""
    padded = nn.functional.pad(pictures.float(), [PADDING] * 4, mode="reflect").to(torch.uint8)
    windows = padded.unfold(2, SIDE, 1).unfold(3, SIDE, 1)
    top, left = torch.randint(0, 2 * PADDING + 1, (2, len(pictures)))
    return windows[torch.arange(len(pictures)), :, top, left]


def flip(pictures: Tensor, number: int, seed: int) -> Tensor:
    """Half of the pictures, drawn by the seed, mirrored in even views, and the other half in odd ones.

    Alternating instead of drawing anew lets two epochs see twice as much: https://arxiv.org/abs/2404.00498.
    """
    chosen = torch.rand(len(pictures), 1, 1, 1, generator=torch.Generator().manual_seed(seed)) < 0.5
    return torch.where(chosen ^ bool(number % 2), pictures.flip(-1), pictures)


def cut_hole(pictures: Tensor) -> Tensor:
    """Cutout, https://arxiv.org/abs/1708.04552, filled with the mean colour."""
    centre = torch.randint(0, SIDE, (2, len(pictures), 1))
    inside = (torch.arange(SIDE) - centre).abs() * 2 < HOLE  # (2, N, 32): rows, columns
    hole = (inside[0].unsqueeze(2) & inside[1].unsqueeze(1)).unsqueeze(1)
    colour = (torch.tensor(MEAN) * 255).to(torch.uint8).view(1, 3, 1, 1)
    return torch.where(hole, colour, pictures)


def to_pixels(pictures: Tensor, side: int, mean: Sequence[float] = MEAN, std: Sequence[float] = STD) -> Tensor:
    """What the saved image processor does: resize uint8 (bilinear) to `side`, scale to 0..1, normalise."""
    from torchvision.transforms.v2 import functional

    if side != pictures.shape[-1]:
        pictures = functional.resize(pictures, [side, side], functional.InterpolationMode.BILINEAR, antialias=True)
    return functional.normalize(pictures.float() / 255, mean, std).contiguous(memory_format=torch.channels_last)


def image_processor(side: int):
    """The processor that belongs to `to_pixels`."""
    from transformers import ViTImageProcessor

    return ViTImageProcessor(size={"height": side, "width": side}, resample=2, image_mean=MEAN, image_std=STD)


def decay_groups(model: nn.Module, weight_decay: float) -> list[dict]:
    """Parameters of two or more dimensions decay; norms and biases do not."""
    decaying = [weight for weight in model.parameters() if weight.ndim > 1]
    free = [weight for weight in model.parameters() if weight.ndim <= 1]
    return [{"params": decaying, "weight_decay": weight_decay}, {"params": free, "weight_decay": 0.0}]


class Training:
    """Model, optimisers and averaged weights: one thing to save and to go on from, with another number of epochs too."""

    def __init__(self, model: nn.Module, optimisers: list[torch.optim.Optimizer], plan: Plan, pictures: int) -> None:
        self.model, self.optimisers, self.plan = model, optimisers, plan
        self.rates = [[group["lr"] for group in optimiser.param_groups] for optimiser in optimisers]
        self.steps = plan.epochs * (pictures // plan.batch_size)
        self.step = 0
        self.averaged = torch.optim.swa_utils.AveragedModel(
            model, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(plan.ema_decay), use_buffers=True
        )

    def learn(self, loss: Loss, pictures: Tensor, targets: Tensor) -> float:
        """One optimiser step on one batch; the loss before it."""
        with common.autocast():
            value = loss(self.model, pictures, targets, self.step / self.steps)
        self.model.zero_grad(set_to_none=True)
        value.backward()
        nn.utils.clip_grad_norm_(self.model.parameters(), 5.0)
        pace = self.plan.pace((self.step + 1) / (self.steps + 1))
        for optimiser, rates in zip(self.optimisers, self.rates, strict=True):
            for group, rate in zip(optimiser.param_groups, rates, strict=True):
                group["lr"] = rate * pace
            with common.muon_precision():
                optimiser.step()
        self.averaged.update_parameters(self.model)
        self.step += 1
        return float(value.detach())

    def save(self, path: Path, seconds: float) -> None:
        parts = {"model": self.model.state_dict(), "averaged": self.averaged.state_dict()}
        parts["optimisers"] = [optimiser.state_dict() for optimiser in self.optimisers]
        torch.save(parts | {"step": self.step, "seconds": seconds}, path.with_suffix(".part"))
        path.with_suffix(".part").replace(path)

    def load(self, path: Path) -> float:
        """Goes on from a checkpoint of ours. The seconds that were trained before it."""
        parts = torch.load(path, weights_only=True)
        self.model.load_state_dict(parts["model"])
        self.averaged.load_state_dict(parts["averaged"])
        for optimiser, state in zip(self.optimisers, parts["optimisers"], strict=True):
            optimiser.load_state_dict(state)
        self.step = parts["step"]
        return parts["seconds"]


def fit(training: Training, loss: Loss, views: Views, options: argparse.Namespace) -> nn.Module:
    """Trains to the end of the plan, with a checkpoint an epoch in options.work. The averaged model."""
    path, begun, plan = options.work / "checkpoint.pt", time.monotonic(), training.plan
    if path.exists():
        begun -= training.load(path)
    for epoch in range(training.step * plan.epochs // training.steps, plan.epochs):
        pictures, targets = views(epoch)
        torch.manual_seed(1000 * options.seed + epoch)  # a run that was cut repeats what an uncut one does
        mean = train_epoch(training, loss, pictures, targets)
        seconds = time.monotonic() - begun
        training.save(path, seconds)
        rate = training.step * plan.batch_size / seconds
        logger.info("epoch %d loss %.4f, %.1f min, %.0f pictures/s", epoch + 1, mean, seconds / 60, rate)
    return training.averaged.module.eval()


def train_epoch(training: Training, loss: Loss, pictures: Tensor, targets: Tensor) -> float:
    """One pass in random order. The mean loss."""
    size, total = training.plan.batch_size, 0.0
    training.model.train()
    batches = torch.randperm(len(pictures))[: len(pictures) // size * size].view(-1, size)
    for chosen in batches:
        total += training.learn(loss, pictures[chosen], targets[chosen])
    return total / len(batches)


@torch.inference_mode()
def predict(folder: Path, pictures: Tensor, batch_size: int = 250) -> Tensor:
    """Classes (N,) by the saved checkpoint, read back in float32, through its own image processor."""
    from transformers import AutoImageProcessor, AutoModelForImageClassification

    model = AutoModelForImageClassification.from_pretrained(folder, dtype=torch.float32).eval()
    processor = AutoImageProcessor.from_pretrained(folder)
    guesses = []
    for batch in pictures.split(batch_size):
        images = [Image.fromarray(picture.permute(1, 2, 0).numpy()) for picture in batch]
        guesses.append(model(**processor(images, return_tensors="pt")).logits.argmax(1))
    return torch.cat(guesses)


def report(folder: Path, pictures: Tensor, targets: Tensor) -> float:
    """Logs the accuracy over all, a class at a time, and the five commonest confusions. The accuracy over all."""
    guesses = predict(folder, pictures)
    right = guesses == targets
    for index, name in enumerate(CLASSES):
        logger.info("%-10s %.1f %%", name, 100 * right[targets == index].float().mean())
    wrong = Counter(zip(targets[~right].tolist(), guesses[~right].tolist(), strict=True))
    for (truth, guess), count in wrong.most_common(5):
        logger.info("%s taken for %s: %d", CLASSES[truth], CLASSES[guess], count)
    accuracy = float(right.float().mean())
    logger.info("accuracy %.2f %% of %d test pictures", 100 * accuracy, len(targets))
    return accuracy
