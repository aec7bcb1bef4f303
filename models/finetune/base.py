"""A base model from wherever it comes from, ready to learn, and the folder that it becomes. Knows no task and no loop."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from models.activity import Activity
from models.errors import BadInput
from models.loading import LoadedModel, Loader, import_libraries
from models.settings import Settings
from models.sources import Sources
from models.spec import ModelSpec


def load(spec: ModelSpec, settings: Settings, activity: Activity, *, seed: int, bare_will_do: bool) -> LoadedModel:
    """In single precision, everything free to learn. A TeahouseError says what is wrong with the base.

    What the base lacks (a pooler) is drawn by the seed. bare_will_do: an encoder without a head passes too.
    """
    sources = Sources(settings, activity)
    spec = sources.measured(replace(spec, is_base=True))
    if spec.size_bytes > 4 * settings.max_train_parameters:
        millions, limit = round(spec.size_bytes / 4e6), settings.max_train_parameters // 1_000_000
        raise BadInput("errors.base_too_large", model=spec.shown_name, millions=millions, limit=limit)
    import_libraries(settings.threads)
    torch.manual_seed(seed)
    loaded = Loader(settings, sources, activity)(replace(spec, is_base=bare_will_do))
    loaded.model.requires_grad_(True)
    return loaded


def save(model: Any, tokenizer: Any, folder: Path) -> None:
    """Writes the folder whole or not at all, in half precision."""
    part = folder.with_name(f"{folder.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    model.save_pretrained(part, state_dict=_halved(model.state_dict()))
    tokenizer.save_pretrained(part)
    shutil.rmtree(folder, ignore_errors=True)
    part.rename(folder)


def _halved(weights: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Tied weights stay one tensor, so that they are written once."""
    halves = {tensor.data_ptr(): tensor.half() for tensor in weights.values() if tensor.is_floating_point()}
    return {name: halves.get(tensor.data_ptr(), tensor) for name, tensor in weights.items()}
