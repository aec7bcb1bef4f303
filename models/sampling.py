"""Sampling: how the next token is chosen, one at a time, from a causal language model.

A loop of its own over transformers' logits processors, because each stream needs its own random generator (same seed,
same text, whoever else is generating) and must compute nothing while nobody asks for its next token. Knows token ids
and no text.
"""

from __future__ import annotations

import inspect
import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from models.errors import BadInput
from models.loading import LoadedModel
from models.spelling import end_tokens

if TYPE_CHECKING:
    import torch

BOUNDS: dict[str, tuple[float, float]] = {
    "max_new_tokens": (1, 2048),
    "temperature": (0.0, 2.0),
    "top_k": (0, 1000),
    "top_p": (0.01, 1.0),
    "repetition_penalty": (0.5, 2.0),
    "seed": (-1, 2**53 - 1),  # a browser counts no further
}
_WHOLE = {"max_new_tokens", "top_k", "seed"}
COLDEST = 0.01  # below this a temperature only overflows: the likeliest token is taken
# Writing these again is no repetition. A penalty on them makes prose without full stops and ci without shape.
_PUNCTUATION = "，。！？；：、…—“”‘’「」（）《》·,.!?;:'\"()-\n "


@dataclass(frozen=True)
class GenerationOptions:
    """How to sample. temperature 0 takes the likeliest token; top_k 0 and top_p 1 switch these filters off.

    Numbers may arrive as floats or, from a page's emptied field, as None; BadInput names the one that is out of bounds.
    """

    max_new_tokens: int = 200  # room for a piece of prose by gpt-zh and its own end
    temperature: float = 0.9
    top_k: int = 50
    top_p: float = 0.95
    repetition_penalty: float = 1.1
    seed: int | None = None  # None or -1: another text each time

    def __post_init__(self) -> None:
        for name in BOUNDS:
            if name != "seed" or self.seed is not None:
                object.__setattr__(self, name, _checked(name, getattr(self, name)))

    def seeded(self) -> GenerationOptions:
        """The same with a seed that can be told: drawn now, where none was chosen."""
        if self.seed is not None and self.seed >= 0:
            return self
        return replace(self, seed=random.randrange(2**31))


def _checked(name: str, value: Any) -> int | float:
    low, high = BOUNDS[name]
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
    if not is_number or not low <= value <= high or (name in _WHOLE and value != int(value)):
        raise BadInput("errors.option_out_of_bounds", option=name, value=value, low=low, high=high)
    return int(value) if name in _WHOLE else float(value)


def window(loaded: LoadedModel) -> int:
    """Tokens a model can hold in view, prompt and answer together."""
    return getattr(loaded.model.config, "max_position_embeddings", None) or 2048


def prompt_room(loaded: LoadedModel, options: GenerationOptions) -> int:
    """Tokens a prompt may have: what the answer leaves, and never less than half of the window."""
    size = window(loaded)
    return max(size - options.max_new_tokens, size // 2)


def sample(
    loaded: LoadedModel,
    ids: Sequence[int],
    options: GenerationOptions,
    extra: Sequence[Any] = (),
    *,
    penalize_from: int = 0,
) -> Iterator[int]:
    """Token ids until a token that ends the text, max_new_tokens or the end of the window.

    extra: logits processors applied before the warpers, after the repetition penalty.
    penalize_from: tokens of the prompt that the repetition penalty overlooks.
    """
    import torch

    model, device = loaded.model, loaded.model.device
    generator = torch.Generator().manual_seed(options.seeded().seed)
    processors = _processors(loaded, options, extra, penalize_from)
    ends = end_tokens(model, loaded.processor)
    last_only = {"logits_to_keep": 1} if "logits_to_keep" in inspect.signature(model.forward).parameters else {}
    fresh = all_ids = torch.tensor([list(ids)])
    past = None
    for _ in range(min(options.max_new_tokens, window(loaded) - len(ids))):
        with torch.inference_mode():
            output = model(input_ids=fresh.to(device), past_key_values=past, use_cache=True, **last_only)
            past = output.past_key_values
            fresh = _choose(processors(all_ids, output.logits[:, -1].float().cpu()), options, generator)
            all_ids = torch.cat([all_ids, fresh], dim=1)
        if (token := int(fresh)) in ends:
            return
        yield token


def _choose(logits: torch.Tensor, options: GenerationOptions, generator: torch.Generator) -> torch.Tensor:
    """logits (1, vocabulary) -> token ids (1, 1)."""
    import torch

    if options.temperature < COLDEST:
        return logits.argmax(dim=-1, keepdim=True)
    return torch.multinomial(logits.softmax(dim=-1), 1, generator=generator)


def _processors(loaded: LoadedModel, options: GenerationOptions, extra: Sequence[Any], penalize_from: int) -> Any:
    from transformers import generation

    penalty = penalties(loaded, options, penalize_from)
    return generation.LogitsProcessorList([*penalty, *extra, *(warper for _, warper in warpers(options))])


def penalties(loaded: LoadedModel, options: GenerationOptions, penalize_from: int = 0) -> list[Any]:
    """The logits processors that look at what was written: the repetition penalty, if there is one."""
    if options.repetition_penalty == 1:
        return []
    return [_SparingPenalty(options.repetition_penalty, penalize_from, _spared(loaded.processor))]


def warpers(options: GenerationOptions) -> list[tuple[str, Any]]:
    """The logits processors that look at the scores alone, in their order, each with its option's name.

    None where the likeliest token is taken anyway.
    """
    from transformers import generation

    if options.temperature < COLDEST:
        return []
    chosen: list[tuple[str, Any]] = [("temperature", generation.TemperatureLogitsWarper(options.temperature))]
    if options.top_k:
        chosen.append(("top_k", generation.TopKLogitsWarper(options.top_k)))
    if options.top_p < 1:
        chosen.append(("top_p", generation.TopPLogitsWarper(options.top_p)))
    return chosen


class _SparingPenalty:
    """transformers' repetition penalty (CTRL, arXiv:1909.05858) that leaves some tokens as they were."""

    def __init__(self, penalty: float, penalize_from: int, spared: list[int]) -> None:
        from transformers import generation

        self._penalty = generation.RepetitionPenaltyLogitsProcessor(penalty, prompt_ignore_length=penalize_from)
        self._spared = spared

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        kept = scores[:, self._spared].clone()
        scores = self._penalty(input_ids, scores)
        scores[:, self._spared] = kept
        return scores


def _spared(tokenizer: Any) -> list[int]:
    encoded = (tokenizer.encode(mark, add_special_tokens=False) for mark in _PUNCTUATION)
    return sorted({ids[0] for ids in encoded if len(ids) == 1} - {tokenizer.unk_token_id})
