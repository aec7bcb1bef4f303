"""Every broken table trains once it is repaired, and those without a repair that are not refused train as they are."""

from __future__ import annotations

import shutil
from dataclasses import replace

import pytest
from broken_tables import Broken, broken_tables

from models.errors import BadInput
from models.finetune import dataset
from models.finetune.repair import repair
from models.finetune.request import FinetuneRequest
from models.finetune.run import read_run
from models.finetune.run_folder import RunFolder
from models.finetune.worker import Worker


def one_of_each_kind() -> list[Broken]:
    return list({table.kind: table for table in broken_tables()}.values())


@pytest.mark.parametrize("table", one_of_each_kind(), ids=lambda table: table.kind)
def test_a_repaired_table_is_trained_on(tmp_path, settings, tiny_bert, table):
    path, columns = table.write(tmp_path), ("review", "label")
    finding = next(
        finding
        for finding in dataset.inspect(path, label_column=table.label_column, settings=settings).findings
        if finding.kind == table.kind
    )
    if finding.repair:
        done = repair(path, tmp_path / "repaired.csv", "", table.label_column, [table.kind], settings=settings)
        path, columns = done.path, (done.text_column, done.label_column)
    folder = RunFolder(tmp_path / "aaaabbbbccccddddeeee")
    folder.path.mkdir()
    copy = shutil.copy(path, folder.path / "data.csv")
    folder.write_request(FinetuneRequest(str(copy), *columns, base_model=str(tiny_bert), epochs=1, max_length=64))
    folder.write_settings(replace(settings, threads=1))
    folder.append(state="queued")
    Worker(folder, lambda: any(event.get("step") for event in folder.events())).run()
    run = read_run(folder)
    assert run.error is None
    assert run.state in ("stopped", "finished")
    assert run.has_model
    assert run.step >= 1


@pytest.mark.parametrize("name", ["open_quote", "ragged_row"])
def test_a_table_whose_cells_are_a_guess_is_not_trained_on_by_those_who_never_looked(tmp_path, settings, name):
    (table,) = [table for table in broken_tables() if table.name == name]
    with pytest.raises(BadInput) as refused:
        dataset.read_examples(table.write(tmp_path), "review", "label", settings)
    assert refused.value.values["row"] == table.rows[0]
