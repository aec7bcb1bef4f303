"""Runs side by side: the settings in which they differ, their curves, their scores with intervals, what each cost.

Reads folders of runs and changes nothing. Says whether the runs were judged on the same rows: where they were not, their
scores cannot be set against each other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from models.errors import BadInput
from models.finetune import digest, evaluation
from models.finetune.bootstrap import Estimate
from models.finetune.run import Run, read_run
from models.finetune.run_folder import RunFolder

FEWEST, MOST = 2, 4
SCORES = ("accuracy", "macro_f1", "perplexity")
_NOT_SETTINGS = ("file", "base_model")


@dataclass(frozen=True)
class Compared:
    """One of the runs."""

    run: Run
    size_bytes: int  # of the weights as saved; 0 while there are none
    scores: Mapping[str, float]  # of SCORES, as Run.scores has them
    intervals: Mapping[str, Estimate]  # of the same, where the run has been evaluated


@dataclass(frozen=True)
class Comparison:
    runs: tuple[Compared, ...]
    different: Mapping[str, tuple[Any, ...]]  # setting -> its value in each of the runs
    same_rows: bool  # all were judged on the same rows of the same table


def compare(folders: Sequence[RunFolder]) -> Comparison:
    """BadInput unless there are from FEWEST to MOST different runs."""
    if len({folder.run_id for folder in folders}) != len(folders) or not FEWEST <= len(folders) <= MOST:
        raise BadInput("errors.compare_count", count=len(folders), fewest=FEWEST, most=MOST)
    runs = tuple(_compared(folder) for folder in folders)
    return Comparison(runs, _different([one.run for one in runs]), _on_same_rows(folders))


def comparison_json(comparison: Comparison) -> dict[str, Any]:
    """What /compare_runs gives. Names in it are promises."""
    return {
        "runs": [_run_json(one) for one in comparison.runs],
        "different_settings": {name: list(values) for name, values in comparison.different.items()},
        "same_held_out_rows": comparison.same_rows,
    }


def _compared(folder: RunFolder) -> Compared:
    run, evaluated = read_run(folder), evaluation.read(folder)
    weights = folder.model / digest.WEIGHTS
    own = evaluated.finetuned if evaluated else None
    return Compared(
        run=run,
        size_bytes=weights.stat().st_size if weights.is_file() else 0,
        scores=_scores(run),
        intervals={"accuracy": own.accuracy, "macro_f1": own.macro_f1} if own else {},
    )


def _scores(run: Run) -> dict[str, float]:
    named = {name: getattr(run.scores, name, None) for name in SCORES}
    return {name: value for name, value in named.items() if value is not None}


def _different(runs: Sequence[Run]) -> dict[str, tuple[Any, ...]]:
    names = [name for name in runs[0].request.to_json() if name not in _NOT_SETTINGS]
    values = {name: tuple(getattr(run.request, name) for run in runs) for name in names}
    return {name: row for name, row in values.items() if len(set(row)) > 1}


def _on_same_rows(folders: Sequence[RunFolder]) -> bool:
    """Of the same file, by its hash. A run that has not drawn its rows yet has none to share."""
    if not all((folder.path / "split.json").is_file() for folder in folders):
        return False
    tables = {digest.of_file(Path(folder.request().file)) for folder in folders}
    columns = {(folder.request().text_column, folder.request().label_column) for folder in folders}
    return len(tables) == len(columns) == len({frozenset(folder.split().held_out) for folder in folders}) == 1


def _run_json(one: Compared) -> dict[str, Any]:
    run = one.run
    return {
        "run_id": run.run_id,
        "state": run.state,
        "base_model": run.request.base_model,
        "scores": dict(one.scores),
        "intervals": {name: asdict(estimate) for name, estimate in one.intervals.items()},
        "seconds": round(run.seconds, 1),
        "size_bytes": one.size_bytes,
        "losses": [{"step": loss.step, "loss": loss.loss} for loss in run.losses],
        "validation": [
            {"step": s.step} | {name: getattr(s, name) for name in ("loss", *SCORES)} for s in run.validation
        ],
    }
