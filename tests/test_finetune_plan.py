"""The plan: what a training will take, what fits some minutes, what is refused before it starts."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from models import memory
from models.errors import BadInput
from models.finetune import plan, planner
from models.finetune.measured import Measured, Pace
from models.finetune.planner import Planner
from models.finetune.reckoning import needed_bytes
from models.finetune.request import FinetuneRequest
from models.settings import MB
from models.spec import ModelSpec

REQUEST = FinetuneRequest("data.csv", epochs=6, batch_size=16, max_length=128)
HALF = Pace("last_layers", 0, ((1000, 1.1), (2000, 2.1), (4000, 4.1)), ((1000, 0.5),))
FULL = Pace("full", 0, tuple((tokens, 2 * seconds) for tokens, seconds in HALF.steps), HALF.looks)
HEAD = Pace("head", 0, tuple((tokens, 0.5 * seconds) for tokens, seconds in HALF.steps), HALF.looks)


def measured(*paces: Pace, rows: int = 800, **changed) -> Measured:
    lengths = tuple(int(length) for length in np.linspace(20, 120, rows))
    values = {
        "loading": 10.0,
        "epoch_data": 0.0,
        "checkpoint": 0.1,
        "saving": 1.0,
        "exact_look": 0.0005,
        "train": lengths,
        "validation": lengths[::8],
        "held_out": lengths[::4],
        "alike": 4,
        "is_divided": False,
        "class_weights": (0.5, 1.5),
        "classes": ("好", "差"),
        "parameters": 1000,
        "peak_bytes": 500 * MB,
        "result_bytes": 2 * MB,
        "paces": paces or (HALF,),
    }
    return Measured(**values | changed)


def test_the_time_goes_by_the_tokens_of_batches_not_by_their_number():
    short = measured(train=(20,) * 800, validation=(20,) * 100, held_out=(20,) * 200)
    long = measured(train=(120,) * 800, validation=(120,) * 100, held_out=(120,) * 200)
    ratio = plan.reckon(REQUEST, long).seconds.training / plan.reckon(REQUEST, short).seconds.training
    assert 4 < ratio < 6


def test_twice_the_epochs_take_nearly_twice_the_training_and_load_once():
    once, twice = (plan.reckon(replace(REQUEST, epochs=epochs), measured()).seconds for epochs in (3, 6))
    assert 1.6 * once.training < twice.training < 2 * once.training  # looks within an epoch are as many in both
    assert twice.loading == once.loading


def test_steps_are_counted_with_accumulation_and_rows_beyond_the_length_are_told():
    told = plan.reckon(replace(REQUEST, accumulation=4, max_length=100), measured(rows=160))
    assert told.steps == 6 * 3
    assert told.cut_rows == sum(length >= 100 for length in measured(rows=160).train)
    assert told.class_weights == (("好", 0.5), ("差", 1.5))


def test_the_reckoning_knows_the_batches_and_looks_that_the_trainer_makes():
    from models.finetune import trainer

    assert (plan.LOOKS, plan.SAMPLE) == (trainer.EVALUATIONS, trainer.SAMPLE)
    assert (plan.BUCKET, plan.LOOK_ROWS) == (trainer._BUCKET, trainer._EVALUATION_BATCH)
    lengths = np.random.default_rng(0).integers(5, 100, 1000)
    padded = plan.batch_tokens(lengths, 10)
    assert len(padded) == 100
    assert lengths.sum() < padded.sum() < 1.1 * lengths.sum()  # sorted within buckets: little is padding


def test_what_fits_the_minutes_stays_as_it_was_asked():
    told = plan.fit(REQUEST, measured(), minutes=60)
    assert told.request == REQUEST


def test_with_fewer_minutes_there_are_fewer_epochs_then_shorter_texts_then_fewer_layers():
    asked = replace(REQUEST, method="full")
    data = measured(FULL, HALF, HEAD)
    wanted = [plan.fit(asked, data, minutes) for minutes in (14, 8, 5, 3)]
    for told, minutes in zip(wanted, (14, 8, 5, 3), strict=True):
        assert told.seconds.total <= 60 * minutes
    assert wanted[0].request.method == "full"
    assert wanted[0].request.epochs < 6
    assert [told.request.method for told in wanted] == ["full", "last_layers", "head", "head"]
    assert wanted[-1].request.max_length < 128


def test_minutes_that_are_too_few_for_anything_are_refused_with_those_that_would_do():
    with pytest.raises(BadInput) as refused:
        plan.fit(REQUEST, measured(), minutes=0.1)
    assert refused.value.key == "errors.too_few_minutes"
    assert plan.fit(REQUEST, measured(), minutes=refused.value.values["least"]).seconds.total > 0


def test_measured_values_survive_their_file(tmp_path):
    measured().write(tmp_path / "measured.json")
    assert Measured.read(tmp_path / "measured.json") == measured()


@pytest.fixture
def request_of_rows(tmp_path: Path, tiny_bert: Path) -> FinetuneRequest:
    rows = [f"{'茶很香喜欢' if n % 2 else '难吃差服务'}{'一二三四五六七八九十'[: n % 9]},{n % 2}" for n in range(60)]
    data = tmp_path / "rows.csv"
    data.write_text("\n".join(["text,label", *rows]), encoding="utf-8")
    return FinetuneRequest(str(data), "text", "label", base_model=str(tiny_bert), epochs=2, batch_size=8)


def test_a_plan_is_measured_on_real_steps_and_leaves_nothing_behind(settings, request_of_rows, tmp_path):
    phases: list[str] = []
    before = set(tmp_path.iterdir())
    told = Planner(replace(settings, threads=1)).plan(request_of_rows, tell=lambda phase, share: phases.append(phase))
    assert told.seconds.total > 0
    assert 100 * MB < told.peak_bytes < 4000 * MB
    assert told.result_bytes > 10_000
    assert told.train_rows > told.held_out_rows > told.validation_rows > 0
    assert told.train_rows + told.held_out_rows + told.validation_rows == 18  # unlike ones
    assert "loading" in phases
    assert set(tmp_path.iterdir()) == before


def test_a_plan_that_needs_more_memory_than_there_is_is_refused_with_both_figures(monkeypatch):
    monkeypatch.setattr(memory, "available", lambda: 300 * MB)
    planner.refuse_too_large(200 * MB)
    with pytest.raises(BadInput) as refused:
        planner.refuse_too_large(1500 * MB)
    assert refused.value.key == "errors.plan_too_large"
    assert refused.value.values == {"needed": "1,500", "available": "300"}


def test_a_visitors_mistake_that_only_shows_while_measuring_is_told_as_their_sentence(settings, request_of_rows):
    with pytest.raises(Exception, match="no_masked_words"):
        Planner(settings).plan(replace(request_of_rows, augment="mask"))


def test_more_layers_longer_texts_and_larger_batches_are_reckoned_to_need_more_memory():
    base = ModelSpec("encoder-zh", "text-classification", "models/bundled/encoder-zh", parameters=26_600_000)
    usual = needed_bytes(REQUEST, base, longest=100)
    assert 450 * MB < usual < 1500 * MB
    assert needed_bytes(replace(REQUEST, method="full"), base, 100) > usual
    assert needed_bytes(replace(REQUEST, method="head"), base, 100) < usual
    assert needed_bytes(replace(REQUEST, batch_size=64), base, 100) > usual
    assert needed_bytes(REQUEST, base, 10) < usual
    large = ModelSpec("large", "text-classification", "owner/large", origin="hub", parameters=300_000_000)
    assert needed_bytes(replace(REQUEST, method="full"), large, 100) > 4000 * MB
