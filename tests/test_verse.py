"""What a poem's request and its check promise: what cannot be met is refused, and what is not kept is named."""

from __future__ import annotations

import pytest

from models import verse
from models.errors import BadInput
from models.verse import CIPAI, FORMS, Form, PoemRequest

PUSAMAN = "平林漠漠烟如织。寒山一带伤心碧。暝色入高楼。有人楼上愁。玉阶空伫立。宿鸟归飞急。何处是归程。长亭更短亭。"
RUMENGLING = "昨夜雨疏风骤。浓睡不消残酒。试问卷帘人，却道海棠依旧。知否。知否。应是绿肥红瘦。"


def test_the_prompt_names_form_and_title() -> None:
    assert verse.prompt(PoemRequest("七绝", "江雪")) == "<|七绝|><|题|>江雪<|正文|>"
    assert verse.prompt(PoemRequest("五律")) == "<|五律|><|正文|>"
    assert verse.prompt(PoemRequest("词", "菩萨蛮")) == "<|词|><|题|>菩萨蛮<|正文|>"


def test_an_acrostic_asks_for_the_form_with_its_number_of_lines() -> None:
    assert verse.prompt(PoemRequest("七绝", acrostic="春江花月夜山水云")) == "<|七律|><|正文|>"
    assert verse.prompt(PoemRequest("五律", acrostic="春江花")) == "<|五绝|><|正文|>"


def test_a_poem_is_shown_a_couplet_a_line() -> None:
    assert verse.layout("白日依山尽，黄河入海流。欲穷千里目，") == "白日依山尽，黄河入海流。\n欲穷千里目，"
    assert verse.layout("白日依山尽，黄河入") == "白日依山尽，黄河入"


def test_the_second_stanza_of_a_ci_stands_apart_as_soon_as_it_begins() -> None:
    shape = PoemRequest("词", "菩萨蛮").shape
    first = "平林漠漠烟如织。寒山一带伤心碧。暝色入高楼。有人楼上愁。"
    assert "\n\n" not in verse.layout(first, shape)
    assert verse.layout(first + "玉", shape).endswith("有人楼上愁。\n\n玉")
    assert verse.check(shape, verse.layout(PUSAMAN, shape)).holds


@pytest.mark.parametrize(
    ("request_of", "named"),
    [
        ({"form": "六绝"}, "五绝、七绝、五律、七律、词"),
        ({"form": "词"}, "菩萨蛮"),
        ({"form": "词", "title": "无此调"}, "菩萨蛮"),
        ({"form": "词", "title": "菩萨蛮", "acrostic": "春江花月"}, "七律"),
        ({"form": "七绝", "title": "一" * 13}, "limit=12"),
        ({"form": "七绝", "title": "<|end|>"}, "<|end|>"),
        ({"form": "七绝", "acrostic": "春"}, "low=2, high=8"),
        ({"form": "七绝", "acrostic": "春江花月夜春江花月"}, "low=2, high=8"),
        ({"form": "七绝", "acrostic": "love"}, "love"),
        ({"form": "七绝", "acrostic": "春，江"}, "春，江"),
    ],
)
def test_a_request_that_cannot_be_met_is_refused_with_what_would_be_right(request_of: dict, named: str) -> None:
    with pytest.raises(BadInput) as refused:
        PoemRequest(**request_of)
    assert named in str(refused.value)


def test_spaces_around_what_people_type_do_not_count() -> None:
    assert PoemRequest("七绝", " 江雪 ", " 春江花月\n") == PoemRequest("七绝", "江雪", "春江花月")


def test_every_tune_can_be_asked_for() -> None:
    assert len(set(CIPAI)) == len(CIPAI) >= 20
    assert all(PoemRequest("词", tune).shape.name == tune for tune in CIPAI)


def test_a_whole_quatrain_holds_laid_out_or_not() -> None:
    poem = "白日依山尽，黄河入海流。欲穷千里目，更上一层楼。"
    assert verse.check(FORMS["五绝"], poem).holds
    assert verse.check(FORMS["五绝"], verse.layout(poem)).holds


@pytest.mark.parametrize(
    ("poem", "wrong"),
    [
        ("白日依山尽，黄河入海。欲穷千里目，更上一层楼。", (1,)),
        ("白日依山尽，黄河入海流。欲穷千里目。", (3,)),
        ("白日依山尽，黄河入海流。欲穷千里目，更上一层楼。白日依山尽，", (4,)),
        ("白日依山1，黄河入海流。欲穷千里目，更上一层楼。", (0,)),
        ("", (0, 1, 2, 3)),
    ],
)
def test_wrong_lines_are_named(poem: str, wrong: tuple[int, ...]) -> None:
    report = verse.check(FORMS["五绝"], poem)
    assert report.wrong_lines == wrong
    assert not report.holds


def test_wrong_stops_and_a_lost_acrostic_are_seen() -> None:
    swapped = "白日依山尽。黄河入海流，欲穷千里目，更上一层楼。"
    unended = "白日依山尽，黄河入海流。欲穷千里目，更上一层楼"
    assert not verse.check(FORMS["五绝"], swapped).stops_right
    assert not verse.check(FORMS["五绝"], unended).stops_right
    assert not verse.check(Form("五绝", 2, 5), "白日依山尽，黄河入海流。", "白云").acrostic_kept


def test_a_ci_is_held_against_its_tune() -> None:
    shape = PoemRequest("词", "菩萨蛮").shape
    report = verse.check(shape, PUSAMAN)
    assert report.holds
    assert report.rhyme.holds
    assert verse.check(shape, PUSAMAN.replace("有人楼上愁", "有人愁")).wrong_lines == (3,)
    assert not verse.check(shape, PUSAMAN.replace("宿鸟归飞急。", "宿鸟归飞急，")).stops_right


def test_a_tune_that_repeats_a_line_is_held_to_it() -> None:
    shape = PoemRequest("词", "如梦令").shape
    assert verse.check(shape, RUMENGLING).holds
    assert verse.check(shape, RUMENGLING.replace("知否。知否", "知否。谁否")).wrong_lines == (5,)


@pytest.mark.parametrize(
    ("form", "poem", "group"),
    [
        ("五绝", "白日依山尽，黄河入海流。欲穷千里目，更上一层楼。", "尤"),
        ("七绝", "远上寒山石径斜，白云生处有人家。停车坐爱枫林晚，霜叶红于二月花。", "麻"),
        ("七绝", "朝辞白帝彩云间，千里江陵一日还。两岸猿声啼不住，轻舟已过万重山。", "删"),
        (
            "五律",
            "空山新雨后，天气晚来秋。明月松间照，清泉石上流。竹喧归浣女，莲动下渔舟。随意春芳歇，王孙自可留。",
            "尤",
        ),
        (
            "七律",
            "风急天高猿啸哀，渚清沙白鸟飞回。无边落木萧萧下，不尽长江滚滚来。"
            "万里悲秋常作客，百年多病独登台。艰难苦恨繁霜鬓，潦倒新停浊酒杯。",
            "灰",
        ),
    ],
)
def test_poems_that_everybody_knows_rhyme(form: str, poem: str, group: str) -> None:
    report = verse.check(FORMS[form], poem)
    assert report.holds
    assert report.rhyme.holds
    assert report.rhyme.groups == (group,)


def test_a_lost_rhyme_leaves_the_form_and_names_the_line() -> None:
    report = verse.check(FORMS["五绝"], "白日依山尽，黄河入海流。欲穷千里目，更上一层山。")
    assert report.holds
    assert report.rhyme.wrong == (3,)


def test_a_couplet_is_asked_for_no_rhyme() -> None:
    report = verse.check(Form("五绝", 2, 5), "白日依山尽，黄河入海流。")
    assert report.rhyme.holds
    assert not report.rhyme.asked
