"""The training loop on a tiny model: it learns, tells what it does, stops when asked, goes on as if it had not."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from models.finetune import tuning  # noqa: E402
from models.finetune.course import Lesson  # noqa: E402
from models.finetune.objective import Classification  # noqa: E402
from models.finetune.request import FinetuneRequest  # noqa: E402
from models.finetune.split import Split  # noqa: E402
from models.finetune.trainer import Evaluated, Stepped, Trainer, TrainOptions  # noqa: E402

# A label that can be read off one token: any working loop learns it.
ROWS = [{"input_ids": [5, 10 + n % 2, 20 + n % 7, 30 + n % 5, 6], "labels": n % 2} for n in range(48)]
OPTIONS = TrainOptions(epochs=6, batch_size=8, learning_rate=3e-3, seed=1)


def make_trainer(options: TrainOptions = OPTIONS, objective=None, **asked) -> Trainer:
    """asked: options of the request on what learns."""
    from transformers import BertConfig, BertForSequenceClassification

    torch.manual_seed(7)
    config = BertConfig(
        vocab_size=64,
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        num_labels=2,
    )
    model = BertForSequenceClassification(config)
    tuning.apply(model, FinetuneRequest("data.csv", **{"method": "full"} | asked))
    lesson = Lesson(
        model=model,
        tokenizer=None,
        rows=len(ROWS),
        train=lambda epoch: ROWS,
        held_out=ROWS,
        collate=collate,
        objective=objective or Classification(),
        split=Split(tuple(range(48)), (), ("0", "1")),
    )
    return Trainer(lesson, options)


@pytest.fixture(autouse=True, scope="module")
def imported():
    from models.loading import import_libraries

    import_libraries(threads=1)


def collate(items):
    ids = torch.tensor([item["input_ids"] for item in items])
    return {"input_ids": ids, "attention_mask": ids != 0, "labels": torch.tensor([item["labels"] for item in items])}


def test_it_learns_what_can_be_learnt():
    events = []
    trainer = make_trainer()
    before = trainer.evaluate().scores
    assert trainer.run(events.append, lambda: False)
    after = trainer.evaluate(exact=True).scores
    assert after["accuracy"] > 0.95 > before["accuracy"]
    assert after["macro_f1"] > 0.95
    assert after["loss"] < before["loss"]
    assert sum(map(sum, after["confusion"])) == after["rows"] == 48


def test_it_tells_every_step_and_looks_at_the_held_out_rows_about_every_tenth_of_the_way():
    events = []
    make_trainer().run(events.append, lambda: False)
    steps = [event.step for event in events if isinstance(event, Stepped)]
    looks = [event.step for event in events if isinstance(event, Evaluated)]
    assert steps == list(range(1, 37))
    assert {6, 12, 18, 24, 30, 36} <= set(looks)
    assert 10 <= len(looks) <= 16


def test_the_learning_rate_warms_up_and_runs_down():
    events = []
    make_trainer().run(events.append, lambda: False)
    rates = [event.learning_rate for event in events if isinstance(event, Stepped)]
    highest = rates.index(max(rates))
    assert max(rates) == pytest.approx(OPTIONS.learning_rate)
    assert 0 < highest < 8
    assert rates[highest:] == sorted(rates[highest:], reverse=True)
    assert rates[-1] < 0.05 * max(rates)


def test_it_stops_before_the_next_step_when_asked():
    events = []
    trainer = make_trainer()
    assert not trainer.run(events.append, lambda: trainer.step == 5)
    assert [event.step for event in events if isinstance(event, Stepped)] == [1, 2, 3, 4, 5]


def test_a_run_that_goes_on_from_its_state_ends_where_an_unbroken_one_does():
    whole, broken, resumed = make_trainer(), make_trainer(), make_trainer()
    torch.manual_seed(3)
    whole.run(lambda _: None, lambda: False)
    torch.manual_seed(3)
    broken.run(lambda _: None, lambda: broken.step == 17)
    tensors, values = broken.state()
    resumed.restore({name: tensor.clone() for name, tensor in tensors.items()}, values)
    assert resumed.step == 17
    assert resumed.run(lambda _: None, lambda: False)
    assert resumed.step == whole.step == 36
    for name, tensor in whole.model.state_dict().items():
        torch.testing.assert_close(resumed.model.state_dict()[name], tensor, msg=name)


def test_each_row_is_learnt_once_an_epoch_and_in_another_order_in_the_next():
    trainer = make_trainer()
    first, second = ([row for step in trainer._epoch(epoch) for batch in step for row in batch] for epoch in (0, 1))
    for rows in (first, second):
        assert sorted(map(id, rows)) == sorted(map(id, ROWS))
    assert first != second
    assert first == [row for step in make_trainer()._epoch(0) for batch in step for row in batch]
