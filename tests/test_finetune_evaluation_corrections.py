"""Corrected labels as a table to train on again, and evaluations found by the id of their run."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from tiny_models import HAN, write_bert

from models.errors import BadInput, UnknownRun
from models.finetune import corrections, dataset, evaluation
from models.finetune.bootstrap import Estimate
from models.finetune.doubtful import DoubtfulRow
from models.finetune.evaluation import Contender, Evaluation, Verdict
from models.finetune.evaluations import Evaluations
from models.finetune.mistakes import JudgedRow
from models.finetune.request import FinetuneRequest
from models.finetune.run_folder import RunFolder
from models.finetune.runs import RunStore
from models.settings import Settings

RUN = "aaaabbbbccccddddeeee"
ONE = Estimate(0.5, 0.4, 0.6)
FOUND = Evaluation(
    classes=("好", "差"),
    contenders=(Contender("majority", ONE, ONE, 4, 0.0, 0), Contender("finetuned", ONE, ONE, 4, 1.0, 100)),
    verdict=Verdict("majority", ONE, ONE),
    before="frozen",
    rows=(JudgedRow(0, "茶很香", "差", "好", 0.9, "差", 0.6),),
    doubtful=(DoubtfulRow(0, "茶很香", "差", "好", 0.9, 0.1), DoubtfulRow(2, "难吃", "好", "差", 0.8, 0.2)),
    examined=4,
    examples=4,
    seconds=1.0,
)
TABLE = "id,text,label\n1,茶很香 ,差\n2,水好喝,好\n3,难吃,好\n4,茶很香,差\n5,=1+1,差\n6,太咸,差\n"


@pytest.fixture
def request_of(tmp_path: Path):
    """A request whose table holds these lines."""

    def make(table: str = TABLE) -> FinetuneRequest:
        path = tmp_path / "data.csv"
        path.write_text(table, encoding="utf-8")
        return FinetuneRequest(str(path), "text", "label")

    return make


@pytest.fixture
def store(settings: Settings):
    """A store with the folder of one run that has trained, without an evaluation."""
    folder = RunFolder(settings.runs / RUN)
    folder.path.mkdir(parents=True)
    labels = ["差", "好"] * 20
    texts = [f"{'茶很香喜欢' if n % 2 else '难吃差服务'}{HAN[n : n + 7]}" for n in range(40)]
    rows = "\n".join(f"{text},{label}" for text, label in zip(texts, labels, strict=True))
    (folder.path / "data.csv").write_text(f"text,label\n{rows}\n", encoding="utf-8")
    base = write_bert(settings.home / "base")
    folder.write_request(FinetuneRequest(str(folder.path / "data.csv"), "text", "label", base_model=str(base)))
    folder.write_settings(settings)
    write_bert(folder.model, labels=("差", "好"))
    scores = {"accuracy": 0.5, "macro_f1": 0.5, "loss": 0.7, "rows": 8, "confusion": [[2, 2], [2, 2]]}
    for event in ({"state": "queued"}, {"state": "running"}, {"metrics": scores}, {"state": "finished"}):
        folder.append(**event)
    runs = RunStore(settings)
    yield runs
    runs.close()


def test_accept_all_takes_every_suggestion():
    assert corrections.parse(" Accept all", FOUND) == {0: "好", 2: "差"}


def test_some_rows_are_corrected_by_their_number_with_a_label_of_ones_own_choice():
    assert corrections.parse('{"2": "好"}', FOUND) == {2: "好"}


@pytest.mark.parametrize(
    ("asked", "key", "named", "valid"),
    [
        ("all of them", "errors.corrections_unread", "all of them", "accept all"),
        ("[1, 2]", "errors.corrections_unread", "[1, 2]", "accept all"),
        ("{}", "errors.corrections_unread", "{}", "accept all"),
        ('{"1": "好"}', "errors.correction_row", "1", "0, 2"),
        ('{"0": "中"}', "errors.correction_label", "中", "好, 差"),
        ('{"0": ["好"]}', "errors.correction_label", "['好']", "好, 差"),
    ],
)
def test_what_cannot_be_corrected_is_refused_with_what_can(asked, key, named, valid):
    with pytest.raises(BadInput) as refused:
        corrections.parse(asked, FOUND)
    assert refused.value.key == key
    assert named in refused.value.values.values()
    assert valid in refused.value.values["valid"]


def test_the_table_keeps_its_rows_and_columns_and_only_the_labels_change(request_of, settings, tmp_path):
    path = corrections.write({0: "好"}, FOUND, request_of(), settings, tmp_path / "out" / "corrected.csv")
    lines = path.read_text(encoding="utf-8-sig").splitlines()
    assert lines[0] == "id,text,label"
    assert lines[1].endswith(",好")
    assert lines[4] == "4,茶很香,好", "the same text again has the same label"
    assert lines[2:4] == ["2,水好喝,好", "3,难吃,好"]
    assert lines[5] == "5,=1+1,差", "what is trained on again is not touched"
    report = dataset.inspect(path, settings=settings)
    assert (report.text_column, report.label_column, report.rows) == ("text", "label", 6)


def test_a_table_without_a_header_gets_none(settings, tmp_path):
    path = tmp_path / "data.csv"
    path.write_text("茶很香,差\n茶很香啊,好\n难吃,差\n很好,好\n真差,差\n好喝,好\n", encoding="utf-8")
    request = FinetuneRequest(str(path), "1", "2")
    written = corrections.write({0: "好"}, FOUND, request, settings, tmp_path / "corrected.csv")
    assert written.read_text(encoding="utf-8-sig").splitlines()[0] == "茶很香,好"


def test_a_run_without_an_evaluation_is_evaluated_in_a_process_of_its_own_and_then_only_read(store, settings):
    found = Evaluations(store, settings)
    assert found.find(RUN) is None
    first = found.computed(RUN)
    assert first.finetuned.learned_from == 28  # 4 rows choose the epoch
    assert first.contender("ngrams").learned_from == 40 - len(first.rows)
    written = evaluation.file_of(store.folder(RUN)).stat().st_mtime_ns
    assert found.computed(f"run:{RUN}") == first
    assert evaluation.file_of(store.folder(RUN)).stat().st_mtime_ns == written
    assert found.find(RUN) is found.find(RUN)
    csv = found.rows_csv(RUN, "mistakes")
    assert csv.is_relative_to(settings.uploads)
    assert len(csv.read_text("utf-8-sig").splitlines()) == 1 + len(first.changed("mistakes"))


def test_a_run_that_is_not_there_or_has_no_model_is_refused(store, settings):
    found = Evaluations(store, settings)
    with pytest.raises(UnknownRun) as refused:
        found.computed("nobody")
    assert refused.value.key == "errors.unknown_run"
    shutil.rmtree(store.folder(RUN).model)
    with pytest.raises(UnknownRun) as refused:
        found.computed(RUN)
    assert refused.value.key == "errors.run_without_model"


def test_an_evaluation_that_fails_is_said_and_the_run_is_none_the_worse(store, settings):
    folder = store.folder(RUN)
    (folder.path / "data.csv").unlink()
    with pytest.raises(UnknownRun) as refused:
        Evaluations(store, settings).computed(RUN)
    assert refused.value.key == "errors.not_evaluated"
    assert store.status(RUN).has_model
    assert "data.csv" in folder.log.read_text(encoding="utf-8")


def test_an_old_evaluation_of_a_model_that_went_on_learning_is_not_shown(store, settings):
    folder, found = store.folder(RUN), Evaluations(store, settings)
    evaluation.evaluate(folder, lambda *_: None, lambda: False)
    assert found.find(RUN) is not None
    later = evaluation.file_of(folder).stat().st_mtime + 10
    os.utime(folder.model / "config.json", (later, later))
    assert found.find(RUN) is None
