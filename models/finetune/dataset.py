"""A table as training data: which column is the text and which the label, and what is wrong with it.

Looks and counts; knows no model. A report names what would stop training (`problems`) and what one should know
(`warnings`) as keys of the string table, so that a page can show both while the columns are still being chosen.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from models.errors import BadInput
from models.finetune.columns import guess_label_column, guess_text_column
from models.finetune.table import read_table
from models.settings import Settings

__all__ = ["DatasetReport", "Examples", "Notice", "guess_label_column", "guess_text_column", "inspect"]
__all__ += ["read_examples", "read_table"]

FEW_ROWS = 60  # below this, scores say little
FEW_OF_A_CLASS = 8
UNEVEN = 5.0  # times as many rows in the largest class as in the smallest
LONG_CHARACTERS = 180  # about what 128 tokens hold in Chinese
_PREVIEW_ROWS = 5
_NAMED = 5  # classes that a sentence names


@dataclass(frozen=True)
class Notice:
    """A sentence to be: its key in the string table and what it names."""

    key: str
    values: Mapping[str, object] = field(default_factory=dict)


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
    label_counts: Mapping[str, int]  # of the used rows, most frequent first
    empty: int  # rows without a text or without a label
    duplicates: int  # rows whose text had come before with the same label
    conflicts: int  # rows whose text had come before with another label
    characters: Lengths
    warnings: tuple[Notice, ...] = ()
    problems: tuple[Notice, ...] = ()  # with any of these, training is refused
    preview: tuple[tuple[str, str], ...] = ()  # (text, label)

    @property
    def is_ready(self) -> bool:
        return not self.problems


def inspect(
    path: str | Path, text_column: str = "", label_column: str = "", *, settings: Settings | None = None
) -> DatasetReport:
    """What a table holds and whether it can be trained on. An empty column name is guessed. BadInput for a bad file."""
    settings = settings or Settings()
    frame = read_table(path, settings)
    text_column, label_column = _columns(frame, text_column, label_column)
    examples, counted = _clean(frame, text_column, label_column)
    counts = dict(Counter(examples.labels).most_common()) if label_column else {}
    lengths = _lengths(examples.texts)
    return DatasetReport(
        rows=len(frame),
        used=len(examples.texts),
        columns=tuple(frame.columns),
        text_column=text_column,
        label_column=label_column,
        label_counts=counts,
        empty=counted["empty"],
        duplicates=counted["duplicates"],
        conflicts=counted["conflicts"],
        characters=lengths,
        warnings=tuple(_warnings(frame, counts, counted, lengths)),
        problems=tuple(_problems(frame, label_column, counts, lengths, settings)),
        preview=tuple(zip(examples.texts[:_PREVIEW_ROWS], examples.labels[:_PREVIEW_ROWS], strict=True)),
    )


def read_examples(path: str | Path, text_column: str, label_column: str, settings: Settings) -> Examples:
    """The rows that training uses, in the order of the file: filled, each text once."""
    frame = read_table(path, settings)
    return _clean(frame, *_columns(frame, text_column, label_column))[0]


def _columns(frame: pd.DataFrame, text_column: str, label_column: str) -> tuple[str, str]:
    for column in filter(None, (text_column, label_column)):
        if column not in frame.columns:
            raise BadInput("errors.unknown_column", column=column[:100], valid=", ".join(frame.columns))
    if text_column and text_column == label_column:
        raise BadInput("errors.same_column", column=text_column)
    if not text_column:
        rest = frame.drop(columns=[label_column]) if label_column and len(frame.columns) > 1 else frame
        text_column = guess_text_column(rest)
    return text_column, label_column or guess_label_column(frame, text_column)


def _clean(frame: pd.DataFrame, text_column: str, label_column: str) -> tuple[Examples, Counter[str]]:
    """One row a text: a text that stood in both halves of a split would be scored by memory."""
    counted: Counter[str] = Counter()
    seen: dict[str, str] = {}
    labels = frame[label_column] if label_column else [""] * len(frame)
    for text, label in zip(frame[text_column], labels, strict=True):
        text, label = text.strip(), label.strip()
        if not text or (label_column and not label):
            counted["empty"] += 1
        elif text in seen:
            counted["duplicates" if seen[text] == label else "conflicts"] += 1
        else:
            seen[text] = label
    return Examples(tuple(seen), tuple(seen.values())), counted


def _problems(frame: pd.DataFrame, label_column: str, counts: Mapping[str, int], lengths: Lengths, settings: Settings):
    if not label_column:
        yield Notice("errors.no_label_column", {"valid": ", ".join(frame.columns)})
        return
    if lengths.longest > settings.max_characters:
        yield Notice("errors.row_too_long", {"length": lengths.longest, "limit": settings.max_characters})
    if not counts:
        yield Notice("errors.no_rows", {"column": label_column})
    elif len(counts) == 1:
        yield Notice("errors.one_class", {"column": label_column, "label": next(iter(counts))[:50]})
    elif len(counts) > settings.max_classes:
        values = {"column": label_column, "classes": len(counts), "limit": settings.max_classes}
        yield Notice("errors.too_many_classes", values)
    elif rare := [label for label, count in counts.items() if count < 2]:
        yield Notice("errors.rare_classes", {"column": label_column, "labels": _named(rare)})


def _warnings(frame: pd.DataFrame, counts: Mapping[str, int], counted: Counter[str], lengths: Lengths):
    used = sum(counts.values())
    if not frame.attrs.get("has_header", True):
        yield Notice("finetune.warn.no_header")
    if counted["conflicts"]:
        yield Notice("finetune.warn.conflicts", {"rows": counted["conflicts"]})
    if 0 < used < FEW_ROWS:
        yield Notice("finetune.warn.few_rows", {"rows": used, "enough": FEW_ROWS})
    few = [label for label, count in counts.items() if count < FEW_OF_A_CLASS]
    if few:
        yield Notice("finetune.warn.few_of_a_class", {"labels": _named(few), "enough": FEW_OF_A_CLASS})
    if counts and max(counts.values()) >= UNEVEN * min(counts.values()):
        most, least = max(counts, key=counts.__getitem__), min(counts, key=counts.__getitem__)
        values = {"most": most[:50], "least": least[:50], "times": round(counts[most] / counts[least])}
        yield Notice("finetune.warn.uneven", values)
    if lengths.longest > LONG_CHARACTERS:
        yield Notice("finetune.warn.long", {"longest": lengths.longest})


def _named(labels: list[str]) -> str:
    named = "、".join(label[:30] for label in labels[:_NAMED])
    return named if len(labels) <= _NAMED else f"{named}… ({len(labels)})"


def _lengths(texts: tuple[str, ...]) -> Lengths:
    if not texts:
        return Lengths()
    lengths = sorted(map(len, texts))
    return Lengths(lengths[0], lengths[len(lengths) // 2], round(sum(lengths) / len(lengths), 1), lengths[-1])
