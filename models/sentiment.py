"""Text classification: plain text in, plain predictions out. Long texts are read in overlapping windows, never cut.

Knows no page and no language of labels: a label is what the model calls it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from models.engine import Engine
from models.errors import BadInput
from models.library import Library
from models.loading import LoadedModel
from models.settings import Settings

TASK = "text-classification"
WINDOW = 192  # tokens; most reviews fit one, and attention costs its square
OVERLAP = 32  # tokens two neighbouring windows share, so that no clause is cut in both


@dataclass(frozen=True)
class Prediction:
    label: str
    score: float  # 0 to 1


@dataclass(frozen=True)
class Window:
    """A stretch of a long text with what the model says of it alone."""

    text: str
    tokens: int
    predictions: tuple[Prediction, ...]  # best first


@dataclass(frozen=True)
class Sentiment:
    predictions: tuple[Prediction, ...]  # best first
    windows: tuple[Window, ...]

    @property
    def best(self) -> Prediction:
        return self.predictions[0]

    @property
    def is_certain(self) -> bool:
        return self.best.score >= certain_from(len(self.predictions))


def certain_from(classes: int) -> float:
    """The score from which an answer counts as sure: half way from chance to certainty, so 0.75 of two classes."""
    return 0.5 + 0.5 / max(classes, 1)


class SentimentRunner:
    def __init__(self, library: Library, engine: Engine, settings: Settings) -> None:
        self._library = library
        self._engine = engine
        self._settings = settings

    def classify(self, text: str, model: str = "") -> Sentiment:
        """One text. BadInput where it is empty or longer than settings.max_characters."""
        return self.classify_batch([text], model)[0]

    def classify_batch(
        self, texts: Sequence[str], model: str = "", on_progress: Callable[[int, int], None] | None = None
    ) -> list[Sentiment]:
        """Many texts, in their order. on_progress gets texts done and in all."""
        if not texts:
            raise BadInput("errors.no_texts")
        for text in texts:
            check_text(text, self._settings)
        with self._library.lease(model, TASK) as loaded:
            results: list[Sentiment] = []
            for start in range(0, len(texts), 32):
                results += self._classify(texts[start : start + 32], loaded)
                if on_progress:
                    on_progress(len(results), len(texts))
            return results

    def _classify(self, texts: Sequence[str], loaded: LoadedModel) -> list[Sentiment]:
        key = ("classify", loaded.spec.name)
        return _read(texts, loaded, lambda flat: self._engine.map(key, flat, lambda batch: _forward(batch, loaded)))


def check_text(text: str, settings: Settings) -> None:
    """BadInput where it is empty or longer than settings.max_characters."""
    if not text or not text.strip():
        raise BadInput("errors.empty_text")
    if len(text) > settings.max_characters:
        raise BadInput("errors.text_too_long", length=len(text), limit=settings.max_characters)


def read_windows(texts: Sequence[str], loaded: LoadedModel) -> list[Sentiment]:
    """The same for work that is on the inference thread already: a few texts, in one pass."""
    return _read(texts, loaded, lambda flat: _forward(flat, loaded))


def _read(
    texts: Sequence[str], loaded: LoadedModel, forward: Callable[[list[list[int]]], list[list[float]]]
) -> list[Sentiment]:
    split = [_windows(text, loaded) for text in texts]
    scores = iter(forward([ids for windows in split for _, ids in windows]))
    return [_combined([(text, len(ids), next(scores)) for text, ids in windows], loaded.labels) for windows in split]


def _windows(text: str, loaded: LoadedModel) -> list[tuple[str, list[int]]]:
    """(stretch of text, token ids with specials) for each window of at most WINDOW tokens."""
    tokenizer = loaded.processor
    longest = min(WINDOW, getattr(loaded.model.config, "max_position_embeddings", WINDOW) - 2)
    encoded = tokenizer(
        text,
        truncation=True,
        max_length=longest,
        stride=min(OVERLAP, longest // 4),
        return_overflowing_tokens=True,
        return_offsets_mapping=True,
    )
    return [
        (_stretch(text, offsets), ids)
        for ids, offsets in zip(encoded["input_ids"], encoded["offset_mapping"], strict=True)
    ]


def _stretch(text: str, offsets: list[tuple[int, int]]) -> str:
    real = [(start, end) for start, end in offsets if end > start]
    return text[real[0][0] : real[-1][1]] if real else text


def _forward(batch: Sequence[list[int]], loaded: LoadedModel) -> list[list[float]]:
    """Token ids of N windows -> N lists of class probabilities."""
    import torch

    inputs = loaded.processor.pad({"input_ids": list(batch)}, return_tensors="pt")
    with torch.inference_mode():
        logits = loaded.model(**inputs).logits  # (N, classes)
    return logits.float().softmax(dim=-1).tolist()


def _combined(parts: list[tuple[str, int, list[float]]], labels: list[str]) -> Sentiment:
    """The mean over windows, weighted by their tokens: a short tail must not outvote the body."""
    total = sum(tokens for _, tokens, _ in parts)
    mean = [sum(tokens * scores[i] for _, tokens, scores in parts) / total for i in range(len(labels))]
    windows = tuple(Window(text, tokens, _ranked(scores, labels)) for text, tokens, scores in parts)
    return Sentiment(_ranked(mean, labels), windows)


def _ranked(scores: Sequence[float], labels: Sequence[str]) -> tuple[Prediction, ...]:
    pairs = [Prediction(label, score) for label, score in zip(labels, scores, strict=True)]
    return tuple(sorted(pairs, key=lambda prediction: -prediction.score))
