"""A file of rows -> a table of strings: csv, tsv, or txt with one text a line, within the bounds of Settings.

A broken file is read as well as it can be, with the rows of each fault named; whoever trains or classifies takes
`read_table`, which refuses a table whose cells had to be guessed. Knows nothing of labels or training.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import pandas as pd

from models.errors import BadInput
from models.finetune import delimiters, encodings, records
from models.finetune.columns import guess_text_column
from models.finetune.records import Dialect, Record
from models.settings import MB, Settings

__all__ = ["SUFFIXES", "Table", "guess_text_column", "open_table", "read_table"]

SUFFIXES = (".csv", ".tsv", ".txt")
NUL = "\x00"
_GUESSED = ("open_quotes", "ragged_rows")  # faults whose rows were put together by guessing
_HEADER_LOOKS = 300  # rows in which a header's cells are searched
_LONGEST_NAME = 40  # characters; a longer header cell is a sentence
_SENTENCE = re.compile(r"[。！？!?]\s*$")
_TITLE_ROWS = 5  # at most, above the header
_UNSEEN = dict.fromkeys(map(ord, "\u200b\u2060\ufeff"))


@dataclass(frozen=True)
class Table:
    frame: pd.DataFrame  # every cell as the text it was; an empty cell is ""
    rows: tuple[int, ...]  # the number of each row of the frame as a spreadsheet shows it
    encoding: str
    delimiter: str  # "" where the table is one column
    has_header: bool  # else the columns are called 1, 2, 3
    header: tuple[str, ...]  # the columns' names as they stood in the file; () without a header
    faults: Mapping[str, tuple[int, ...]]  # row numbers by kind of fault: what reading had to mend


def open_table(path: str | Path, settings: Settings) -> Table:
    """Reads what can be read. BadInput for a file that is no table, is empty, or is beyond the bounds."""
    path = _checked(path, settings)
    decoded = encodings.decode(path.read_bytes(), path.name)
    if not decoded.text.replace(NUL, "").strip():
        raise BadInput("errors.file_empty", file=path.name)
    dialect = delimiters.find(decoded.text, path.suffix.lower())
    if dialect is None:
        table = _lines(decoded.text, decoded.encoding)
    else:
        found = list(islice(records.split(decoded.text, dialect), settings.max_rows + _TITLE_ROWS + 2))
        table = _Reading(found, dialect, path.name, settings).table(decoded.encoding)
    return _bounded(table, path.name, settings)


def read_table(path: str | Path, settings: Settings) -> pd.DataFrame:
    """The cells of a table that has every one in its place; BadInput names the first row that has not."""
    table = open_table(path, settings)
    guessed = sorted(row for fault in _GUESSED for row in table.faults.get(fault, ()))
    if guessed:
        raise BadInput("errors.file_rows", file=Path(path).name, row=guessed[0])
    return table.frame


def _checked(path: str | Path, settings: Settings) -> Path:
    if not path:
        raise BadInput("errors.no_file")
    path = Path(path)
    if path.suffix.lower() not in SUFFIXES:
        raise BadInput("errors.file_kind", file=path.name, valid=", ".join(SUFFIXES))
    size = path.stat().st_size
    if size > settings.max_upload:
        raise BadInput("errors.file_too_large", file=path.name, size=-(-size // MB), limit=settings.max_upload // MB)
    return path


def _lines(text: str, encoding: str) -> Table:
    lines = text.split("\n")
    lines = lines[:-1] if lines[-1] == "" else lines
    numbers = tuple(range(1, len(lines) + 1))
    nuls = tuple(number for number, line in zip(numbers, lines, strict=True) if NUL in line)
    frame = pd.DataFrame({"text": [line.replace(NUL, "") for line in lines]}, dtype=str)
    return Table(frame, numbers, encoding, "", True, ("text",), {"nul_bytes": nuls} if nuls else {})


class _Reading:
    """From records to a table: where the header is, how wide the table is, what was wrong with which row."""

    def __init__(self, found: list[Record], dialect: Dialect, name: str, settings: Settings) -> None:
        self._dialect = dialect
        self._faults: dict[str, list[int]] = {}
        usual = Counter(len(record.cells) for record in found).most_common(1)[0][0]
        found = self._below_title(self._without_nuls(found), usual)
        self._header = found[0].cells if self._has_header(found) else None
        self._width = max(usual, len(self._header or ()))
        if self._width > settings.max_columns:
            raise BadInput(
                "errors.too_many_columns", file=name, columns=self._width, limit=settings.max_columns
            )  # before a frame of that size is built
        self._records = self._below_header(found)

    def table(self, encoding: str) -> Table:
        rows = self._filled()
        names = [*(self._header or ()), *[""] * self._width][: self._width]
        used = [
            index for index in range(self._width) if names[index].strip() or any(row[index].strip() for row in rows)
        ]
        frame = pd.DataFrame({index: [row[index] for row in rows] for index in used}, dtype=str)
        frame.columns = _unique([names[index] for index in used], used)
        frame.attrs["has_header"] = self._header is not None
        header = tuple(names[index] for index in used) if self._header is not None else ()
        numbers = tuple(record.row for record in self._records)
        faults = {kind: tuple(sorted(found)) for kind, found in self._faults.items()}
        return Table(frame, numbers, encoding, self._dialect.delimiter, self._header is not None, header, faults)

    def _fault(self, kind: str, row: int) -> None:
        self._faults.setdefault(kind, []).append(row)

    def _without_nuls(self, found: list[Record]) -> list[Record]:
        for index, record in enumerate(found):
            if any(NUL in cell for cell in record.cells):
                self._fault("nul_bytes", record.row)
                found[index] = record._replace(cells=[cell.replace(NUL, "") for cell in record.cells])
        return found

    def _below_title(self, found: list[Record], usual: int) -> list[Record]:
        """Exports often begin with a line or two on what they are."""
        while len(found) > 2 and usual > 1 and len(self._faults.get("title_rows", ())) < _TITLE_ROWS:
            cells = found[0].cells
            if sum(bool(cell.strip()) for cell in cells) > 1 or (len(cells) > 1 and usual < 3):
                break
            self._fault("title_rows", found[0].row)
            found = found[1:]
        return found

    def _has_header(self, found: Sequence[Record]) -> bool:
        """Not where the first row is like the others: a sentence in it, or a cell that stands again in its column."""
        first = found[0].cells
        if len(found) > 1 and any(len(cell) > _LONGEST_NAME or _SENTENCE.search(cell) for cell in first):
            return False
        others = [record.cells for record in found[1 : _HEADER_LOOKS + 1] if record.cells != first]
        seen = {(index, cell) for cells in others for index, cell in enumerate(cells) if cell.strip()}
        return not any(place in seen for place in enumerate(first))

    def _below_header(self, found: list[Record]) -> list[Record]:
        """Tables that were put together from several have the header again in their midst."""
        if self._header is None:
            return found
        for record in found[1:]:
            if record.cells == self._header:
                self._fault("repeated_header", record.row)
        return [record for record in found[1:] if record.cells != self._header]

    def _filled(self) -> list[list[str]]:
        """Each row as wide as the table. Surplus cells come from delimiters within the text, so they go back into it."""
        text_at: int | None = None
        rows = []
        for record in self._records:
            cells, surplus = record.cells, len(record.cells) - self._width
            if record.is_open:
                self._fault("open_quotes", record.row)
                cells = [self._without_open_quote(cell) for cell in cells]
            if surplus < 0:
                self._fault("short_rows", record.row)
                cells = cells + [""] * -surplus
            elif surplus > 0 and any(cell.strip() for cell in cells[self._width :]):
                self._fault("ragged_rows", record.row)
                text_at = self._text_at() if text_at is None else text_at
                joined = self._dialect.delimiter.join(cells[text_at : text_at + surplus + 1])
                cells = [*cells[:text_at], joined, *cells[text_at + surplus + 1 :]]
            rows.append(cells[: self._width])
        return rows

    def _text_at(self) -> int:
        """The position of the text, judged by the rows that are whole."""
        whole = [record.cells for record in self._records if len(record.cells) == self._width]
        names = [*(self._header or ()), *[""] * self._width]
        frame = pd.DataFrame(whole or [[""] * self._width], dtype=str)
        frame.columns = [f"{index} {names[index]}" for index in range(self._width)]
        return list(frame.columns).index(guess_text_column(frame))

    def _without_open_quote(self, cell: str) -> str:
        quote = self._dialect.quote
        return cell.replace(quote, "", 1) if records.has_open_quote(cell, quote) else cell


def _unique(names: Sequence[str], places: Sequence[int]) -> list[str]:
    """Names without stray spaces; an empty one is the number of its column, a repeated one gets a number of its own."""
    unique: list[str] = []
    for name, place in zip(names, places, strict=True):
        clean = " ".join(name.translate(_UNSEEN).split()) or str(place + 1)
        taken, number = clean, 2
        while taken in unique:
            taken, number = f"{clean}_{number}", number + 1
        unique.append(taken)
    return unique


def _bounded(table: Table, name: str, settings: Settings) -> Table:
    if table.frame.empty:
        raise BadInput("errors.file_empty", file=name)
    if len(table.frame) > settings.max_rows:
        raise BadInput("errors.too_many_rows", file=name, limit=settings.max_rows)
    return table
