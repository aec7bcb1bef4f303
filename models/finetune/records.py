"""Text in which a delimiter parts the cells -> its records, with the row numbers that a spreadsheet would show.

One broken record never spoils those after it: a quotation mark that is not closed as it should be counts as a letter,
where the readers of csv and pandas would swallow the rest of the file or refuse it. Knows no header and no encoding.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

_SWALLOWED = 2  # whole records inside one quoted cell: the mark was never closed


@dataclass(frozen=True)
class Dialect:
    delimiter: str  # "": the table is one column
    quote: str = '"'
    escape: str = ""  # what stands before a quotation mark inside a quoted cell, where it is not doubled


class Record(NamedTuple):
    row: int  # from 1; blank lines count, line breaks inside a cell do not
    cells: list[str]
    is_open: bool = False  # one of its quotation marks is never closed


def split(text: str, dialect: Dialect) -> Iterator[Record]:
    """All records but blank lines. Line breaks are \\n."""
    reader = _Reader(text, dialect)
    row, position = 0, 0
    while position < len(text):
        row += 1
        record, position = reader.record(row, position)
        if any(cell.strip() for cell in record.cells):
            yield record


def has_open_quote(cell: str, quote: str) -> bool:
    """Whether the quotation mark before a cell is never closed."""
    return cell.lstrip().startswith(quote) and cell.count(quote) % 2 == 1


class _Reader:
    def __init__(self, text: str, dialect: Dialect) -> None:
        self._text, self._dialect = text, dialect
        self._either, self._plain = _patterns(dialect)
        self._width = 0  # cells of the first record

    def record(self, row: int, position: int) -> tuple[Record, int]:
        """The record that begins at a position, and where the next one begins."""
        cells: list[str] = []
        is_open = False
        while True:
            cell, is_literal, found = self._cell(position)
            cells.append(cell)
            is_open |= is_literal and has_open_quote(cell, self._dialect.quote)
            position = found.end()
            if found["end"] != self._dialect.delimiter or not found["end"]:
                self._width = self._width or len(cells)
                return Record(row, cells, is_open), position

    def _cell(self, position: int) -> tuple[str, bool, re.Match[str]]:
        """What stands in the cell, whether it stands there without quotation marks around it, and the match."""
        found = self._either.match(self._text, position)
        quoted = found["quoted"]
        if quoted is not None and "\n" in quoted and self._swallows(quoted):
            found, quoted = self._plain.match(self._text, position), None
        return (found["plain"], True, found) if quoted is None else (self._unescaped(quoted), False, found)

    def _swallows(self, quoted: str) -> bool:
        inner = quoted.split("\n")[1:-1]
        delimiter = self._dialect.delimiter
        is_record = (
            bool(delimiter) and self._width > 1 and all(line.count(delimiter) == self._width - 1 for line in inner)
        )
        return is_record and len(inner) >= _SWALLOWED

    def _unescaped(self, quoted: str) -> str:
        quote, escape = self._dialect.quote, self._dialect.escape
        if escape:
            quoted = quoted.replace(escape + quote, quote)
        return quoted.replace(quote * 2, quote)


def _patterns(dialect: Dialect) -> tuple[re.Pattern[str], re.Pattern[str]]:
    """(a quoted cell or a plain one, a plain one). Possessive repeats: an open mark costs one look ahead, not many."""
    quote, delimiter = re.escape(dialect.quote), re.escape(dialect.delimiter)
    end = rf"(?P<end>{delimiter}|\n|\Z)" if delimiter else r"(?P<end>\n|\Z)"
    plain = rf"(?P<plain>[^{delimiter}\n]*)"
    pair = rf"{re.escape(dialect.escape)}{quote}|{quote}{quote}" if dialect.escape else f"{quote}{quote}"
    inside = rf"[^{quote}{re.escape(dialect.escape)}]"
    stray = rf"|{re.escape(dialect.escape)}(?!{quote})" if dialect.escape else ""
    quoted = rf" *{quote}(?P<quoted>(?:{inside}++|{pair}{stray})*+){quote} *"
    return re.compile(f"(?:{quoted}|{plain}){end}"), re.compile(f"{plain}{end}")
