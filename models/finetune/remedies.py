"""What each repair does to a table's rows: one function a kind of finding, from a Patient to a Patient.

Knows neither the file that the table came from nor the one it goes to.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import pandas as pd

from models.finetune import characters, near_duplicates, spellings
from models.finetune.columns import guess_label_column
from models.finetune.label_doctor import FEW_OF_A_CLASS, is_measure
from models.finetune.rows import Rows, read_rows
from models.settings import Settings

_PARTS = 3  # classes that a measure is sorted into


@dataclass(frozen=True)
class Patient:
    frame: pd.DataFrame  # its index counts the rows of the table as it was read
    text: str  # the column of texts
    label: str  # that of labels; "": it has none
    settings: Settings

    @property
    def rows(self) -> Rows:
        return read_rows(self.frame, self.frame.index, self.text, self.label)

    def without(self, numbers: list[int]) -> Patient:
        return replace(self, frame=self.frame.drop(index=numbers))

    def changed(self, change: Callable[[str], str]) -> Patient:
        """Text and label alike."""
        columns = [column for column in (self.text, self.label) if column]
        return replace(self, frame=self.frame.assign(**{column: self.frame[column].map(change) for column in columns}))


def _other_labels(patient: Patient) -> Patient:
    rest = patient.frame.drop(columns=[patient.label])
    return replace(patient, label=guess_label_column(rest, patient.text) or patient.label)


def _without_lost(patient: Patient) -> Patient:
    rows = patient.rows
    cells = zip(rows.numbers, rows.texts, rows.labels, strict=True)
    return patient.without([n for n, text, label in cells if characters.is_lost(text) or characters.is_lost(label)])


def _shortened(patient: Patient) -> Patient:
    limit = patient.settings.max_characters
    cut = patient.frame[patient.text].map(lambda text: text if len(text.strip()) <= limit else text.strip()[:limit])
    return replace(patient, frame=patient.frame.assign(**{patient.text: cut}))


def _one_spelling(patient: Patient) -> Patient:
    chosen = spellings.chosen(patient.frame[patient.label])
    written = patient.frame[patient.label].map(lambda label: chosen.get(label, label))
    return replace(patient, frame=patient.frame.assign(**{patient.label: written}))


def _in_parts(patient: Patient) -> Patient:
    """Numbers become the name of the third that they are in, such as ≤3.5; what is no number becomes empty."""
    if not is_measure([label for label in patient.rows.labels if label], patient.settings):
        return patient
    numbers = pd.to_numeric(patient.frame[patient.label].str.strip(), errors="coerce")
    bounds = sorted({float(f"{bound:.4g}") for bound in numbers.quantile([part / _PARTS for part in range(1, _PARTS)])})
    named = numbers.map(lambda number: "" if pd.isna(number) else _part(number, bounds))
    return replace(patient, frame=patient.frame.assign(**{patient.label: named}))


def _part(number: float, bounds: list[float]) -> str:
    for low, high in zip([None, *bounds], bounds, strict=False):
        if number <= high:
            return f"≤{high:g}" if low is None else f"{low:g}–{high:g}"
    return f">{bounds[-1]:g}"


def _filled(patient: Patient) -> Patient:
    return patient.without(patient.rows.numbered(patient.rows.empty))


def _agreed(patient: Patient) -> Patient:
    """Of a text with several labels the rows with the most frequent one; none where two are as frequent."""
    rows = patient.rows
    votes: dict[str, Counter[str]] = {}
    for text, label in zip(rows.texts, rows.labels, strict=True):
        if text and label:
            votes.setdefault(text, Counter())[label] += 1
    winners = {text: _winner(counts) for text, counts in votes.items() if len(counts) > 1}
    cells = zip(rows.numbers, rows.texts, rows.labels, strict=True)
    return patient.without([n for n, text, label in cells if label and text in winners and label != winners[text]])


def _winner(counts: Counter[str]) -> str | None:
    (label, first), (_, second) = counts.most_common(2)
    return label if first > second else None


def _once(patient: Patient) -> Patient:
    return patient.without(patient.rows.numbered(patient.rows.repeated))


def _unlike(patient: Patient) -> Patient:
    rows, limit = patient.rows, patient.settings.max_characters
    groups = near_duplicates.groups([rows.texts[index][:limit] for index in rows.used])
    seen: set[int] = set()
    alike = [index for index, group in zip(rows.used, groups, strict=True) if group in seen or seen.add(group)]
    return patient.without(rows.numbered(alike))


def _of_classes_from(enough: int) -> Callable[[Patient], Patient]:
    """Drops the classes with fewer rows, where two others remain: else the column is none of classes."""

    def without_smaller(patient: Patient) -> Patient:
        rows = patient.rows
        counts = Counter(rows.labels[index] for index in rows.used)
        if sum(count >= enough for count in counts.values()) < 2:
            return patient
        cells = zip(rows.numbers, rows.labels, strict=True)
        return patient.without([number for number, label in cells if label and counts[label] < enough])

    return without_smaller


# In the order in which they are done: letters before labels, labels before the rows that they decide on, classes last.
REMEDIES: Mapping[str, Callable[[Patient], Patient]] = {
    "id_labels": _other_labels,
    "mojibake": lambda patient: patient.changed(characters.healed),
    "invisible": lambda patient: patient.changed(characters.seen),
    "lost_characters": _without_lost,
    "row_too_long": _shortened,
    "label_variants": _one_spelling,
    "number_labels": _in_parts,
    "empty": _filled,
    "conflicts": _agreed,
    "duplicates": _once,
    "near_duplicates": _unlike,
    "few_of_a_class": _of_classes_from(FEW_OF_A_CLASS),
    "rare_classes": _of_classes_from(2),
}
OF_LABELS = ("id_labels", "label_variants", "number_labels", "conflicts", "few_of_a_class", "rare_classes")
