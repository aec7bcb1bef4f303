"""The training loop on a tiny model: it learns, tells what it does, stops when asked, goes on as if it had not."""

from __future__ import annotations

from dataclasses import replace

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
        validation=ROWS,
        held_out=ROWS,
        collate=collate,
        objective=objective or Classification(),
        head_factor=10.0,
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
    after = trainer.score()
    assert after["accuracy"] > 0.95 > before["accuracy"]
    assert after["macro_f1"] > 0.95
    assert after["loss"] < before["loss"]
    assert sum(map(sum, after["confusion"])) == after["rows"] == 48


def test_it_tells_every_step_and_looks_at_the_validation_rows_about_every_tenth_of_the_way():
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


class Scripted(Classification):
    """Scores an evaluation of all rows by a script, one figure an epoch, and where they are given one loss."""

    def __init__(self, *scores: float, losses: tuple[float, ...] = ()) -> None:
        super().__init__()
        self._scores, self._losses = list(scores), list(losses)

    def scores(self, model, batches):
        known = dict(super().scores(model, batches))
        if known["rows"] < len(ROWS):
            return known
        return known | {"macro_f1": self._scores.pop(0), "loss": self._losses.pop(0) if self._losses else 1.0}


@pytest.fixture
def no_looks(monkeypatch):
    """Evaluations at the ends of epochs alone."""
    monkeypatch.setattr("models.finetune.trainer.SAMPLE", 8)


def weights_of(trainer: Trainer) -> dict:
    return {name: tensor.clone() for name, tensor in trainer.model.state_dict().items()}


def test_the_weights_of_the_best_epoch_are_kept_and_of_two_equal_ones_the_earlier(no_looks):
    trainer = make_trainer(objective=Scripted(0.5, 0.8, 0.8, 0.7, 0.6, 0.8))
    at_second: dict = {}

    def on_event(event) -> None:
        if isinstance(event, Evaluated) and event.step == 12:
            at_second.update(weights_of(trainer))

    trainer.run(on_event, lambda: False)
    assert (trainer.best.step, trainer.best.score) == (12, 0.8)
    trainer.take_best()
    for name, tensor in trainer.model.state_dict().items():
        assert torch.equal(tensor, at_second[name]), name


def test_of_two_equal_scores_the_one_with_the_lower_loss_is_kept(no_looks):
    trainer = make_trainer(objective=Scripted(0.5, 0.8, 0.8, 0.8, 0.7, 0.8, losses=(0.9, 0.5, 0.4, 0.6, 0.1, 0.4)))
    trainer.run(lambda _: None, lambda: False)
    assert (trainer.best.step, trainer.best.score, trainer.best.loss) == (18, 0.8, 0.4)


def test_the_held_out_rows_are_not_looked_at_before_the_training_is_over():
    seen: list[int] = []
    trainer = make_trainer()
    secret = [{"input_ids": [5, 50, 50, 50, 6], "labels": 0}] * 4

    def watched(items):
        seen.extend(item["input_ids"][1] for item in items)
        return collate(items)

    trainer._lesson = replace(trainer._lesson, held_out=secret, collate=watched)
    trainer.run(lambda _: None, lambda: False)
    trainer.take_best()
    assert 50 not in seen
    assert trainer.score()["rows"] == 4
    assert seen[-4:] == [50] * 4


def test_lower_is_better_where_the_objective_says_so(no_looks):
    objective = Scripted(0.5, 0.4, 0.6, 0.4, 0.9, 0.9)
    objective.higher_is_better = False
    trainer = make_trainer(objective=objective)
    trainer.run(lambda _: None, lambda: False)
    assert (trainer.best.step, trainer.best.score) == (12, 0.4)


def test_it_stops_early_after_as_many_epochs_without_a_better_score_as_its_patience(no_looks):
    trainer = make_trainer(replace(OPTIONS, patience=2), Scripted(0.5, 0.8, 0.8, 0.7, 0.9))
    assert trainer.run(lambda _: None, lambda: False)
    assert (trainer.step, trainer.best.step) == (24, 12)


def test_what_was_best_and_the_patience_survive_an_interruption(no_looks):
    broken = make_trainer(replace(OPTIONS, patience=2), Scripted(0.8, 0.5))
    broken.run(lambda _: None, lambda: broken.step == 15)
    tensors, values = broken.state()
    resumed = make_trainer(replace(OPTIONS, patience=2), Scripted(0.6, 0.9))
    resumed.restore({name: tensor.clone() for name, tensor in tensors.items()}, values)
    assert resumed.run(lambda _: None, lambda: False)
    assert (resumed.step, resumed.best.step) == (18, 6)
    resumed.take_best()
    for name, tensor in resumed.best.weights.items():
        assert torch.equal(tensor, tensors[f"best.{name}"])


def test_accumulated_batches_make_the_step_that_one_large_batch_makes():
    def trained(**options) -> Trainer:
        chosen = replace(OPTIONS, epochs=1, optimizer="sgd", learning_rate=0.1, **options)
        trainer = make_trainer(chosen, dropout=0.0)
        trainer.run(lambda _: None, lambda: False)
        return trainer

    large, small = trained(batch_size=48), trained(batch_size=8, accumulation=6)
    assert large.steps == small.steps == 1
    for name, tensor in large.model.state_dict().items():
        torch.testing.assert_close(small.model.state_dict()[name], tensor, atol=1e-5, rtol=1e-4, msg=name)


@pytest.mark.parametrize(("optimizer", "rate"), [("adamw", 3e-3), ("adam", 1e-3), ("sgd", 0.02), ("rmsprop", 3e-4)])
def test_each_optimizer_goes_on_as_if_it_had_not_stopped(optimizer, rate):
    options = replace(OPTIONS, optimizer=optimizer, learning_rate=rate, epochs=6, weight_decay=0.0)
    whole, broken, resumed = (make_trainer(options) for _ in range(3))
    torch.manual_seed(3)
    whole.run(lambda _: None, lambda: False)
    torch.manual_seed(3)
    broken.run(lambda _: None, lambda: broken.step == 9)
    resumed.restore(*broken.state())
    resumed.run(lambda _: None, lambda: False)
    assert not torch.equal(whole.model.classifier.weight, make_trainer(options).model.classifier.weight)
    for name, tensor in whole.model.state_dict().items():
        assert torch.equal(resumed.model.state_dict()[name], tensor), name


def test_without_warm_up_the_first_step_is_the_largest():
    events = []
    make_trainer(replace(OPTIONS, warmup=0.0)).run(events.append, lambda: False)
    rates = [event.learning_rate for event in events if isinstance(event, Stepped)]
    assert rates == sorted(rates, reverse=True)
    assert rates[0] == OPTIONS.learning_rate


def test_the_new_head_learns_faster_and_biases_are_not_decayed():
    trainer = make_trainer(replace(OPTIONS, weight_decay=0.1))
    groups = {(group["highest"], group["weight_decay"]) for group in trainer._optimizer.param_groups}
    assert groups == {(3e-3, 0.1), (3e-3, 0.0), (3e-2, 0.1), (3e-2, 0.0)}


def test_classes_that_weigh_more_are_told_apart_by_their_loss():
    def loss(weights) -> float:
        trainer = make_trainer(objective=Classification(weights), dropout=0.0)
        return trainer._lesson.objective.loss(trainer.model.eval(), collate(ROWS[:2])).item()

    alike, first, second = loss(None), loss([1.0, 0.0]), loss([0.0, 1.0])
    assert first != second
    assert alike == pytest.approx((first + second) / 2)


def test_smoothed_labels_punish_certainty():
    trainer = make_trainer(replace(OPTIONS, epochs=8), dropout=0.0)
    trainer.run(lambda _: None, lambda: False)
    batch = collate(ROWS)
    plain, smooth = (Classification(None, share).loss(trainer.model.eval(), batch) for share in (0.0, 0.2))
    assert smooth > plain


def test_in_bfloat16_it_still_learns():
    trainer = make_trainer(replace(OPTIONS, precision="bfloat16"))
    trainer.run(lambda _: None, lambda: False)
    assert trainer.score()["accuracy"] > 0.9
