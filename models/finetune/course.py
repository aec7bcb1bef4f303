"""What one task brings to a run: data, model and objective before the training, a model folder after it.

The worker knows only this protocol; a classifier and a writer are two courses. Nothing here trains.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from models.activity import Activity
from models.catalog import Catalog
from models.finetune.request import CLASSIFY, FinetuneRequest
from models.finetune.run_folder import RunFolder
from models.finetune.split import Split
from models.settings import Settings

if TYPE_CHECKING:
    from models.finetune.objective import Batch, Objective, Scores

Item = Mapping[str, Any]  # one row as the model takes it: "input_ids", and what its objective needs ("labels")


@dataclass(frozen=True)
class Lesson:
    """All that a trainer needs. What learns in the model is marked already (tuning.apply)."""

    model: Any  # in single precision
    tokenizer: Any
    rows: int  # that are trained on
    train: Callable[[int], Sequence[Item]]  # the rows of an epoch: always as many, the same whenever it is asked again
    validation: Sequence[Item]  # rows that are looked at in the course of the training, and choose its best epoch
    held_out: Sequence[Item]  # rows that score the finished model, and nothing else
    collate: Callable[[Sequence[Item]], Batch]  # pads rows to the longest of them
    objective: Objective
    split: Split  # which rows those are: the same for everything that is compared
    facts: Mapping[str, object] = field(default_factory=dict)  # for the page: "classes", "baseline", …
    is_fixed: bool = False  # whether each epoch has the very same rows
    head_factor: float = 1.0  # times the learning rate: a head that is new learns faster than what was trained before
    unfold: Callable[[], Lesson] | None = None  # puts back what frozen.fold took out of the model


class Course(Protocol):
    def prepare(
        self,
        request: FinetuneRequest,
        settings: Settings,
        activity: Activity,
        catalog: Catalog,
        tell: Callable[[str], None],
    ) -> Lesson:
        """Reads the data, loads the base. `tell` is given the phase when loading has become preparing."""
        ...

    def export(self, folder: RunFolder, lesson: Lesson, scores: Scores, stopped_at: int | None) -> None:
        """Writes folder.model, whole or not at all. stopped_at: the step, where it did not reach its end."""
        ...


def course_for(task: str) -> Course:
    """A fresh one. Imports torch."""
    if task == CLASSIFY:
        from models.finetune.classifier import ClassifierCourse

        return ClassifierCourse()
    from models.finetune.writer import WriterCourse

    return WriterCourse()
