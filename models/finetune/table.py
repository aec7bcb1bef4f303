"""A file of rows -> a DataFrame of strings: csv, tsv, or txt with one text a line, within the bounds of Settings.

Guesses encoding, delimiter and the column of texts. Knows nothing of labels or training.
"""

from __future__ import annotations

import io
import re
import warnings
from pathlib import Path

import pandas as pd

from models.errors import BadInput
from models.settings import MB, Settings

SUFFIXES = (".csv", ".tsv", ".txt")
# In this order: UTF-8 never reads a GB18030 file by mistake, GB18030 reads most things.
ENCODINGS = ("utf-8-sig", "gb18030")
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
_BINARY_MARKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"%PDF", b"\x89PNG", b"\xff\xd8\xff", b"\x1f\x8b")
_DELIMITERS = (",", "\t", ";", "|")
_TEXT_HINTS = re.compile(r"text|review|comment|content|sentence|评论|评价|文本|内容|句子|正文|留言", re.IGNORECASE)
_CJK = re.compile(r"[\u3400-\u9fff]")
_LOOKED_AT = 300  # rows that guesses are made from


def read_table(path: str | Path, settings: Settings) -> pd.DataFrame:
    """Every cell as the text it was; an empty cell is "". BadInput names what is wrong with the file.

    A .txt without tabs is one column, `text`, of its lines. `frame.attrs["has_header"]` is False where the first row
    was data; the columns are then called 1, 2, 3.
    """
    if not path:
        raise BadInput("errors.no_file")
    path = Path(path)
    if path.suffix.lower() not in SUFFIXES:
        raise BadInput("errors.file_kind", file=path.name, valid=", ".join(SUFFIXES))
    size = path.stat().st_size
    if size > settings.max_upload:
        raise BadInput("errors.file_too_large", file=path.name, size=-(-size // MB), limit=settings.max_upload // MB)
    text = _decoded(path.read_bytes(), path.name)
    if not text.strip():
        raise BadInput("errors.file_empty", file=path.name)
    delimiter = _delimiter(text, path.suffix.lower())
    frame = _lines(text) if delimiter is None else _parsed(text, delimiter, path.name, settings.max_rows)
    return _bounded(frame, path.name, settings)


def guess_text_column(frame: pd.DataFrame) -> str:
    """The column that reads most like prose: long cells of letters, Chinese ones above all, or a name that says so."""
    return max(frame.columns, key=lambda column: _prose(frame[column].head(_LOOKED_AT), column))


def _decoded(raw: bytes, name: str) -> str:
    """UTF-16 only with its mark; otherwise the first encoding that reads every byte."""
    if raw.startswith(_UTF16_MARKS):
        encodings: tuple[str, ...] = ("utf-16",)
    elif raw.startswith(_BINARY_MARKS) or b"\x00" in raw[:4096]:
        raise BadInput("errors.not_a_table", file=name)
    else:
        encodings = ENCODINGS
    for encoding in encodings:
        try:
            return raw.decode(encoding).replace("\r\n", "\n").replace("\r", "\n")
        except UnicodeDecodeError:
            continue
    raise BadInput("errors.file_encoding", file=name, valid="UTF-8, GB18030, UTF-16")


def _delimiter(text: str, suffix: str) -> str | None:
    """What separates cells; None for a txt of plain lines."""
    lines = [line for line in text.split("\n", 21)[:20] if line.strip()]
    if suffix == ".tsv":
        return "\t"
    if suffix == ".txt":
        return "\t" if len(lines) > 1 and all("\t" in line for line in lines) else None
    best = max(_DELIMITERS, key=lines[0].count)
    return best if best in lines[0] else ","


def _lines(text: str) -> pd.DataFrame:
    lines = text.split("\n")
    return pd.DataFrame({"text": lines[:-1] if lines[-1] == "" else lines}, dtype=str)


def _parsed(text: str, delimiter: str, name: str, max_rows: int) -> pd.DataFrame:
    options = {"sep": delimiter, "dtype": str, "keep_default_na": False, "index_col": False, "nrows": max_rows + 1}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", pd.errors.ParserWarning)  # pandas would drop cells with a warning only
            frame = pd.read_csv(io.StringIO(text), **options)
            has_header = not _is_data(frame)
            if not has_header:
                frame = pd.read_csv(io.StringIO(text), header=None, **options)
    except (pd.errors.ParserError, pd.errors.ParserWarning) as error:
        raise BadInput("errors.file_rows", file=name, row=_row_of(error)) from error
    except pd.errors.EmptyDataError:
        raise BadInput("errors.file_empty", file=name) from None
    frame.columns = [str(column).strip() if has_header else str(column + 1) for column in frame.columns]
    frame = frame.loc[:, ~frame.columns.duplicated()].fillna("")
    frame.attrs["has_header"] = has_header
    return frame


def _is_data(frame: pd.DataFrame) -> bool:
    """Whether the header is a row like the others: one of its cells stands again in its own column."""
    return any(column.strip() and column in set(frame[column].head(_LOOKED_AT)) for column in frame.columns)


def _row_of(error: Exception) -> str:
    """The line that pandas names; a quotation mark left open has only its beginning."""
    found = re.search(r"(?:line|row) (\d+)", str(error))
    return found.group(1) if found else "?"


def _bounded(frame: pd.DataFrame, name: str, settings: Settings) -> pd.DataFrame:
    if frame.empty:
        raise BadInput("errors.file_empty", file=name)
    if len(frame) > settings.max_rows:
        raise BadInput("errors.too_many_rows", file=name, limit=settings.max_rows)
    if len(frame.columns) > settings.max_columns:
        raise BadInput("errors.too_many_columns", file=name, columns=len(frame.columns), limit=settings.max_columns)
    return frame


def _prose(cells: pd.Series, name: str) -> float:
    """How much a column reads like sentences."""
    filled = [cell.strip() for cell in cells if cell.strip()]
    if not filled:
        return 0.0
    joined = "".join(filled)
    letters = sum(character.isalpha() for character in joined) / len(joined)
    chinese = len(_CJK.findall(joined)) / len(joined)
    is_link = sum(cell.startswith(("http://", "https://")) for cell in filled) > len(filled) / 2
    hint = 2.0 if _TEXT_HINTS.search(name) else 1.0
    return len(joined) / len(filled) * letters**2 * (1 + chinese) * hint * (0.05 if is_link else 1.0)
