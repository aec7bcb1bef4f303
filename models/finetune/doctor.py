"""Examines a table of training data: everything of KINDS that is wrong with it, with the rows that it concerns.

Each look is a function of a Case. The file's own faults come from the table, texts and labels are looked at here. Repairs
nothing, words nothing, and knows no model but how many tokens it takes of a text.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from models.finetune import characters, near_duplicates
from models.finetune.findings import KINDS, Finding, found
from models.finetune.label_doctor import label_findings
from models.finetune.rows import Rows
from models.finetune.table import Table
from models.settings import Settings

_MOST_TOKENS = 1.5  # of a character, in any tokenizer met so far; shorter texts need no counting
TokenCounter = Callable[[Sequence[str]], Sequence[float]]


@dataclass(frozen=True)
class Case:
    """A table with the columns that were chosen in it."""

    table: Table
    rows: Rows
    text_column: str
    label_column: str  # "": none was chosen or found
    settings: Settings
    max_length: int  # tokens that the model reads of a text
    count_tokens: TokenCounter
    has_classes: bool = True  # of a writer the second column holds answers, or there is none


def examine(case: Case) -> tuple[Finding, ...]:
    """All findings, in the order of KINDS: what stops training first."""
    looks = (_file, _header, _characters, _rows, _lengths, _near_duplicates)
    findings = [finding for look in looks for finding in look(case)]
    if case.has_classes:
        table, rows = case.table, case.rows
        findings += label_findings(table.frame, rows, case.text_column, case.label_column, case.settings)
    elif not case.rows.used:
        findings.append(found("no_rows", column=case.label_column or case.text_column))
    order = list(KINDS)
    return tuple(sorted(findings, key=lambda finding: order.index(finding.kind)))


def about_tokens(texts: Sequence[str]) -> list[float]:
    """The counter of whoever has no tokenizer at hand."""
    return [characters.about_tokens(text) for text in texts]


def _file(case: Case) -> Iterator[Finding]:
    """What reading the file had to mend, and what other programs may stumble over."""
    for kind, numbers in case.table.faults.items():
        yield found(kind, numbers)
    if case.table.encoding != "UTF-8":
        yield found("encoding", encoding=case.table.encoding)
    if case.table.delimiter not in ("", ","):
        yield found("delimiter", delimiter={"\t": "Tab"}.get(case.table.delimiter, case.table.delimiter))


def _header(case: Case) -> Iterator[Finding]:
    table = case.table
    if not table.has_header:
        yield found("no_header", columns=", ".join(table.frame.columns))
    mended = [name for name, stood in zip(table.frame.columns, table.header, strict=False) if name != stood]
    if mended:
        yield found("header_names", names=", ".join(name[:30] for name in mended[:5]))


def _characters(case: Case) -> Iterator[Finding]:
    """Each look at the text and the label of every row."""
    cells = list(zip(case.rows.texts, case.rows.labels, strict=True))
    looks = {
        "lost_characters": characters.is_lost,
        "mojibake": characters.is_mojibake,
        "invisible": characters.has_unseen,
    }
    for kind, look in looks.items():
        seen = [index for index, (text, label) in enumerate(cells) if look(text) or look(label)]
        if seen:
            yield found(kind, case.rows.numbered(seen))
    marked = [index for index, (text, _) in enumerate(cells) if characters.is_markup(text)]
    if marked:
        yield found("markup", case.rows.numbered(marked))


def _rows(case: Case) -> Iterator[Finding]:
    """Rows that training leaves out, and texts that have two labels."""
    rows = case.rows
    if rows.empty:
        yield found("empty", rows.numbered(rows.empty))
    if rows.repeated:
        yield found("duplicates", rows.numbered(rows.repeated))
    if rows.conflicting and case.has_classes:
        twofold = {rows.texts[index] for index in rows.conflicting}
        every = [index for index, text in enumerate(rows.texts) if text in twofold and rows.labels[index]]
        yield found("conflicts", rows.numbered(every), texts=len(twofold), rows=len(rows.conflicting))


def _lengths(case: Case) -> Iterator[Finding]:
    rows, limit = case.rows, case.settings.max_characters
    huge = [index for index in rows.used if len(rows.texts[index]) > limit]
    if huge:
        longest = max(len(rows.texts[index]) for index in huge)
        yield found("row_too_long", rows.numbered(huge), length=longest, limit=limit)
    doubtful = [index for index in rows.used if len(rows.texts[index]) * _MOST_TOKENS > case.max_length]
    counted = case.count_tokens([rows.texts[index][:limit] for index in doubtful])
    long = [index for index, tokens in zip(doubtful, counted, strict=True) if tokens > case.max_length]
    if long:
        longest = max(len(rows.texts[index]) for index in long)
        yield found("long", rows.numbered(long), longest=longest, limit=case.max_length, used=len(rows.used))


def _near_duplicates(case: Case) -> Iterator[Finding]:
    """Groups of the used rows; a row that only repeats another has been named already."""
    rows = case.rows
    limit = case.settings.max_characters
    groups = near_duplicates.groups([rows.texts[index][:limit] for index in rows.used])
    sizes = Counter(groups)
    near = [index for index, group in zip(rows.used, groups, strict=True) if sizes[group] > 1]
    if near:
        yield found("near_duplicates", rows.numbered(near), groups=sum(size > 1 for size in sizes.values()))
