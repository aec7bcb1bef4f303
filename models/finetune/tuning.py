"""What learns in a model: everything, the last layers, the head alone, or low-rank adapters. Knows no data and no loop.

LoRA: https://arxiv.org/abs/2106.09685, in peft's implementation, merged into the weights before the model is saved.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from models.finetune.request import FinetuneRequest

_LORA_ALPHA = 2  # times the rank: the scale that the adapters' output has


def apply(model: Any, request: FinetuneRequest) -> None:
    """Sets dropout and leaves requires_grad only on what the request wants to learn. Adapters are drawn by the seed."""
    set_dropout(model, request.dropout)
    if request.method == "lora":
        _freeze(model, _layers(model))
        torch.manual_seed(request.seed)
        _adapt(model, request.lora_rank)
    else:
        _freeze(model, frozen_layers(model, request))


def frozen_layers(model: Any, request: FinetuneRequest) -> int:
    """How many layers stay as they are, from below and with the embeddings; -1 where the embeddings learn too.

    By default the lower half: faster, and with all free at the default rate a run can end in guessing.
    """
    layers = _layers(model)
    if request.method == "full":
        return -1
    if request.method in ("head", "lora"):
        return layers
    return max(0, layers - (request.layers or layers - layers // 2))


def set_dropout(model: Any, share: float) -> None:
    """Of every dropout layer that the model has on, and in its configuration for those that read it there."""
    for module in model.modules():
        if isinstance(module, nn.Dropout):
            module.p = share
        elif isinstance(getattr(module, "dropout_prob", None), float):
            module.dropout_prob = share


def merge(model: Any) -> None:
    """Adds the adapters to the weights they stand beside and takes them out: afterwards a model like any other."""
    if not any("lora_" in name for name, _ in model.named_parameters()):
        return
    from peft.tuners.tuners_utils import BaseTunerLayer  # seconds

    adapted = [(name, module) for name, module in model.named_modules() if isinstance(module, BaseTunerLayer)]
    for name, module in adapted:
        module.merge()
        parent, _, child = name.rpartition(".")
        setattr(model.get_submodule(parent), child, module.get_base_layer())


def round_weights(model: Any) -> None:
    """To what half precision can hold: scores taken after it are those of the saved model."""
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(parameter.half().float())


def is_head(model: Any, name: str) -> bool:
    """Whether a parameter belongs to what follows the base model: the head that gives the logits."""
    return depth(model, name) is None


def depth(model: Any, name: str) -> int | None:
    """0 for the embeddings, then the number of the layer from 1; what follows the layers comes last. None for the head."""
    if not name.startswith(f"{model.base_model_prefix}."):
        return None
    numbers = [int(part) for part in name.split(".") if part.isdigit()]
    if numbers:
        return numbers[0] + 1
    return (
        0
        if isinstance(model.get_submodule(name.rpartition(".")[0]), nn.Embedding) or "embed" in name
        else _layers(model) + 1
    )


def _layers(model: Any) -> int:
    return getattr(model.config, "num_hidden_layers", 0)


def _freeze(model: Any, layers: int) -> None:
    for name, parameter in model.named_parameters():
        place = depth(model, name)
        parameter.requires_grad_(place is None or place > layers)


def _adapt(model: Any, rank: int) -> None:
    """Adapters beside every linear map within the layers. They alone and what follows the layers learn."""
    from peft import LoraConfig, inject_adapter_in_model
    from transformers.pytorch_utils import Conv1D

    within = [
        (name, module)
        for name, module in model.named_modules()
        if isinstance(module, (nn.Linear, Conv1D)) and 0 < (depth(model, f"{name}.weight") or 0) <= _layers(model)
    ]
    free = [name for name, parameter in model.named_parameters() if parameter.requires_grad]
    config = LoraConfig(
        r=rank,
        lora_alpha=_LORA_ALPHA * rank,
        target_modules=[name for name, _ in within],
        fan_in_fan_out=any(isinstance(module, Conv1D) for _, module in within),  # GPT-2 keeps its maps transposed
    )
    inject_adapter_in_model(config, model)
    for name, parameter in model.named_parameters():
        parameter.requires_grad_("lora_" in name or name in free)
