"""A table as material for a writer: questions with their answers, or plain texts. Which columns, which rows.

Reads and counts. Knows no tokens and no model, and nothing of what the rows are worth: that is for the doctor to say.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from models.errors import BadInput
from models.finetune.table import guess_text_column, read_table
from models.settings import Settings

_QUESTION = re.compile(
    r"^(q|question|prompt|instruction|query|input|user|ask)s?$|问题|提问|问句|用户|指令|^问$", re.IGNORECASE
)
_ANSWER = re.compile(
    r"^(a|answer|response|reply|output|completion|assistant|target)s?$|回答|答案|答复|回复|助手|^答$", re.IGNORECASE
)


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
    """The rows that training uses: filled, each question or text once. BadInput for a bad file or column."""
    frame = read_table(path, settings)
    return cleaned(frame, *columns(frame, question_column, answer_column))[0]


def columns(frame: pd.DataFrame, question: str, answer: str) -> tuple[str, str]:
    """The columns of question and answer; ("texts", "") for plain texts. Empty names are guessed.

    A column named alone holds plain texts.
    """
    for column in filter(None, (question, answer)):
        if column not in frame.columns:
            raise BadInput("errors.unknown_column", column=column[:100], valid=", ".join(frame.columns))
    if question and question == answer:
        raise BadInput("errors.same_column", column=question)
    if question:
        return question, answer
    answer = answer or _guess_answer(frame)
    return _guess_question(frame, answer), answer


def cleaned(frame: pd.DataFrame, question_column: str, answer_column: str) -> tuple[Writings, Counter[str]]:
    """The usable rows, and how many were empty, duplicates (all the same), conflicts (one question, other answers)."""
    counted: Counter[str] = Counter()
    kept: dict[str, str] = {}
    answers = frame[answer_column] if answer_column else [""] * len(frame)
    for first, second in zip(frame[question_column], answers, strict=True):
        first, second = first.strip(), second.strip()
        if not first or (answer_column and not second):
            counted["empty"] += 1
        elif first in kept:
            counted["duplicates" if kept[first] == second else "conflicts"] += 1
        else:
            kept[first] = second
    if answer_column:
        return Writings(tuple(kept), tuple(kept.values())), counted
    return Writings(("",) * len(kept), tuple(kept)), counted


def _guess_answer(frame: pd.DataFrame) -> str:
    """By its name; of two columns without telling names the second. "" where the rest would be guesswork."""
    named = [column for column in frame.columns if _ANSWER.search(column)]
    if named or len(frame.columns) != 2:
        return next(iter(named), "")
    return frame.columns[1]


def _guess_question(frame: pd.DataFrame, answer: str) -> str:
    rest = frame.drop(columns=[answer]) if answer else frame
    if rest.columns.empty:
        raise BadInput("errors.no_question_column", column=answer)
    named = [column for column in rest.columns if _QUESTION.search(column)] if answer else []
    return next(iter(named), "") or guess_text_column(rest)
