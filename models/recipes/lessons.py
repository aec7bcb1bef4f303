"""What teachers think of every view of every picture, kept in a file: a student asks nobody twice.

A student that sees the very views its teachers judged learns most from them (Beyer et al. 2021,
https://arxiv.org/abs/2106.05237). Knows neither teachers nor students.
"""

from __future__ import annotations

import argparse
import logging
from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor

from models.recipes import cifar10

FILE = "lessons.safetensors"
VIEWS = 8

logger = logging.getLogger(__name__)


def write(judge: Callable[[Tensor], Tensor], pictures: Tensor, seed: int, path: Path) -> None:
    """Logits (views, N, 10) in half precision, from uint8 pictures (N, 3, 32, 32) -> logits; goes on where it was cut."""
    path.parent.mkdir(parents=True, exist_ok=True)
    found = [_logits(path, seed)] if path.exists() else []
    for number in range(sum(map(len, found)), VIEWS):
        found.append(judge(cifar10.view(pictures, number, seed))[None].half())
        save_file({"logits": torch.cat(found)}, path, metadata={"seed": str(seed)})
        logger.info("view %d of %d", number + 1, VIEWS)


def read(pictures: Tensor, labels: Tensor, paths: Sequence[Path], seed: int, held_out: int = 0) -> cifar10.Views:
    """Views with the mean of all opinions and of the label as targets (N, 10); one after the other and round again.

    `pictures` and `labels` are all of the training split in their order; the first `held_out` are left out of what is
    given.
    """
    opinions = [_logits(path, seed).float().softmax(-1) for path in paths]
    truth = torch.nn.functional.one_hot(labels, len(cifar10.CLASSES)).float()

    def lesson(epoch: int) -> tuple[Tensor, Tensor]:
        number = epoch % VIEWS
        said = torch.stack([truth, *(opinion[number] for opinion in opinions)]).mean(0)
        return cifar10.view(pictures, number, seed)[held_out:], said[held_out:]

    return lesson


def _logits(path: Path, seed: int) -> Tensor:
    """An opinion of one view says nothing of another: ValueError for lessons of another seed's views."""
    with safe_open(path, framework="pt") as file:
        found = (file.metadata() or {}).get("seed")
        if found != str(seed):
            raise ValueError(f"{path} holds what was thought of the views of seed {found}, not of seed {seed}")
        return file.get_tensor("logits")


def argument(options: argparse.ArgumentParser) -> None:
    """--lessons of a student's command line."""
    options.add_argument("--lessons", type=Path, nargs="+", default=[], help=f"{FILE} of the teachers' work folders")
