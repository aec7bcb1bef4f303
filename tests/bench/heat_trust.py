"""How far each heat map can be trusted: how often covering its hottest fifth lowers the class more than a random fifth.

    OMP_WAIT_POLICY=PASSIVE python -m tests.bench.heat_trust --data DIR [--pictures 200]

DIR holds images/cifar10_packed.npz and images/tiny_imagenet100_packed.npz (JPEG bytes end to end); their test pictures
are drawn by a seed, the same for all methods. Covered squares have the picture's mean colour; chance is the mean of 8
draws (models.masking). «class row» is the relevance of Chefer et al. 2021, which the app does not use: kept here to
show why. Prints one table.
"""

from __future__ import annotations

import argparse
import logging
from collections.abc import Iterator
from functools import partial
from io import BytesIO
from itertools import islice
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from models import heat, masking
from models.heat import Relevance
from models.loading import import_libraries
from models.progress import Progress, finished
from models.spec import BUNDLED

logger = logging.getLogger("heat_trust")
TRIED = (
    ("efficientnet-lite0", "tiny_imagenet100", ("gradcam", "occlusion")),
    ("resnet-cifar10", "cifar10", ("gradcam", "occlusion")),
    ("vit-cifar10", "cifar10", ("attention", "rollout", "class row", "occlusion")),
)


def pictures(folder: Path, name: str, count: int) -> Iterator[Image.Image]:
    """Test pictures drawn at random, without repeating one."""
    packed = np.load(folder / "images" / f"{name}_packed.npz")
    split = next(split for split in ("test", "val", "valid", "dev") if f"{split}_off" in packed)
    blob, offsets = packed[f"{split}_blob"].tobytes(), packed[f"{split}_off"]
    order = np.random.default_rng(0).permutation(len(offsets) - 1)
    return (
        Image.open(BytesIO(blob[offsets[one] : offsets[one + 1]])).convert("RGB") for one in islice(iter(order), count)
    )


def class_row(model: torch.nn.Module, pixels: torch.Tensor) -> Relevance:
    """Attention weighted by its gradients and multiplied through the layers, read in the class token's row."""
    seen = heat.attended(model, pixels.clone().requires_grad_())
    scores = seen.logits[0].softmax(dim=-1)
    target = int(scores.argmax())
    gradients = torch.autograd.grad(seen.logits[0, target], seen.layers)
    relevance = torch.eye(seen.layers[0].shape[-1])
    for layer, slope in zip(seen.layers, gradients, strict=True):
        relevance = relevance + (layer.detach() * slope).clamp(min=0)[0].mean(dim=0) @ relevance
    return Relevance(target, float(scores[target].detach()), "class row", seen.mapped(relevance[0]).numpy())


def explain(model: torch.nn.Module, method: str, pixels: torch.Tensor) -> Relevance | Iterator[Progress | Relevance]:
    if method == "class row":
        return class_row(model, pixels)
    return finished(heat.explain(model, pixels, method=method))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--pictures", type=int, default=200)
    parser.add_argument("--models", nargs="*", default=[name for name, _, _ in TRIED])
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    import_libraries(threads=1)
    logger.info(f"{'model':20}{'method':12}{'beats chance':>14}{'whole':>8}{'hottest':>9}{'random':>8}")
    for name, data, methods in [one for one in TRIED if one[0] in options.models]:
        model, processor = load(name)
        for method in methods:
            found = [
                checked(model, processor(picture, return_tensors="pt")["pixel_values"], partial(explain, model, method))
                for picture in pictures(options.data, data, options.pictures)
            ]
            beats = np.mean([one.holds for one in found])
            means = np.mean([(one.whole, one.without_hottest, one.without_random) for one in found], axis=0)
            logger.info(f"{name:20}{method:12}{beats:14.1%}{means[0]:8.2f}{means[1]:9.2f}{means[2]:8.2f}")


def load(name: str):
    from transformers import AutoImageProcessor, AutoModelForImageClassification

    model = AutoModelForImageClassification.from_pretrained(BUNDLED / name, dtype=torch.float32)
    return model.eval().requires_grad_(False), AutoImageProcessor.from_pretrained(BUNDLED / name)


def checked(model, pixels: torch.Tensor, explained) -> masking.Trust:
    found = explained(pixels)
    return finished(masking.trust(model, pixels, found.target, found.map))


if __name__ == "__main__":
    main()
