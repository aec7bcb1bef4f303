"""Which texts say almost the same: what is found, what is left apart, how long many rows take."""

from __future__ import annotations

import random
import time

import pytest

from models.finetune.near_duplicates import groups

REVIEW = "这家茶馆的铁观音香气很足，店员也热情，下次还会带朋友来"


@pytest.mark.parametrize(
    "other",
    [
        "这家茶馆的铁观音香气很足，店员也热情，下次还会带朋友来！！！",
        " 这家茶馆的铁观音 香气很足,店员也热情,下次还会带朋友来",
        "这家茶馆的铁观音香气很足，店员很热情，下次还会带朋友来",
        "这家茶馆的铁观音香气很足，店员热情，下次会带朋友来",
    ],
)
def test_a_text_with_other_punctuation_spaces_or_a_changed_word_is_a_near_duplicate(other):
    assert groups([REVIEW, "点心又冷又硬", other]) == (0, 1, 0)


def test_width_and_case_do_not_count():
    assert groups(["Great ＴＥＡ house, will come again", "great tea house will come again"]) == (0, 0)


def test_texts_that_share_a_topic_but_not_their_words_stay_apart():
    assert groups(["茶很香", "茶不香", "点心好吃", "茶很苦"]) == (0, 1, 2, 3)


def test_a_chain_of_near_duplicates_is_one_group_numbered_by_its_first_text():
    first, middle, last = "一二三四五六七八九十", "一二三四五六七八九", "二三四五六七八九"
    assert groups(["别的话", last, first, middle], similar=0.9) == (0, 1, 1, 1)


def test_no_text_one_text_and_texts_of_punctuation_alone_are_grouped_too():
    assert groups([]) == ()
    assert groups(["茶"]) == (0,)
    assert groups(["！！！", "？？", "！！！", ""]) == (0, 1, 0, 2)


def test_of_pairs_just_within_the_bound_nearly_all_are_found():
    draw = random.Random(0)
    alphabet = [chr(code) for code in range(0x4E00, 0x4E00 + 600)]
    texts: list[str] = []
    for _ in range(300):
        text = draw.choices(alphabet, k=20)
        changed = list(text)
        for place in draw.sample(range(20), 3):  # ratio 0.85 exactly
            changed[place] = "茶"
        texts += ["".join(text), "".join(changed)]
    found = groups(texts)
    assert sum(found[at] == found[at + 1] for at in range(0, len(texts), 2)) >= 0.98 * 300
    assert len(set(found)) >= 300


def test_five_thousand_rows_of_one_template_take_seconds_not_minutes():
    draw = random.Random(0)
    texts = [f"欢迎来到我们的茶馆，您的订单编号是{draw.randrange(10**9)}" for _ in range(5_000)]
    started = time.monotonic()
    groups(texts)
    assert time.monotonic() - started < 20
