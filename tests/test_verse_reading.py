"""Poems read for their form: guessed or asked for, whole or with lines missing, and what is refused."""

from __future__ import annotations

import pytest

from models.errors import BadInput
from models.generation import GenerationOptions, GenerationRunner
from models.spec import BUNDLED
from models.verse import PoemRequest
from models.verse_reading import LONGEST, read

STORK = "白日依山尽，黄河入海流。欲穷千里目，更上一层楼。"
DREAM = "常记溪亭日暮，沉醉不知归路。兴尽晚回舟，误入藕花深处。争渡，争渡，惊起一滩鸥鹭。"


@pytest.mark.parametrize(
    "poem",
    [
        STORK,
        STORK.replace("。", "。\n"),
        "白日依山尽\n黄河入海流\n欲穷千里目\n更上一层楼",
        " 白日依山尽,黄河入海流.欲穷千里目,更上一层楼. ",
    ],
)
def test_a_poem_is_known_by_its_lines_however_they_are_parted(poem: str) -> None:
    found = read(poem)
    assert found.form == "五绝"
    assert found.holds
    assert found.pattern.holds
    assert [line.rhyme for line in found.lines] == ["", "尤", "", "尤"]
    assert [line.rhymes for line in found.lines] == [None, True, None, True]


def test_a_tune_is_known_by_its_lines_and_has_no_pattern_of_tones() -> None:
    found = read(DREAM)
    assert found.form == "如梦令"
    assert found.pattern is None
    assert found.holds
    assert found.lines[2].rhymes is None


def test_a_first_line_that_rhymes_is_told_though_it_need_not() -> None:
    found = read("月落乌啼霜满天，江枫渔火对愁眠。姑苏城外寒山寺，夜半钟声到客船。")
    assert [line.rhymes for line in found.lines] == [True, True, None, True]
    assert found.groups == ("先",)


def test_lines_of_a_wrong_length_missing_ones_and_ones_too_many_are_told() -> None:
    found = read("白日依山尽，黄河入大海流。欲穷千里目。", "五绝")
    assert (found.missing, found.pattern) == (1, None)
    assert [line.has_length for line in found.lines] == [True, False, True]
    more = read(STORK + "春眠不觉晓。", "五绝")
    assert (more.lines[-1].asked, more.lines[-1].has_length) == (0, False)
    assert not more.holds


def test_a_rhyme_that_is_missed_is_told() -> None:
    found = read(STORK.replace("层楼", "层山"))
    assert [line.rhymes for line in found.lines].count(False) == 1
    assert not found.holds


def test_lines_that_fit_no_form_are_read_without_one() -> None:
    found = read("今天天气真好，我们去喝茶。")
    assert (found.form, found.pattern, found.groups) == ("", None, ())
    assert found.lines[0].tones[0] == "平"


@pytest.mark.parametrize(
    ("poem", "form", "key"),
    [
        ("", "", "empty_text"),
        ("，。", "", "empty_text"),
        ("茶" * (LONGEST + 1), "", "text_too_long"),
        ("白日依山tea，黄河入海流。", "", "not_verse"),
        (STORK, "六绝", "unknown_form"),
    ],
)
def test_what_is_no_poem_is_refused_in_a_sentence(poem: str, form: str, key: str) -> None:
    with pytest.raises(BadInput, match=key):
        read(poem, form)


@pytest.mark.bundled
@pytest.mark.skipif(not (BUNDLED / "gpt-zh" / "config.json").is_file(), reason="models/bundled/gpt-zh is not there")
def test_a_poem_of_gpt_zh_is_read_as_the_form_that_it_was_asked_for(make_library, engine, settings) -> None:
    runner = GenerationRunner(make_library(), engine, settings)
    for request in (PoemRequest("七律", "秋夜"), PoemRequest("五绝"), PoemRequest("词", "浣溪沙")):
        *_, text = runner.poem(request, "gpt-zh", GenerationOptions(seed=5))
        found = read(text)
        assert found.form == (request.title if request.form == "词" else request.form)
        assert found.holds
