"""What the rhyme table promises: the rhymes that poets heard, and the lines that miss them."""

from __future__ import annotations

import pytest

from models.rhyme import check_rhyme, readings, rhyme_groups, rhymes, tones
from models.rhyme_books import cilin, level_rhymes, pingshui
from models.verse_forms import FORMS, tune


@pytest.mark.parametrize(
    "pair", ["东同", "东中", "家花", "斜家", "斜花", "回来", "来开", "流楼", "间山", "天前", "涯家"]
)
def test_what_rhymed_in_tang_verse_rhymes(pair: str) -> None:
    assert rhymes(*pair)
    assert rhymes(*reversed(pair))


@pytest.mark.parametrize(
    ("pair", "why"),
    [
        ("东冬", "one sound today, two groups then"),
        ("斜叶", "a rhyme today; 叶 had an entering tone"),
        ("山天", "neighbours: 删 and 先"),
        ("东送", "one final, another tone"),
        ("花水", "nothing in common"),
        ("花a", "no Chinese character"),
    ],
)
def test_what_did_not_rhyme_does_not(pair: str, why: str) -> None:
    assert not rhymes(*pair), why


@pytest.mark.parametrize(
    ("pair", "in_verse", "in_ci"),
    [("东冬", False, True), ("山天", False, True), ("董送", False, True), ("东送", False, False)],
)
def test_ci_rhyme_more_widely(pair: str, in_verse: bool, in_ci: bool) -> None:
    assert rhymes(*pair) == in_verse
    assert rhymes(*pair, cilin()) == in_ci


def test_a_simplified_character_stands_for_all_that_it_replaced() -> None:
    assert rhyme_groups("发") >= rhyme_groups("發") | rhyme_groups("髮")
    assert rhyme_groups("间") == rhyme_groups("閒")


def test_a_variants_own_readings_are_not_taken_over() -> None:
    assert rhyme_groups("开", level=True) == {"灰"}  # its variant 幵 rhymes in 先
    assert rhyme_groups("耕", level=True) == {"庚"}


def test_groups_can_be_asked_for_by_tone() -> None:
    assert rhyme_groups("看") == {"寒", "翰"}
    assert rhyme_groups("看", level=True) == {"寒"}
    assert rhyme_groups("看", level=False) == {"翰"}


@pytest.mark.parametrize(
    ("character", "found"), [("山", {"平"}), ("月", {"仄"}), ("十", {"仄"}), ("看", {"平", "仄"}), ("嗯", set())]
)
def test_tones_tell_level_from_oblique(character: str, found: set[str]) -> None:
    assert tones(character) == found


def test_the_books_divide_all_of_guangyuns_rhymes() -> None:
    assert len(pingshui().groups) == len(cilin().groups) == 206
    assert set(pingshui().groups) == set(cilin().groups)
    assert len(frozenset.union(*pingshui().groups.values())) == 106
    assert len(frozenset.union(*cilin().groups.values())) == 19
    assert len(frozenset.union(*(pingshui().groups[rhyme] for rhyme in level_rhymes()))) == 30


def test_every_reading_is_in_the_books() -> None:
    assert all(readings(each) <= set(pingshui().groups) for each in "春江花月夜漫涯忘髭厌粗攒挝撑潇婷暌")


def test_the_fewer_ends_are_the_wrong_ones() -> None:
    lines = [
        "一二三四东",
        "一二三四天",
        "一二三四月",
        "一二三四山",
        "一二三四水",
        "一二三四前",
        "一二三四雨",
        "一二三四年",
    ]
    report = check_rhyme(FORMS["五律"], lines)
    assert report.asked == (1, 3, 5, 7)
    assert report.wrong == (3,)
    assert report.kept == (1, 5, 7)
    assert report.groups == ("先",)


def test_one_group_must_hold_all_ends() -> None:
    # 看 rhymes with 寒 in the level and with 岸 in an oblique tone, which makes those two no rhyme.
    lines = ["一二三四五"] * 8
    lines[1::2] = ["一二三四寒", "一二三四看", "一二三四岸", "一二三四安"]
    assert check_rhyme(FORMS["五律"], lines).wrong == (5,)


def test_a_missing_line_and_an_unknown_end_do_not_rhyme() -> None:
    assert check_rhyme(FORMS["五绝"], ["白日依山尽", "黄河入海流"]).wrong == (3,)
    assert check_rhyme(FORMS["五绝"], []).wrong == (1, 3)
    assert check_rhyme(FORMS["五绝"], ["白日依山尽", "黄河入海嗯", "欲穷千里目", "更上一层嗯"]).wrong == (1, 3)


def test_a_first_line_may_join() -> None:
    joining = ["远上寒山石径斜", "白云生处有人家", "停车坐爱枫林晚", "霜叶红于二月花"]
    another = ["故人西辞黄鹤楼", "烟花三月下扬州", "孤帆远影碧空尽", "唯见长江天际流"]
    assert check_rhyme(FORMS["七绝"], joining).joined == (0,)
    assert check_rhyme(FORMS["七绝"], another).joined == (0,)
    assert check_rhyme(FORMS["五绝"], ["白日依山尽", "黄河入海流", "欲穷千里目", "更上一层楼"]).joined == ()


def test_an_oblique_rhyme_is_one_too() -> None:
    lines = ["松下问童子", "春眠不觉晓", "夜来风雨声", "处处闻啼鸟"]
    assert check_rhyme(FORMS["五绝"], lines).groups == ("筱",)


def test_a_tune_changes_its_rhyme_and_asks_for_tones() -> None:
    lines = [
        "平林漠漠烟如织",
        "寒山一带伤心碧",
        "暝色入高楼",
        "有人楼上愁",
        "玉阶空伫立",
        "宿鸟归飞急",
        "何处是归程",
        "长亭更短亭",
    ]
    report = check_rhyme(tune("菩萨蛮"), lines)
    assert report.holds
    assert report.groups == ("第十七部", "第十二部", "第十七部", "第十一部")
    lines[6:] = ["何处是归路", "长亭更短树"]
    assert check_rhyme(tune("菩萨蛮"), lines).wrong == (6, 7)


@pytest.mark.parametrize(("character", "found"), [("风", {"平"}), ("空", {"平"}), ("冷", {"仄"}), ("了", {"仄"})])
def test_a_tone_that_poets_did_not_use_is_none(character: str, found: set[str]) -> None:
    assert tones(character) == found
    assert not rhyme_groups(character, level="平" not in found)


def test_the_tone_in_use_is_told_by_the_ends_of_lines() -> None:
    from models.recipes.rhyme_usage import one_sided

    poem = "白日依山{}，黄河入海风。欲穷千里{}，更上一层空。"
    level, oblique = one_sided([poem.format("尽", "冷")] * 20 + [poem.format("尽", "看")] * 19)
    assert level == "空风"
    assert oblique == "冷"  # 看 stood at too few
