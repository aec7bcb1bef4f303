"""One run inside this process: from a request to a model folder, through a stop and back, and its failures told."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from models.errors import BadInput
from models.finetune.request import FinetuneRequest
from models.finetune.run import Run, read_run
from models.finetune.run_folder import RunFolder
from models.finetune.worker import Worker
from models.settings import Settings


@pytest.fixture
def make_folder(tmp_path: Path, settings: Settings, tiny_bert: Path):
    """A run's folder as the store leaves it for the worker."""

    def make(chosen: Settings = settings, **options) -> RunFolder:
        folder = RunFolder(tmp_path / "aaaabbbbccccddddeeee")
        folder.path.mkdir()
        data = folder.path / "data.csv"
        rows = [f"{'茶很香喜欢' if n % 2 else '难吃差服务'}{n},{'好' if n % 2 else '差'}" for n in range(40)]
        data.write_text("\n".join(["text,label", *rows]), encoding="utf-8")
        asked = {"base_model": str(tiny_bert), "epochs": 2, "batch_size": 8, "learning_rate": 3e-3} | options
        folder.write_request(FinetuneRequest(str(data), "text", "label", **asked))
        folder.write_settings(replace(chosen, threads=1))
        folder.append(state="queued")
        return folder

    return make


def work(folder: RunFolder, stop_at: int | None = None) -> Run:
    """The run after a worker; stop_at: it is asked to stop once that many steps were told."""

    def should_stop() -> bool:
        return stop_at is not None and max((event.get("step", 0) for event in folder.events()), default=0) >= stop_at

    Worker(folder, should_stop).run()
    return read_run(folder)


def test_a_whole_run_ends_with_scores_curves_and_an_ordinary_model_folder(make_folder):
    folder = make_folder()
    run = work(folder)
    assert (run.state, run.step, run.steps) == ("finished", 8, 8)
    assert run.classes == ("好", "差") or run.classes == ("差", "好")
    assert run.metrics.rows == 8
    assert 0 <= run.metrics.accuracy <= 1
    assert len(run.losses) == 8
    assert run.validation[-1].step == 8
    assert run.validation[-1].rows == len(folder.split().validation) == 4
    assert run.baseline == 0.5
    assert run.has_model
    assert not folder.checkpoint.exists()


@pytest.mark.bundled
def test_the_defaults_teach_the_bundled_encoder_something_useful_from_a_hundred_rows(make_folder):
    folder = make_folder()
    topics = Path(__file__).resolve().parents[1] / "assets" / "examples" / "finetune_topics.csv"
    (folder.path / "data.csv").write_bytes(topics.read_bytes())
    folder.write_request(FinetuneRequest(str(folder.path / "data.csv"), "text", "topic"))
    run = work(folder)
    assert run.state == "finished", run.error
    assert run.baseline == 0.25
    assert run.metrics.accuracy >= 0.7


def test_the_saved_model_loads_with_transformers_and_gives_the_visitors_labels(make_folder):
    import transformers

    folder = make_folder()
    work(folder)
    model = transformers.AutoModelForSequenceClassification.from_pretrained(folder.model)
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder.model)
    assert set(model.config.id2label.values()) == {"好", "差"}
    assert model(**tokenizer("茶很香", return_tensors="pt")).logits.shape == (1, 2)
    assert not list(folder.path.rglob("*.bin")) + list(folder.path.rglob("*.pt"))


def test_a_stopped_run_keeps_a_checkpoint_and_a_usable_model_and_resumes_to_the_same_end(make_folder):
    folder = make_folder()
    stopped = work(folder, stop_at=3)
    assert (stopped.state, stopped.step, stopped.has_model) == ("stopped", 3, True)
    assert folder.checkpoint.is_file()
    folder.append(state="queued")
    resumed = work(folder)
    assert (resumed.state, resumed.step) == ("finished", 8)
    assert [loss.step for loss in resumed.losses] == list(range(1, 9))
    assert resumed.seconds > stopped.seconds


def test_what_was_told_after_the_checkpoint_is_forgotten_when_the_run_goes_on(make_folder):
    folder = make_folder()
    work(folder, stop_at=3)
    folder.append(state="queued")
    folder.append(state="running")
    folder.append(step=6, loss=0.1, learning_rate=1e-5, seconds_left=1)
    folder.append(state="queued")
    assert [loss.step for loss in work(folder).losses] == list(range(1, 9))


def test_a_run_stopped_before_its_first_step_has_no_model(make_folder):
    run = work(make_folder(), stop_at=0)
    assert (run.state, run.step, run.has_model) == ("stopped", 0, False)


def test_a_run_stops_at_its_time_limit_and_says_so(make_folder, settings):
    run = work(make_folder(replace(settings, max_train_seconds=0.0)))
    assert run.state == "stopped"
    assert run.notice.key == "finetune.time_limit"


def test_a_visitors_mistake_ends_the_run_with_its_sentence(make_folder, tmp_path):
    run = work(make_folder(base_model=str(tmp_path / "nowhere")))
    assert run.state == "failed"
    assert run.error.key == "errors.no_such_folder"
    assert run.error.values["folder"].endswith("nowhere")


def test_a_defect_ends_the_run_with_one_general_sentence_and_a_trace_in_the_log(make_folder, monkeypatch, caplog):
    folder = make_folder()
    monkeypatch.setattr("models.finetune.trainer.Trainer.run", lambda *_: 1 / 0)
    run = work(folder)
    assert (run.state, run.error.key) == ("failed", "errors.internal")
    assert "ZeroDivisionError" in caplog.text


def test_a_base_that_is_too_large_is_refused_before_it_is_loaded(make_folder, settings):
    run = work(make_folder(replace(settings, max_train_parameters=1000)))
    assert (run.state, run.error.key) == ("failed", "errors.base_too_large")


def test_a_model_of_another_task_is_refused_as_a_base(make_folder, tiny_gpt2):
    run = work(make_folder(base_model=str(tiny_gpt2)))
    assert (run.state, run.error.key) == ("failed", "errors.wrong_head")


def test_a_bare_encoder_will_do_as_a_base(make_folder, tiny_bert, tmp_path):
    import transformers

    bare = tmp_path / "bare"
    transformers.AutoModel.from_pretrained(tiny_bert).save_pretrained(bare)
    transformers.AutoTokenizer.from_pretrained(tiny_bert).save_pretrained(bare)
    assert json.loads((bare / "config.json").read_text())["architectures"] == ["BertModel"]
    assert work(make_folder(base_model=str(bare))).state == "finished"


def test_half_a_line_of_events_is_not_read(make_folder):
    folder = make_folder()
    with folder.events_file.open("a", encoding="utf-8") as file:
        file.write('{"at": 1, "state": "fini')
    assert [event["state"] for event in folder.events()] == ["queued"]


def test_a_line_that_broke_off_with_its_writer_spoils_no_other(make_folder):
    folder = make_folder()
    with folder.events_file.open("a", encoding="utf-8") as file:
        file.write('{"at": 1, "state": "run')
    folder.append(state="stopped")
    assert [event["state"] for event in folder.events()] == ["queued", "stopped"]


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("epochs", 0),
        ("epochs", 21),
        ("epochs", 2.5),
        ("epochs", None),
        ("batch_size", 65),
        ("learning_rate", 0.2),
        ("learning_rate", float("nan")),
        ("max_length", 4),
        ("seed", -1),
        ("held_out_share", 0.9),
    ],
)
def test_an_option_out_of_bounds_is_refused_with_its_bounds(option, value):
    with pytest.raises(BadInput) as refused:
        FinetuneRequest("data.csv", **{option: value})
    assert refused.value.values["option"] == option
    assert {"value", "low", "high"} <= set(refused.value.values)


def test_a_number_field_gives_floats_and_they_are_taken():
    assert FinetuneRequest("data.csv", epochs=3.0).epochs == 3


def test_the_same_worker_runs_under_accelerate_launch(make_folder):
    folder = make_folder(replace(Settings(), threads=1))
    command = ["-m", "accelerate.commands.launch", "--num_processes", "1", "--cpu", "-m", "models.finetune.worker"]
    root = Path(__file__).resolve().parents[1]
    subprocess.run([sys.executable, *command, str(folder.path)], cwd=root, check=True, timeout=240)
    run = read_run(folder)
    assert (run.state, run.step) == ("finished", run.steps), run.error


def test_of_several_processes_only_the_main_one_writes(make_folder):
    folder = make_folder()
    Worker(folder, lambda: False, is_main=False).run()
    assert [event["state"] for event in folder.events()] == ["queued"]
    assert not folder.model.exists()
    assert not folder.checkpoint.exists()


def test_a_comparison_that_fails_costs_a_notice_and_not_the_run(make_folder, monkeypatch, caplog):
    monkeypatch.setattr("models.finetune.evaluation.evaluate", lambda *_: 1 / 0)
    run = work(make_folder())
    assert (run.state, run.has_model, run.notice.key) == ("finished", True, "finetune.progress.not_compared")
    assert "ZeroDivisionError" in caplog.text


def test_the_model_is_usable_while_it_is_compared_and_after_that_was_cut_off(make_folder, monkeypatch):
    folder = make_folder()
    seen = []
    monkeypatch.setattr("models.finetune.evaluation.evaluate", lambda *_: seen.append(read_run(folder)))
    work(folder)
    assert seen[0].has_model
    assert seen[0].metrics is not None


@pytest.mark.parametrize("method", ["full", "head", "lora"])
def test_every_method_ends_in_an_ordinary_model_folder(make_folder, monkeypatch, method):
    import transformers

    monkeypatch.setattr("models.finetune.evaluation.evaluate", lambda *_: None)
    folder = make_folder(method=method)
    run = work(folder)
    assert run.state == "finished", run.error
    model = transformers.AutoModelForSequenceClassification.from_pretrained(folder.model)
    assert not any("lora" in name for name in model.state_dict())
