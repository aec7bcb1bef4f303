"""The work behind an evaluation: both models read the rows, the contenders learn, everything is scored.

Takes a run's folder, gives an Evaluation. Writes nothing.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from functools import cached_property, partial

import numpy as np

from models.activity import Activity
from models.catalog import Catalog
from models.finetune import bootstrap, class_weights, contenders, dataset, doubtful, near_duplicates
from models.finetune.contenders import Answers
from models.finetune.dataset import Examples
from models.finetune.doubtful import DoubtfulRow
from models.finetune.evaluation import Contender, Evaluation, Tell, Verdict
from models.finetune.mistakes import JudgedRow
from models.finetune.reading import CalledOff, Reading, half_precision_bytes, read
from models.finetune.run_folder import RunFolder, spec_of_run
from models.finetune.split import Split, split
from models.loading import Loader
from models.sources import Sources
from models.spec import ModelSpec

MOST_READ = 5000  # training rows that the base model reads: with more, its regression hardly gets better
# How much of the time each part takes, about: the base model reads all rows, the fine-tuned one those held out.
_PARTS = {"ngrams": 0.04, "frozen": 0.68, "finetuned": 0.2, "doubtful": 0.05, "intervals": 0.03}
_TOLD_STEP = 0.02  # of the whole, between two signs of progress


@dataclass(frozen=True)
class _Read:
    """What a model said, and what is to be known of the model afterwards."""

    reading: Reading
    labels: tuple[str, ...]
    is_bare: bool  # without a head of its own: its probabilities mean nothing
    size_bytes: int  # as saved in half precision
    seconds: float

    def probabilities(self, classes: Sequence[str]) -> np.ndarray:
        """(rows, classes), in the order of `classes`."""
        return self.reading.probabilities[:, [self.labels.index(label) for label in classes]]


class Judging:
    """One evaluation. `tell` gets the key of what is being done and the share that is done."""

    def __init__(self, folder: RunFolder, tell: Tell, should_stop: Callable[[], bool]) -> None:
        self._folder, self._tell, self._should_stop = folder, tell, should_stop
        self._request, self._settings = folder.request(), folder.settings()
        self._told = ("", 0.0)
        request = self._request
        self._examples = dataset.read_examples(request.file, request.text_column, request.label_column, self._settings)
        self._split = _split(folder, self._examples)
        self._classes = self._split.classes
        self._labels = [self._classes.index(label) for label in self._examples.labels]

    def evaluation(self) -> Evaluation:
        """Raises CalledOff where it was asked to stop, and a TeahouseError where a model cannot be loaded."""
        answers = [self._majority(), self._ngrams(), self._frozen(), *self._as_it_came(), self._finetuned()]
        doubts = self._doubtful()
        before = answers[-2]  # the base model as it came where it knows these classes, else on its features
        self._at("intervals", 0.0)
        scored = tuple(map(self._scored, answers))
        return Evaluation(
            classes=self._classes,
            contenders=scored,
            verdict=self._verdict(scored, answers),
            before=before.name,
            rows=self._judged(before, answers[-1]),
            doubtful=doubts,
            examined=len(self._read_rows),
            examples=len(self._labels),
            seconds=0.0,
        )

    @cached_property
    def _read_train(self) -> list[int]:
        """The rows before the held-out ones that the base model reads: all, or by the seed as many as it may.

        The simpler ways learn the validation rows too: they have no epochs to choose among.
        """
        rows = np.asarray(self._split.seen)
        if len(rows) > MOST_READ:
            rows = np.sort(np.random.default_rng(self._request.seed).choice(rows, MOST_READ, replace=False))
        return rows.tolist()

    @cached_property
    def _read_rows(self) -> list[int]:
        return [*self._read_train, *self._split.held_out]

    @cached_property
    def _weights(self) -> list[float] | None:
        """Of the classes: the contenders get those that the fine-tuned model had."""
        labels = self._labels_of(self._split.train)
        return class_weights.weights(labels, len(self._classes), self._request.class_weights)

    @cached_property
    def _truth(self) -> np.ndarray:
        return np.asarray([self._labels[row] for row in self._split.held_out])

    def _majority(self) -> Answers:
        return contenders.majority(self._labels_of(self._split.seen), len(self._classes), len(self._truth))

    def _ngrams(self) -> Answers:
        self._at("ngrams", 0.0)
        train, held_out = self._split.seen, self._split.held_out
        return contenders.ngrams(
            self._texts(train), self._labels_of(train), self._texts(held_out), len(self._classes), self._weights
        )

    @cached_property
    def _base(self) -> _Read:
        """What the base model says of the training rows that it reads, then of the held-out rows."""
        others = partial(spec_of_run, self._folder.path.parent)
        catalog = Catalog(find_run=others, local_folders=self._settings.local_folders)
        spec = catalog.find(self._request.base_model, self._request.task)
        return self._read(replace(spec, is_base=True), self._read_rows, "frozen")

    def _frozen(self) -> Answers:
        base, count, classes = self._base, len(self._read_train), len(self._classes)
        features, labels = base.reading.features, self._labels_of(self._read_train)
        answers = contenders.frozen(features[:count], labels, features[count:], classes, self._weights)
        seconds = answers.seconds + base.seconds * count / len(self._read_rows)
        return replace(answers, seconds=seconds, size_bytes=answers.size_bytes + base.size_bytes)

    def _as_it_came(self) -> list[Answers]:
        """The base model without any training, where it is a classifier of the same classes."""
        base = self._base
        if base.is_bare or set(base.labels) != set(self._classes):
            return []
        chances = base.probabilities(self._classes)[len(self._read_train) :]
        return [Answers(contenders.BASE, chances, 0, 0.0, base.size_bytes)]

    def _finetuned(self) -> Answers:
        name = f"run:{self._folder.run_id}"
        spec = ModelSpec(name, self._request.task, str(self._folder.model), "run", dtype="float32")
        said = self._read(spec, self._split.held_out, "finetuned")
        seconds = training_seconds(self._folder)
        chances = said.probabilities(self._classes)
        return Answers(contenders.FINETUNED, chances, len(self._split.train), seconds, said.size_bytes)

    def _doubtful(self) -> tuple[DoubtfulRow, ...]:
        self._at("doubtful", 0.0)
        rows = self._read_rows
        alike = near_duplicates.groups(self._texts(rows))
        found = doubtful.doubts(self._base.reading.features, self._labels_of(rows), alike, self._request.seed)
        return tuple(
            DoubtfulRow(
                row=rows[doubt.place],
                text=self._examples.texts[rows[doubt.place]],
                label=self._examples.labels[rows[doubt.place]],
                suggested=self._classes[doubt.suggested],
                confidence=doubt.confidence,
                given=doubt.given,
            )
            for doubt in found
        )

    def _scored(self, answers: Answers) -> Contender:
        self._ask()
        estimated = {
            score.__name__: bootstrap.estimate(self._truth, answers.predicted, score, self._request.seed)
            for score in (bootstrap.accuracy, bootstrap.macro_f1)
        }
        return Contender(
            name=answers.name,
            learned_from=answers.learned_from,
            seconds=round(answers.seconds, 2),
            size_bytes=answers.size_bytes,
            **estimated,
        )

    def _verdict(self, scored: Sequence[Contender], answers: Sequence[Answers]) -> Verdict:
        *simpler, ours = answers
        best = max(range(len(simpler)), key=lambda index: scored[index].macro_f1.value)
        gains = {
            score.__name__: bootstrap.gain(
                self._truth, ours.predicted, simpler[best].predicted, score, self._request.seed
            )
            for score in (bootstrap.accuracy, bootstrap.macro_f1)
        }
        return Verdict(over=simpler[best].name, **gains)

    def _judged(self, before: Answers, after: Answers) -> tuple[JudgedRow, ...]:
        return tuple(
            JudgedRow(
                row=row,
                text=self._examples.texts[row],
                label=self._examples.labels[row],
                predicted=self._classes[int(now.argmax())],
                confidence=round(float(now.max()), 5),
                before=self._classes[int(then.argmax())],
                before_confidence=round(float(then.max()), 5),
            )
            for row, then, now in zip(self._split.held_out, before.probabilities, after.probabilities, strict=True)
        )

    def _read(self, spec: ModelSpec, rows: Sequence[int], part: str) -> _Read:
        self._at(part, 0.0)
        activity = Activity()
        sources = Sources(self._settings, activity)
        with closing(Loader(self._settings, sources, activity)(sources.measured(spec))) as loaded:
            started = time.monotonic()
            told, length = partial(self._at, part), self._request.max_length
            reading = read(loaded, self._texts(rows), length, told, self._should_stop)
            seconds = time.monotonic() - started
            return _Read(reading, tuple(loaded.labels), spec.bare, half_precision_bytes(loaded), seconds)

    def _at(self, part: str, share: float) -> None:
        """Tells how far it is, and ends here where nobody waits any more."""
        self._ask()
        parts = list(_PARTS)
        done = sum(_PARTS[name] for name in parts[: parts.index(part)]) + share * _PARTS[part]
        if part != self._told[0] or done >= self._told[1] + _TOLD_STEP:
            self._told = (part, done)
            self._tell(f"finetune.evaluation.doing.{part}", round(done, 3))

    def _ask(self) -> None:
        if self._should_stop():
            raise CalledOff

    def _texts(self, rows: Sequence[int]) -> list[str]:
        return [self._examples.texts[row] for row in rows]

    def _labels_of(self, rows: Sequence[int]) -> list[int]:
        return [self._labels[row] for row in rows]


def _split(folder: RunFolder, examples: Examples) -> Split:
    """That of the training; reckoned again for a run of before it was written down."""
    try:
        return folder.split()
    except FileNotFoundError:
        request = folder.request()
        return split(examples, share=request.held_out_share, seed=request.seed)


def training_seconds(folder: RunFolder) -> float:
    """How long the run has trained, over all its resumptions: without the queue, loading and evaluating."""
    phase, last, total = "", 0.0, 0.0
    for event in folder.events():
        if phase == "training" and "state" not in event:
            total += event["at"] - last
        phase, last = "" if "state" in event else event.get("phase", phase), event["at"]
    return total
