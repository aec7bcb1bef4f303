"""Why a text classifier answered as it did: which words spoke for the class, which against it, and how far to trust that.

Integrated gradients and occlusion (models.attribution), merged into words (models.words), beside a check that deletes the
heaviest ones (models.deletion). All of it runs on the inference thread, step by step, and changes nothing in the shared
models. Knows no page.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

from models import attribution, deletion
from models.attribution import Attribution
from models.deletion import Deletion
from models.engine import Engine
from models.library import Library
from models.loading import LoadedModel
from models.progress import Progress, finished
from models.sentiment import TASK, WINDOW, SentimentRunner, read_windows
from models.settings import Settings
from models.words import Unit, units

EXPLAINED_WINDOWS = 2  # of WINDOW tokens: as much as a visitor waits for
_LEAST_RANKED = 4  # words: with fewer a rank correlation says nothing
_GRADIENTS, _OCCLUSION = 60, 95  # per cent of the work done when each is through


@dataclass(frozen=True)
class TokenWeight:
    text: str
    weight: float  # -1 to 1; above 0 it spoke for the label, below 0 against it


@dataclass(frozen=True)
class WordWeight:
    text: str
    weight: float  # in log-odds of the label: the sum of its tokens' attributions
    occlusion: float  # how far the label's log-odds fall when the word is masked
    is_word: bool  # False: only punctuation or space


@dataclass(frozen=True)
class Completeness:
    """How far the attributions add up to what they share out, in log-odds of the label."""

    total: float  # of all attributions
    change: float  # from all tokens masked to the text; of two windows, of both together

    @property
    def error(self) -> float:
        """What is missing, as a share of the change; a change below attribution.SMALLEST_CHANGE counts as that."""
        return abs(self.total - self.change) / max(abs(self.change), attribution.SMALLEST_CHANGE)


@dataclass(frozen=True)
class TextExplanation:
    """The texts of the tokens, joined, are the text; those of the words are it up to `rest`, which is not explained."""

    label: str
    tokens: tuple[TokenWeight, ...]
    words: tuple[WordWeight, ...]
    rest: str
    completeness: Completeness
    agreement: float | None  # Spearman's rank correlation of the words' weights and occlusions; None for too few words
    deletion: Deletion | None  # None for a text of one word


class TextExplainer:
    def __init__(self, library: Library, engine: Engine, settings: Settings) -> None:
        self._library = library
        self._engine = engine
        self._sentiment = SentimentRunner(library, engine, settings)

    def text(self, text: str, model: str = "") -> TextExplanation:
        """What each token did for the class of the whole text; the largest weight of a token is 1 or -1.

        A long text is explained in its first EXPLAINED_WINDOWS windows of sentiment.WINDOW tokens; the rest of it follows
        as one token of weight 0. BadInput where the text is empty or longer than settings.max_characters.
        """
        return finished(self.steps(text, model))

    def steps(self, text: str, model: str = "") -> Iterator[Progress | TextExplanation]:
        """The same as work in steps; closing it stops the computing and gives the model back."""
        label = self._sentiment.classify(text, model).best.label
        with self._library.lease(model, TASK) as loaded:
            yield from self._engine.stream(_explained(text, label, loaded))


@dataclass(frozen=True)
class _Window:
    ids: list[int]
    spans: list[tuple[int, int]]  # of each token in the text


def _explained(text: str, label: str, loaded: LoadedModel) -> Iterator[Progress | TextExplanation]:
    target = loaded.labels.index(label)
    windows = _windows(text, loaded)[:EXPLAINED_WINDOWS]
    found = yield from _attributed(windows, target, loaded)
    real = [(number, place) for number, window in enumerate(windows) for place in _real(window, loaded)]
    merged = units(text, [windows[number].spans[place] for number, place in real])
    falls = yield from _occluded(windows, merged, real, target, loaded)
    weights = [found[number].weights[place] for number, place in real]
    words = tuple(
        WordWeight(unit.text, sum(weights[token] for token in unit.tokens), fall, unit.is_word)
        for unit, fall in zip(merged, falls, strict=True)
    )
    yield TextExplanation(
        label,
        _scaled(stretches(text, _weighed(windows, found))),
        words,
        text[sum(len(word.text) for word in words) :],
        Completeness(sum(chain.from_iterable(one.weights for one in found)), sum(one.change for one in found)),
        _agreement(words),
        _deletion(words, label, loaded),
    )


def _attributed(
    windows: Sequence[_Window], target: int, loaded: LoadedModel
) -> Generator[Progress, None, list[Attribution]]:
    found: list[Attribution] = []
    exact = attribution.in_single_precision(loaded)
    for number, window in enumerate(windows):
        for step in attribution.attributions(window.ids, target, exact):
            if isinstance(step, Attribution):
                found.append(step)
            else:
                yield Progress(round(_GRADIENTS * (number + step) / len(windows)), 100)
    return found


def _occluded(
    windows: Sequence[_Window],
    merged: Sequence[Unit],
    real: Sequence[tuple[int, int]],
    target: int,
    loaded: LoadedModel,
) -> Generator[Progress, None, list[float]]:
    """How far the log-odds fall without each unit. real: the window and the place in it of each token of the units."""
    falls = [0.0] * len(merged)
    for number, window in enumerate(windows):
        groups = [[real[token][1] for token in unit.tokens if real[token][0] == number] for unit in merged]
        for step in attribution.occlusions(window.ids, groups, target, loaded):
            if isinstance(step, list):
                falls = [fall + more for fall, more in zip(falls, step, strict=True)]
            else:
                share = (number + step) / len(windows)
                yield Progress(round(_GRADIENTS + (_OCCLUSION - _GRADIENTS) * share), 100)
    return falls


def _weighed(windows: Sequence[_Window], found: Sequence[Attribution]) -> list[tuple[int, int, float]]:
    return [
        (*span, weight)
        for window, one in zip(windows, found, strict=True)
        for span, weight in zip(window.spans, one.weights, strict=True)
    ]


def _windows(text: str, loaded: LoadedModel) -> list[_Window]:
    """Token ids with specials and their places in the text; here windows do not overlap."""
    encoded = loaded.processor(
        text,
        truncation=True,
        max_length=min(WINDOW, getattr(loaded.model.config, "max_position_embeddings", WINDOW) - 2),
        return_overflowing_tokens=True,
        return_offsets_mapping=True,
    )
    return [_Window(*pair) for pair in zip(encoded["input_ids"], encoded["offset_mapping"], strict=True)]


def _real(window: _Window, loaded: LoadedModel) -> list[int]:
    """The places of tokens that stand for something in the text."""
    framed = loaded.processor.get_special_tokens_mask(window.ids, already_has_special_tokens=True)
    return [
        place
        for place, (frame, (start, end)) in enumerate(zip(framed, window.spans, strict=True))
        if not frame or end > start
    ]


def _agreement(words: Sequence[WordWeight]) -> float | None:
    from scipy.stats import spearmanr

    pairs = [(word.weight, word.occlusion) for word in words if word.is_word]
    if len(pairs) < _LEAST_RANKED or any(len(set(side)) == 1 for side in zip(*pairs, strict=True)):
        return None
    return float(spearmanr(*zip(*pairs, strict=True)).statistic)


def _deletion(words: Sequence[WordWeight], label: str, loaded: LoadedModel) -> Deletion | None:
    """Of the part that is explained."""

    def probabilities(texts: Sequence[str]) -> list[float]:
        answers = read_windows([text or " " for text in texts], loaded)
        return [next(one.score for one in answer.predictions if one.label == label) for answer in answers]

    return deletion.check(
        [word.text for word in words],
        [word.weight for word in words],
        [word.is_word for word in words],
        probabilities,
    )


def stretches(text: str, spans: Sequence[tuple[int, int, float]]) -> list[TokenWeight]:
    """Spans (start, end, weight) as stretches that join to the text.

    A gap before a token belongs to the token; tokens that share their last character, as the bytes of a rare one do, are
    one; what follows the last token has weight 0.
    """
    found: list[TokenWeight] = []
    done = 0
    for _, end, weight in spans:
        if end > done:
            found.append(TokenWeight(text[done:end], weight))
            done = end
        elif end == done and found:
            found[-1] = TokenWeight(found[-1].text, found[-1].weight + weight)
    return found + [TokenWeight(text[done:], 0.0)] * (done < len(text))


def _scaled(tokens: Sequence[TokenWeight]) -> tuple[TokenWeight, ...]:
    largest = max((abs(token.weight) for token in tokens), default=0.0) or 1.0
    return tuple(TokenWeight(token.text, token.weight / largest) for token in tokens)
