"""The view «verse»: what is drawn of a poem's form, in both languages."""

from __future__ import annotations

import pytest

from demos.i18n import Strings
from demos.verse_view import VerseView
from models.verse_reading import read

STORK = "白日依山尽，黄河入海流。欲穷千里目，更上一层楼。"


@pytest.fixture
def view() -> VerseView:
    return VerseView(Strings.load())


@pytest.mark.parametrize(
    ("lang", "said"),
    [
        ("zh", ("五绝，句数、字数都合", "押 尤 韵", "仄起，首句不入韵，平仄全合")),
        ("en", ("五绝: as many", "rhymes in 尤", "every tone in its place")),
    ],
)
def test_a_poem_that_keeps_its_form_says_so(view, lang, said) -> None:
    drawn = view.draw(read(STORK), lang)
    assert all(sentence in drawn for sentence in said)
    assert "tea-broken" not in drawn
    assert drawn.count("is-rhyme") == 2
    assert drawn.count("<b>") == 20


def test_what_is_broken_is_marked_where_it_is(view) -> None:
    drawn = view.draw(read(STORK.replace("黄河", "黄海")), "zh")
    assert '<span class="is-oblique is-broken" title="仄，此处应 平"><b>海</b>' in drawn
    assert "1 个字平仄不合" in drawn
    drawn = view.draw(read("渭城朝雨浥轻尘，客舍青青柳色新。劝君更尽一杯酒，西出阳关无故人。"), "zh")
    assert drawn.count("失粘：") == 1
    assert "应 5 字，现 6 字" in view.draw(read("白日依山尽啊，黄河入海流。欲穷千里目，更上一层楼。", "五绝"), "zh")


def test_a_tune_an_old_poem_and_unknown_lines_say_why_no_tones_are_judged(view) -> None:
    assert "古体" in view.draw(read("千山鸟飞绝，万径人踪灭。孤舟蓑笠翁，独钓寒江雪。"), "zh")
    assert "not in our table" in view.draw(
        read("常记溪亭日暮，沉醉不知归路。兴尽晚回舟，误入藕花深处。争渡，争渡，惊起一滩鸥鹭。"), "en"
    )
    assert "不合这里认识的" in view.draw(read("今天天气真好，我们去喝茶。"), "zh")
    assert "tea-empty" in view.draw(None, "en")
