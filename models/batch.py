"""Many texts at once: a table or lines in, a label for each out in the order of the input, and a csv of it.

Works through any runner that has `classify_batch`. Knows no page and does not read files itself: models.finetune.dataset
knows their formats.
"""

from __future__ import annotations

import contextlib
import csv
import re
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import pandas as pd

from models.catalog import DEFAULTS
from models.errors import BadInput
from models.finetune import dataset
from models.sentiment import TASK, Sentiment, certain_from
from models.settings import Settings

_PIECE_TEXTS = 32  # texts between two signs of progress
_PIECE_CHARACTERS = 6_000  # about 32 full windows: a second or so on two cores
_COST_OF_A_TEXT = 10  # characters: what a text costs besides its length; rough, for the estimate of time alone
_KEPT_SECONDS = 3600  # how long a written csv waits to be fetched
_PREFIX = "batch-"
_FORMULA = re.compile(r"\s*(=|[+-].*[(|!]|@\w*\()", re.DOTALL)


class BatchRunner(Protocol):
    """The part of SentimentRunner that a batch needs."""

    def classify_batch(self, texts: Sequence[str], model: str = "") -> list[Sentiment]: ...


@dataclass(frozen=True)
class BatchRow:
    text: str  # as it came
    label: str = ""  # the model's own name of the class; empty where the text is
    scores: tuple[float, ...] = ()  # of BatchResult.classes, in their order
    windows: int = 0  # in how many pieces the text was read

    @property
    def score(self) -> float:
        """Of the label; 0 for an empty text."""
        return max(self.scores, default=0.0)


@dataclass(frozen=True)
class BatchProgress:
    done: int  # texts
    total: int
    seconds_left: float | None  # None until there is something to estimate from


@dataclass(frozen=True)
class BatchResult:
    model: str
    classes: tuple[str, ...]  # sorted by name
    rows: tuple[BatchRow, ...]  # in the order of the input
    seconds: float

    @property
    def summary(self) -> dict[str, Any]:
        """What can be said of all rows together, ready for JSON."""
        counted = Counter(row.label for row in self.rows)
        judged = [row for row in self.rows if row.label]
        return {
            "model": self.model,
            "rows": len(self.rows),
            "empty": counted[""],
            "counts": {label: counted[label] for label in self.classes},
            "uncertain": sum(row.score < certain_from(len(self.classes)) for row in judged),
            "in_windows": sum(row.windows > 1 for row in judged),
            "seconds": round(self.seconds, 2),
        }


def classify_file(runner: BatchRunner, file: str | Path, column: str, model: str, settings: Settings) -> BatchResult:
    """Every row of a csv or line of a txt. An empty column name: guessed."""
    return classify_table(runner, dataset.read_table(file, settings), column, model, settings)


def classify_table(
    runner: BatchRunner,
    frame: pd.DataFrame,
    column: str,
    model: str,
    settings: Settings,
    on_progress: Callable[[BatchProgress], None] | None = None,
) -> BatchResult:
    """Every row of a table, by the text in `column`."""
    for step in classify_steps(runner, column_texts(frame, column), model, settings):
        if isinstance(step, BatchResult):
            return step
        if on_progress:
            on_progress(step)
    raise AssertionError("classify_steps ends with a result")


def classify_steps(
    runner: BatchRunner, texts: Sequence[str], model: str, settings: Settings
) -> Iterator[BatchProgress | BatchResult]:
    """A BatchProgress after every piece of the work, the BatchResult at last. Closing the iterator stops the work.

    Texts go together with others of their length, the longest first: a batch is padded to its longest text.
    """
    _check(texts, settings)
    order = sorted((index for index, text in enumerate(texts) if text.strip()), key=lambda index: -len(texts[index]))
    answers: dict[int, Sentiment] = {}
    began, clock = time.monotonic(), _Clock(_cost(texts[index] for index in order))
    for piece in _pieces(order, texts):
        answers.update(zip(piece, runner.classify_batch([texts[index] for index in piece], model), strict=True))
        left = clock.left(_cost(texts[index] for index in piece))
        yield BatchProgress(len(answers), len(order), left)
    yield _result(texts, answers, model, time.monotonic() - began)


def column_texts(frame: pd.DataFrame, column: str) -> list[str]:
    """The cells of a column as text; empty ones as "". An empty column name: guessed."""
    name = column if (column or "").strip() else dataset.guess_text_column(frame)
    if name not in frame.columns:
        raise BadInput("errors.unknown_column", column=name[:100], valid=", ".join(frame.columns))
    return ["" if pd.isna(cell) else str(cell) for cell in frame[name]]


def write_csv(result: BatchResult, folder: Path) -> Path:
    """text, label, score and one column a class, in the order of the input; UTF-8 with BOM, so that Excel opens it.

    Reviews come from strangers, and a spreadsheet runs a cell that looks like a formula: such a cell gets an apostrophe in
    front (https://owasp.org/www-community/attacks/CSV_Injection). Only cells with a call, a pipe or a reference count as
    such, so that «@小明 好吃» and «-1 分» stay as they are. The file goes into a folder of its own under `folder`; older
    ones are removed.
    """
    header = ["text", "label", "score", *map(harmless, result.classes)]
    return write_table(folder, "sentiment.csv", header, (_cells(row, len(result.classes)) for row in result.rows))


def write_table(folder: Path, name: str, header: Sequence[str], rows: Iterable[Sequence[str]]) -> Path:
    """A csv as write_csv describes it. Cells that come from strangers must have gone through `harmless`."""
    folder.mkdir(parents=True, exist_ok=True)
    _sweep(folder)
    path = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=folder)) / name
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows(rows)
    return path


class _Clock:
    """Time left by the cost of texts. The first piece may have waited for the model to load, so it is not counted."""

    def __init__(self, cost: int) -> None:
        self._left = cost
        self._done = 0
        self._since: float | None = None

    def left(self, cost: int) -> float | None:
        """Seconds, after a piece of this cost."""
        self._left -= cost
        if self._since is None:
            self._since = time.monotonic()
            return None
        self._done += cost
        return self._left * (time.monotonic() - self._since) / self._done


def _cost(texts: Iterable[str]) -> int:
    """In characters' time: a text costs something however short it is."""
    return sum(len(text) + _COST_OF_A_TEXT for text in texts)


def _check(texts: Sequence[str], settings: Settings) -> None:
    if not any(text.strip() for text in texts):
        raise BadInput("errors.no_texts")
    if len(texts) > settings.max_batch_rows:
        raise BadInput("errors.too_many_batch_rows", rows=len(texts), limit=settings.max_batch_rows)
    for number, text in enumerate(texts, start=1):
        if len(text) > settings.max_characters:
            raise BadInput("errors.batch_text_too_long", row=number, length=len(text), limit=settings.max_characters)


def _pieces(order: Sequence[int], texts: Sequence[str]) -> Iterator[list[int]]:
    piece: list[int] = []
    size = 0
    for index in order:
        if piece and (len(piece) == _PIECE_TEXTS or size + len(texts[index]) > _PIECE_CHARACTERS):
            yield piece
            piece, size = [], 0
        piece.append(index)
        size += len(texts[index])
    if piece:
        yield piece


def _result(texts: Sequence[str], answers: dict[int, Sentiment], model: str, seconds: float) -> BatchResult:
    classes = tuple(sorted(prediction.label for prediction in next(iter(answers.values())).predictions))
    rows = tuple(_row(text, answers.get(index), classes) for index, text in enumerate(texts))
    return BatchResult((model or "").strip() or DEFAULTS[TASK], classes, rows, seconds)


def _row(text: str, answer: Sentiment | None, classes: Sequence[str]) -> BatchRow:
    if answer is None:
        return BatchRow(text)
    scores = {prediction.label: prediction.score for prediction in answer.predictions}
    return BatchRow(text, answer.best.label, tuple(scores[label] for label in classes), len(answer.windows))


def _cells(row: BatchRow, classes: int) -> list[str]:
    if not row.label:
        return [row.text, "", "", *[""] * classes]
    return [harmless(row.text), harmless(row.label), *(f"{score:.6f}" for score in (row.score, *row.scores))]


def harmless(cell: str) -> str:
    return f"'{cell}" if _FORMULA.match(cell) else cell


def _sweep(folder: Path) -> None:
    oldest = time.time() - _KEPT_SECONDS
    for old in folder.glob(f"{_PREFIX}*"):
        with contextlib.suppress(FileNotFoundError):  # another request may sweep at the same time
            if old.stat().st_mtime < oldest:
                shutil.rmtree(old, ignore_errors=True)
