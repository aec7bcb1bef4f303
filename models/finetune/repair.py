"""Mends a table: the repairs of the doctor's findings, done in an order in which none makes work for an earlier one.

Never changes the file it reads: what it writes is another one, in UTF-8 with its mark, with commas and a header. So
what reading alone has to mend is mended by every repair, asked for or not.
"""

from __future__ import annotations

import contextlib
import csv
import secrets
import shutil
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from models.errors import BadInput
from models.finetune.dataset import choose_columns
from models.finetune.findings import KINDS, repairable
from models.finetune.remedies import OF_LABELS, REMEDIES, Patient
from models.finetune.request import CLASSIFY
from models.finetune.table import Table, open_table
from models.settings import Settings

_KEPT_SECONDS = 3600  # how long a repaired table waits to be fetched
_REPAIRED = "_repaired"
_NAMES = ("text", "label")  # of the columns in use, where the file has no header


@dataclass(frozen=True)
class Mended:
    kind: str  # of finding
    rows: int  # that were changed or dropped; 0: the file as a whole


@dataclass(frozen=True)
class Repaired:
    path: Path
    text_column: str  # their names in the new file
    label_column: str
    mended: tuple[Mended, ...]
    rows_before: int
    rows: int


def repair(
    path: str | Path,
    target: Path,
    text_column: str = "",
    label_column: str = "",
    kinds: Sequence[str] | None = None,
    *,
    settings: Settings,
    task: str = CLASSIFY,
) -> Repaired:
    """Writes the table to `target` with these kinds of finding mended; None: all whose repair is safe.

    Row and column order are kept, and every column. BadInput for a kind that has no repair, and where no row is left.
    """
    chosen = repairable(kinds)
    for kind in kinds or ():
        if kind not in chosen:
            raise BadInput("errors.unknown_repair", repair=kind[:40], valid=", ".join(repairable(tuple(KINDS))))
    table = open_table(path, settings)
    columns = choose_columns(table.frame, text_column, label_column, task)
    patient = Patient(table.frame, *columns, settings)
    mended = list(_by_reading(table))
    if task == CLASSIFY and patient.label:
        patient = _without_misplaced(patient, table)
    for kind in _order(chosen, patient, task):
        before, patient = patient, REMEDIES[kind](patient)
        if patient is not before and (rows := _touched(before, patient)) is not None:
            mended.append(Mended(kind, rows))
    if patient.frame.empty:
        raise BadInput("errors.nothing_left")
    frame, names = _named(patient, table)
    _write(frame, target)
    return Repaired(target, *names, tuple(mended), len(table.frame), len(frame))


def place(folder: Path, file: str | Path) -> Path:
    """Where the repaired file may go: a new place under `folder`, a name that tells what it is. Older ones are removed."""
    if not file:
        raise BadInput("errors.no_file")
    place = folder / "repaired"
    oldest = time.time() - _KEPT_SECONDS
    for old in place.glob("*"):
        with contextlib.suppress(FileNotFoundError):  # another request may sweep at the same time
            if old.stat().st_mtime < oldest:
                shutil.rmtree(old, ignore_errors=True)
    stem = Path(file).stem.removesuffix(_REPAIRED)[:60]
    return place / secrets.token_hex(8) / f"{stem}{_REPAIRED}.csv"


def _order(chosen: Sequence[str], patient: Patient, task: str) -> list[str]:
    has_classes = task == CLASSIFY and bool(patient.label)
    return [kind for kind in REMEDIES if kind in chosen and (has_classes or kind not in OF_LABELS)]


def _by_reading(table: Table) -> Iterator[Mended]:
    for kind, numbers in table.faults.items():
        yield Mended(kind, len(numbers))
    if table.encoding != "UTF-8":
        yield Mended("encoding", 0)
    if table.delimiter not in ("", ","):
        yield Mended("delimiter", 0)
    if not table.has_header:
        yield Mended("no_header", 0)
    elif tuple(table.frame.columns) != table.header:
        yield Mended("header_names", 0)


def _without_misplaced(patient: Patient, table: Table) -> Patient:
    """Rows put together by a guess whose label no other row has: half a sentence, most likely."""
    guessed = set(table.faults.get("ragged_rows", ())) | set(table.faults.get("open_quotes", ()))
    labels = patient.rows.labels
    sure = {label for number, label in zip(table.rows, labels, strict=True) if number not in guessed}
    cells = zip(patient.frame.index, table.rows, labels, strict=True)
    return patient.without([index for index, number, label in cells if number in guessed and label not in sure])


def _touched(before: Patient, after: Patient) -> int | None:
    """How many rows a remedy changed or dropped; 0 where it chose another column, None where it did nothing."""
    if before.label != after.label:
        return 0
    dropped = len(before.frame) - len(after.frame)
    changed = int((before.frame.loc[after.frame.index] != after.frame).any(axis=1).sum())
    return dropped + changed or None


def _named(patient: Patient, table: Table) -> tuple[pd.DataFrame, tuple[str, str]]:
    """The frame with a header, and the names of its two columns."""
    if table.has_header:
        return patient.frame, (patient.text, patient.label)
    names = dict(zip((patient.text, patient.label), _NAMES, strict=True)) | {"": ""}
    return patient.frame.rename(columns=names), (names[patient.text], names[patient.label])


def _write(frame: pd.DataFrame, target: Path) -> None:
    """With the mark in front, without which Excel takes UTF-8 for the encoding of its country."""
    target.parent.mkdir(parents=True, exist_ok=True)
    frame.to_csv(target, index=False, encoding="utf-8-sig", quoting=csv.QUOTE_MINIMAL, lineterminator="\n")
