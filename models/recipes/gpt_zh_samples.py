"""Texts drawn from gpt-zh many at a time, free or held to a form. Knows no scores."""

from __future__ import annotations

from typing import Any

import torch

from models.recipes.gpt_zh_tokenizer import END_OF_MESSAGE
from models.verse import PoemRequest, prompt
from models.verse_holding import shape_processor

TEMPERATURE, TOP_P = 0.9, 0.9


def poems(model: Any, tokenizer: Any, request: PoemRequest, count: int, *, held: bool) -> list[str]:
    """`count` poems for one request; held: to lines, stops and rhyme, as the app does."""
    ids = tokenizer.encode(prompt(request), add_special_tokens=False)
    shape = shape_processor(request, tokenizer, len(ids))
    limit = 2 * shape.tokens  # room to go wrong in
    rows = draw(model, tokenizer, ids, count, limit=limit, processor=shape if held else None)
    return tokenizer.batch_decode(rows, skip_special_tokens=True)


@torch.inference_mode()
def draw(
    model: Any, tokenizer: Any, ids: list[int], count: int, *, limit: int, processor: Any = None
) -> list[list[int]]:
    """`count` continuations of one prompt as token ids, each up to its end token or `limit`, at temperature and top-p.

    processor: applied to the logits before them, as the app's sampling does.
    """
    from transformers import generation

    warpers = generation.LogitsProcessorList(
        [generation.TemperatureLogitsWarper(TEMPERATURE), generation.TopPLogitsWarper(TOP_P)]
    )
    ends = torch.tensor([tokenizer.eos_token_id, tokenizer.convert_tokens_to_ids(END_OF_MESSAGE)])
    fresh = written = torch.tensor([ids] * count)
    past, ended = None, torch.zeros(count, 1, dtype=torch.bool)
    for _ in range(min(limit, model.config.max_position_embeddings - len(ids))):
        seen = torch.ones_like(written)  # the end token is the padding token too: without this it would be taken for it
        output = model(input_ids=fresh, attention_mask=seen, past_key_values=past, use_cache=True, logits_to_keep=1)
        past, scores = output.past_key_values, output.logits[:, -1].float()
        scores = warpers(written, processor(written, scores) if processor else scores)
        fresh = torch.multinomial(scores.softmax(-1), 1).masked_fill(ended, tokenizer.eos_token_id)
        written = torch.cat([written, fresh], dim=1)
        ended |= torch.isin(fresh, ends)
        if ended.all():
            break
    return [_to_end(row, set(ends.tolist())) for row in written[:, len(ids) :].tolist()]


def _to_end(row: list[int], ends: set[int]) -> list[int]:
    """A row up to and with its first end token."""
    first = next((place for place, token in enumerate(row) if token in ends), len(row))
    return row[: first + 1]
