"""What is taken away of a run: a zip whose script answers as the page does and whose training gives the same figures."""

from __future__ import annotations

import hashlib
import json
import runpy
import shutil
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from models.finetune import package, repeat
from models.finetune.request import WRITE, FinetuneRequest
from models.finetune.run import read_run
from models.finetune.run_folder import RunFolder
from models.finetune.worker import Worker
from models.settings import Settings

ROOT = Path(__file__).resolve().parents[1]
SECRET = "茶很香喜欢"
# The installed torchvision may not fit the installed torch; the script must not need it.
_WITHOUT_TORCHVISION = "import runpy, sys; sys.modules['torchvision'] = None; sys.argv = sys.argv[1:]; runpy.run_path(sys.argv[0], run_name='__main__')"


def write_run(path: Path, settings: Settings, base: Path, **options) -> RunFolder:
    """A queued run on forty rows that nothing learns much from."""
    path.mkdir(parents=True)
    folder = RunFolder(path)
    rows = [f"{SECRET if n % 2 else '难吃差服务'}{n},{'<好|>' if n % 2 else '差'}" for n in range(40)]
    data = folder.path / "data.csv"
    data.write_text("\n".join(["text,label", *rows]), encoding="utf-8")
    asked = {"base_model": str(base), "epochs": 2, "batch_size": 8, "learning_rate": 3e-3, "max_length": 48} | options
    folder.write_request(FinetuneRequest(str(data), "text", "label", **asked))
    folder.write_settings(replace(settings, threads=1))
    folder.append(state="queued")
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, tiny_bert: Path) -> RunFolder:
    """A finished run. Tests only read it."""
    home = tmp_path_factory.mktemp("package")
    folder = write_run(home / "runs" / ("a" * 20), Settings(home=home, warm_up=False), tiny_bert)
    Worker(folder, lambda: False).run()
    assert read_run(folder).state == "finished", read_run(folder).error
    return folder


@pytest.fixture(scope="module")
def unzipped(folder: RunFolder, tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("taken")
    package.zip_of(folder, target / "model.zip")
    with zipfile.ZipFile(target / "model.zip") as archive:
        archive.extractall(target / "model")
    return target / "model"


def run_script(*arguments: str | Path, lines: str = "") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", _WITHOUT_TORCHVISION, *map(str, arguments)]
    return subprocess.run(command, input=lines, capture_output=True, encoding="utf-8", timeout=300)


def test_the_script_classifies_lines_as_the_served_model_does(unzipped: Path, folder: RunFolder, make_library, engine):
    from models.catalog import Catalog
    from models.sentiment import SentimentRunner
    from models.spec import ModelSpec

    spec = ModelSpec("run:a", "text-classification", str(folder.model), origin="run", dtype="float32", size_bytes=1)
    runner = SentimentRunner(make_library(catalog=Catalog(find_run=lambda _: spec)), engine, Settings(home=unzipped))
    texts = ["茶很香", "服务差，难吃"]
    answered = run_script(unzipped / "classify.py", lines="\n".join([*texts, "", ""]))
    assert answered.returncode == 0, answered.stderr
    for text, line in zip(texts, answered.stdout.splitlines(), strict=True):
        best = runner.classify(text, "run:a").best
        label, share, said = line.split("\t")
        assert (label, said) == (best.label, text)
        assert float(share) == pytest.approx(best.score, abs=1e-3)


def test_the_script_takes_texts_as_arguments_and_reads_as_much_as_training_did(unzipped: Path, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["classify.py", "茶" * 5000, "水"])
    runpy.run_path(str(unzipped / "classify.py"), run_name="__main__")
    assert [line.split("\t")[2] for line in capsys.readouterr().out.splitlines()] == ["茶" * 5000, "水"]
    assert "MAX_LENGTH = 48 " in (unzipped / "classify.py").read_text(encoding="utf-8")


def test_the_training_repeated_from_the_zip_gives_the_same_figures_and_weights(unzipped: Path, tmp_path: Path):
    said = subprocess.run(
        [sys.executable, unzipped / "repeat.py", ROOT, "--work", tmp_path],
        capture_output=True,
        encoding="utf-8",
        timeout=300,
    )
    assert said.returncode == 0, said.stdout + said.stderr
    lines = said.stdout.splitlines()
    assert {line.split()[1] for line in lines} >= {"steps", "accuracy", "macro_f1", "loss", "split.json"}
    assert all(line.startswith("= ") for line in lines)
    assert any(line.startswith("= model.safetensors") for line in lines)


def test_a_repetition_that_comes_out_otherwise_says_which_figure_and_what_was_different(unzipped: Path, tmp_path: Path):
    figures = [repeat.Figure("accuracy", 0.9, 0.8), repeat.Figure("steps", 8, 8)]
    lines = list(repeat.report(figures, {"threads": 1, "python": "3"}, {"threads": 4, "python": "3"}))
    assert lines[0].startswith("≠ accuracy")
    assert lines[1].startswith("= steps")
    assert lines[2] == "threads: 1 → 4"


def test_repeating_away_from_the_repository_is_refused_in_both_languages(unzipped: Path, tmp_path: Path):
    said = subprocess.run([sys.executable, unzipped / "repeat.py", tmp_path], capture_output=True, encoding="utf-8")
    assert said.returncode == 2
    assert "不是模型茶馆的代码" in said.stderr
    assert "is not the Model Teahouse repository" in said.stderr


def test_the_same_run_gives_the_same_zip_to_the_last_byte(folder: RunFolder, tmp_path: Path):
    hashes = set()
    for name in ("one.zip", "two.zip"):
        package.zip_of(folder, tmp_path / name)
        hashes.add(hashlib.sha256((tmp_path / name).read_bytes()).hexdigest())
    assert len(hashes) == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["one.zip", "two.zip"]


def test_the_stamp_of_a_package_changes_when_its_run_has_been_evaluated_or_trained_on(
    folder: RunFolder, tmp_path: Path
):
    copy = RunFolder(tmp_path / ("d" * 20))
    shutil.copytree(folder.path, copy.path)
    stamps = [package.stamp(copy)]
    (copy.path / "evaluation.json").write_text("{}")
    stamps.append(package.stamp(copy))
    (copy.model / "model.safetensors").write_bytes(b"more")
    stamps.append(package.stamp(copy))
    assert len(set(stamps)) == 3
    assert package.stamp(copy) == stamps[-1]


def test_the_zip_carries_the_visitors_rows_and_what_may_be_published_does_not(
    folder: RunFolder, unzipped: Path, tiny_bert
):
    assert SECRET in (unzipped / "training" / "data.csv").read_text(encoding="utf-8")
    for name, content in package.published(folder).items():
        text = (content if isinstance(content, bytes) else content.read_bytes()).decode(errors="ignore")
        assert SECRET not in text, name
        assert str(tiny_bert) not in text, name
        assert not name.startswith("training/")
        assert name != "repeat.py"


def test_neither_package_names_the_run_or_a_place_on_the_server(folder: RunFolder, unzipped: Path):
    for path in unzipped.rglob("*"):
        if path.is_file() and path.suffix != ".safetensors":
            text = path.read_text(encoding="utf-8")
            assert folder.run_id not in text, path.name
            assert str(folder.path.parent) not in text, path.name


def test_a_base_that_was_another_run_is_not_named_by_its_key(folder: RunFolder, tmp_path: Path, tiny_bert, settings):
    other = write_run(tmp_path / ("c" * 20), settings, tiny_bert, base_model=f"run:{folder.run_id}")
    (tmp_path / folder.run_id).symlink_to(folder.path)
    Worker(other, lambda: False).run()
    assert read_run(other).state == "finished", read_run(other).error
    package.zip_of(other, tmp_path / "other.zip")
    with zipfile.ZipFile(tmp_path / "other.zip") as archive:
        for name in archive.namelist():
            assert folder.run_id.encode() not in archive.read(name), name
        asked = json.loads(archive.read("training/request.json"))
    assert asked["base_model"].startswith("run:aaaa")


def test_a_writer_is_taken_away_with_a_script_that_answers_and_repeats_to_the_same_figures(
    tmp_path: Path, settings, tiny_gpt2, monkeypatch, capsys
):
    path = tmp_path / ("w" * 20)
    path.mkdir()
    rows = [f"{'茶水山月风'[n % 5]}{'好有无大来'[n // 5]},{SECRET}{n}" for n in range(20)]
    (path / "data.csv").write_text("\n".join(["question,answer", *rows]), encoding="utf-8")
    folder = RunFolder(path)
    asked = {"base_model": str(tiny_gpt2), "epochs": 1, "batch_size": 8, "task": WRITE}
    folder.write_request(FinetuneRequest(str(path / "data.csv"), "question", "answer", **asked))
    folder.write_settings(replace(settings, threads=1))
    folder.append(state="queued")
    Worker(folder, lambda: False).run()
    assert read_run(folder).state == "finished", read_run(folder).error
    package.zip_of(folder, tmp_path / "writer.zip")
    with zipfile.ZipFile(tmp_path / "writer.zip") as archive:
        archive.extractall(tmp_path / "model")
    monkeypatch.setattr(sys, "argv", ["talk.py", "茶好", "月有"])
    runpy.run_path(str(tmp_path / "model" / "talk.py"), run_name="__main__")
    assert len(capsys.readouterr().out.splitlines()) >= 2
    readme = (tmp_path / "model" / "README.md").read_text(encoding="utf-8")
    assert "问答模型" in readme
    assert "Perplexity of the base on the same rows" in readme
    assert all(
        SECRET not in str(content) for content in package.published(folder).values() if isinstance(content, bytes)
    )
    compared = repeat.repeated(tmp_path / "model" / "training", tmp_path)
    assert {figure.name for figure in compared} >= {"perplexity", "loss", "model.safetensors"}
    assert all(figure.is_same for figure in compared), compared


def test_the_requirements_are_pinned_to_what_trained_it(unzipped: Path):
    import transformers

    lines = (unzipped / "requirements.txt").read_text(encoding="utf-8").split()
    assert f"transformers=={transformers.__version__}" in lines
    assert any(line.startswith("torch==") and "+" not in line for line in lines)


def test_a_run_of_an_older_app_is_still_taken_away_with_its_script(folder: RunFolder, tmp_path: Path):
    older = RunFolder(tmp_path / ("b" * 20))
    older.path.mkdir()
    for name in ("request.json", "data.csv", "events.jsonl"):
        (older.path / name).write_bytes((folder.path / name).read_bytes())
    older.model.symlink_to(folder.model)
    names = set(package.packed(older))
    assert {"model.safetensors", "classify.py", "requirements.txt", "README.md"} <= names
    assert "repeat.py" not in names
