"""A few real steps of a lesson and looks at rows that it does not learn, each timed. Knows no process, no file and no forecast."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace

from models.finetune import frozen
from models.finetune.course import Item, Lesson
from models.finetune.measured import Pace, Timed
from models.finetune.objective import Batch, Scores
from models.finetune.request import FinetuneRequest
from models.finetune.trainer import Evaluated, Stepped, Trainer, TrainOptions

# Of a batch's rows among all rows by length: the longest come first, for they show the most memory.
_PLACES = (1.0, 0.5, 0.0, 0.75, 0.25, 0.9, 0.6, 0.1)
_LOOK_ROWS = 32


class Steps:
    """Real steps of a lesson, each on rows of one length, the longest first; after each a look at validation rows."""

    def __init__(self, lesson: Lesson, items: Sequence[Item], way: FinetuneRequest) -> None:
        blocks = _blocks(items, way.batch_size)
        size = len(blocks[0])
        few = replace(
            lesson,
            train=lambda epoch: [item for block in blocks for item in block],
            validation=_blocks(lesson.validation, _LOOK_ROWS)[1],
            held_out=_blocks(lesson.held_out, _LOOK_ROWS)[1],
        )
        self._way, self._tokens = way, 0
        self._lesson = self._folded(few, _tokens(items) + _tokens(lesson.validation))
        rows, self._collate = self._lesson.train(0), self._lesson.collate
        counted = replace(
            self._lesson,
            rows=size,
            train=lambda epoch: rows[epoch * size : (epoch + 1) * size],  # an epoch is one step and one look
            collate=self._counted,
        )
        self.trainer = Trainer(counted, replace(TrainOptions.of(way), epochs=len(blocks), accumulation=1, patience=0))
        self.scores: Scores = {}

    def pace(self, seconds: float) -> Pace:
        """Of as many steps as fit into the time, at least two where there are as many."""
        steps: list[Timed] = []
        looks: list[Timed] = []
        started = last = time.monotonic()

        def on_event(event: Stepped | Evaluated) -> None:
            nonlocal last
            if isinstance(event, Stepped):
                steps.append((self._taken(), event.seconds))
            else:
                looks.append((self._taken(), time.monotonic() - last))
            last = time.monotonic()

        self.trainer.run(on_event, lambda: len(steps) > 1 and time.monotonic() - started > seconds)
        return Pace(self._way.method, self._way.layers, _warm(steps), _warm(looks), self._folding, self._feature_bytes)

    def exact_look(self) -> float:
        """Seconds a token of an evaluation in single precision, of the whole model."""
        held_out = self.trainer.unfold().held_out
        started = time.monotonic()
        self.scores = self.trainer.score()
        return (time.monotonic() - started) / (len(held_out) * _longest(held_out))

    def unfold(self) -> None:
        self.trainer.unfold()

    def _folded(self, lesson: Lesson, all_tokens: int) -> Lesson:
        """As the worker will have it: frozen layers run beforehand, where all rows' features fit into memory."""
        self._folding, self._feature_bytes = 0.0, 0
        feature_bytes = 4 * getattr(lesson.model.config, "hidden_size", 0) * all_tokens
        if not lesson.is_fixed or feature_bytes > frozen.MOST_BYTES:
            return lesson
        started = time.monotonic()
        folded = frozen.fold(lesson)
        if folded.unfold is not None:
            tokens = _tokens(lesson.train(0)) + _tokens(lesson.validation)
            self._folding, self._feature_bytes = (time.monotonic() - started) / tokens, feature_bytes
        return folded

    def _counted(self, items: Sequence[Item]) -> Batch:
        self._tokens += len(items) * _longest(items)
        return self._collate(items)

    def _taken(self) -> int:
        """Tokens since it was last asked, padding included."""
        tokens, self._tokens = self._tokens, 0
        return tokens


def _tokens(items: Sequence[Item]) -> int:
    return sum(len(item["input_ids"]) for item in items)


def _longest(items: Sequence[Item]) -> int:
    return max(len(item["input_ids"]) for item in items)


def _blocks(items: Sequence[Item], size: int) -> list[Sequence[Item]]:
    """Neighbours by length, as many in each, at _PLACES."""
    ordered = sorted(items, key=lambda item: len(item["input_ids"]))
    starts = [round(place * max(0, len(ordered) - size)) for place in _PLACES]
    return [ordered[start : start + size] for start in starts]


def _warm(timed: Sequence[Timed]) -> tuple[Timed, ...]:
    """Without the first, in which memory is taken and kernels are chosen, where there are others."""
    return tuple(timed[1:] or timed)
