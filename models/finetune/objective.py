"""What a training minimises and what it is judged by: a loss over a batch, scores over rows that it does not learn.

A trainer knows only the protocol; each task brings its own. Knows no loop, no files and no optimizer.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

import torch
from sklearn.metrics import confusion_matrix, f1_score
from torch.nn import functional

Batch = dict[str, torch.Tensor]
Scores = Mapping[str, Any]  # numbers and lists by name, always with "loss" and "rows"


class Objective(Protocol):
    metric: str  # the one of the scores that early stopping and the best checkpoint go by
    higher_is_better: bool

    def loss(self, model: Any, batch: Batch) -> torch.Tensor:
        """The mean over the batch, to be differentiated."""
        ...

    def scores(self, model: Any, batches: Iterable[Batch]) -> Scores:
        """Of all the batches together. The trainer has set evaluation mode and switched gradients off."""
        ...


class Classification:
    """Cross-entropy over the classes. A batch brings `labels`, the index of each row's class."""

    metric, higher_is_better = "macro_f1", True

    def __init__(self, class_weights: Sequence[float] | None = None, label_smoothing: float = 0.0) -> None:
        self._weights = None if class_weights is None else torch.tensor(class_weights)
        self._smoothing = label_smoothing

    def loss(self, model: Any, batch: Batch) -> torch.Tensor:
        logits, labels = _logits(model, batch)
        weights = None if self._weights is None else self._weights.to(logits.device)
        return functional.cross_entropy(logits, labels, weight=weights, label_smoothing=self._smoothing)

    def scores(self, model: Any, batches: Iterable[Batch]) -> Scores:
        """loss (unweighted, unsmoothed: comparable between runs), accuracy, macro_f1, rows and confusion[true][predicted]."""
        pairs = [_logits(model, batch) for batch in batches]
        logits = torch.cat([logits for logits, _ in pairs]).cpu()
        labels = torch.cat([labels for _, labels in pairs]).cpu()
        predicted = logits.argmax(dim=-1)
        return {
            "loss": float(functional.cross_entropy(logits, labels)),
            "accuracy": float((predicted == labels).float().mean()),
            "macro_f1": float(f1_score(labels, predicted, average="macro", zero_division=0)),
            "rows": len(labels),
            "confusion": confusion_matrix(labels, predicted, labels=range(logits.shape[1])).tolist(),
        }


def _logits(model: Any, batch: Batch) -> tuple[torch.Tensor, torch.Tensor]:
    inputs = {name: tensor for name, tensor in batch.items() if name != "labels"}
    return model(**inputs).logits.float(), batch["labels"]
