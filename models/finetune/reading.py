"""Texts read once by a model that does not learn: mean-pooled features and class probabilities of every text.

Knows no labels. Rows of like length go together, so that little is padding; whoever waits is told, and may call it off.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from models.loading import LoadedModel

BATCH = 16
HALF = 2  # bytes of a weight as it is saved


class CalledOff(Exception):
    """Whoever wanted the answer does not want it any more. Not a failure, and never shown."""


@dataclass(frozen=True)
class Reading:
    features: np.ndarray  # (texts, width): the mean of the last hidden states over the tokens
    probabilities: np.ndarray  # (texts, classes of the model)


def read(
    loaded: LoadedModel,
    texts: Sequence[str],
    max_length: int,
    tell: Callable[[float], None],
    should_stop: Callable[[], bool],
) -> Reading:
    """Each text cut at max_length tokens, as it is in training. tell: the share that is done. Raises CalledOff."""
    longest = min(max_length, getattr(loaded.model.config, "max_position_embeddings", max_length))
    ids = loaded.processor(list(texts), truncation=True, max_length=longest)["input_ids"]
    order = sorted(range(len(ids)), key=lambda index: -len(ids[index]))
    features: list[np.ndarray] = [np.empty(0)] * len(ids)
    chances: list[np.ndarray] = [np.empty(0)] * len(ids)
    for start in range(0, len(order), BATCH):
        if should_stop():
            raise CalledOff
        rows = order[start : start + BATCH]
        for row, feature, chance in zip(rows, *_passed(loaded, [ids[row] for row in rows]), strict=True):
            features[row], chances[row] = feature, chance
        tell((start + len(rows)) / len(order))
    return Reading(np.stack(features), np.stack(chances))


def half_precision_bytes(loaded: LoadedModel) -> int:
    """What the model takes on disk when it is saved as a run's model is."""
    return HALF * sum(parameter.numel() for parameter in loaded.model.parameters())


def _passed(loaded: LoadedModel, ids: list[list[int]]) -> tuple[np.ndarray, np.ndarray]:
    """One batch: features (rows, width) and probabilities (rows, classes)."""
    inputs = loaded.processor.pad({"input_ids": ids}, return_tensors="pt")
    with torch.inference_mode():
        output = loaded.model(**inputs, output_hidden_states=True)
    states, mask = output.hidden_states[-1].float(), inputs["attention_mask"].unsqueeze(-1)
    mean = (states * mask).sum(1) / mask.sum(1)
    return mean.numpy(), output.logits.float().softmax(-1).numpy()
