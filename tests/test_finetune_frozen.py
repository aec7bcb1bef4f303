"""Frozen layers are run once, and the model learns and answers as if they had been run each time."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from models.finetune import frozen, tuning  # noqa: E402
from models.finetune.course import Lesson  # noqa: E402
from models.finetune.objective import Classification  # noqa: E402
from models.finetune.request import FinetuneRequest  # noqa: E402
from models.finetune.split import Split  # noqa: E402
from models.finetune.trainer import Trainer, TrainOptions  # noqa: E402

ROWS = [{"input_ids": [5, 10 + n % 2, *range(20, 21 + n % 7), 6], "labels": n % 2} for n in range(40)]


@pytest.fixture(autouse=True, scope="module")
def imported():
    from models.loading import import_libraries

    import_libraries(threads=1)


def collate(items):
    longest = max(len(item["input_ids"]) for item in items)
    ids = torch.tensor([item["input_ids"] + [0] * (longest - len(item["input_ids"])) for item in items])
    return {"input_ids": ids, "attention_mask": (ids != 0).long(), "labels": torch.tensor([i["labels"] for i in items])}


def make_lesson(kind: str = "Bert", **asked) -> Lesson:
    import transformers

    torch.manual_seed(7)
    shape = {"vocab_size": 64, "max_position_embeddings": 32, "pad_token_id": 0}
    if kind == "DistilBert":
        shape |= {"dim": 16, "hidden_dim": 32, "n_layers": 4, "n_heads": 2}
    else:
        shape |= {"hidden_size": 16, "num_hidden_layers": 4, "num_attention_heads": 2, "intermediate_size": 32}
    model = getattr(transformers, f"{kind}ForSequenceClassification")(getattr(transformers, f"{kind}Config")(**shape))
    tuning.apply(model, FinetuneRequest("data.csv", **{"dropout": 0.0} | asked))
    split = Split(tuple(range(40)), (), ("0", "1"))
    return Lesson(model, None, 40, lambda epoch: ROWS, ROWS[:10], ROWS[10:20], collate, Classification(), split)


def train(lesson: Lesson) -> tuple[dict, dict]:
    """The weights and the scores after two epochs."""
    trainer = Trainer(lesson, TrainOptions(epochs=2, batch_size=8, learning_rate=1e-3))
    trainer.run(lambda _: None, lambda: False)
    scores = trainer.evaluate().scores
    return trainer.unfold().model.state_dict(), scores


@pytest.mark.parametrize("kind", ["Bert", "Roberta", "DistilBert"])
@pytest.mark.parametrize("method", ["last_layers", "head"])
def test_a_folded_model_learns_what_the_whole_one_learns(kind, method):
    folded = frozen.fold(make_lesson(kind, method=method))
    assert folded.unfold is not None
    weights, scores = train(folded)
    expected, known = train(make_lesson(kind, method=method))
    assert set(weights) == set(expected)
    for name, tensor in expected.items():
        torch.testing.assert_close(weights[name], tensor, atol=1e-4, rtol=1e-3, msg=name)
    assert scores["loss"] == pytest.approx(known["loss"], abs=1e-4)


def test_the_frozen_layers_are_not_run_again():
    lesson = make_lesson(method="head")
    folded = frozen.fold(lesson)
    runs = []
    for module in [*lesson.model.modules()]:
        if type(module).__name__ == "BertLayer":
            module.register_forward_hook(lambda *_: runs.append(1))
    train(folded)
    assert not runs


def test_a_model_with_more_below_its_layers_is_left_as_it_is():
    lesson = make_lesson("Electra", method="head")
    names = set(lesson.model.state_dict())
    assert frozen.fold(lesson) is lesson
    assert set(lesson.model.state_dict()) == names
    train(lesson)


@pytest.mark.parametrize("method", ["full", "lora"])
def test_where_every_layer_learns_there_is_nothing_to_fold(method):
    lesson = make_lesson(method=method)
    assert frozen.fold(lesson) is lesson


def test_features_that_would_take_too_much_memory_are_not_remembered(monkeypatch):
    monkeypatch.setattr(frozen, "MOST_BYTES", 1000)
    lesson = make_lesson(method="head")
    assert frozen.fold(lesson) is lesson
