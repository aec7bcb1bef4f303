"""Makes vit-cifar10: a small vision transformer trained from nothing on CIFAR-10, with resnet-cifar10 as its teacher.

Transformers learn slowly from few pictures. Three things help here: soft labels of the ResNet on the same augmented
picture, attention that starts out local, and half of the patches left out early on, which is faster. Needs the bundled
resnet-cifar10. Does not know how the loop runs.
"""

from __future__ import annotations

import logging
from functools import partial

import torch
from torch import Tensor, nn

from models.recipes import cifar10, common
from models.recipes.resnet_cifar10 import NAME as TEACHER
from models.recipes.resnet_cifar10 import SIDE as TEACHER_SIDE

NAME, SIDE, PATCH = "vit-cifar10", cifar10.SIDE, 4
HIDDEN, LAYERS, HEADS = 192, 6, 3
RATE, WEIGHT_DECAY, TEMPERATURE = 2e-3, 0.05, 2.0
EARLY, KEPT = 0.6, 0.5  # share of the training with patches left out, share of patches that stay


def build() -> nn.Module:
    """1.8 M parameters: six layers of 192, 64 patches of 4x4 pixels and the class token."""
    from transformers import ViTConfig, ViTForImageClassification

    config = ViTConfig(
        image_size=SIDE,
        patch_size=PATCH,
        hidden_size=HIDDEN,
        num_hidden_layers=LAYERS,
        num_attention_heads=HEADS,
        intermediate_size=2 * HIDDEN,
        attn_implementation="eager",  # over 65 tokens on a CPU it trains twice as fast as the fused kernel
        **cifar10.labels(),
    )
    model = ViTForImageClassification(config)
    initialise(model)
    return model


@torch.no_grad()
def initialise(model: nn.Module) -> None:
    """Sinusoidal positions, and mimetic attention: https://arxiv.org/abs/2305.09828."""
    embeddings = model.vit.embeddings
    embeddings.patch_embeddings.projection.reset_parameters()
    embeddings.position_embeddings[0, 1:] = sinusoids(SIDE // PATCH, HIDDEN)
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


def loss(teacher: nn.Module, model: nn.Module, pictures: Tensor, targets: Tensor, progress: float) -> Tensor:
    """Half from the labels, half from the teacher's softened opinion of the same pictures."""
    with torch.no_grad():
        soft = teacher(pixel_values=cifar10.to_pixels(pictures, TEACHER_SIDE)).logits.float() / TEMPERATURE
    own = logits(model, cifar10.to_pixels(pictures, SIDE), KEPT if progress < EARLY else 1).float()
    learnt = nn.functional.kl_div(
        (own / TEMPERATURE).log_softmax(1), soft.log_softmax(1), log_target=True, reduction="batchmean"
    )
    return 0.5 * nn.functional.cross_entropy(own, targets) + 0.5 * TEMPERATURE**2 * learnt


def optimisers(model: nn.Module) -> list[torch.optim.Optimizer]:
    """Muon for the matrices of the layers, AdamW for the rest; both at the same scale."""
    matrices = [weight for weight in model.vit.layers.parameters() if weight.ndim == 2]
    inside = {id(weight) for weight in matrices}
    rest = [weight for weight in model.parameters() if id(weight) not in inside]
    muon = torch.optim.Muon(matrices, lr=RATE, weight_decay=WEIGHT_DECAY, adjust_lr_fn="match_rms_adamw")
    return [muon, torch.optim.AdamW(rest, lr=RATE, weight_decay=0.0, fused=True)]


def read_teacher() -> nn.Module:
    from transformers import AutoModelForImageClassification

    teacher = AutoModelForImageClassification.from_pretrained(common.BUNDLED / TEACHER, dtype=torch.float32)
    return teacher.to(memory_format=torch.channels_last).eval()


def main() -> None:
    options = common.parser(__doc__)
    options.add_argument("--epochs", type=int, default=8)
    options = options.parse_args()
    common.start(options)
    model, plan = build(), cifar10.Plan(options.epochs, warmup=0.1, ema_decay=0.998)
    logging.getLogger(NAME).info("%d parameters, %s", sum(weight.numel() for weight in model.parameters()), plan)
    pictures, targets = cifar10.read_split(options.data, "train")
    training = cifar10.Training(model, optimisers(model), plan, len(pictures))
    best = cifar10.fit(training, partial(loss, read_teacher()), pictures, targets, options)
    folder = options.out or common.BUNDLED / NAME
    common.save(best, folder, image_processor=cifar10.image_processor(SIDE))
    cifar10.report(folder, *cifar10.read_split(options.data, "test"))


if __name__ == "__main__":
    main()
