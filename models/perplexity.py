"""What surprises a causal language model in a text: the bits of every token, perplexity, and what it had expected.

The model reads from left to right and is asked at every token how probable it was. The surprise of a token is
-log2 of that (its surprisal, Shannon 1948); perplexity is 2 to the mean surprise of a token (Jelinek et al. 1977). It
depends on how a model cuts a text into tokens, so that models are compared by bits per character. Knows no page.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

from models import spelling
from models.engine import Engine
from models.errors import BadInput
from models.generation import TASK
from models.library import Library
from models.loading import LoadedModel
from models.progress import Progress
from models.sampling import window
from models.scoring import read
from models.settings import Settings

if TYPE_CHECKING:
    from torch import Tensor

EXPECTED = 3  # of a token, the likeliest instead
_LARGEST_WINDOW = 2048  # tokens: some models could hold more than a shared machine should


@dataclass(frozen=True)
class Expectation:
    text: str
    probability: float


@dataclass(frozen=True)
class ReadToken:
    """A piece of the text: one token, or the tokens that make up one character together."""

    text: str
    bits: float | None  # None for the first token of a model that begins with nothing before it
    probability: float | None
    expected: tuple[Expectation, ...]  # the likeliest there, most probable first


@dataclass(frozen=True)
class Reading:
    """The texts of the tokens, joined, are the text."""

    tokens: tuple[ReadToken, ...]
    perplexity: float  # of a token; 1 for a text that was wholly foreseen
    bits_per_character: float
    counted: int  # tokens with a probability
    window: int  # tokens that the model had in view at most
    is_longer: bool  # than the window: what stood furthest back was forgotten


class PerplexityReader:
    def __init__(self, library: Library, engine: Engine, settings: Settings) -> None:
        self._library = library
        self._engine = engine
        self._settings = settings

    def measure(self, text: str, model: str = "") -> Iterator[Progress | Reading]:
        """Reads a text in steps; the Reading comes last. BadInput where it is empty, too long or a single token."""
        if not text or not text.strip():
            raise BadInput("errors.empty_text")
        if len(text) > self._settings.max_prompt_characters:
            raise BadInput("errors.text_too_long", length=len(text), limit=self._settings.max_prompt_characters)
        with self._library.lease(model, TASK) as loaded, closing(self._engine.stream(_read(loaded, text))) as steps:
            yield from steps


@dataclass(frozen=True)
class _Measured:
    bits: float
    expected: tuple[Expectation, ...]


def _read(loaded: LoadedModel, text: str) -> Iterator[Progress | Reading]:
    ids, pieces = _pieces(loaded, text)
    begun = len(ids) - sum(len(piece) for piece, _ in pieces)  # tokens before any text
    if len(ids) < 2:
        raise BadInput("errors.text_too_short_to_measure")
    size = min(window(loaded), _LARGEST_WINDOW)
    found: list[_Measured] = []
    for logits in read(loaded, ids[:-1], size):
        following = ids[len(found) + 1 :][: len(logits)]
        found += _measured(loaded, logits, following)
        yield Progress(len(found), len(ids) - 1)
    measured: list[_Measured | None] = [None, *found][begun:]
    tokens, start = [], 0
    for piece, words in pieces:
        tokens.append(_token(words, measured[start : start + len(piece)]))
        start += len(piece)
    yield _reading(tokens, [one for one in measured if one], size, len(ids) > size)


def _measured(loaded: LoadedModel, logits: Tensor, following: Sequence[int]) -> list[_Measured]:
    """logits (tokens, vocabulary), and the token that came after each."""
    import torch

    logs = logits.log_softmax(dim=-1)
    bits = -logs.gather(1, torch.tensor(following)[:, None])[:, 0] / math.log(2)
    best = logs.topk(min(EXPECTED, logs.shape[-1]), dim=-1)
    return [
        _Measured(
            surprise,
            tuple(
                Expectation(loaded.processor.decode([token]), math.exp(log))
                for token, log in zip(likely, chances, strict=True)
            ),
        )
        for surprise, likely, chances in zip(bits.tolist(), best.indices.tolist(), best.values.tolist(), strict=True)
    ]


def _token(text: str, measured: Sequence[_Measured | None]) -> ReadToken:
    """A piece with the surprises of its tokens, which add up: their probabilities multiply."""
    if any(one is None for one in measured):
        return ReadToken(text, None, None, ())
    bits = sum(one.bits for one in measured)
    return ReadToken(text, bits, 2**-bits, measured[0].expected)


def _reading(tokens: list[ReadToken], measured: list[_Measured], size: int, is_longer: bool) -> Reading:
    bits = sum(one.bits for one in measured)
    characters = sum(len(token.text) for token in tokens if token.bits is not None)
    return Reading(
        tuple(tokens), 2 ** (bits / len(measured)), bits / max(characters, 1), len(measured), size, is_longer
    )


def _pieces(loaded: LoadedModel, text: str) -> tuple[list[int], list[tuple[list[int], str]]]:
    """The token ids of a text with what stands before it, and its pieces: tokens of the same characters together."""
    encoded = loaded.processor(text, add_special_tokens=False, return_offsets_mapping=True)
    bare, ids = encoded["input_ids"], spelling.text_ids(loaded.processor, text)
    begins = ids[: len(ids) - len(bare)] if ids[len(ids) - len(bare) :] == bare else []
    pieces: list[tuple[list[int], str]] = []
    ended = 0
    for token, (_, end) in zip(bare, encoded["offset_mapping"], strict=True):
        if pieces and end <= ended:
            pieces[-1][0].append(token)
        else:
            pieces.append(([token], text[ended:end]))
            ended = end
    if pieces:
        pieces[-1] = (pieces[-1][0], pieces[-1][1] + text[ended:])
    return [*begins, *bare], pieces
