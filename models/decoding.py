"""The same beginning continued in six ways of choosing tokens, and figures that tell the texts apart.

Greedy and beam search look for likely texts, the others draw: from the likeliest k, from the likeliest that make up a
share p, or from all with the odds sharpened or flattened by a temperature. No repetition penalty anywhere: only the
ways differ. What the figures cannot tell is whether a text is good. Knows no page.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace

from models.beam import beam_search
from models.engine import Engine
from models.errors import BadInput
from models.generation import TAIL, TASK, decoder, prompt_ids
from models.library import Library
from models.loading import LoadedModel
from models.progress import Progress
from models.sampling import GenerationOptions, prompt_room, sample, window
from models.scoring import written_logits
from models.settings import Settings

BEAMS = 4
LONGEST = 120  # tokens of a text: beam search computes each for every beam
_GRAM = 4  # tokens in a row that count as a repetition
_BROKEN = "\ufffd"
_PLAIN = {"temperature": 1.0, "top_k": 0, "top_p": 1.0, "repetition_penalty": 1.0}
WAYS: dict[str, dict[str, float]] = {
    "greedy": {"temperature": 0.0},
    "beam": {},
    "top_k": {"top_k": 50},
    "top_p": {"top_p": 0.9},
    "cold": {"temperature": 0.5},
    "hot": {"temperature": 1.3},
}


@dataclass(frozen=True)
class Decoded:
    """A text written in one way."""

    way: str  # of WAYS
    written: str  # after the prompt
    tokens: int
    distinct_1: float  # different tokens among all, Li et al. 2016 (arXiv:1510.03055); 0 for an empty text
    distinct_2: float  # the same of pairs
    repetition: float  # share of the runs of four tokens that had been written before
    mean_probability: float  # by the model, of the tokens written
    seconds: float


@dataclass(frozen=True)
class Comparison:
    prompt: str
    seed: int
    texts: tuple[Decoded, ...]  # in the order of WAYS


@dataclass(frozen=True)
class Writing(Progress):
    """A step: the texts that are done, and the one being written."""

    texts: tuple[Decoded, ...] = ()
    growing: str = ""


class DecodingComparer:
    def __init__(self, library: Library, engine: Engine, settings: Settings) -> None:
        self._library = library
        self._engine = engine
        self._settings = settings

    def compare(
        self, prompt: str, model: str = "", max_new_tokens: int = 60, seed: int | None = None
    ) -> Iterator[Writing | Comparison]:
        """Continues a prompt in all WAYS, one after the other; the Comparison comes last. BadInput for bad values."""
        if not prompt or not prompt.strip():
            raise BadInput("errors.empty_text")
        if len(prompt) > self._settings.max_prompt_characters:
            raise BadInput("errors.text_too_long", length=len(prompt), limit=self._settings.max_prompt_characters)
        if isinstance(max_new_tokens, (int, float)) and max_new_tokens > LONGEST:
            value = max_new_tokens
            raise BadInput("errors.option_out_of_bounds", option="max_new_tokens", value=value, low=1, high=LONGEST)
        options = GenerationOptions(max_new_tokens, **_PLAIN, seed=seed).seeded()
        with self._library.lease(model, TASK) as loaded:
            ids = prompt_ids(loaded, prompt, prompt_room(loaded, options))
            room = min(options.max_new_tokens, window(loaded) - len(ids))
            steps = _compare(loaded, prompt, ids, replace(options, max_new_tokens=room))
            with closing(self._engine.stream(steps)) as computed:
                yield from computed


def _compare(
    loaded: LoadedModel, prompt: str, ids: list[int], options: GenerationOptions
) -> Iterator[Writing | Comparison]:
    """Runs on the inference thread, a token a step."""
    decode, total = decoder(loaded.processor, ids[-TAIL:]), len(WAYS) * options.max_new_tokens
    texts: list[Decoded] = []
    for number, way in enumerate(WAYS):
        began, seconds, written = time.perf_counter(), 0.0, []
        steps = _way(loaded, ids, options, way)
        with closing(steps):
            for written in steps:
                seconds += time.perf_counter() - began
                text = decode(written).replace(_BROKEN, "")
                done = number * options.max_new_tokens + len(written)
                yield Writing(min(done, total), total, tuple(texts), text)
                began = time.perf_counter()  # not while others were served
        texts.append(_decoded(loaded, ids, way, written, decode(written).replace(_BROKEN, ""), seconds))
    yield Comparison(prompt, options.seed, tuple(texts))


def _way(loaded: LoadedModel, ids: list[int], options: GenerationOptions, way: str) -> Iterator[list[int]]:
    """All tokens written so far, after each of them."""
    if way == "beam":
        yield from beam_search(loaded, ids, options.max_new_tokens, BEAMS)
        return
    written: list[int] = []
    for token in sample(loaded, ids, replace(options, **WAYS[way])):
        written.append(token)
        yield written


def _decoded(loaded: LoadedModel, ids: list[int], way: str, written: list[int], text: str, seconds: float) -> Decoded:
    return Decoded(
        way,
        text,
        len(written),
        distinct(written, 1),
        distinct(written, 2),
        repetition(written),
        _mean_probability(loaded, ids, written),
        seconds,
    )


def distinct(tokens: Sequence[int], count: int) -> float:
    """Share of different runs of `count` tokens among all of them: distinct-n; 0 where there is none."""
    runs = _runs(tokens, count)
    return len(set(runs)) / len(runs) if runs else 0.0


def repetition(tokens: Sequence[int]) -> float:
    """Share of the runs of four tokens that had been written before, 0 to 1."""
    return 1 - distinct(tokens, _GRAM) if len(tokens) >= _GRAM else 0.0


def _runs(tokens: Sequence[int], count: int) -> list[tuple[int, ...]]:
    return [tuple(tokens[start : start + count]) for start in range(len(tokens) - count + 1)]


def _mean_probability(loaded: LoadedModel, ids: list[int], written: list[int]) -> float:
    import torch

    if not written:
        return 0.0
    chances = written_logits(loaded, ids, written).softmax(dim=-1)
    return float(chances.gather(1, torch.tensor(written)[:, None]).mean())
