"""Whether a run was worth it: the figures behind the verdict, and a whole evaluation of a run's folder."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from fakes import DEAD_ENDPOINT
from sklearn.metrics import f1_score
from tiny_models import HAN, write_bert

from models.finetune import bootstrap, contenders, doubtful, evaluation, mistakes
from models.finetune.calibration import calibrate
from models.finetune.dataset import Examples
from models.finetune.judging import Judging, training_seconds
from models.finetune.mistakes import JudgedRow
from models.finetune.request import FinetuneRequest
from models.finetune.run_folder import RunFolder
from models.finetune.split import split
from models.settings import Settings

RUN = "aaaabbbbccccddddeeee"


@pytest.fixture(scope="module")
def two_classes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A random model that answers 好 or 差."""
    return write_bert(tmp_path_factory.mktemp("two") / "bert", labels=("差", "好"))


def write_folder(path: Path, base: Path, **options) -> RunFolder:
    """The folder of a run whose training has ended: 40 rows, a random model."""
    folder = RunFolder(path / RUN)
    folder.path.mkdir()
    labels = ["差", "好"] * 20
    texts = [f"{'茶很香喜欢' if n % 2 else '难吃差服务'}{HAN[n : n + 7]}" for n in range(40)]
    data = folder.path / "data.csv"
    lines = [f"{text},{label}" for text, label in zip(texts, labels, strict=True)]
    data.write_text("\n".join(["text,label", *lines]), encoding="utf-8")
    folder.write_request(FinetuneRequest(str(data), "text", "label", **({"base_model": str(base)} | options)))
    folder.write_settings(Settings(home=path / "home", endpoints=(DEAD_ENDPOINT,), threads=1))
    folder.write_split(split(Examples(tuple(texts), tuple(labels)), share=0.2, seed=0))
    folder.append(state="running")
    write_bert(folder.model, labels=("差", "好"))
    return folder


@pytest.fixture
def make_folder(tmp_path: Path, tiny_bert: Path):
    def make(**options) -> RunFolder:
        return write_folder(tmp_path, **({"base": tiny_bert} | options))

    return make


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory, tiny_bert: Path) -> RunFolder:
    """A folder that is evaluated; not to be changed."""
    folder = write_folder(tmp_path_factory.mktemp("finished"), tiny_bert)
    evaluation.evaluate(folder, lambda *_: None, lambda: False)
    return folder


def evaluated(folder: RunFolder) -> evaluation.Evaluation:
    evaluation.evaluate(folder, lambda *_: None, lambda: False)
    found = evaluation.read(folder)
    assert found is not None
    return found


def row(label: str, predicted: str, before: str, confidence: float = 0.9) -> JudgedRow:
    return JudgedRow(0, "茶", label, predicted, confidence, before, 0.6)


def test_macro_f1_is_that_of_scikit_learn():
    drawn = np.random.default_rng(0)
    truth, predicted = drawn.integers(0, 5, 200), drawn.integers(0, 4, 200)
    assert bootstrap.macro_f1(truth, predicted) == pytest.approx(f1_score(truth, predicted, average="macro"))


def test_an_interval_holds_the_score_and_the_same_seed_gives_the_same_one():
    truth = np.arange(100) % 2
    predicted = np.where(np.arange(100) % 10 == 0, 1 - truth, truth)
    first = bootstrap.estimate(truth, predicted, bootstrap.accuracy, seed=3)
    assert first == bootstrap.estimate(truth, predicted, bootstrap.accuracy, seed=3)
    assert first.low < first.value == 0.9 < first.high
    assert first.high - first.low == pytest.approx(2 * 1.96 * (0.09 / 100) ** 0.5, abs=0.02)


def test_a_gain_is_clear_when_many_rows_are_mended_and_not_when_as_many_are_broken():
    truth = np.arange(100) % 2
    poor = np.where(np.arange(100) < 30, 1 - truth, truth)
    good = np.where(np.arange(100) < 5, 1 - truth, truth)
    other = np.where(np.arange(100) >= 70, 1 - truth, truth)
    assert bootstrap.gain(truth, good, poor, bootstrap.macro_f1, 0).low > 0.1
    assert bootstrap.gain(truth, other, poor, bootstrap.macro_f1, 0).includes_zero
    assert bootstrap.gain(truth, poor, good, bootstrap.accuracy, 0).high < 0


def test_rows_that_both_find_hard_do_not_blur_a_gain():
    truth = np.zeros(200, dtype=int)
    poor = (np.arange(200) < 100).astype(int)
    good = (np.arange(200) < 90).astype(int)
    assert not bootstrap.gain(truth, good, poor, bootstrap.accuracy, 0).includes_zero
    intervals = [bootstrap.estimate(truth, one, bootstrap.accuracy, 0) for one in (poor, good)]
    assert intervals[0].high > intervals[1].low


def test_an_overconfident_classifier_is_found_out():
    honest = calibrate([0.8] * 100, [True] * 80 + [False] * 20)
    boastful = calibrate([0.99] * 100, [True] * 50 + [False] * 50)
    assert honest.error == pytest.approx(0, abs=1e-9)
    assert boastful.error == pytest.approx(0.49)
    (only,) = boastful.bins
    assert (only.rows, only.accuracy) == (100, 0.5)


@pytest.mark.parametrize(("rows", "most"), [(20, 5), (100, 10), (5000, 15)])
def test_few_rows_make_few_bins_and_no_row_is_lost(rows, most):
    sure = np.linspace(0, 1, rows)
    found = calibrate(sure, sure > 0.5)
    assert len(found.bins) <= most
    assert sum(one.rows for one in found.bins) == rows


def test_character_ngrams_learn_what_the_majority_cannot():
    texts = [f"{'好喝香' if n % 2 else '难喝苦'}{n}" for n in range(60)]
    labels = [n % 2 for n in range(60)]
    learned = contenders.ngrams(texts[:40], labels[:40], texts[40:], 2, None)
    guessed = contenders.majority(labels[:39], 2, 20)
    assert (learned.predicted == labels[40:]).all()
    assert learned.size_bytes > 0
    assert set(guessed.predicted) == {0}


def test_a_class_that_a_contender_has_not_seen_gets_no_probability_from_it():
    features = np.eye(3)[[0, 2] * 10]
    answers = contenders.frozen(features, [0, 2] * 10, features[:2], 4, None)
    assert answers.probabilities.shape == (2, 4)
    assert answers.probabilities[:, [1, 3]].sum() == 0
    assert list(answers.predicted) == [0, 2]


def clouds(wrong: list[int]) -> tuple[np.ndarray, list[int]]:
    """200 rows of two classes that lie apart, some of them with the wrong label."""
    labels = [n % 2 for n in range(200)]
    features = np.random.default_rng(0).normal(0, 0.3, (200, 4)) + np.array(labels)[:, None] * 2
    return features, [1 - label if place in wrong else label for place, label in enumerate(labels)]


def test_wrong_labels_among_right_ones_are_doubted_and_the_right_ones_suggested():
    wrong = [7, 20, 43, 58, 77, 101, 150, 180]
    features, labels = clouds(wrong)
    found = doubtful.doubts(features, labels, range(200), seed=0)
    assert {doubt.place for doubt in found} <= set(wrong)
    assert len(found) >= 6
    assert all(doubt.suggested == 1 - labels[doubt.place] for doubt in found)
    assert [doubt.given for doubt in found] == sorted(doubt.given for doubt in found)


def test_near_duplicates_with_the_same_wrong_label_do_not_vouch_for_each_other():
    """Six copies of one text share a feature of their own, by which a model that knows one knows the others."""
    features, labels = clouds([])
    alike, copies = list(range(200)), [7, 9, 11, 13, 15, 17]
    features = np.hstack([features, np.zeros((200, 1))])
    for place in copies:
        features[place] = [2, 2, 2, 2, 9]
        labels[place], alike[place] = 0, 7
    assert not {doubt.place for doubt in doubtful.doubts(features, labels, range(200), seed=0)} & set(copies)
    assert {doubt.place for doubt in doubtful.doubts(features, labels, alike, seed=0)} >= set(copies)


def test_a_class_too_small_to_be_judged_is_not_doubted():
    features = np.eye(2)[[0] * 20 + [1] * 20 + [0] * 2]
    assert not doubtful.doubts(features, [0] * 20 + [1] * 20 + [2] * 2, range(42), seed=0)
    assert not doubtful.doubts(features[:20], [0] * 20, range(20), seed=0)


def test_mistakes_come_with_the_most_confident_first_and_every_row_is_one_of_four_changes():
    rows = [row("好", "差", "好", 0.7), row("好", "差", "差", 0.95), row("好", "好", "差"), row("差", "差", "差")]
    assert [one.confidence for one in mistakes.mistakes(rows)] == [0.95, 0.7]
    assert [one.change for one in rows] == ["broken", "still_wrong", "mended", "kept"]
    assert mistakes.confusion(rows, ("好", "差")) == ((1, 2), (0, 1))
    scores = mistakes.class_scores(rows, ("好", "差", "中"))
    assert [one.support for one in scores] == [3, 1, 0]
    assert scores[0].precision == 1
    assert scores[1].precision == pytest.approx(1 / 3)


def test_mistakes_as_a_csv_run_no_formula_in_a_spreadsheet(tmp_path):
    bad = replace(row("好", "差", "差"), text='=HYPERLINK("http://x")')
    path = mistakes.write_csv([bad], tmp_path / "folder" / "mistakes.csv")
    text = path.read_text("utf-8-sig")
    assert text.splitlines()[0] == "text,label,predicted,confidence,before,before_confidence,change"
    assert "'=HYPERLINK" in text


def test_a_run_is_set_against_simpler_ways_on_the_same_held_out_rows(finished):
    found = evaluation.read(finished)
    assert [contender.name for contender in found.contenders] == ["majority", "ngrams", "frozen", "finetuned"]
    assert len(found.rows) == 8
    assert found.contender("majority").accuracy.value == 0.5
    assert found.contender("ngrams").accuracy.value == 1
    assert found.contender("ngrams").learned_from == 32
    assert found.verdict.over in ("ngrams", "frozen")
    assert found.verdict.kind in ("loss", "no_clear_gain")
    assert found.before == "frozen"
    assert found.finetuned.size_bytes > 10_000
    share = np.mean([one.is_right for one in found.rows])
    assert found.finetuned.accuracy.value == share
    assert (found.examined, found.examples) == (40, 40)


def test_the_fine_tuned_model_is_judged_by_what_its_folder_holds(finished):
    """Its answers are those that transformers gives with the same cut."""
    import torch
    import transformers

    found = evaluation.read(finished)
    model = transformers.AutoModelForSequenceClassification.from_pretrained(finished.model)
    tokenizer = transformers.AutoTokenizer.from_pretrained(finished.model)
    with torch.inference_mode():
        for judged_row in found.rows:
            chances = model(**tokenizer(judged_row.text, return_tensors="pt")).logits.softmax(-1)[0]
            assert model.config.id2label[int(chances.argmax())] == judged_row.predicted
            assert float(chances.max()) == pytest.approx(judged_row.confidence, abs=1e-4)


def test_a_base_that_knows_the_same_classes_is_a_contender_and_stands_for_before(make_folder, two_classes):
    found = evaluated(make_folder(base=two_classes))
    assert found.before == "base"
    assert found.contender("base").seconds == 0
    # Base and run are the same random model here.
    assert {one.change for one in found.rows} <= {"kept", "still_wrong"}
    assert found.contender("base").accuracy == found.finetuned.accuracy


def test_the_same_run_is_evaluated_to_the_same_figures(finished, make_folder):
    first, second = evaluation.read(finished), evaluated(make_folder())
    assert first.rows == second.rows
    assert first.verdict == second.verdict
    assert first.doubtful == second.doubtful


def test_progress_is_told_in_rising_shares(make_folder):
    told: list[tuple[str, float]] = []
    evaluation.evaluate(make_folder(), lambda key, share: told.append((key, share)), lambda: False)
    shares = [share for _, share in told]
    assert shares == sorted(shares)
    assert shares[0] == 0
    assert shares[-1] > 0.9
    assert {key.rpartition(".")[2] for key, _ in told} == {"ngrams", "frozen", "finetuned", "doubtful", "intervals"}


@pytest.mark.parametrize("after", [0, 1, 3, 6])
def test_an_evaluation_that_is_called_off_leaves_no_file(make_folder, after):
    folder, asked = make_folder(), []

    def should_stop() -> bool:
        asked.append(1)
        return len(asked) > after

    evaluation.evaluate(folder, lambda *_: None, should_stop)
    assert evaluation.read(folder) is None
    assert not list(folder.path.glob("evaluation*"))


def test_an_evaluation_of_a_model_that_was_replaced_since_counts_as_none(finished, tmp_path):
    folder = RunFolder(Path(shutil.copytree(finished.path, tmp_path / RUN)))
    assert evaluation.read(folder) is not None
    config = folder.model / "config.json"
    config.write_text(config.read_text(encoding="utf-8"), encoding="utf-8")
    assert evaluation.read(folder) is None


def test_a_writer_is_not_evaluated_as_a_classifier(make_folder):
    folder = make_folder(task="text-generation")
    evaluation.evaluate(folder, lambda *_: None, lambda: False)
    assert evaluation.read(folder) is None


def test_more_rows_than_the_base_model_reads_are_left_out_and_counted(make_folder, monkeypatch):
    monkeypatch.setattr("models.finetune.judging.MOST_READ", 12)
    found = evaluated(make_folder())
    assert (found.examined, found.examples) == (20, 40)
    assert found.contender("frozen").learned_from == 12
    assert found.contender("ngrams").learned_from == 32


def test_seconds_of_training_leave_out_the_queue_and_the_pause_before_a_resumption(tmp_path):
    folder = RunFolder(tmp_path)
    events = [
        {"at": 0, "state": "queued"},
        {"at": 50, "state": "running", "phase": "loading"},
        {"at": 60, "phase": "training"},
        {"at": 65, "step": 1},
        {"at": 500, "state": "queued"},
        {"at": 501, "state": "running", "phase": "loading"},
        {"at": 510, "phase": "training"},
        {"at": 513, "step": 2},
        {"at": 514, "phase": "evaluating"},
        {"at": 600, "state": "finished"},
    ]
    folder.events_file.write_text("".join(f"{json.dumps(event)}\n" for event in events))
    assert training_seconds(folder) == 5 + 4


def test_the_json_of_an_evaluation_is_plain_and_names_every_part(finished):
    found = evaluation.evaluation_json(evaluation.read(finished))
    plain = json.loads(json.dumps(found))
    assert plain["verdict"]["kind"] in ("gain", "loss", "no_clear_gain")
    assert set(plain["contenders"][0]["accuracy"]) == {"value", "low", "high"}
    assert sum(map(len, plain["changes"].values())) == plain["rows"] == 8
    assert {"confusion", "per_class", "calibration", "mistakes", "doubtful"} <= set(plain)


def test_judging_refuses_a_base_that_is_gone(make_folder, tmp_path):
    from models.errors import UnknownModel

    with pytest.raises(UnknownModel):
        Judging(make_folder(base=tmp_path / "nowhere"), lambda *_: None, lambda: False).evaluation()


def test_a_run_that_ends_by_itself_is_evaluated_to_the_figures_that_it_told(make_folder):
    from models.finetune.run import read_run
    from models.finetune.worker import Worker

    folder = make_folder(epochs=2, batch_size=8, learning_rate=3e-3)
    Worker(folder, lambda: False).run()
    run, found = read_run(folder), evaluation.read(folder)
    assert (run.state, run.notice) == ("finished", None)
    assert found.finetuned.accuracy.value == pytest.approx(run.metrics.accuracy, abs=1e-4)
    assert found.finetuned.macro_f1.value == pytest.approx(run.metrics.macro_f1, abs=1e-4)
    assert found.confusion == run.metrics.confusion
    assert 0 < found.finetuned.seconds < run.seconds
