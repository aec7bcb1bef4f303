"""Makes resnet-cifar10: a small residual network trained from nothing on CIFAR-10.

The recipe follows airbench (Jordan 2024, https://arxiv.org/abs/2404.00498): a first layer that whitens patches, Muon for
the kernels, kernels of a fixed length. The first round learns the labels; a second one, with --start and --lessons, learns
what `cifar_teacher` thinks too. Each leaves its opinion of every picture as lessons.safetensors in --work, and with
--epochs 0 it only does that, on the views of another --seed. A thousand training pictures are held out; they choose the
temperature of the answers and nothing else. Does not know how the loop runs.
"""

from __future__ import annotations

import argparse
import logging
from functools import partial
from pathlib import Path

import torch
from torch import Tensor, nn

from models.recipes import cifar10, common, lessons

NAME = "resnet-cifar10"
SIDE = cifar10.SIDE
# Rates for the loss summed over a batch; Muon's does not depend on the loss's scale.
KERNEL_RATE, BIAS_RATE, HEAD_RATE, DECAY = 0.18, 0.053, 0.67, 2e-6
WHITENING_SHARE = 0.15  # of the training; after it the whitening bias rests, which saves a backward pass
LABEL_SMOOTHING = 0.2  # where there is no teacher
AGAIN = 0.5  # of the rates in a second round
HELD_OUT = 1_000
MOST_VARIED = 5_000  # pictures whose patches are whitened

logger = logging.getLogger(NAME)


def build(pictures: Tensor) -> nn.Module:
    """2.0 M parameters; the first layer is made from the pictures and keeps its kernels."""
    from models.cifar_resnet import CifarResNetConfig, CifarResNetForImageClassification

    model = CifarResNetForImageClassification(CifarResNetConfig(**cifar10.labels()))
    model.whiten.weight.data = whitening(cifar10.to_pixels(pictures[:MOST_VARIED], SIDE))
    model.head.weight.data /= model.head.weight.data.std()
    return at_rest(model)


def at_rest(model: nn.Module) -> nn.Module:
    """With what never learns at rest: the first kernels, and the norms' scales, since kernels have a fixed length."""
    model.whiten.weight.requires_grad_(False)
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.weight.requires_grad_(False)
    return model.to(memory_format=torch.channels_last)


def whitening(pixels: Tensor) -> Tensor:
    """Kernels (24, 3, 2, 2) after which patches have no correlations and variance one: each direction in both signs."""
    patches = pixels.unfold(2, 2, 1).unfold(3, 2, 1).permute(0, 2, 3, 1, 4, 5).reshape(-1, 12)
    strengths, directions = torch.linalg.eigh(torch.cov(patches.T))
    kernels = (directions / (strengths + 5e-4).sqrt()).T.reshape(12, 3, 2, 2)
    return torch.cat((kernels, -kernels))


class KernelMuon(torch.optim.Muon):
    """Muon for convolutions: each kernel takes part as a matrix (outer, inner x 9) and keeps length sqrt(outer)."""

    def __init__(self, kernels: list[nn.Parameter], rate: float) -> None:
        self._kernels = kernels
        # A kernel that lies channels-last in memory is such a matrix without a copy.
        self._matrices = [nn.Parameter(kernel.detach().permute(0, 2, 3, 1).flatten(1)) for kernel in kernels]
        super().__init__(self._matrices, lr=rate, weight_decay=0.0, momentum=0.6)

    @torch.no_grad()
    def step(self, closure=None) -> None:
        for kernel, matrix in zip(self._kernels, self._matrices, strict=True):
            matrix.grad = kernel.grad.permute(0, 2, 3, 1).flatten(1)
            matrix *= len(matrix) ** 0.5 / matrix.norm()
        super().step(closure)


def go_on(folder: Path) -> nn.Module:
    """The model of an earlier round, with what does not learn at rest again."""
    from transformers import AutoModelForImageClassification

    return at_rest(AutoModelForImageClassification.from_pretrained(folder, dtype=torch.float32))


def optimisers(model: nn.Module, batch_size: int, share: float = 1.0) -> list[torch.optim.Optimizer]:
    """Muon for the kernels; SGD with Nesterov momentum for biases and head, whose rates are for the mean of the loss."""
    kernels = [stage_kernel for stage in model.stages for stage_kernel in (stage.widen.weight, stage.refine.weight)]
    biases = [weight for name, weight in model.named_parameters() if name.endswith("bias")]
    groups = [
        {"params": parameters, "lr": share * rate * batch_size, "weight_decay": DECAY / rate}
        for parameters, rate in ((biases, BIAS_RATE), ([model.head.weight], HEAD_RATE))
    ]
    return [KernelMuon(kernels, share * KERNEL_RATE), torch.optim.SGD(groups, lr=1.0, momentum=0.85, nesterov=True)]


def loss(smoothing: float, model: nn.Module, pictures: Tensor, targets: Tensor, progress: float) -> Tensor:
    model.whiten.bias.requires_grad_(progress < WHITENING_SHARE)
    logits = model(pixel_values=cifar10.to_pixels(pictures, SIDE)).logits
    return nn.functional.cross_entropy(logits.float(), targets, label_smoothing=smoothing)


@torch.inference_mode()
def logits_of(model: nn.Module, pictures: Tensor) -> Tensor:
    batches = (model(pixel_values=cifar10.to_pixels(batch, SIDE)).logits for batch in pictures.split(500))
    return torch.cat(list(batches)).float()


def calibrate(model: nn.Module, pictures: Tensor, targets: Tensor) -> float:
    """Divides the head by the temperature that makes these targets likeliest (Guo et al. 2017, arXiv:1706.04599)."""
    logits = logits_of(model, pictures)
    temperatures = torch.logspace(-1, 1, 200)
    losses = torch.stack([nn.functional.cross_entropy(logits / temperature, targets) for temperature in temperatures])
    temperature = float(temperatures[losses.argmin()])
    model.head.weight.data /= temperature
    accuracy = float((logits.argmax(1) == targets).float().mean())
    logger.info("temperature %.3f, %.1f %% of %d held-out pictures", temperature, 100 * accuracy, len(targets))
    return temperature


def train(options: argparse.Namespace, pictures: Tensor, targets: Tensor) -> nn.Module:
    """The averaged model, calibrated."""
    model = go_on(options.start) if options.start else build(pictures[HELD_OUT:])
    logger.info("%d parameters", sum(weight.numel() for weight in model.parameters()))
    plan = cifar10.Plan(options.epochs, batch_size=500, warmup=0.02, ema_decay=0.98)
    rates = AGAIN if options.start else 1.0
    training = cifar10.Training(model, optimisers(model, plan.batch_size, rates), plan, len(pictures) - HELD_OUT)
    views = lessons.read(pictures, targets, options.lessons, options.seed, HELD_OUT)
    best = cifar10.fit(training, partial(loss, 0.0 if options.lessons else LABEL_SMOOTHING), views, options)
    calibrate(best, pictures[:HELD_OUT], targets[:HELD_OUT])
    return best


def main() -> None:
    options = common.parser(__doc__)
    lessons.argument(options)
    options.add_argument("--start", type=Path, help="model of the first round, to go on from")
    options.add_argument("--epochs", type=int, default=20)
    options = options.parse_args()
    common.start(options)
    pictures, targets = cifar10.read_split(options.data, "train")
    model = train(options, pictures, targets) if options.epochs else go_on(options.start).eval()
    # Before it is saved: saving leaves the model in half precision, in which a CPU does not convolve.
    lessons.write(partial(logits_of, model), pictures, options.seed, options.work / lessons.FILE)
    if options.epochs:
        folder = options.out or common.BUNDLED / NAME
        common.save(model, folder, image_processor=cifar10.image_processor(SIDE))
        cifar10.report(folder, *cifar10.read_split(options.data, "test"))


if __name__ == "__main__":
    main()
