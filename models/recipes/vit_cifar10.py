"""Makes vit-cifar10: a small vision transformer trained from nothing on CIFAR-10 with the help of teachers.

Transformers learn slowly from few pictures. Four things help here: what convolutional teachers think of the same
augmented picture (`cifar_teacher` and `resnet_cifar10`, to be run before), patches that come from convolutions
(`models.cifar_vit`), attention that starts out close to the identity, and half of the patches left out early on, which
is faster. Does not know how the loop runs.
"""

from __future__ import annotations

import logging
import math
from functools import partial
from pathlib import Path

import torch
from torch import Tensor, nn

from models.recipes import cifar10, common, lessons

NAME, SIDE = "vit-cifar10", cifar10.SIDE
HIDDEN, LAYERS, HEADS = 192, 6, 3
RATE, WEIGHT_DECAY = 2.5e-3, 0.05
EARLY, KEPT = 0.75, 0.5  # share of the first round with patches left out, share of patches that stay
AGAIN = 0.5  # of the rates in a second round


def build() -> nn.Module:
    """1.9 M parameters: six layers of 192, 64 tokens of 4x4 pixels each, and the class token."""
    from models.cifar_vit import CifarViTConfig, CifarViTForImageClassification

    config = CifarViTConfig(
        image_size=SIDE,
        hidden_size=HIDDEN,
        num_hidden_layers=LAYERS,
        num_attention_heads=HEADS,
        intermediate_size=2 * HIDDEN,
        attn_implementation="eager",  # over 65 tokens on a CPU it trains twice as fast as the fused kernel
        **cifar10.labels(),
    )
    model = CifarViTForImageClassification(config)
    initialise(model)
    return model


@torch.no_grad()
def initialise(model: nn.Module) -> None:
    """Sinusoidal positions, and mimetic attention: https://arxiv.org/abs/2305.09828."""
    embeddings = model.vit.embeddings
    embeddings.position_embeddings[0, 1:] = sinusoids(math.isqrt(embeddings.patch_embeddings.num_patches), HIDDEN)
    width = HIDDEN // HEADS
    for layer in model.vit.layers:
        attention = layer.attention
        for head in range(HEADS):
            left, right = near_identity(HIDDEN, 0.7, 0.7)
            rows = slice(head * width, (head + 1) * width)
            attention.q_proj.weight[rows], attention.k_proj.weight[rows] = left.T[:width], right[:width]
        left, right = near_identity(HIDDEN, 0.4, -0.4)
        attention.v_proj.weight.copy_(left.T)
        attention.o_proj.weight.copy_(right.T)


def sinusoids(side: int, width: int) -> Tensor:
    """Fixed two-dimensional positions (side * side, width): sine and cosine of rows and of columns."""
    frequency = 10_000 ** -torch.linspace(0, 1, width // 4)
    angles = torch.arange(side)[:, None] * frequency
    line = torch.cat((angles.sin(), angles.cos()), dim=1)
    rows, columns = line.repeat_interleave(side, dim=0), line.repeat(side, 1)
    return torch.cat((rows, columns), dim=1)


def near_identity(width: int, noise: float, diagonal: float) -> tuple[Tensor, Tensor]:
    """Two square factors, strongest directions first, whose product is noise plus a multiple of the identity."""
    product = noise * torch.randn(width, width) / width**0.5 + diagonal * torch.eye(width)
    left, strength, right = torch.linalg.svd(product)
    return left * strength.sqrt(), strength.sqrt()[:, None] * right


def logits(model: nn.Module, pixels: Tensor, kept: float) -> Tensor:
    """The model's own forward pass, on the class token and a random share of the patches."""
    if kept == 1:
        return model(pixel_values=pixels).logits
    hidden = model.vit.embeddings(pixels)
    patches = hidden.shape[1] - 1
    chosen = torch.rand(len(hidden), patches).argsort(dim=1)[:, : int(kept * patches)] + 1
    chosen = torch.cat((torch.zeros(len(hidden), 1, dtype=torch.long), chosen), dim=1)
    hidden = hidden.gather(1, chosen[:, :, None].expand(-1, -1, hidden.shape[2]))
    for layer in model.vit.layers:
        hidden = layer(hidden)
    return model.classifier(model.vit.layernorm(hidden)[:, 0])


def loss(early: float, model: nn.Module, pictures: Tensor, opinion: Tensor, progress: float) -> Tensor:
    """Cross-entropy with the teachers' opinion (N, 10). early: share of the training with patches left out."""
    own = logits(model, cifar10.to_pixels(pictures, SIDE), KEPT if progress < early else 1)
    return nn.functional.cross_entropy(own.float(), opinion)


def go_on(folder: Path) -> nn.Module:
    """The model of the first round."""
    from transformers import AutoModelForImageClassification

    return AutoModelForImageClassification.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager")


@torch.no_grad()
def average(model: nn.Module, other: nn.Module) -> nn.Module:
    """The first one, with the mean of both their weights.

    Rounds that end in one basin answer better together than each alone: https://arxiv.org/abs/1803.05407.
    """
    for weight, theirs in zip(model.parameters(), other.parameters(), strict=True):
        weight.lerp_(theirs, 0.5)
    return model


def optimisers(model: nn.Module, share: float = 1.0) -> list[torch.optim.Optimizer]:
    """Muon for the matrices of the layers, AdamW for the rest; both at the same scale."""
    matrices = [weight for weight in model.vit.layers.parameters() if weight.ndim == 2]
    inside = {id(weight) for weight in matrices}
    rest = [weight for weight in model.parameters() if id(weight) not in inside]
    muon = torch.optim.Muon(matrices, lr=share * RATE, weight_decay=WEIGHT_DECAY, adjust_lr_fn="match_rms_adamw")
    return [muon, torch.optim.AdamW(rest, lr=share * RATE, weight_decay=0.0, fused=True)]


def main() -> None:
    options = common.parser(__doc__)
    lessons.argument(options)
    options.add_argument("--start", type=Path, help="model of the first round, to go on from, with whole pictures")
    options.add_argument("--average", action="store_true", help="save the mean of this round and of --start")
    options.add_argument("--epochs", type=int, default=20)
    options = options.parse_args()
    if options.average and options.start is None:
        raise SystemExit("--average needs the model to average with: --start")
    common.start(options)
    model = go_on(options.start) if options.start else build()
    plan = cifar10.Plan(options.epochs, batch_size=256, warmup=0.1, ema_decay=0.995)
    logging.getLogger(NAME).info("%d parameters, %s", sum(weight.numel() for weight in model.parameters()), plan)
    pictures, labels = cifar10.read_split(options.data, "train")
    training = cifar10.Training(model, optimisers(model, AGAIN if options.start else 1.0), plan, len(pictures))
    views = lessons.read(pictures, labels, options.lessons, options.seed)
    best = cifar10.fit(training, partial(loss, 0.0 if options.start else EARLY), views, options)
    if options.average:
        best = average(best, go_on(options.start))
    folder = options.out or common.BUNDLED / NAME
    common.save(best, folder, image_processor=cifar10.image_processor(SIDE))
    cifar10.report(folder, *cifar10.read_split(options.data, "test"))


if __name__ == "__main__":
    main()
