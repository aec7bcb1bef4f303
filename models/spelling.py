"""How a text to be continued, or a conversation, is spelt for a causal language model: as token ids.

One place for it, so that a model is asked exactly as it was taught. Knows tokenizers and no sampling.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from models.conversation import Turn

_PROSE = "<|文|>"  # gpt-zh names the kind of text first
_TURN_END = "<|end|>"  # and ends a turn with this


def prose_prefix(tokenizer: Any) -> int | None:
    """The token that gpt-zh wants before a text; None for other models."""
    return tokenizer.added_tokens_encoder.get(_PROSE)


def text_ids(tokenizer: Any, text: str) -> list[int]:
    """A text to be continued: no end mark, gpt-zh's kind of text or the model's own beginning before it.

    Empty where nothing of the text is a token.
    """
    prefix = prose_prefix(tokenizer)
    ids = tokenizer.encode(text, add_special_tokens=prefix is None)
    while ids and ids[-1] in (tokenizer.eos_token_id, tokenizer.sep_token_id):
        ids.pop()
    return ids if prefix is None or not ids else [prefix, *ids]


def turn_ids(tokenizer: Any, turns: Sequence[Turn], *, ask: bool = True) -> list[int]:
    """A conversation in the model's own chat template; `ask`: with what makes it answer. jinja2.TemplateError."""
    return list(tokenizer.apply_chat_template(list(turns), add_generation_prompt=ask, return_dict=True)["input_ids"])


def end_tokens(model: Any, tokenizer: Any) -> set[int]:
    """Tokens that end a text: the model's own, and gpt-zh's end of a turn."""
    ends = model.generation_config.eos_token_id
    ids = set(ends) if isinstance(ends, list) else {ends}
    ids |= {tokenizer.eos_token_id, tokenizer.sep_token_id, tokenizer.added_tokens_encoder.get(_TURN_END)}
    return {token for token in ids if token is not None}
