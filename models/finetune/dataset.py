"""A table as training data: which column is the text and which the label, and what is in it.

Looks and counts; knows no model. What is wrong with a table is for the doctor to find; here his findings become a report,
with what stops training (`problems`) and what one should know (`warnings`) as keys of the string table, so that a page
can show both while the columns are still being chosen.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from models.errors import BadInput
from models.finetune import doctor
from models.finetune.columns import guess_label_column, guess_text_column, guess_writing_columns
from models.finetune.doctor import Case, TokenCounter, about_tokens
from models.finetune.findings import PROBLEM, WARNING, Finding
from models.finetune.request import CHOICES, CLASSIFY, FinetuneRequest
from models.finetune.rows import Rows, read_rows
from models.finetune.table import Table, open_table, read_table
from models.settings import Settings

__all__ = ["DatasetReport", "Examples", "Notice", "guess_label_column", "guess_text_column", "inspect"]
__all__ += ["read_examples", "read_table"]

_PREVIEW_ROWS = 5
_CLIPPED = 300  # characters of a cell in the preview of all columns
_USUAL_LENGTH = FinetuneRequest(file="-").max_length


@dataclass(frozen=True)
class Notice:
    """A sentence to be: its key in the string table and what it names."""

    key: str
    values: Mapping[str, object] = field(default_factory=dict, hash=False)


@dataclass(frozen=True)
class Lengths:
    """Characters a text."""

    shortest: int = 0
    median: int = 0
    mean: float = 0.0
    longest: int = 0


@dataclass(frozen=True)
class Examples:
    """Texts with their labels, as they were in the table."""

    texts: tuple[str, ...]
    labels: tuple[str, ...]


@dataclass(frozen=True)
class DatasetReport:
    rows: int
    used: int  # rows that training would use
    columns: tuple[str, ...]
    text_column: str
    label_column: str  # "" where none could be guessed
    label_counts: Mapping[str, int] = field(hash=False)  # of the used rows, most frequent first
    empty: int  # rows without a text or without a label
    duplicates: int  # rows whose text had come before with the same label
    conflicts: int  # rows whose text had come before with another label
    characters: Lengths
    warnings: tuple[Notice, ...] = ()
    problems: tuple[Notice, ...] = ()  # with any of these, training is refused
    preview: tuple[tuple[str, str], ...] = ()  # (text, label)
    findings: tuple[Finding, ...] = ()  # problems, warnings and notes, with their rows and repairs
    encoding: str = "UTF-8"
    delimiter: str = ","  # "" for a table of one column
    has_header: bool = True
    first_rows: tuple[tuple[str, ...], ...] = ()  # all columns, clipped

    def __hash__(self) -> int:
        """By which a page knows another table from the one it shows: mappings within it have no hash of their own."""
        return hash(repr(self))

    @property
    def is_ready(self) -> bool:
        return not self.problems


def inspect(
    path: str | Path,
    text_column: str = "",
    label_column: str = "",
    *,
    settings: Settings | None = None,
    task: str = CLASSIFY,
    max_length: int = _USUAL_LENGTH,
    count_tokens: TokenCounter = about_tokens,
) -> DatasetReport:
    """What a table holds and whether it can be trained on. An empty column name is guessed.

    max_length: tokens that the model will read of a text, as `count_tokens` counts them. BadInput for a file that is no
    table, or beyond the bounds.
    """
    settings = settings or Settings()
    table = open_table(path, settings)
    text_column, label_column = choose_columns(table.frame, text_column, label_column, task)
    rows = read_rows(table.frame, table.rows, text_column, label_column)
    has_classes = task == CLASSIFY
    case = Case(table, rows, text_column, label_column, settings, max_length, count_tokens, has_classes)
    return _report(case, doctor.examine(case))


def read_examples(path: str | Path, text_column: str, label_column: str, settings: Settings) -> Examples:
    """The rows that training uses, in the order of the file: filled, each text once."""
    frame = read_table(path, settings)
    rows = read_rows(frame, range(len(frame)), *choose_columns(frame, text_column, label_column))
    return _examples(rows)


def choose_columns(frame: pd.DataFrame, text_column: str, label_column: str, task: str = CLASSIFY) -> tuple[str, str]:
    """The columns asked for, and a guess for each that was not; "" for labels where no column looks like them."""
    if task not in CHOICES["task"]:
        raise BadInput("errors.option_not_known", option="task", value=task[:40], valid=", ".join(CHOICES["task"]))
    for column in filter(None, (text_column, label_column)):
        if column not in frame.columns:
            raise BadInput("errors.unknown_column", column=column[:100], valid=", ".join(frame.columns))
    if text_column and text_column == label_column:
        raise BadInput("errors.same_column", column=text_column)
    if task != CLASSIFY:
        return (text_column, label_column) if text_column else guess_writing_columns(frame, label_column)
    if not text_column:
        rest = frame.drop(columns=[label_column]) if label_column and len(frame.columns) > 1 else frame
        text_column = guess_text_column(rest)
    return text_column, label_column or guess_label_column(frame, text_column)


def _report(case: Case, findings: tuple[Finding, ...]) -> DatasetReport:
    table, rows = case.table, case.rows
    examples = _examples(rows)
    return DatasetReport(
        rows=len(table.frame),
        used=len(rows.used),
        columns=tuple(table.frame.columns),
        text_column=case.text_column,
        label_column=case.label_column,
        label_counts=dict(Counter(examples.labels).most_common()) if case.label_column and case.has_classes else {},
        empty=len(rows.empty),
        duplicates=len(rows.repeated),
        conflicts=len(rows.conflicting),
        characters=_lengths(examples.texts),
        warnings=_notices(findings, WARNING),
        problems=_notices(findings, PROBLEM),
        preview=tuple(zip(examples.texts[:_PREVIEW_ROWS], examples.labels[:_PREVIEW_ROWS], strict=True)),
        findings=findings,
        encoding=table.encoding,
        delimiter=table.delimiter,
        has_header=table.has_header,
        first_rows=_first_rows(table),
    )


def _examples(rows: Rows) -> Examples:
    return Examples(tuple(rows.texts[index] for index in rows.used), tuple(rows.labels[index] for index in rows.used))


def _notices(findings: tuple[Finding, ...], severity: str) -> tuple[Notice, ...]:
    return tuple(Notice(finding.key, finding.values) for finding in findings if finding.severity == severity)


def _first_rows(table: Table) -> tuple[tuple[str, ...], ...]:
    head = table.frame.head(_PREVIEW_ROWS).itertuples(index=False, name=None)
    return tuple(tuple(cell[:_CLIPPED] for cell in row) for row in head)


def _lengths(texts: tuple[str, ...]) -> Lengths:
    if not texts:
        return Lengths()
    lengths = sorted(map(len, texts))
    return Lengths(lengths[0], lengths[len(lengths) // 2], round(sum(lengths) / len(lengths), 1), lengths[-1])
