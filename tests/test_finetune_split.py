"""The split: every class on both sides, near-duplicates on one, the same again for the same seed."""

from __future__ import annotations

import random

import pytest

from models.finetune.dataset import Examples
from models.finetune.split import split

HAN = [chr(code) for code in range(0x4E00, 0x4E00 + 2000)]


def unlike(count: int, seed: int = 0) -> list[str]:
    """Texts of which no two are near-duplicates."""
    draw = random.Random(seed)
    return ["".join(draw.choices(HAN, k=12)) for _ in range(count)]


def test_every_class_is_in_both_halves_and_the_seed_decides_the_rows():
    labels = ("常见",) * 40 + ("少见",) * 5 + ("罕见",) * 2
    examples = Examples(tuple(unlike(47)), labels)
    halves = split(examples, share=0.2, seed=1)
    assert sorted(halves.train + halves.validation + halves.held_out) == list(range(47))
    for half in (halves.train, halves.held_out):
        assert {labels[row] for row in half} == set(labels)
    assert len(halves.held_out) == 8 + 1 + 1
    assert [labels[row] for row in halves.validation].count("常见") == 5  # 0.15 of 32
    assert {labels[row] for row in halves.validation} == {"常见", "少见"}  # one row alone is better learnt
    assert halves.seen == tuple(sorted(halves.train + halves.validation))
    assert split(examples, share=0.2, seed=1) == halves
    assert split(examples, share=0.2, seed=2) != halves


@pytest.mark.parametrize("seed", range(5))
def test_near_duplicates_never_stand_on_both_sides(seed):
    texts = [copy for text in unlike(40) for copy in (text, f"{text}！", f"{text}了")]
    labels = tuple("好" if at % 6 < 3 else "差" for at in range(120))
    halves = split(Examples(tuple(texts), labels), share=0.25, seed=seed)
    held_out = {row // 3 for row in halves.held_out}
    assert held_out
    assert not halves.is_divided
    validation = {row // 3 for row in halves.validation}
    assert validation
    assert held_out.isdisjoint({row // 3 for row in halves.train})
    assert validation.isdisjoint({row // 3 for row in halves.train} | held_out)
    assert halves.alike == 120
    for label in "好差":
        assert 12 <= sum(labels[row] == label for row in halves.held_out) <= 18


def test_near_duplicates_under_different_labels_stay_together_too():
    texts = [copy for text in unlike(10) for copy in (text, f"{text}。")]
    halves = split(Examples(tuple(texts), ("好", "差") * 10), share=0.2, seed=0)
    assert {row // 2 for row in halves.held_out}.isdisjoint({row // 2 for row in halves.train})


def test_a_class_of_two_unlike_rows_has_one_on_each_side_whatever_the_others_are():
    texts = (*unlike(30), *(f"{text}呀" for text in unlike(30)), *unlike(2, seed=9))
    labels = ("多",) * 60 + ("少",) * 2
    for seed in range(5):
        halves = split(Examples(texts, labels), share=0.1, seed=seed)
        assert sum(labels[row] == "少" for row in halves.held_out) == 1


def test_a_class_whose_only_groups_are_large_gives_up_the_smaller_one():
    first, second = unlike(2)
    texts = (*(f"{first}{end}" for end in "呀啊呢了"), *(f"{second}{end}" for end in "呀啊呢"), *unlike(8, seed=3))
    labels = ("少",) * 7 + ("多",) * 8
    halves = split(Examples(texts, labels), share=0.2, seed=0)
    assert [row for row in sorted(halves.held_out) if labels[row] == "少"] == [4, 5, 6]


def test_a_class_whose_rows_are_all_alike_is_trained_on_and_not_scored():
    texts = (*(f"这家茶馆真好呀真好{end}" for end in "呀啊呢"), *unlike(10))
    halves = split(Examples(texts, ("c",) * 3 + ("a", "b") * 5), share=0.3, seed=0)
    assert set(range(3)) <= set(halves.train)
    assert halves.classes == ("a", "b", "c")


def test_rows_that_differ_in_a_number_alone_are_split_by_class_and_said_to_be_alike():
    texts = tuple(f"{'这家茶馆很好' if n % 2 else '难吃差服务差'}{n}" for n in range(40))
    labels = ("差", "好") * 20
    halves = split(Examples(texts, labels), share=0.2, seed=0)
    assert [sum(labels[row] == label for row in halves.held_out) for label in "差好"] == [4, 4]
    assert halves.is_divided
    assert halves.alike == 40


def test_of_very_few_rows_none_is_spared_and_the_training_rows_choose_the_epoch():
    halves = split(Examples(tuple(unlike(6)), ("好", "差") * 3), share=0.2, seed=0)
    assert len(halves.held_out) == 2
    assert halves.validation == halves.train == halves.seen
    assert len(halves.train) == 4


def test_numbers_as_labels_stay_text_and_are_ordered_by_value():
    examples = Examples(tuple("abcdefgh"), ("10", "10", "2", "2", "-1", "-1", "x", "x"))
    assert split(examples, share=0.2, seed=0).classes == ("-1", "2", "10", "x")


def test_rows_without_classes_are_split_by_their_share():
    halves = split(Examples(tuple(unlike(50)), ("",) * 50), share=0.1, seed=0)
    assert len(halves.held_out) == 5
