"""Augmentation: what each kind does to a text, that it can be repeated, and that no model means no masked words."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from models.errors import BadInput
from models.finetune import masked_words
from models.finetune.augment import Augmenter
from models.finetune.class_weights import weights
from models.finetune.preview import preview
from models.finetune.request import FinetuneRequest
from models.spec import ModelSpec

REVIEW = "这家茶馆的铁观音香气很足，店员也热情，下次还会带朋友来。"
ENGLISH = "The tea was hot and the staff were kind to all of us ."


def changes(kind: str, text: str = REVIEW, share: float = 0.2, epochs: int = 20, **more) -> set[str]:
    augmenter = Augmenter(kind, share, seed=1, **more)
    return {augmenter.changed(text, epoch, row=3) for epoch in range(epochs)}


def test_the_same_seed_epoch_and_row_give_the_same_text_and_another_of_them_another():
    augmenter, again = Augmenter("delete", 0.2, 5), Augmenter("delete", 0.2, 5)
    texts = [augmenter.changed(REVIEW, epoch, row) for epoch in range(6) for row in range(6)]
    assert texts == [again.changed(REVIEW, epoch, row) for epoch in range(6) for row in range(6)]
    assert len(set(texts)) > 6
    assert texts != [Augmenter("delete", 0.2, 6).changed(REVIEW, epoch, row) for epoch in range(6) for row in range(6)]


def test_about_every_second_time_a_row_is_learnt_as_it_stands():
    augmenter = Augmenter("swap", 0.1, seed=0)
    kept = sum(augmenter.changed(REVIEW, epoch, row) == REVIEW for epoch in range(10) for row in range(20))
    assert 70 <= kept <= 130


def test_deletion_leaves_out_words_and_adds_none():
    for text in changes("delete") - {REVIEW}:
        assert len(text) < len(REVIEW)
        assert not Counter(text) - Counter(REVIEW)
        assert text.endswith("。")


def test_deletion_leaves_single_spaces_between_english_words():
    assert all("  " not in text for text in changes("delete", ENGLISH))


def test_swapping_exchanges_neighbouring_words_and_leaves_punctuation_in_its_place():
    for text in changes("swap", share=0.1) - {REVIEW}:
        assert sorted(text) == sorted(REVIEW)
        assert text.count("，") == 2
        assert text.endswith("。")
    assert all(sorted(text.split()) == sorted(ENGLISH.split()) for text in changes("swap", ENGLISH))


@pytest.mark.parametrize("text", ["", "茶", "！！！", "茶！"])
def test_a_text_of_one_word_or_none_stays_as_it_is(text):
    assert changes("delete", text) == {text}


def test_even_where_all_words_are_to_go_one_stays():
    assert all(any(character.isalnum() for character in text) for text in changes("delete", share=1.0))


def test_no_augmentation_and_a_share_of_nothing_change_nothing():
    assert changes("none") == {REVIEW}
    assert changes("swap", share=0.0) == {REVIEW}


def test_masked_words_are_replaced_in_their_place_by_what_the_model_fills_in():
    asked: list[list[str]] = []

    def fill(words, places, draw: random.Random):
        asked.append([words[place] for place in places])
        return ["某物" if place in places else word for place, word in enumerate(words)]

    texts = changes("mask", fill=fill) - {REVIEW}
    assert texts
    assert all("某物" in text for text in texts)
    assert all(word.isalnum() for words in asked for word in words)


def test_a_preview_shows_a_text_that_is_changed():
    for row in range(10):
        assert Augmenter("delete", 0.1, seed=0).example(REVIEW, row) != REVIEW
    assert Augmenter("delete", 0.1, seed=0).example("茶", 0) == "茶"


@pytest.fixture
def filling_bert(tmp_path: Path, tiny_bert: Path) -> ModelSpec:
    """A tiny BERT with its head for masks."""
    import torch
    from transformers import AutoTokenizer, BertConfig, BertForMaskedLM

    torch.manual_seed(0)
    BertForMaskedLM(BertConfig.from_pretrained(tiny_bert)).save_pretrained(tmp_path / "mlm")
    AutoTokenizer.from_pretrained(tiny_bert).save_pretrained(tmp_path / "mlm")
    return ModelSpec("mlm", "text-classification", str(tmp_path / "mlm"), origin="bundled")


def test_a_model_with_a_head_for_masks_replaces_only_the_words_asked_for(filling_bert, settings):
    fill = masked_words.load(filling_bert, settings)
    words = ["今天", "天气", "真好", "，", "茶", "很香"]
    filled = fill(words, [1, 4], random.Random(0))
    assert [words[place] for place in (0, 2, 3, 5)] == [filled[place] for place in (0, 2, 3, 5)]
    assert filled[1] != "天气"
    assert filled[4] != "茶"
    assert "[" not in "".join(filled)
    assert filled == fill(words, [1, 4], random.Random(0))


@pytest.mark.parametrize("origin", ["bert", "gpt2"])
def test_a_model_without_that_head_is_refused_with_what_can_be_chosen(
    origin, tiny_bert, tiny_gpt2, filling_bert, settings
):
    spec = replace(filling_bert, name="base", source=str(tiny_bert if origin == "bert" else tiny_gpt2))
    with pytest.raises(BadInput) as refused:
        masked_words.load(spec, settings)
    assert refused.value.key == "errors.no_masked_words"
    assert refused.value.values == {"model": "base", "valid": "none, delete, swap"}


def test_classes_are_weighed_as_scikit_learn_does():
    import numpy as np
    from sklearn.utils.class_weight import compute_class_weight

    labels = [0] * 30 + [1] * 7 + [2] * 3
    expected = compute_class_weight("balanced", classes=np.arange(3), y=labels)
    assert weights(labels, 3, "on") == pytest.approx(list(expected))


def test_left_alone_classes_are_weighed_only_where_one_has_three_times_the_rows_of_another():
    assert weights([0] * 29 + [1] * 10, 2, "auto") is None
    assert weights([0] * 30 + [1] * 10, 2, "auto") == pytest.approx([40 / 60, 2.0])
    assert weights([0] * 30 + [1] * 10, 2, "off") is None
    assert weights([0] * 30 + [2] * 10, 3, "auto")[1] == 1.0


def test_a_preview_shows_three_rows_of_different_classes_as_a_training_changes_them(tmp_path, settings):
    rows = [f"{REVIEW[:-1]}第{number}次,类{number % 3}" for number in range(12)]
    data = tmp_path / "rows.csv"
    data.write_text("\n".join(["text,label", *(row.replace("，", "；") for row in rows)]), encoding="utf-8")
    request = FinetuneRequest(str(data), "text", "label", augment="delete")
    shown = preview(request, ModelSpec("base", "text-classification", "nowhere"), settings)
    assert sorted(row.label for row in shown) == ["类0", "类1", "类2"]
    assert all(len(row.changed) < len(row.text) for row in shown)
    assert shown == preview(request, ModelSpec("base", "text-classification", "nowhere"), settings)
