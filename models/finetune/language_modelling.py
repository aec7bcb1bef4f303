"""The objective of a writer: each learned token from those before it. Loss, and perplexity on held-out rows.

Knows batches of ids and labels; which tokens are learned was decided before.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import torch
from torch.nn import functional

from models.finetune.objective import Batch, Scores
from models.finetune.writing_tokens import IGNORED

_MOST = 709.0  # the exponential of more is no number that JSON knows


class LanguageModelling:
    """Cross entropy of the learned tokens. Perplexity is its exponential: among how many equally likely tokens it wavers."""

    metric = "perplexity"
    higher_is_better = False

    def __init__(self, label_smoothing: float = 0.0) -> None:
        self._smoothing = label_smoothing

    def loss(self, model: Any, batch: Batch) -> torch.Tensor:
        """The mean over the learned tokens of the batch, as a scalar."""
        summed, tokens = _summed(model, batch, self._smoothing)
        return summed / max(1, tokens)

    def scores(self, model: Any, batches: Iterable[Batch]) -> Scores:
        """loss (nats a token, unsmoothed), perplexity and rows of all batches together."""
        total, tokens, rows = 0.0, 0, 0
        with torch.inference_mode():
            for batch in batches:
                summed, counted = _summed(model, batch)
                total, tokens, rows = total + float(summed), tokens + counted, rows + len(batch["input_ids"])
        loss = total / max(1, tokens)
        return {"loss": loss, "perplexity": math.exp(min(loss, _MOST)), "rows": rows}


def _summed(model: Any, batch: Batch, smoothing: float = 0.0) -> tuple[torch.Tensor, int]:
    """The summed loss of a batch's learned tokens, in single precision, and how many they are."""
    output = model(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"], use_cache=False)
    wanted = batch["labels"][:, 1:]
    learned = wanted != IGNORED
    logits = output.logits[:, :-1][learned].float()  # (learned tokens, vocabulary): the others cost no memory
    summed = functional.cross_entropy(logits, wanted[learned], reduction="sum", label_smoothing=smoothing)
    return summed, int(learned.sum())
