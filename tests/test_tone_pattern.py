"""Tones of regulated verse, held against what every handbook says of famous poems, and against poems that were broken."""

from __future__ import annotations

import re

import pytest

from models.tone_pattern import Joint, TonePattern, fit, tones_of

CROW = "月落乌啼霜满天，江枫渔火对愁眠。姑苏城外寒山寺，夜半钟声到客船。"
STORK = "白日依山尽，黄河入海流。欲穷千里目，更上一层楼。"
KEPT = {
    STORK: ("仄", False),
    "国破山河在，城春草木深。感时花溅泪，恨别鸟惊心。烽火连三月，家书抵万金。白头搔更短，浑欲不胜簪。": ("仄", False),
    "朝辞白帝彩云间，千里江陵一日还。两岸猿声啼不住，轻舟已过万重山。": ("平", True),
    CROW: ("仄", True),
    "秦时明月汉时关，万里长征人未还。但使龙城飞将在，不教胡马度阴山。": ("平", True),
    "风急天高猿啸哀，渚清沙白鸟飞回。无边落木萧萧下，不尽长江滚滚来。"
    "万里悲秋常作客，百年多病独登台。艰难苦恨繁霜鬓，潦倒新停浊酒杯。": ("仄", True),
    "空山新雨后，天气晚来秋。明月松间照，清泉石上流。竹喧归浣女，莲动下渔舟。随意春芳歇，王孙自可留。": ("平", False),
}


def pattern(poem: str) -> TonePattern | None:
    return fit([line for line in re.split("[，。]", poem) if line])


@pytest.mark.parametrize("poem", KEPT, ids=lambda poem: poem[:5])
def test_a_regulated_poem_keeps_its_pattern_and_the_pattern_is_named(poem: str) -> None:
    found = pattern(poem)
    assert (found.begins, found.first_rhymes) == KEPT[poem]
    assert found.holds
    assert found.broken == 0


def test_a_character_out_of_its_tone_is_named() -> None:
    found = pattern(STORK.replace("黄河", "黄海"))
    broken = [place.character for line in found.lines for place in line.places if place.is_broken]
    assert broken == ["海"]
    assert not found.holds


@pytest.mark.parametrize("place", [1, 3, 5, 6])
def test_every_bound_place_is_watched_and_a_free_one_is_not(place: int) -> None:
    lines = [line for line in re.split("[，。]", CROW) if line]
    other = "国" if tones_of(lines[2][place]) == "平" else "山"
    changed = lines[2][:place] + other + lines[2][place + 1 :]
    assert fit([*lines[:2], changed, lines[3]]).broken == 1
    free = other.join([lines[2][:2], lines[2][3:]])
    assert fit([*lines[:2], free, lines[3]]).broken == 0


def test_a_couplet_that_does_not_follow_the_one_before_is_a_broken_joint() -> None:
    found = pattern("渭城朝雨浥轻尘，客舍青青柳色新。劝君更尽一杯酒，西出阳关无故人。")
    assert found.joints == (Joint(1, "followed"),)
    assert found.broken == 0
    assert not found.holds


def test_lines_of_a_couplet_that_begin_alike_are_a_broken_joint() -> None:
    found = pattern("床前明月光，疑是地上霜。举头望明月，低头思故乡。")
    assert Joint(2, "opposed") in found.joints
    assert not found.holds


def test_the_usual_licence_and_a_line_that_is_set_right_count_as_kept() -> None:
    found = pattern("凉风起天末，君子意如何。鸿雁几时到，江湖秋水多。")
    assert found.lines[0].notes == ("turned",)
    assert found.lines[0].holds
    rescued = pattern("野火烧不尽，春风吹又生。远芳侵古道，晴翠接荒城。")
    assert "rescued" in rescued.lines[0].notes or rescued.lines[0].holds


@pytest.mark.parametrize(
    ("line", "note"), [("黄河天山流", "three_level"), ("白河入海流", "lone_level"), ("白日入古月", "three_oblique")]
)
def test_what_a_line_should_not_end_in_is_noted(line: str, note: str) -> None:
    lines = ["白日依山尽", "黄河入海流", "欲穷千里目", "更上一层楼"]
    lines[0 if note == "three_oblique" else 1] = line
    assert note in {one for found in fit(lines).lines for one in found.notes}


def test_a_poem_with_an_oblique_rhyme_or_uneven_lines_has_no_pattern() -> None:
    assert pattern("千山鸟飞绝，万径人踪灭。孤舟蓑笠翁，独钓寒江雪。") is None
    assert fit(["白日依山尽", "黄河入海"]) is None
    assert fit(["明月几时有呀", "把酒问青天呀"]) is None


def test_entering_tones_are_oblique_and_characters_of_two_readings_are_either() -> None:
    assert {tones_of(character) for character in "一白国"} == {"仄"}
    assert tones_of("更") == "平仄"
    assert tones_of("A") == ""
