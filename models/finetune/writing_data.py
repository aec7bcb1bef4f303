"""A table as material for a writer: questions with their answers, or plain texts.

Which columns and which rows those are is decided where it is for every table (dataset.py, rows.py). Knows no tokens.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from models.finetune.dataset import choose_columns
from models.finetune.request import WRITE
from models.finetune.rows import read_rows
from models.finetune.table import read_table
from models.settings import Settings


@dataclass(frozen=True)
class Writings:
    """Rows to learn from, each once, in the order of the table."""

    questions: tuple[str, ...]  # all empty where the table holds plain texts
    answers: tuple[str, ...]  # or the plain texts

    @property
    def has_questions(self) -> bool:
        return any(self.questions)

    @property
    def known_by(self) -> tuple[str, ...]:
        """What makes a row the same as another: its question, else its text."""
        return self.questions if self.has_questions else self.answers

    def __len__(self) -> int:
        return len(self.answers)


def read_writings(path: str | Path, question_column: str, answer_column: str, settings: Settings) -> Writings:
    """The rows that training uses: filled, each question or text once. BadInput for a bad file or column.

    Empty names are guessed; a column named alone holds plain texts.
    """
    frame = read_table(path, settings)
    asked, answered = choose_columns(frame, question_column, answer_column, WRITE)
    rows = read_rows(frame, range(len(frame)), asked, answered)
    texts = tuple(rows.texts[index] for index in rows.used)
    if not answered:
        return Writings(("",) * len(texts), texts)
    return Writings(texts, tuple(rows.labels[index] for index in rows.used))
