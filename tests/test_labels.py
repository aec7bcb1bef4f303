"""The labels in both languages and the examples that ship: whole, distinct, in the order of the models, credited.

Knows files only: no model is loaded.
"""

from __future__ import annotations

import csv
import importlib.util
import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

ROOT = Path(__file__).resolve().parent.parent
LABELS = ROOT / "assets" / "labels"
EXAMPLES = ROOT / "assets" / "examples"
PICTURES = EXAMPLES / "pictures"
COUNTS = {"imagenet": 1000, "cifar10": 10, "sentiment": 2, "emotion": 8}
MODELS = {
    "efficientnet-lite0": "imagenet",
    "resnet-cifar10": "cifar10",
    "vit-cifar10": "cifar10",
    "sentiment-zh": "sentiment",
    "emotion-zh": "emotion",
}
# Chinese words that are written with a Latin letter
LETTERED = {"T恤", "福特T型车"}
# Spread over the table, so that Chinese names which slipped by one line fail here
ANCHORS = {
    0: ("tench", "丁鲷"),
    134: ("crane (bird)", "鹤"),
    207: ("golden retriever", "金毛寻回犬"),
    281: ("tabby", "虎斑猫"),
    388: ("giant panda", "大熊猫"),
    404: ("airliner", "客机"),
    517: ("crane (machine)", "起重机"),
    639: ("tank suit", "连体泳衣"),
    758: ("reel", "渔线轮"),
    849: ("teapot", "茶壶"),
    967: ("espresso", "浓缩咖啡"),
    999: ("toilet tissue", "卫生纸"),
}


def labels(name: str) -> list[dict[str, str]]:
    return json.loads((LABELS / f"{name}.json").read_text(encoding="utf-8"))


def rows(name: str) -> list[dict[str, str]]:
    with (EXAMPLES / name).open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file, strict=True))


def example(name: str) -> Any:
    return json.loads((EXAMPLES / name).read_text(encoding="utf-8"))


def without_qualifier(name: str) -> str:
    """`crane` of `crane (bird)`."""
    return name.partition(" (")[0]


def plain(name: str) -> str:
    return without_qualifier(name).casefold()


def class_names(config: dict[str, Any]) -> list[str]:
    """In the order of the outputs; a wrapped timm model lists them as `label_names`."""
    if "id2label" in config:
        return [config["id2label"][str(index)] for index in range(len(config["id2label"]))]
    return config["label_names"]


def has_chinese(text: str) -> bool:
    return re.search(r"[\u3400-\u9fff]", text) is not None


@pytest.mark.parametrize("name", COUNTS)
def test_a_table_has_every_class_in_both_languages(name: str) -> None:
    table = labels(name)
    assert len(table) == COUNTS[name]
    for row in table:
        assert set(row) == {"en", "zh"}
        assert all(text and text == text.strip() for text in row.values()), row


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("name", COUNTS)
def test_no_two_classes_share_a_name(name: str, language: str) -> None:
    counts = Counter(row[language].casefold() for row in labels(name))
    assert [text for text, count in counts.items() if count > 1] == []


@pytest.mark.parametrize("name", COUNTS)
def test_each_language_keeps_to_its_script(name: str) -> None:
    for row in labels(name):
        assert not has_chinese(row["en"]), row
        assert has_chinese(row["zh"]), row
        assert row["zh"] in LETTERED or not re.search(r"[A-Za-z]", row["zh"]), row


def test_imagenet_names_stand_at_their_index() -> None:
    table = labels("imagenet")
    assert {index: (table[index]["en"], table[index]["zh"]) for index in ANCHORS} == ANCHORS


def test_imagenet_names_are_lemmas_of_the_synset_at_their_index() -> None:
    spec = importlib.util.find_spec("timm")
    if spec is None or spec.origin is None:
        pytest.skip("timm is not installed")
    info = Path(spec.origin).parent / "data" / "_info"
    synsets = (info / "imagenet_synsets.txt").read_text(encoding="utf-8").split()
    lines = (info / "imagenet_synset_to_lemma.txt").read_text(encoding="utf-8").splitlines()
    lemmas = dict(line.split("\t", 1) for line in lines)
    for synset, row in zip(synsets, labels("imagenet"), strict=True):
        assert without_qualifier(row["en"]) in lemmas[synset].split(", "), row


@pytest.mark.parametrize(("model", "table"), MODELS.items())
def test_a_bundled_model_names_its_classes_in_the_same_order(model: str, table: str) -> None:
    path = ROOT / "models" / "bundled" / model / "config.json"
    if not path.exists():
        pytest.skip(f"models/bundled/{model} is not there")
    config = json.loads(path.read_text(encoding="utf-8"))
    assert [plain(name) for name in class_names(config)] == [plain(row["en"]) for row in labels(table)]


def test_sentiment_examples_have_a_note_in_both_languages() -> None:
    examples = example("sentiment.json")
    assert len(examples) == 8
    assert len({item["text"] for item in examples}) == 8
    for item in examples:
        assert has_chinese(item["text"])
        assert has_chinese(item["note"]["zh"])
        assert item["note"]["en"]


def test_one_sentiment_example_is_longer_than_250_characters() -> None:
    assert [len(item["text"]) > 250 for item in example("sentiment.json")].count(True) == 1


def test_generation_examples_cover_the_three_ways_to_write_and_texts_to_read() -> None:
    examples = example("generation.json")
    assert set(examples) == {"continue", "poem", "chat", "surprise"}
    assert all(has_chinese(text) for name in ("continue", "chat", "surprise") for text in examples[name])
    assert {poem["form"] for poem in examples["poem"]} == {"五绝", "七绝", "五律", "七律", "词"}
    for poem in examples["poem"]:
        assert set(poem) == {"form", "title", "acrostic"}
        assert bool(poem["title"]) != bool(poem["acrostic"]), poem


@pytest.mark.parametrize("name", ["reviews.csv", "finetune_tea.csv", "finetune_topics.csv"])
def test_a_table_opens_in_excel(name: str) -> None:
    assert (EXAMPLES / name).read_bytes().startswith(b"\xef\xbb\xbf")


@pytest.mark.parametrize(
    ("name", "columns", "count"),
    [
        ("reviews.csv", ["text"], 40),
        ("finetune_tea.csv", ["review", "label"], 180),
        ("finetune_topics.csv", ["text", "topic"], 120),
    ],
)
def test_a_table_has_its_columns_and_no_row_twice(name: str, columns: list[str], count: int) -> None:
    table = rows(name)
    assert len(table) == count
    assert all(list(row) == columns and all(row.values()) for row in table)
    assert len({row[columns[0]].strip() for row in table}) == count


def test_reviews_hold_what_a_careless_reader_of_csv_breaks_on() -> None:
    texts = [row["text"] for row in rows("reviews.csv")]
    for mark in (",", '"', "\n"):
        assert any(mark in text for text in texts), mark


@pytest.mark.parametrize(
    ("name", "column", "counts"),
    [
        ("finetune_tea.csv", "label", {"好评": 99, "差评": 81}),
        ("finetune_topics.csv", "topic", {"茶叶": 30, "点心": 30, "环境": 30, "服务": 30}),
    ],
)
def test_the_classes_to_fine_tune_on_are_balanced(name: str, column: str, counts: dict[str, int]) -> None:
    assert Counter(row[column] for row in rows(name)) == counts


def test_every_picture_opens_and_is_credited() -> None:
    credited = re.findall(r"^\| (\S+\.jpg) \|", (PICTURES / "CREDITS.md").read_text(encoding="utf-8"), re.MULTILINE)
    pictures = sorted(PICTURES.glob("*.jpg"))
    assert len(pictures) == 12
    assert sorted(credited) == [path.name for path in pictures]
    for path in pictures:
        with Image.open(path) as picture:
            picture.load()
            assert min(picture.size) >= 224, path.name


def test_the_pictures_are_light() -> None:
    assert sum(path.stat().st_size for path in PICTURES.iterdir()) < 700_000
