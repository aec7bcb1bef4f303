"""What a causal language model thinks of a text that stands already: its scores at every place, read and not written.

Knows token ids and no text.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from models.loading import LoadedModel

if TYPE_CHECKING:
    from torch import Tensor

_STEP = 128  # tokens read in one step: as many rows of a large vocabulary are some 80 MB


def written_logits(loaded: LoadedModel, ids: Sequence[int], written: Sequence[int]) -> Tensor:
    """(written, vocabulary): the logits from which each token after `ids` was chosen, in one pass over the text."""
    tokens = [*ids, *written[:-1]]
    return _forward(loaded, tokens, len(written)).logits[0, -len(written) :].float().cpu()


def read(loaded: LoadedModel, ids: Sequence[int], size: int) -> Iterator[Tensor]:
    """Logits for the token after each of `ids`, as (tokens, vocabulary) at most _STEP at a time.

    size: tokens that the model holds in view. Where a text is longer, what stands furthest back is forgotten, and every
    token still has half of them before it.
    """
    past, held = None, 0
    for start in range(0, len(ids), step := min(_STEP, max(size // 2, 1))):
        fresh = ids[start : start + step]
        if held + len(fresh) > size:
            before = ids[start - size // 2 : start]
            past, held = _forward(loaded, before, 1, use_cache=True).past_key_values, len(before)
        output = _forward(loaded, fresh, 0, past_key_values=past, use_cache=True)
        past, held = output.past_key_values, held + len(fresh)
        yield output.logits[0].float().cpu()


def _forward(loaded: LoadedModel, ids: Sequence[int], keep: int, **more: Any) -> Any:
    """keep: the last logits that are wanted; 0 for all of them."""
    import torch

    if keep and "logits_to_keep" in inspect.signature(loaded.model.forward).parameters:
        more["logits_to_keep"] = keep
    with torch.inference_mode():
        return loaded.model(input_ids=torch.tensor([list(ids)], device=loaded.model.device), **more)
