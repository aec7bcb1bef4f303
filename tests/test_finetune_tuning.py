"""What learns under each method, on a tiny model, and what is left of it in the saved one."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from models.finetune import tuning  # noqa: E402
from models.finetune.request import FinetuneRequest  # noqa: E402


@pytest.fixture(autouse=True, scope="module")
def imported():
    from models.loading import import_libraries

    import_libraries(threads=1)


def make_model(layers: int = 4):
    from transformers import BertConfig, BertForSequenceClassification

    torch.manual_seed(7)
    sizes = {"hidden_size": 16, "num_attention_heads": 2, "intermediate_size": 32}
    return BertForSequenceClassification(BertConfig(vocab_size=64, num_hidden_layers=layers, **sizes))


def make_writer():
    from transformers import GPT2Config, GPT2LMHeadModel

    return GPT2LMHeadModel(GPT2Config(vocab_size=64, n_embd=16, n_layer=2, n_head=2, n_positions=32))


def learning(model) -> set[str]:
    return {name for name, parameter in model.named_parameters() if parameter.requires_grad}


def apply(model, **options):
    tuning.apply(model, FinetuneRequest("data.csv", **options))
    return model


def test_by_default_the_upper_half_of_the_layers_and_the_head_learn():
    names = learning(apply(make_model()))
    assert {"classifier.weight", "bert.pooler.dense.weight", "bert.encoder.layer.2.output.dense.weight"} <= names
    assert not any(
        name.startswith(("bert.embeddings", "bert.encoder.layer.0", "bert.encoder.layer.1")) for name in names
    )


def test_as_many_of_the_last_layers_learn_as_asked_for():
    names = learning(apply(make_model(), layers=1))
    assert {name.split(".")[3] for name in names if ".layer." in name} == {"3"}
    assert any("layer.0" in name for name in learning(apply(make_model(), layers=50)))


def test_with_full_everything_learns():
    model = apply(make_model(), method="full")
    assert learning(model) == {name for name, _ in model.named_parameters()}


def test_with_head_only_what_follows_the_layers_learns():
    assert {name.rpartition(".")[0] for name in learning(apply(make_model(), method="head"))} == {
        "classifier",
        "bert.pooler.dense",
    }


def test_with_lora_adapters_and_head_learn_and_the_merged_model_has_the_same_names_and_answers():
    model = make_model().eval()
    before = set(model.state_dict())
    apply(model, method="lora", lora_rank=4, dropout=0.0)
    learnt = learning(model)
    assert all("lora_" in name or name.startswith(("classifier", "bert.pooler")) for name in learnt)
    assert sum("lora_A" in name for name in learnt) == 4 * 6  # six linear maps a layer
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "lora_B" in name:
                parameter.normal_(std=0.1)
    inputs = {"input_ids": torch.tensor([[1, 2, 3]])}
    adapted = model.eval()(**inputs).logits
    tuning.merge(model)
    assert set(model.state_dict()) == before
    torch.testing.assert_close(model(**inputs).logits, adapted)


@pytest.mark.parametrize("method", ["full", "last_layers", "head", "lora"])
def test_a_writer_is_tuned_by_the_same_methods(method):
    model = apply(make_writer(), method=method)
    assert learning(model)
    model(input_ids=torch.tensor([[1, 2, 3]])).logits.sum().backward()
    tuning.merge(model)
    assert set(model.state_dict()) == set(make_writer().state_dict())


def test_dropout_is_what_was_asked_for():
    model = apply(make_model(), dropout=0.3)
    shares = {module.p for module in model.modules() if isinstance(module, torch.nn.Dropout)}
    assert shares == {0.3}
