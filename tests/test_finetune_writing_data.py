"""A table as material for a writer: which columns, which rows, which tokens of them are learned."""

from __future__ import annotations

from pathlib import Path

import pytest

from models.errors import BadInput
from models.finetune.writing_data import Writings, read_writings

DESK = Path(__file__).resolve().parents[1] / "assets" / "examples" / "finetune_desk.csv"


@pytest.fixture
def read(tmp_path: Path, settings):
    def read_text(text: str, question: str = "", answer: str = "", suffix: str = "csv") -> Writings:
        path = tmp_path / f"table.{suffix}"
        path.write_text(text, encoding="utf-8")
        return read_writings(path, question, answer, settings)

    return read_text


@pytest.mark.parametrize(
    "header", ["question,answer", "问题,回答", "Prompt,Response", "instruction,output", "谁也不认识,这些名字"]
)
def test_questions_and_answers_are_found_by_their_names_or_their_order(read, header):
    writings = read(f"{header}\n几点开门？,九点。\n在哪里？,青石巷。\n")
    assert writings.questions == ("几点开门？", "在哪里？")
    assert writings.answers == ("九点。", "青石巷。")


def test_the_answer_may_stand_before_the_question_and_other_columns_between_them(read):
    writings = read("id,answer,date,question\n1,九点。,2024,几点开门？\n2,青石巷。,2024,在哪里？\n")
    assert writings.questions == ("几点开门？", "在哪里？")


def test_one_column_or_a_column_named_alone_is_plain_texts(read):
    for writings in (read("text\n春眠\n不觉晓\n"), read("question,answer\n春眠,x\n不觉晓,y\n", question="question")):
        assert writings.answers == ("春眠", "不觉晓")
        assert not writings.has_questions
    assert read("第一句\n第二句\n", suffix="txt").answers == ("第一句", "第二句")


def test_rows_are_used_once_and_only_where_both_sides_are_filled(read):
    writings = read("question,answer\n甲？,一\n 甲？ ,一\n甲？,二\n乙？,\n,三\n丙？,三\n")
    assert writings == Writings(("甲？", "丙？"), ("一", "三"))


def test_a_column_that_does_not_exist_or_serves_twice_is_refused(read):
    with pytest.raises(BadInput) as refused:
        read("question,answer\n甲,一\n", question="frage")
    assert refused.value.values == {"column": "frage", "valid": "question, answer"}
    with pytest.raises(BadInput, match="same_column"):
        read("question,answer\n甲,一\n", question="answer", answer="answer")


def test_the_example_asks_each_thing_in_several_ways(settings):
    writings = read_writings(DESK, "", "", settings)
    assert len(writings) == len(set(writings.questions)) == 110
    assert len(set(writings.answers)) == 26
