"""Was it worth it? A finished run against simpler contenders on the same held-out rows, and what it gets wrong.

Reads a run's folder and writes evaluation.json into it, whole or not at all. Knows no page and no process. Base model
and fine-tuned model read each text once; all else is reckoned from what they said.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from models.finetune import mistakes
from models.finetune.bootstrap import Estimate
from models.finetune.calibration import Calibration, calibrate
from models.finetune.contenders import FINETUNED
from models.finetune.doubtful import DoubtfulRow
from models.finetune.mistakes import MISTAKES, ClassScores, JudgedRow
from models.finetune.request import CLASSIFY
from models.finetune.run_folder import RunFolder, write_whole

FILE = "evaluation.json"
Tell = Callable[[str, float], None]  # key of the string table, share of the whole that is done


@dataclass(frozen=True)
class Contender:
    """Scores on the held-out rows with their 95 % intervals, and what they cost."""

    name: str  # of models.finetune.contenders
    accuracy: Estimate
    macro_f1: Estimate
    learned_from: int  # rows
    seconds: float  # of training
    size_bytes: int  # as saved


@dataclass(frozen=True)
class Verdict:
    """By the macro-F1 on the same rows. clear: the interval of the difference does not include zero."""

    over: str  # the best of the simpler contenders
    macro_f1: Estimate  # how much more the fine-tuned model has
    accuracy: Estimate

    @property
    def kind(self) -> str:
        if self.macro_f1.includes_zero:
            return "no_clear_gain"
        return "gain" if self.macro_f1.value > 0 else "loss"


@dataclass(frozen=True)
class Evaluation:
    classes: tuple[str, ...]
    contenders: tuple[Contender, ...]  # the simplest first, the fine-tuned model last
    verdict: Verdict
    before: str  # which contender stands for «before» in `rows`
    rows: tuple[JudgedRow, ...]  # held out
    doubtful: tuple[DoubtfulRow, ...]  # the least likely label first
    examined: int  # rows that were looked at for wrong labels
    examples: int  # rows in all
    seconds: float  # the evaluation itself

    @property
    def finetuned(self) -> Contender:
        return self.contender(FINETUNED)

    def contender(self, name: str) -> Contender:
        return next(contender for contender in self.contenders if contender.name == name)

    @property
    def confusion(self) -> tuple[tuple[int, ...], ...]:
        return mistakes.confusion(self.rows, self.classes)

    @property
    def class_scores(self) -> tuple[ClassScores, ...]:
        return mistakes.class_scores(self.rows, self.classes)

    @property
    def calibration(self) -> Calibration:
        return calibrate([row.confidence for row in self.rows], [row.is_right for row in self.rows])

    def changed(self, change: str) -> list[JudgedRow]:
        """Held-out rows of one of mistakes.CHANGES, or MISTAKES; the most confident first."""
        return mistakes.mistakes(self.rows) if change == MISTAKES else mistakes.changed(self.rows, change)


def evaluate(folder: RunFolder, tell: Tell, should_stop: Callable[[], bool]) -> None:
    """Evaluates the model of a classifier's run; does nothing for a writer's. Called off, it leaves no file."""
    if folder.request().task != CLASSIFY:
        return
    from models.finetune.judging import Judging  # imports torch
    from models.finetune.reading import CalledOff

    started = time.monotonic()
    try:
        found = Judging(folder, tell, should_stop).evaluation()
    except CalledOff:
        return
    whole = replace(found, seconds=round(time.monotonic() - started, 1))
    write_whole(file_of(folder), _ADAPTER.dump_json(whole).decode())


def read(folder: RunFolder) -> Evaluation | None:
    """None where there is none, or only that of a model which the run has replaced since."""
    return None if version(folder) is None else _ADAPTER.validate_json(file_of(folder).read_bytes())


def version(folder: RunFolder) -> int | None:
    """Another number for another evaluation; None where `read` gives none."""
    try:
        written, trained = file_of(folder).stat().st_mtime_ns, (folder.model / "config.json").stat().st_mtime_ns
    except FileNotFoundError:
        return None
    return written if written >= trained else None


def file_of(folder: RunFolder) -> Path:
    return folder.path / FILE


def evaluation_json(evaluation: Evaluation) -> dict[str, Any]:
    """What /evaluate_run gives. Names in it are promises."""
    calibration = evaluation.calibration
    return {
        "classes": list(evaluation.classes),
        "rows": len(evaluation.rows),
        "verdict": {"kind": evaluation.verdict.kind} | asdict(evaluation.verdict),
        "contenders": [asdict(contender) for contender in evaluation.contenders],
        "confusion": [list(row) for row in evaluation.confusion],
        "per_class": [asdict(scores) for scores in evaluation.class_scores],
        "calibration": {"expected_error": calibration.error, "bins": [asdict(one) for one in calibration.bins]},
        "mistakes": [asdict(row) for row in evaluation.changed(MISTAKES)],
        "before": evaluation.before,
        "changes": _changes(evaluation.rows),
        "doubtful": [asdict(row) for row in evaluation.doubtful],
        "examined_rows": evaluation.examined,
        "example_rows": evaluation.examples,
        "seconds": evaluation.seconds,
    }


def _changes(rows: Sequence[JudgedRow]) -> dict[str, list[int]]:
    """Places of the held-out rows by what the training did to them."""
    return {change: [row.row for row in mistakes.changed(rows, change)] for change in mistakes.CHANGES}


_ADAPTER = TypeAdapter(Evaluation)
