"""The optimizers to choose from, and which parameters get which learning rate and decay. Knows no loop and no schedule."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch.optim import SGD, Adam, AdamW, Optimizer, RMSprop

from models.finetune import tuning

_MOMENTUM = 0.9
# fused: one pass over memory instead of one for each of the update's terms; torch has none for RMSprop.
_KINDS: dict[str, tuple[type[Optimizer], dict[str, Any]]] = {
    "adamw": (AdamW, {"fused": True}),
    "adam": (Adam, {"fused": True}),
    "sgd": (SGD, {"momentum": _MOMENTUM, "fused": True}),
    "rmsprop": (RMSprop, {}),
}


def make(kind: str, model: Any, *, learning_rate: float, head_factor: float, weight_decay: float) -> Optimizer:
    """Over all that learns in the model. Each group keeps its own highest rate as `highest`, for a schedule to scale.

    AdamW decouples the decay from the gradient (https://arxiv.org/abs/1711.05101); the others add it as L2.
    """
    make_one, options = _KINDS[kind]
    groups = list(_groups(model, learning_rate, learning_rate * head_factor, weight_decay))
    return make_one(groups, lr=learning_rate, **options)


def set_rate(optimizer: Optimizer, share: float) -> None:
    """Every group to its share of its highest rate."""
    for group in optimizer.param_groups:
        group["lr"] = group["highest"] * share


def _groups(model: Any, rate: float, head_rate: float, decay: float) -> Iterable[dict[str, Any]]:
    """The new head learns faster than what was trained before; biases and norms are not decayed."""
    groups: dict[tuple[float, float], list[torch.nn.Parameter]] = {}
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            key = (head_rate if tuning.is_head(model, name) else rate, decay if parameter.ndim > 1 else 0.0)
            groups.setdefault(key, []).append(parameter)
    for (highest, weight_decay), parameters in groups.items():
        yield {"params": parameters, "highest": highest, "weight_decay": weight_decay}
