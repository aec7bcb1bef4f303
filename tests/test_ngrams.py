"""What the character n-grams promise: probabilities that are some, and fewer bits where more is known."""

from __future__ import annotations

import pytest

from models.recipes.ngrams import Ngrams

POEMS = [
    "白日依山尽，黄河入海流。欲穷千里目，更上一层楼。",
    "黄河远上白云间，一片孤城万仞山。羌笛何须怨杨柳，春风不度玉门关。",
    "白日放歌须纵酒，青春作伴好还乡。即从巴峡穿巫峡，便下襄阳向洛阳。",
]


@pytest.mark.parametrize("order", [1, 2, 3, 5])
@pytest.mark.parametrize("before", ["", "白", "白日", "黄河", "黄河入海流。欲", "无此字"])
def test_after_any_beginning_the_probabilities_add_up(order: int, before: str) -> None:
    found = Ngrams(POEMS, order).next_probabilities(before)
    assert found.sum() == pytest.approx(1)
    assert (found > 0).all()


def test_one_character_is_as_likely_as_it_is_frequent() -> None:
    earth, sky, unknown = Ngrams(["天天天天天天地地"], order=1).next_probabilities("天")
    assert sky > 2 * earth > 2 * unknown > 0


def test_a_longer_memory_needs_fewer_bits_for_what_was_read() -> None:
    bits = [Ngrams(POEMS, order).bits_per_character(POEMS) for order in (1, 2, 3)]
    assert bits[0] > bits[1] > bits[2] > 0


def test_a_strange_text_needs_more_bits() -> None:
    model = Ngrams(POEMS, 3)
    assert model.bits_per_character(["关门玉度不风春"]) > model.bits_per_character(["春风不度玉门关"])
    assert model.bits_per_character(["龘龘"]) > model.bits_per_character(["白日"])


def test_each_text_begins_anew() -> None:
    model = Ngrams(POEMS, 3)
    apart = [model.bits_per_character([text]) * len(text) for text in POEMS]
    assert model.bits_per_character(POEMS) == pytest.approx(sum(apart) / sum(map(len, POEMS)))
