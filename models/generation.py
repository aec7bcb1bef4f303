"""Text generation: a prompt, a poem's form or a conversation in, growing text out.

Each text is yielded as it stands after one more token, and nothing is computed while nobody asks for the next one.
Knows no page.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from typing import Any

from models import conversation, spelling, verse
from models.conversation import Turn
from models.engine import Engine
from models.errors import BadInput, WrongTask
from models.library import Library
from models.loading import LoadedModel
from models.sampling import GenerationOptions, prompt_room, sample
from models.settings import Settings
from models.verse_holding import shape_processor

__all__ = ["GenerationOptions", "GenerationRunner"]
TASK = "text-generation"
_BROKEN = "\ufffd"  # bytes that are no character, or not yet
TAIL = 8  # tokens of the prompt decoded with the answer, so that a space between them is not lost
_SPACED_HAN = re.compile(r"(?<=[\u3000-\u9fff\uff00-\uffef]) | (?=[\u3000-\u9fff\uff00-\uffef])")


class GenerationRunner:
    def __init__(self, library: Library, engine: Engine, settings: Settings) -> None:
        self._library = library
        self._engine = engine
        self._settings = settings

    def stream(
        self,
        prompt: str,
        model: str = "",
        options: GenerationOptions | None = None,
        *,
        written: list[int] | None = None,
    ) -> Iterator[str]:
        """Continues a prompt. Yields the prompt with what has been written so far.

        Of a prompt longer than the model's window only the end is read.
        written: takes up the token ids as they are written.
        """
        options = self._bounded(options)
        self._check(prompt)
        with self._library.lease(model, TASK) as loaded:
            ids = prompt_ids(loaded, prompt, prompt_room(loaded, options))
            decode = decoder(loaded.processor, ids[-TAIL:])
            with closing(self._texts(sample(loaded, ids, options), decode, written)) as texts:
                for text in texts:
                    yield prompt + text

    def poem(
        self, request: verse.PoemRequest, model: str = "", options: GenerationOptions | None = None
    ) -> Iterator[str]:
        """Writes a poem in its form, laid out in lines. WrongTask for a model that does not know the forms.

        A form knows its own length: max_new_tokens does not hold here.
        """
        options = self._bounded(options)
        with self._library.lease(model, TASK) as loaded:
            if "<|五绝|>" not in loaded.processor.added_tokens_encoder:
                raise WrongTask("errors.knows_no_verse", model=loaded.spec.shown_name)
            ids = loaded.processor.encode(verse.prompt(request), add_special_tokens=False)
            shape = shape_processor(request, loaded.processor, len(ids))
            options = replace(options, max_new_tokens=shape.tokens)
            # The words of a title may well come again in its poem.
            tokens = sample(loaded, ids, options, [shape], penalize_from=len(ids))
            with closing(self._texts(tokens, decoder(loaded.processor))) as texts:
                for text in texts:
                    yield verse.layout(text, request.shape)

    def chat(
        self,
        messages: Sequence[Any],
        model: str = "",
        options: GenerationOptions | None = None,
        system_prompt: str = "",
    ) -> Iterator[str]:
        """Answers the last of `messages` ({"role", "content"}). Yields the reply so far.

        Of a conversation longer than the model's window the oldest exchanges are left out, whole.
        """
        options = self._bounded(options)
        turns = conversation.recent(conversation.asked(messages), self._settings.max_characters)
        self._check(turns[-1]["content"])
        system = [{"role": "system", "content": system_prompt.strip()}] if (system_prompt or "").strip() else []
        for turn in system:
            self._check(turn["content"])
        with self._library.lease(model, TASK) as loaded:
            ids = _chat_ids(loaded, system, turns, prompt_room(loaded, options))
            with closing(self._texts(sample(loaded, ids, options), decoder(loaded.processor))) as texts:
                yield from texts

    def _check(self, text: str) -> None:
        if not text or not text.strip():
            raise BadInput("errors.empty_text")
        limit = self._settings.max_prompt_characters
        if len(text) > limit:
            raise BadInput("errors.text_too_long", length=len(text), limit=limit)

    def _bounded(self, options: GenerationOptions | None) -> GenerationOptions:
        options, high = options or GenerationOptions(), self._settings.max_new_tokens
        if options.max_new_tokens > high:
            value = options.max_new_tokens
            raise BadInput("errors.option_out_of_bounds", option="max_new_tokens", value=value, low=1, high=high)
        return options

    def _texts(
        self, tokens: Iterator[int], decode: Callable[[list[int]], str], written: list[int] | None = None
    ) -> Iterator[str]:
        """The text after each token; at least one, empty where the model had nothing to say."""
        written = [] if written is None else written
        text = ""
        ends = time.monotonic() + self._settings.max_generation_seconds
        with closing(self._engine.stream(tokens)) as computed:
            for token in computed:
                written.append(token)
                grown = decode(written)
                if not grown.endswith(_BROKEN):
                    text = grown.replace(_BROKEN, "")
                    yield text
                if time.monotonic() > ends:
                    break
        if not text:
            yield text


def prompt_ids(loaded: LoadedModel, prompt: str, room: int) -> list[int]:
    """Token ids of a text to be continued, at most `room`: of a longer one the end, after what stands before any text."""
    ids = spelling.text_ids(loaded.processor, prompt)
    if not ids:
        raise BadInput("errors.empty_text")
    prefix = spelling.prose_prefix(loaded.processor)
    return ids[-room:] if prefix is None or len(ids) <= room else [prefix, *ids[1 - room :]]


def _chat_ids(loaded: LoadedModel, system: list[Turn], turns: list[Turn], room: int) -> list[int]:
    """Token ids of a conversation in the model's own chat template."""
    from jinja2 import TemplateError

    if not loaded.processor.chat_template:
        raise WrongTask("errors.no_chat_template", model=loaded.spec.shown_name)

    def encode(messages: list[Turn]) -> list[int]:
        return spelling.turn_ids(loaded.processor, messages)

    try:
        return encode(conversation.fitting(system, turns, lambda messages: len(encode(messages)), room))
    except TemplateError as error:
        raise BadInput("errors.template_refused", model=loaded.spec.shown_name, reason=str(error)[:200]) from error


def decoder(tokenizer: Any, before: Sequence[int] = ()) -> Callable[[list[int]], str]:
    """Token ids written -> their text, as it reads after the ids `before`."""
    before = list(before)
    spaces_han = " " in tokenizer.decode(tokenizer.encode("今天", add_special_tokens=False)).strip()

    def decode(ids: list[int]) -> str:
        text = tokenizer.decode(ids, skip_special_tokens=True)
        return _SPACED_HAN.sub("", text) if spaces_han else text

    known = decode(before)

    def fresh(written: list[int]) -> str:
        text = decode(before + written)
        return text[len(known) :] if text.startswith(known) else decode(written)

    return fresh
