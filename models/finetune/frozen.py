"""What frozen lower layers say of a row is always the same: it is computed once, and training goes on from there.

Folds such layers out of a model and puts them back. Knows no loop and no task; works for any encoder whose layers stand
in one list and that takes inputs_embeds, and leaves every other as it is.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import nn

from models.finetune.course import Item, Lesson
from models.finetune.objective import Batch

logger = logging.getLogger(__name__)
MOST_BYTES = 512 * 1024 * 1024  # of remembered features; with more, the layers are run each time
_BATCH = 32
_CHECKED = 8  # rows whose answers must be the same as before


def fold(lesson: Lesson) -> Lesson:
    """The lesson with the rows of its training as the lower layers leave them; itself where there is nothing to gain.

    Its `unfold` gives the lesson back as it was, with what has been learnt since. The rows must not change between
    epochs. Dropout is off in the layers that are folded away.
    """
    stack = _Stack.of(lesson.model)
    if stack is None:
        return lesson
    train, validation = lesson.train(0), lesson.validation
    if stack.bytes_of(train) + stack.bytes_of(validation) > MOST_BYTES:
        return lesson
    before = _logits(lesson.model, lesson.collate(validation[:_CHECKED]))
    known, looked_at = (_with_features(stack, lesson.collate, items) for items in (train, validation))
    collate = _collate_features(lesson.collate)
    stack.fold()
    if not _answers(lesson.model, collate(looked_at[:_CHECKED]), before):
        stack.unfold()
        return lesson

    def unfold() -> Lesson:
        stack.unfold()
        return lesson

    return replace(lesson, train=lambda epoch: known, validation=looked_at, collate=collate, unfold=unfold)


class _Stack:
    """The embeddings and the frozen layers above them."""

    def __init__(self, base: nn.Module, layers: nn.ModuleList, count: int, width: int) -> None:
        self._base, self._layers, self._count, self._width = base, layers, count, width
        self._embeddings, self._frozen = base.embeddings, list(layers[:count])

    @classmethod
    def of(cls, model: Any) -> _Stack | None:
        """None where nothing below is frozen, or the model is built otherwise."""
        base, config = model.base_model, model.config
        lists = [module for module in base.modules() if isinstance(module, nn.ModuleList)]
        layers = next((found for found in lists if len(found) == getattr(config, "num_hidden_layers", 0)), None)
        if layers is None or not isinstance(getattr(base, "embeddings", None), nn.Module) or _learns(base.embeddings):
            return None
        count = next((index for index, layer in enumerate(layers) if _learns(layer)), len(layers))
        return cls(base, layers, count, config.hidden_size) if count else None

    def bytes_of(self, items: Sequence[Item]) -> int:
        return 4 * self._width * sum(len(item["input_ids"]) for item in items)

    def features(self, inputs: Batch) -> torch.Tensor:
        """After the last of the frozen layers: (rows, tokens, width). What comes above it is not run."""
        seen: list[torch.Tensor] = []

        def stop(layer: nn.Module, given: Any, output: Any) -> None:
            seen.append(output if torch.is_tensor(output) else output[0])
            raise _Enough

        hook = self._frozen[-1].register_forward_hook(stop)
        try:
            with torch.no_grad():
                self._base.eval()(**inputs)
        except _Enough:
            pass
        finally:
            hook.remove()
        return seen[0]

    def fold(self) -> None:
        self._base.embeddings = _Given()
        for index in range(self._count):
            self._layers[index] = _Passing()

    def unfold(self) -> None:
        self._base.embeddings = self._embeddings
        for index, layer in enumerate(self._frozen):
            self._layers[index] = layer


class _Enough(Exception):
    """The features are there."""


class _Given(nn.Module):
    """In the place of the embeddings: what is given as inputs_embeds, as it is."""

    def forward(self, *args: Any, **kwargs: Any) -> torch.Tensor:
        given = [value for value in (*args, *kwargs.values()) if torch.is_tensor(value) and value.is_floating_point()]
        return given[0]


class _Passing(nn.Module):
    """In the place of a layer."""

    def forward(self, hidden_states: torch.Tensor, *args: Any, **kwargs: Any) -> torch.Tensor:
        return hidden_states


def _learns(module: nn.Module) -> bool:
    return any(parameter.requires_grad for parameter in module.parameters())


def _with_features(stack: _Stack, collate: Callable[[Sequence[Item]], Batch], items: Sequence[Item]) -> list[Item]:
    """In the order of the items; computed by length, so that little is padding."""
    known: list[Item] = list(items)
    order = sorted(range(len(items)), key=lambda index: len(items[index]["input_ids"]))
    for start in range(0, len(order), _BATCH):
        rows = order[start : start + _BATCH]
        batch = collate([items[row] for row in rows])
        features = stack.features({name: tensor for name, tensor in batch.items() if name != "labels"})
        for row, hidden in zip(rows, features, strict=True):
            known[row] = {**items[row], "features": hidden[: len(items[row]["input_ids"])].clone()}
    return known


def _collate_features(collate: Callable[[Sequence[Item]], Batch]) -> Callable[[Sequence[Item]], Batch]:
    def collated(items: Sequence[Item]) -> Batch:
        batch = collate([{name: item[name] for name in item if name != "features"} for item in items])
        del batch["input_ids"]
        rows = [item["features"] for item in items]
        return batch | {"inputs_embeds": nn.utils.rnn.pad_sequence(rows, batch_first=True)}

    return collated


def _answers(model: Any, batch: Batch, expected: torch.Tensor) -> bool:
    """Whether the folded model says what it said before: some have more below their layers than we know of."""
    try:
        return torch.allclose(_logits(model, batch), expected, atol=1e-4)
    except (RuntimeError, TypeError, ValueError) as error:  # shapes that do not fit, an input it does not take
        logger.info("the frozen layers stay in: %s", error)
        return False


def _logits(model: Any, batch: Batch) -> torch.Tensor:
    with torch.no_grad():
        return model.eval()(**{name: tensor for name, tensor in batch.items() if name != "labels"}).logits
