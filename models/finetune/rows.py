"""The rows of a table as training sees them: a text and a label each, and which of them it would use.

Knows which columns to read; knows neither the file nor what is good or bad about a row.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd


@dataclass(frozen=True)
class Rows:
    """Indices count from 0 and are those of the table; numbers are a spreadsheet's."""

    numbers: tuple[int, ...]
    texts: tuple[str, ...]  # without blanks around them
    labels: tuple[str, ...]  # likewise; "" where there is no column of labels
    raw_labels: tuple[str, ...]  # as they stand
    used: tuple[int, ...]  # indices of what training uses: filled, each text once
    empty: tuple[int, ...]  # without a text or without a label
    repeated: tuple[int, ...]  # the text came before with the same label
    conflicting: tuple[int, ...]  # the text came before with another label

    def numbered(self, indices: Sequence[int]) -> list[int]:
        return [self.numbers[index] for index in indices]


def read_rows(frame: pd.DataFrame, numbers: Sequence[int], text_column: str, label_column: str) -> Rows:
    """One row a text: a text that stood in both halves of a split would be scored by memory."""
    texts = tuple(frame[text_column].str.strip())
    raw = tuple(frame[label_column]) if label_column else ("",) * len(texts)
    labels = tuple(label.strip() for label in raw)
    sorted_out: dict[str, list[int]] = {"used": [], "empty": [], "repeated": [], "conflicting": []}
    seen: dict[str, str] = {}
    for index, (text, label) in enumerate(zip(texts, labels, strict=True)):
        if not text or (label_column and not label):
            sorted_out["empty"].append(index)
        elif text in seen:
            sorted_out["repeated" if seen[text] == label else "conflicting"].append(index)
        else:
            seen[text] = label
            sorted_out["used"].append(index)
    return Rows(tuple(numbers), texts, labels, raw, **{name: tuple(found) for name, found in sorted_out.items()})
