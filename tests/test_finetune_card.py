"""The card of a fine-tuned model: what it says in both languages, and that nothing a visitor wrote can spoil it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from models.finetune import card, provenance
from models.finetune.provenance import Provenance
from models.finetune.request import FinetuneRequest
from models.finetune.run_folder import RunFolder
from models.settings import Settings

METRICS = {"accuracy": 0.875, "macro_f1": 0.8667, "loss": 0.41, "rows": 8, "confusion": [[3, 1], [0, 4]]}
ORIGIN = {
    "base": "encoder-zh",
    "base_origin": "bundled",
    "base_licence": "apache-2.0",
    "base_languages": ["zh"],
    "base_sha256": "b" * 64,
    "data_sha256": "d" * 64,
    "threads": 2,
    "precision": "float32",
    "processor": "x86_64",
    "python": "3.11.7",
    "libraries": {"torch": "2.13.0", "transformers": "5.23.0"},
}


@pytest.fixture
def make_folder(tmp_path: Path):
    """The files of a run that has ended, without a model."""

    def make(state: str = "finished", label: str = "好", **origin: object) -> RunFolder:
        folder = RunFolder(tmp_path / ("a" * 20))
        folder.path.mkdir()
        rows = [f"茶{n},{label if n % 2 else '差'}" for n in range(40)]
        (folder.path / "data.csv").write_text("\n".join(["text,label", *rows]), encoding="utf-8")
        folder.write_request(FinetuneRequest(str(folder.path / "data.csv"), "text", "label", seed=7))
        folder.model.mkdir()
        (folder.model / "config.json").write_text("{}")
        split = {"train": list(range(27)), "validation": list(range(27, 32)), "held_out": list(range(32, 40))}
        (folder.path / "split.json").write_text(json.dumps(split | {"classes": ["好", "差"]}))
        values = ORIGIN | origin
        provenance.write(folder, Provenance(**values))
        folder.append(state="running")
        folder.append(phase="training", step=5, steps=8, classes=["好", "差"])
        folder.append(metrics=METRICS)
        folder.append(state=state, step=5)
        return folder

    return make


def metadata(text: str) -> dict:
    return yaml.safe_load(text.split("---")[1])


def test_it_says_data_split_settings_scores_time_and_versions_in_chinese_and_then_in_english(make_folder):
    folder = make_folder()
    text = card.of(folder, Settings())
    chinese, english = text.split("# A text classifier")
    for said in ("87.5%", "86.7%", "0.410", "encoder-zh", "apache-2.0", "torch 2.13.0", "| learning\\_rate | 0.0003 |"):
        assert said in chinese, said
        assert said in english, said
    assert "种子 7，27 行用来训练，5 行用来挑出最好的一遍，8 行留出来评估" in chinese
    assert "seed 7, 27 rows were trained on, 5 chose the best epoch, and 8 were held out" in english
    assert "| 好 | 20 |" in chinese
    assert text.count(card.digest.of_file(folder.path / "data.csv")) == 2


def test_a_run_that_was_stopped_says_where(make_folder):
    text = card.of(make_folder("stopped"), Settings())
    assert "训练停在第 5 步，共 8 步" in text
    assert "stopped at step 5 of 8" in text


def test_labels_that_are_markup_are_escaped(make_folder):
    text = card.of(make_folder(label="<b>|`好`{{x}}"), Settings())
    assert "<b>" not in text
    assert "\\<b\\>\\|\\`好\\`\\{\\{x\\}\\}" in text


def test_it_says_whether_the_training_was_worth_it_where_that_was_found_out(make_folder):
    folder = make_folder()
    scores = {"value": 0.75, "low": 0.5, "high": 0.9}
    contenders = [
        {
            "name": name,
            "accuracy": scores,
            "macro_f1": scores,
            "learned_from": 32,
            "seconds": 1.5,
            "size_bytes": 1 << 20,
        }
        for name in ("majority", "ngrams", "frozen", "finetuned")
    ]
    gain = {"value": 0.031, "low": -0.05, "high": 0.1}
    verdict = {"over": "ngrams", "macro_f1": gain, "accuracy": gain}
    empty = {"rows": [], "doubtful": [], "examined": 0, "examples": 40, "seconds": 1.0}
    found = {"classes": ["好", "差"], "contenders": contenders, "verdict": verdict, "before": "frozen"} | empty
    (folder.path / "evaluation.json").write_text(json.dumps(found))
    text = card.of(folder, Settings())
    assert text.count("75.0% (50%–90%)") == 16
    assert "没有明显的提高。宏平均 F1 相差 +3.1 (-5.0 … +10.0)" in text
    assert "no clear gain over the best simpler way. Difference of macro-F1: +3.1 (-5.0 … +10.0)" in text


def test_its_metadata_is_what_the_hub_reads(make_folder):
    said = metadata(card.of(make_folder(base="tea/bert@main", base_origin="hub", base_licence=""), Settings()))
    assert said["pipeline_tag"] == "text-classification"
    assert said["license"] == "other"
    assert said["base_model"] == "tea/bert"
    assert said["language"] == ["zh"]


def test_a_base_of_this_server_is_not_claimed_to_be_on_the_hub(make_folder):
    assert "base_model" not in metadata(card.of(make_folder(), Settings()))


def test_only_a_card_that_goes_with_the_training_tells_how_to_repeat_it(make_folder):
    folder = make_folder()
    assert "repeat.py" not in card.of(folder, Settings())
    assert card.of(folder, Settings(), can_repeat=True).count("python repeat.py") == 2
