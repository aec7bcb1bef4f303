"""A writer through the store of runs, with a real worker: found by its task, talked to as run:<id>, refused elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from test_finetune_runs import ended, wait_for

from models.catalog import Catalog
from models.engine import Engine
from models.errors import BadInput, WrongTask
from models.finetune.request import CLASSIFY, WRITE, FinetuneRequest
from models.finetune.runs import RunStore
from models.generation import GenerationOptions, GenerationRunner
from models.library import Library
from models.sentiment import SentimentRunner
from models.spec import ModelSpec

EXAMPLES = Path(__file__).resolve().parents[1] / "assets" / "examples"
DESK, TEA = EXAMPLES / "finetune_desk.csv", EXAMPLES / "finetune_tea.csv"
SHORT = GenerationOptions(max_new_tokens=6, seed=1)


@pytest.fixture
def store(settings) -> Iterator[RunStore]:
    made = RunStore(replace(settings, threads=1))
    yield made
    made.close()


def teach(store: RunStore, base: Path, **options) -> ModelSpec:
    """The model of a short run that has finished."""
    usual = {"base_model": str(base), "task": WRITE, "epochs": 1, "max_length": 64, "learning_rate": 1e-3}
    run = store.start(FinetuneRequest(str(DESK), **usual | options))
    run = wait_for(store, run.run_id, ended, seconds=300)
    assert run.state == "finished", run.error
    return store.find(run.run_id)


def test_a_writer_talks_and_continues_as_run_id_and_no_other_tab_takes_it(
    store: RunStore, tiny_gpt2: Path, make_library: Callable[..., Library], engine: Engine, settings
):
    spec = teach(store, tiny_gpt2)
    assert spec.task == WRITE
    library = make_library(settings, Catalog(find_run=store.find))
    runner = GenerationRunner(library, engine, settings)
    assert list(runner.chat([{"role": "user", "content": "几点开门？"}], spec.name, SHORT))
    assert list(runner.stream("茶", spec.name, SHORT))[-1].startswith("茶")
    with pytest.raises(WrongTask) as refused:
        SentimentRunner(library, engine, settings).classify("茶", spec.name)
    assert (refused.value.values["task"], refused.value.values["wanted"]) == (WRITE, CLASSIFY)

    again = teach(store, Path(spec.name))  # a writer is a base too
    assert again.name != spec.name


def test_an_encoder_is_refused_for_writing_and_a_writer_for_classes_before_a_run_exists(store: RunStore, settings):
    for file, base, task in ((DESK, "encoder-zh", WRITE), (TEA, "gpt-zh", CLASSIFY)):
        with pytest.raises(WrongTask):
            store.start(FinetuneRequest(str(file), base_model=base, task=task))
    assert not settings.runs.exists() or not any(path.is_dir() for path in settings.runs.iterdir())


def test_a_table_without_a_usable_row_is_refused(store: RunStore, tmp_path: Path):
    path = tmp_path / "empty.csv"
    path.write_text("question,answer\n几点开门？,\n,九点。\n", encoding="utf-8")
    with pytest.raises(BadInput):
        store.start(FinetuneRequest(str(path), "question", "answer", task=WRITE))
