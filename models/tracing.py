"""Why each token was written: its probability, what else might have stood there, and what each filter kept or cut.

A text that was written is read once more, in one pass: the scores at each place are those that the sampling saw. A branch is the same text up to a place, another token there, and what the model writes
after it. Plain generation knows nothing of this and pays nothing for it. Knows no page.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from models.engine import Engine
from models.errors import BadInput
from models.generation import TAIL, TASK, decoder, prompt_ids
from models.library import Library
from models.loading import LoadedModel
from models.progress import Progress
from models.sampling import COLDEST, GenerationOptions, penalties, prompt_room, sample, warpers, window
from models.scoring import written_logits
from models.settings import Settings
from models.spelling import end_tokens

if TYPE_CHECKING:
    from torch import Tensor

ALTERNATIVES = 10  # of a place, the likeliest
_PLACES = 32  # looked at in one step: 32 rows of a large vocabulary are some 20 MB
_GREEDY = "temperature"  # 0 cuts all but the likeliest
_BROKEN = "\ufffd"


@dataclass(frozen=True)
class Alternative:
    """A token that might have been written at a place."""

    id: int
    text: str  # as the token reads by itself; with U+FFFD where it is a part of a character
    probability: float  # of the model, before penalty and filters
    kept: float  # the chance with which it was drawn; 0 where it was cut
    cut_by: str = ""  # temperature (greedy), top_k or top_p
    penalized: bool = False  # stands in the text already: the repetition penalty changed its score
    is_end: bool = False  # with it a text is at its end


@dataclass(frozen=True)
class TracedToken:
    """A written token. `alternatives` holds it too, wherever it stands among the likeliest."""

    id: int
    text: str  # what it added to the text; empty where the character goes on in the next token
    probability: float
    kept: float
    alternatives: tuple[Alternative, ...]  # by probability
    others: int  # further tokens that were kept
    others_kept: float  # their chances together: with those of the alternatives they sum to 1
    forced: bool = False  # not drawn: it stood before the branch, or began it


@dataclass(frozen=True)
class Trace:
    """The texts of the tokens, joined after the prompt, are the text."""

    prompt: str
    tokens: tuple[TracedToken, ...]

    @property
    def text(self) -> str:
        return self.prompt + "".join(token.text for token in self.tokens)


@dataclass(frozen=True)
class Written(Progress):
    """A step in which a token was written."""

    text: str = ""  # the text so far


class Tracer:
    def __init__(self, library: Library, engine: Engine, settings: Settings) -> None:
        self._library = library
        self._engine = engine
        self._settings = settings

    def trace(
        self,
        prompt: str,
        model: str = "",
        options: GenerationOptions | None = None,
        prefix: Sequence[int] = (),
        *,
        is_whole: bool = False,
    ) -> Iterator[Written | Progress | Trace]:
        """Continues a prompt as GenerationRunner.stream does with the same seed; the Trace comes last.

        prefix: token ids that the continuation begins with, the last of them an alternative: a branch.
        is_whole: the prefix is a text that these options wrote: nothing is written after it.
        BadInput where the prompt is empty or too long, or where the prefix is not of this model.
        """
        options = self._checked(prompt, options)
        with self._library.lease(model, TASK) as loaded:
            ids = prompt_ids(loaded, prompt, prompt_room(loaded, options))
            begun = _prefix(loaded, prefix, min(options.max_new_tokens, window(loaded) - len(ids)))
            texts = _Texts(loaded, ids)
            steps = _write(loaded, ids, begun, options, prompt, texts, is_whole, self._settings.max_generation_seconds)
            with closing(self._engine.stream(steps)) as computed:
                yield from computed

    def _checked(self, prompt: str, options: GenerationOptions | None) -> GenerationOptions:
        if not prompt or not prompt.strip():
            raise BadInput("errors.empty_text")
        if len(prompt) > self._settings.max_prompt_characters:
            raise BadInput("errors.text_too_long", length=len(prompt), limit=self._settings.max_prompt_characters)
        options = (options or GenerationOptions()).seeded()
        return replace(options, max_new_tokens=min(options.max_new_tokens, self._settings.max_new_tokens))


def _prefix(loaded: LoadedModel, prefix: Sequence[int], room: int) -> list[int]:
    vocabulary = loaded.model.get_input_embeddings().num_embeddings
    known = all(isinstance(token, int) and 0 <= token < vocabulary for token in prefix)
    if not known or len(prefix) > room:
        raise BadInput("errors.bad_branch", tokens=len(prefix), limit=room, vocabulary=vocabulary)
    return list(prefix)


class _Texts:
    """Token ids -> what each adds to the text after the prompt."""

    def __init__(self, loaded: LoadedModel, ids: Sequence[int]) -> None:
        self._decode = decoder(loaded.processor, ids[-TAIL:])

    def whole(self, written: list[int]) -> str:
        """As a stream of it reads: without bytes that are no character, or not yet."""
        return self._decode(written).replace(_BROKEN, "") if written else ""

    def pieces(self, written: list[int]) -> list[str]:
        """One piece a token; joined they are `whole`. A character of several tokens belongs to the last of them."""
        pieces, before = [], ""
        for count in range(1, len(written) + 1):
            text = self.whole(written[:count])
            is_longer = text.startswith(before)
            pieces.append(text[len(before) :] if is_longer else "")
            before = text if is_longer else before
        return pieces


def _write(
    loaded: LoadedModel,
    ids: list[int],
    begun: list[int],
    options: GenerationOptions,
    prompt: str,
    texts: _Texts,
    is_whole: bool,
    seconds: float,
) -> Iterator[Written | Progress | Trace]:
    """Runs on the inference thread, a token or _PLACES looks a step."""
    written, total = list(begun), options.max_new_tokens
    is_ended = is_whole or not end_tokens(loaded.model, loaded.processor).isdisjoint(begun[-1:])
    if (room := total - len(begun)) and not is_ended:
        ends = time.monotonic() + seconds
        for token in sample(loaded, [*ids, *begun], replace(options, max_new_tokens=room)):
            written.append(token)
            yield Written(len(written), total, prompt + texts.whole(written))
            if time.monotonic() > ends:
                break
    tokens: list[TracedToken] = []
    pieces, forced = texts.pieces(written), 0 if is_whole else len(begun)
    if written:
        scores = written_logits(loaded, ids, written)
        for start in range(0, len(written), _PLACES):
            tokens += _look(loaded, ids, written, pieces, scores, start, forced, options)
            yield Progress(len(tokens), len(written))
    yield Trace(prompt, tuple(tokens))


def _look(
    loaded: LoadedModel,
    ids: list[int],
    written: list[int],
    pieces: list[str],
    scores: Tensor,
    start: int,
    forced: int,
    options: GenerationOptions,
) -> list[TracedToken]:
    """The tokens from `start` on, at most _PLACES, with what each filter made of the scores there."""
    import torch

    raw = scores[start : start + _PLACES]
    seen = torch.tensor([[*ids, *written]])
    filtered = raw.clone()
    for processor in penalties(loaded, options):
        rows = [processor(seen[:, : len(ids) + start + row], filtered[row : row + 1]) for row in range(len(raw))]
        filtered = torch.cat(rows)
    penalized = filtered != raw
    cut: list[tuple[str, Tensor]] = []
    for name, warper in warpers(options):
        filtered = warper(seen, filtered)
        cut.append((name, filtered.isneginf()))
    if options.temperature < COLDEST:
        best = filtered.argmax(dim=-1, keepdim=True)
        filtered = torch.full_like(filtered, -torch.inf).scatter(1, best, 0.0)
        cut.append((_GREEDY, filtered.isneginf()))
    looks = _Looks(raw.softmax(dim=-1), filtered.softmax(dim=-1), penalized, tuple(cut))
    return [
        _token(loaded, written[start + row], pieces[start + row], looks, row, start + row < forced)
        for row in range(len(raw))
    ]


@dataclass(frozen=True)
class _Looks:
    """What was made of the scores at some places; all are (places, vocabulary)."""

    chances: Tensor
    kept: Tensor
    penalized: Tensor
    cut: tuple[tuple[str, Tensor], ...]  # by which filter, and what was gone after it


def _token(
    loaded: LoadedModel,
    token: int,
    piece: str,
    looks: _Looks,
    row: int,
    forced: bool,
) -> TracedToken:
    chances, kept, ends = looks.chances[row], looks.kept[row], end_tokens(loaded.model, loaded.processor)
    shown = chances.topk(min(ALTERNATIVES, len(chances))).indices.tolist()
    if token not in shown:
        shown.append(token)
    alternatives = tuple(
        Alternative(
            other,
            loaded.processor.decode([other]),
            float(chances[other]),
            float(kept[other]),
            next((name for name, gone in looks.cut if gone[row, other]), ""),
            bool(looks.penalized[row, other]),
            other in ends,
        )
        for other in shown
    )
    others = int((kept > 0).sum()) - sum(one.kept > 0 for one in alternatives)
    rest = float(kept.sum()) - sum(one.kept for one in alternatives) if others else 0.0
    return TracedToken(token, piece, float(chances[token]), float(kept[token]), alternatives, others, rest, forced)
