"""What run:<id> serves is the file that was trained: in the Sentiment tab, in batch mode, and after a resumed training."""

from __future__ import annotations

from pathlib import Path

import pytest
from safetensors.torch import load_file, save_file

from models import batch
from models.catalog import Catalog
from models.finetune import digest
from models.finetune.request import FinetuneRequest
from models.finetune.run_folder import RunFolder
from models.finetune.runs import RunStore
from models.sentiment import SentimentRunner
from models.settings import Settings

RUN = "a" * 20


@pytest.fixture
def store(settings: Settings, tiny_bert: Path):
    """A store in which one run has ended, with the weights of tiny_bert."""
    folder = RunFolder(settings.runs / RUN)
    folder.path.mkdir(parents=True)
    (folder.path / "data.csv").write_text("text,label\n茶,好\n水,差\n", encoding="utf-8")
    folder.write_request(FinetuneRequest(str(folder.path / "data.csv"), "text", "label"))
    folder.model.mkdir()
    for path in tiny_bert.iterdir():
        (folder.model / path.name).write_bytes(path.read_bytes())
    folder.append(state="running")
    folder.append(metrics={"loss": 0.5, "rows": 1, "accuracy": 1.0, "macro_f1": 1.0})
    folder.append(state="finished", step=4)
    store = RunStore(settings)
    yield store
    store.close()


@pytest.fixture
def library(make_library, store: RunStore):
    return make_library(catalog=Catalog(find_run=store.find))


def served(library) -> dict:
    with library.lease(f"run:{RUN}", "text-classification") as loaded:
        return {name: tensor.clone() for name, tensor in loaded.model.state_dict().items()}


def test_the_weights_that_answer_are_those_of_the_file_whose_hash_is_told(library, store, settings):
    folder = store.trained(RUN)
    told = store.status(RUN).sha256
    assert told == digest.of_file(folder.model / "model.safetensors")
    saved, answering = load_file(folder.model / "model.safetensors"), served(library)
    assert set(saved) <= set(answering)
    assert all(saved[name].to(answering[name].dtype).equal(answering[name]) for name in saved)


def test_after_a_run_went_on_its_new_file_answers_under_its_new_hash(library, store):
    before, told = served(library), store.status(RUN).sha256
    folder = store.trained(RUN)
    weights = load_file(folder.model / "model.safetensors")
    save_file(
        {name: tensor + 1 for name, tensor in weights.items()}, folder.model / "model.safetensors", {"format": "pt"}
    )
    folder.append(state="finished", step=8)
    assert store.status(RUN).sha256 != told
    after = served(library)
    assert not any(before[name].equal(after[name]) for name in weights)


def test_it_answers_a_text_and_a_whole_table_like_any_other_model(library, store, engine, settings, tmp_path):
    runner = SentimentRunner(library, engine, settings)
    one = runner.classify("茶很香", f"run:{RUN}")
    table = tmp_path / "many.csv"
    table.write_text("text\n茶很香\n难吃\n", encoding="utf-8")
    result = batch.classify_file(runner, table, "", f"run:{RUN}", settings)
    first = batch.write_csv(result, tmp_path).read_text(encoding="utf-8-sig").splitlines()
    assert first[0] == "text,label,score,negative,positive"
    assert first[1].split(",")[:2] == ["茶很香", one.best.label]
    assert len(first) == 3
