"""Guesses which column of a table holds the texts and which the labels. Knows no file and no training."""

from __future__ import annotations

import re

import pandas as pd

_TEXT_HINTS = re.compile(r"text|review|comment|content|sentence|评论|评价|文本|内容|句子|正文|留言", re.IGNORECASE)
_LABEL_HINTS = re.compile(
    r"^(label|class|category|topic|rating|star|sentiment|emotion|target|y)s?$|标签|类别|分类|情感|情绪|主题|评分|星级|类型",
    re.IGNORECASE,
)
_QUESTION_HINTS = re.compile(
    r"^(q|question|prompt|instruction|query|input|user|ask)s?$|问题|提问|问句|用户|指令|^问$", re.IGNORECASE
)
_ANSWER_HINTS = re.compile(
    r"^(a|answer|response|reply|output|completion|assistant|target)s?$|回答|答案|答复|回复|助手|^答$", re.IGNORECASE
)
_CJK = re.compile(r"[\u3400-\u9fff]")
_LOOKED_AT = 300  # rows that guesses are made from
_ALSO_PROSE = 0.25  # of the best column's score makes another one prose too
_ENOUGH = 20  # rows from which on a column that hardly repeats is no label, whatever its name


def guess_text_column(frame: pd.DataFrame) -> str:
    """The column that reads most like prose: long cells of letters, Chinese ones above all, or a name that says so."""
    return max(frame.columns, key=lambda column: _prose(frame[column].head(_LOOKED_AT), column))


def guess_label_column(frame: pd.DataFrame, text_column: str) -> str:
    """The column with a telling name or else the fewest different values that repeat; "" where no column repeats."""
    columns = [column for column in frame.columns if column != text_column]
    distinct = {column: frame[column][frame[column].str.strip() != ""].nunique() for column in columns}
    hinted = [column for column in columns if _LABEL_HINTS.search(column) and distinct[column]]
    fitting = [column for column in columns if 2 <= distinct[column] <= max(2, len(frame) // 3)]
    best = (
        [column for column in hinted if column in fitting] or (len(frame) >= _ENOUGH and fitting) or hinted or fitting
    )
    return min(best, key=distinct.__getitem__, default="")


def guess_writing_columns(frame: pd.DataFrame, answer: str = "") -> tuple[str, str]:
    """Questions and answers by their names, or the only two columns of prose; ("text", "") where one is.

    answer: the column of answers, where it was chosen already.
    """
    if answer and len(frame.columns) > 1:
        return guess_text_column(frame.drop(columns=[answer])), answer
    questions = [column for column in frame.columns if _QUESTION_HINTS.search(column)]
    answers = [column for column in frame.columns if _ANSWER_HINTS.search(column) and column not in questions[:1]]
    if questions and answers:
        return questions[0], answers[0]
    scores = {column: _prose(frame[column].head(_LOOKED_AT), column) for column in frame.columns}
    best = max(scores.values())
    prose = [column for column in frame.columns if scores[column] >= _ALSO_PROSE * best and frame[column].nunique() > 1]
    return (prose[0], prose[1]) if len(prose) == 2 else (guess_text_column(frame), "")


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
