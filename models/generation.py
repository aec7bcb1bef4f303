"""Text generation: a prompt, a poem's form or a conversation in, growing text out, one token at a time.

Sampling is a loop of its own over transformers' logits warpers, because each stream needs its own random generator
(same seed, same text, whoever else is generating) and must compute nothing while nobody asks for its next token. Knows
no page.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from models import verse
from models.engine import Engine
from models.errors import BadInput, WrongTask
from models.library import Library
from models.loading import LoadedModel
from models.settings import Settings

TASK = "text-generation"
_BOUNDS = {
    "max_new_tokens": (1, 2048),
    "temperature": (0.0, 2.0),
    "top_k": (0, 1000),
    "top_p": (0.01, 1.0),
    "repetition_penalty": (0.5, 2.0),
}


@dataclass(frozen=True)
class GenerationOptions:
    """How to sample. temperature 0 takes the likeliest token; top_k 0 and top_p 1 switch these filters off."""

    max_new_tokens: int = 128
    temperature: float = 0.9
    top_k: int = 50
    top_p: float = 0.95
    repetition_penalty: float = 1.1
    seed: int | None = None  # None: another text each time

    def __post_init__(self) -> None:
        for name, (low, high) in _BOUNDS.items():
            value = getattr(self, name)
            if value is None or not low <= value <= high:
                raise BadInput("errors.option_out_of_bounds", option=name, value=value, low=low, high=high)

    @property
    def resolved_seed(self) -> int:
        return random.randrange(2**31) if self.seed is None or self.seed < 0 else int(self.seed)


class GenerationRunner:
    def __init__(self, library: Library, engine: Engine, settings: Settings) -> None:
        self._library = library
        self._engine = engine
        self._settings = settings

    def stream(self, prompt: str, model: str = "", options: GenerationOptions | None = None) -> Iterator[str]:
        """Continues a prompt. Yields the prompt with what has been written so far."""
        self._check(prompt)
        with self._library.lease(model, TASK) as loaded:
            prefix = loaded.processor.added_tokens_encoder.get("<|文|>")  # gpt-zh names the kind of text first
            ids = ([] if prefix is None else [prefix]) + loaded.processor(prompt, add_special_tokens=prefix is None)["input_ids"]
            yield from self._texts(loaded, ids, options or GenerationOptions(), before=prompt)

    def poem(self, request: verse.PoemRequest, model: str = "", options: GenerationOptions | None = None) -> Iterator[str]:
        """Writes a poem in its form, laid out in lines. WrongTask for a model that does not know the forms."""
        with self._library.lease(model, TASK) as loaded:
            if "<|五绝|>" not in loaded.processor.added_tokens_encoder:
                raise WrongTask("errors.knows_no_verse", model=loaded.spec.shown_name)
            ids = loaded.processor(verse.prompt(request), add_special_tokens=False)["input_ids"]
            shape = verse.shape_processor(request, loaded.processor, len(ids))
            texts = self._texts(loaded, ids, options or GenerationOptions(), extra=shape)
            with closing(texts):
                for text in texts:
                    yield verse.layout(text)

    def chat(
        self, messages: Sequence[dict[str, str]], model: str = "", options: GenerationOptions | None = None, system_prompt: str = ""
    ) -> Iterator[str]:
        """Answers the last of `messages` ({"role", "content"}). Yields the reply so far."""
        if not messages or messages[-1]["role"] != "user":
            raise BadInput("errors.empty_text")
        self._check(messages[-1]["content"])
        with self._library.lease(model, TASK) as loaded:
            if not loaded.processor.chat_template:
                raise WrongTask("errors.no_chat_template", model=loaded.spec.shown_name)
            turns = [{"role": "system", "content": system_prompt.strip()}] if system_prompt.strip() else []
            turns += [{"role": turn["role"], "content": turn["content"]} for turn in messages]
            ids = loaded.processor.apply_chat_template(turns, add_generation_prompt=True, return_dict=True)["input_ids"]
            yield from self._texts(loaded, ids, options or GenerationOptions())

    def _check(self, prompt: str) -> None:
        if not prompt or not prompt.strip():
            raise BadInput("errors.empty_text")
        limit = self._settings.max_prompt_characters
        if len(prompt) > limit:
            raise BadInput("errors.text_too_long", length=len(prompt), limit=limit)

    def _texts(
        self, loaded: LoadedModel, ids: list[int], options: GenerationOptions, *, before: str = "", extra: list | None = None
    ) -> Iterator[str]:
        if options.max_new_tokens > self._settings.max_new_tokens:
            limit = self._settings.max_new_tokens
            raise BadInput(
                "errors.option_out_of_bounds", option="max_new_tokens", value=options.max_new_tokens, low=1, high=limit
            )
        written: list[int] = []
        ends = time.monotonic() + self._settings.max_generation_seconds
        with closing(self._engine.stream(sample(loaded, ids, options, extra or []))) as tokens:
            for token in tokens:
                written.append(token)
                text = loaded.processor.decode(written, skip_special_tokens=True)
                if not text.endswith("\ufffd"):  # the first bytes of a character that is not whole yet
                    yield before + text
                if time.monotonic() > ends:
                    break


def sample(loaded: LoadedModel, ids: Sequence[int], options: GenerationOptions, extra: Sequence[Any]) -> Iterator[int]:
    """Token ids until an end-of-text token, max_new_tokens or the end of the context window.

    A prompt longer than the window loses its beginning. `extra` are logits processors applied before the warpers.
    """
    import torch

    window = getattr(loaded.model.config, "max_position_embeddings", None) or 2048
    ids = list(ids)[-max(window - options.max_new_tokens, window // 2) :]
    generator = torch.Generator().manual_seed(options.resolved_seed)
    processors = _processors(options, extra)
    ends = _end_tokens(loaded)
    all_ids = torch.tensor([ids])
    fresh, past = all_ids, None
    for _ in range(min(options.max_new_tokens, window - len(ids))):
        with torch.inference_mode():
            output = loaded.model(input_ids=fresh, past_key_values=past, use_cache=True)
            past = output.past_key_values
            fresh = _choose(processors(all_ids, output.logits[:, -1].float()), options, generator)
            all_ids = torch.cat([all_ids, fresh], dim=1)
        if (token := int(fresh)) in ends:
            return
        yield token


def _choose(logits, options: GenerationOptions, generator):
    """logits (1, vocabulary) -> token ids (1, 1)."""
    import torch

    if options.temperature == 0:
        return logits.argmax(dim=-1, keepdim=True)
    return torch.multinomial(logits.softmax(dim=-1), 1, generator=generator)


def _processors(options: GenerationOptions, extra: Sequence[Any]):
    from transformers import generation

    chosen = generation.LogitsProcessorList(extra)
    if options.repetition_penalty != 1:
        chosen.insert(0, generation.RepetitionPenaltyLogitsProcessor(options.repetition_penalty))
    if options.temperature:
        chosen.append(generation.TemperatureLogitsWarper(float(options.temperature)))
        if options.top_k:
            chosen.append(generation.TopKLogitsWarper(int(options.top_k)))
        if options.top_p < 1:
            chosen.append(generation.TopPLogitsWarper(float(options.top_p)))
    return chosen


def _end_tokens(loaded: LoadedModel) -> set[int]:
    """Tokens that end a text: the model's own, and gpt-zh's end of a turn."""
    ends = loaded.model.generation_config.eos_token_id
    ids = set(ends) if isinstance(ends, list) else {ends}
    ids.add(loaded.processor.eos_token_id)
    ids.add(loaded.processor.added_tokens_encoder.get("<|end|>"))
    return {token for token in ids if token is not None}
