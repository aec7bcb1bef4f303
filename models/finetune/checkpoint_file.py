"""The file that a run goes on from: tensors and plain values in one safetensors file, written whole or not at all.

Knows no trainer and no run. Whoever is killed while writing leaves the file of before.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from safetensors.torch import save_file

_VALUES = "state"  # where the file's metadata holds the plain values


def write(path: Path, tensors: Mapping[str, torch.Tensor], values: Mapping[str, Any]) -> None:
    """Replaces the file at once, after the new one has reached the disk."""
    part = path.with_suffix(".part")
    save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, part, {_VALUES: json.dumps(values)})
    with part.open("rb") as file:
        os.fsync(file.fileno())
    part.replace(path)


def read(path: Path) -> tuple[dict[str, torch.Tensor], dict[str, Any]] | None:
    """What was written; None where nothing was."""
    if not path.is_file():
        return None
    with safe_open(path, framework="pt") as file:
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118, not a dict
        return tensors, json.loads(file.metadata()[_VALUES])
