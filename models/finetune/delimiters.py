"""What parts the cells of a table, and how its cells are quoted: guessed from its first lines.

The plain rules come first: the delimiter that cuts most lines into the same number of cells. Where none does, or
quoting looks unusual, clevercsv is asked (van den Burg, Nazábal, Sutton: Wrangling messy CSV files by detecting row and
type patterns, 2019). Knows no column and reads no file.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Sequence

from models.finetune.records import Dialect, split

logger = logging.getLogger(__name__)
_DELIMITERS = (",", "\t", ";", "|")
_WIDE_COMMA = "，"  # typed in a Chinese input method; stands in every prose too, so it is tried only after the others
_SAMPLE_LINES = 60
_SAMPLE_CHARACTERS = 8_000  # clevercsv takes seconds for more
_CONSISTENT = 0.9  # of the lines have the usual number of cells
_CLEARLY = 0.8  # enough for an unusual delimiter or dialect that beats the usual ones


def find(text: str, suffix: str) -> Dialect | None:
    """The dialect of a csv or tsv; None for a txt of plain lines."""
    sample = _sample(text)
    lines = [line for line in sample.split("\n") if line.strip()]
    if suffix == ".txt":
        return Dialect("\t") if len(lines) > 1 and all("\t" in line for line in lines[:-1]) else None
    if suffix == ".tsv" and any("\t" in line for line in lines):
        return Dialect("\t")
    plain, share = _plain(sample)
    if share >= _CONSISTENT and not _quotes_oddly(lines, plain):
        return plain
    asked = _asked(sample)
    if asked is not None and _agreement(sample, asked) > max(share, _CLEARLY):
        return asked
    return plain if share > 0 and (share >= 0.5 or plain.delimiter in lines[0]) else Dialect("")


def _sample(text: str) -> str:
    """The first lines; without the last of them where it was cut off."""
    lines = text[:_SAMPLE_CHARACTERS].split("\n", _SAMPLE_LINES)[:_SAMPLE_LINES]
    is_cut = len(lines) < _SAMPLE_LINES and len(text) > _SAMPLE_CHARACTERS
    return "\n".join(lines[:-1] if is_cut and len(lines) > 1 else lines)


def _plain(sample: str) -> tuple[Dialect, float]:
    """The most consistent of the usual delimiters and how consistent it is; 0 where nothing parts a line."""
    agreed = {delimiter: _agreement(sample, Dialect(delimiter)) for delimiter in _DELIMITERS}
    best = max(agreed, key=agreed.__getitem__)
    wide = _agreement(sample, Dialect(_WIDE_COMMA)) if _WIDE_COMMA in _possible(sample) else 0.0
    if agreed[best] < _CLEARLY <= wide:
        return Dialect(_WIDE_COMMA), wide
    return Dialect(best), agreed[best]


def _possible(sample: str) -> list[str]:
    """The full-width comma only where it parts the first line too: else what it parts is the prose under one heading."""
    return [*_DELIMITERS, *[_WIDE_COMMA] * (_WIDE_COMMA in sample.partition("\n")[0])]


def _agreement(sample: str, dialect: Dialect) -> float:
    """The share of records with the usual number of cells; 0 where that number is one."""
    widths = Counter(len(record.cells) for record in split(sample, dialect))
    if not widths:
        return 0.0
    usual, records = widths.most_common(1)[0]
    return records / widths.total() if usual > 1 else 0.0


def _quotes_oddly(lines: Sequence[str], dialect: Dialect) -> bool:
    """Marks escaped by a backslash, or cells between single quotation marks."""
    single = f"'{dialect.delimiter}"
    escaped = any('\\"' in line for line in lines)
    return escaped or sum(single in line or line.startswith("'") for line in lines) > len(lines) / 2


def _asked(sample: str) -> Dialect | None:
    import clevercsv  # 0.6 s, and few tables need it

    try:
        found = clevercsv.Sniffer().sniff(sample, delimiters=_possible(sample))
    except clevercsv.Error as error:
        logger.info("clevercsv found no dialect: %s", error)
        return None
    if found is None or not found.delimiter:
        return None
    return Dialect(found.delimiter, found.quotechar or '"', found.escapechar or "")
