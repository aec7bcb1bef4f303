"""Examines the column of labels: whether it is one at all, how its classes are spelt, how many rows each has.

Knows no text but for the columns that could be labels instead. Repairs nothing and words nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

import pandas as pd

from models.finetune import spellings
from models.finetune.columns import guess_label_column
from models.finetune.findings import Finding, found
from models.finetune.rows import Rows
from models.settings import Settings

FEW_ROWS = 60  # below this, scores say little
FEW_OF_A_CLASS = 8
UNEVEN = 5.0  # times as many rows in the largest class as in the smallest
_ID_ROWS, _ID_SHARE = 10, 0.7  # from so many rows on, a column with more different values than this share is an id
_MANY_NUMBERS = 20  # different values from which on decimal numbers are a measure and no classes
_NAMED = 5  # classes that a sentence names


def label_findings(
    frame: pd.DataFrame, rows: Rows, text_column: str, label_column: str, settings: Settings
) -> Iterator[Finding]:
    """What keeps the column from being a set of classes, or else what is to know of the classes."""
    if not label_column:
        yield found("no_label_column", valid=", ".join(frame.columns))
        return
    counts = Counter(rows.labels[index] for index in rows.used)
    if not counts:
        yield found("no_rows", column=label_column)
        return
    other = guess_label_column(frame.drop(columns=[label_column]), text_column)
    wrong = _no_classes(rows, label_column, other, settings)
    if wrong is not None:
        yield wrong
        return
    yield from _spelt(rows)
    yield from _problems(rows, counts, label_column, settings)
    yield from _warnings(rows, counts)


def is_measure(labels: Sequence[str], settings: Settings) -> bool:
    """Whether labels are numbers that measure something: more of them, or finer, than classes would be."""
    numbers = pd.to_numeric(pd.Series(labels), errors="coerce")
    distinct = numbers.nunique()
    if numbers.notna().mean() < 0.95:
        return False
    return distinct > settings.max_classes or (distinct > _MANY_NUMBERS and bool((numbers.dropna() % 1 != 0).any()))


def _no_classes(rows: Rows, column: str, other: str, settings: Settings) -> Finding | None:
    """An id or a measure, with the column that looks more like labels, if there is one."""
    labels = [label for label in rows.labels if label]
    distinct = len(set(labels))
    values = {"column": column, "distinct": distinct, "filled": len(labels), "other": other or "—"}
    if is_measure(labels, settings):
        return found("number_labels", **values)
    if len(labels) >= _ID_ROWS and distinct > _ID_SHARE * len(labels):
        return found("id_labels", can_repair=bool(other), **values)
    return None


def _spelt(rows: Rows) -> Iterator[Finding]:
    variants = spellings.variants(rows.raw_labels)
    if variants:
        odd = {label for written, found_ones in variants.items() for label in found_ones if label != written}
        concerned = [index for index, label in enumerate(rows.raw_labels) if label in odd]
        yield found("label_variants", rows.numbered(concerned), labels=_spelt_out(variants))


def _problems(rows: Rows, counts: Counter[str], column: str, settings: Settings) -> Iterator[Finding]:
    rare = [label for label, count in counts.items() if count < 2]
    if len(counts) == 1:
        yield found("one_class", column=column, label=next(iter(counts))[:50])
    elif len(counts) > settings.max_classes:
        yield found("too_many_classes", column=column, classes=len(counts), limit=settings.max_classes)
    elif rare:
        can_repair = len(counts) - len(rare) > 1
        yield found("rare_classes", _of(rows, rare), can_repair=can_repair, column=column, labels=_named(rare))


def _warnings(rows: Rows, counts: Counter[str]) -> Iterator[Finding]:
    used = counts.total()
    if used < FEW_ROWS:
        yield found("few_rows", rows=used, enough=FEW_ROWS)
    few = [label for label, count in counts.items() if count < FEW_OF_A_CLASS]
    if few:
        can_repair = len(counts) - len(few) > 1
        yield found("few_of_a_class", _of(rows, few), can_repair=can_repair, labels=_named(few), enough=FEW_OF_A_CLASS)
    (most, largest), (least, smallest) = counts.most_common()[0], counts.most_common()[-1]
    if largest >= UNEVEN * smallest:
        yield found("uneven", most=most[:50], least=least[:50], times=round(largest / smallest))


def _of(rows: Rows, labels: Sequence[str]) -> list[int]:
    wanted = set(labels)
    return rows.numbered([index for index in rows.used if rows.labels[index] in wanted])


def _named(labels: Sequence[str]) -> str:
    named = "、".join(label[:30] for label in labels[:_NAMED])
    return named if len(labels) <= _NAMED else f"{named}… ({len(labels)})"


def _spelt_out(variants: Mapping[str, Sequence[str]]) -> str:
    """Each set of spellings in marks that show the blanks: «正面»=« 正面»."""
    sets = ["=".join(f"«{label[:30]}»" for label in spelt) for spelt in variants.values()]
    return "; ".join(sets[:_NAMED]) + ("…" if len(sets) > _NAMED else "")
