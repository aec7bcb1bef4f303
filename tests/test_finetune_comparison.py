"""Runs set side by side: which settings differ, which scores may be compared, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from models.errors import BadInput
from models.finetune import comparison
from models.finetune.request import FinetuneRequest
from models.finetune.run_folder import RunFolder

METRICS = {"accuracy": 0.8, "macro_f1": 0.7, "loss": 0.5, "rows": 4, "confusion": [[2, 0], [1, 1]]}


@pytest.fixture
def make_folder(tmp_path: Path):
    """The files of a run that has ended."""

    def make(letter: str, *, held_out=(2, 3), rows: str = "茶,好\n水,差\n", **options) -> RunFolder:
        folder = RunFolder(tmp_path / (letter * 20))
        folder.path.mkdir()
        (folder.path / "data.csv").write_text(f"text,label\n{rows}", encoding="utf-8")
        folder.write_request(FinetuneRequest(str(folder.path / "data.csv"), "text", "label", **options))
        split = {"train": [0, 1], "held_out": list(held_out), "classes": ["好", "差"]}
        (folder.path / "split.json").write_text(json.dumps(split))
        folder.model.mkdir()
        (folder.model / "config.json").write_text("{}")
        (folder.model / "model.safetensors").write_bytes(b"x" * 1000)
        folder.append(state="running")
        folder.append(step=1, loss=0.9, learning_rate=1e-3)
        folder.append(step=1, validation={"loss": 0.6, "rows": 4, "accuracy": 0.75, "macro_f1": 0.6})
        folder.append(metrics=METRICS)
        folder.append(state="finished", step=1)
        return folder

    return make


def test_only_the_settings_that_differ_are_named(make_folder):
    runs = [make_folder("a", epochs=3, seed=1), make_folder("b", epochs=5, seed=1)]
    assert comparison.compare(runs).different == {"epochs": (3, 5)}


def test_each_run_comes_with_scores_curves_size_and_base(make_folder):
    first, second = [make_folder("a"), make_folder("b", base_model="tea/bert")]
    said = comparison.comparison_json(comparison.compare([first, second]))
    one, other = said["runs"]
    assert one["run_id"] == first.run_id
    assert one["scores"] == {"accuracy": 0.8, "macro_f1": 0.7}
    assert one["intervals"] == {}
    assert one["size_bytes"] == 1000
    assert [loss["step"] for loss in one["losses"]] == [1]
    assert one["validation"][0]["accuracy"] == 0.75
    assert (one["base_model"], other["base_model"]) == ("encoder-zh", "tea/bert")
    assert json.loads(json.dumps(said)) == said


def test_a_run_that_is_still_training_is_compared_by_its_latest_scores(make_folder):
    going = make_folder("a")
    lines = going.events_file.read_text().splitlines()
    going.events_file.write_text("\n".join(lines[:3]) + "\n")
    first = comparison.compare([going, make_folder("b")]).runs[0]
    assert first.scores == {"accuracy": 0.75, "macro_f1": 0.6}


@pytest.mark.parametrize("other", [{"held_out": (0, 1)}, {"rows": "另,好\n外,差\n"}])
def test_runs_that_were_judged_on_other_rows_are_told_apart(make_folder, other):
    same = [make_folder("a"), make_folder("b", epochs=2)]
    assert comparison.compare(same).same_rows
    assert not comparison.compare([*same, make_folder("c", **other)]).same_rows


def test_a_run_that_has_not_drawn_its_rows_yet_is_not_said_to_share_them(make_folder):
    waiting = make_folder("b")
    (waiting.path / "split.json").unlink()
    assert not comparison.compare([make_folder("a"), waiting]).same_rows


def test_fewer_than_two_more_than_four_or_the_same_run_twice_are_refused(make_folder):
    folders = [make_folder(letter) for letter in "abcde"]
    for chosen in ([], folders[:1], folders, [folders[0], folders[0]]):
        with pytest.raises(BadInput) as refused:
            comparison.compare(chosen)
        assert refused.value.key == "errors.compare_count"
