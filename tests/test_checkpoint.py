"""What the files say before anything is loaded: task, size, safety."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from models import checkpoint
from models.errors import SourceFailed, UnknownModel, UnsafeWeights, WrongTask


def test_only_safetensors_and_plain_text_of_the_top_folder_are_wanted() -> None:
    names = ["config.json", "model.safetensors", "vocab.txt", "spiece.model", "chat_template.jinja", "README.md"]
    others = [
        "pytorch_model.bin",
        "tf_model.h5",
        "modeling_own.py",
        "onnx/model.onnx",
        "sub/model.safetensors",
        ".gitattributes",
    ]
    assert checkpoint.wanted_files(names + others) == sorted(set(names) - {"README.md"})


def test_pickles_alone_are_refused_by_their_names() -> None:
    with pytest.raises(UnsafeWeights) as caught:
        checkpoint.check_weights("tea/x", ["config.json", "pytorch_model.bin"])
    assert (caught.value.key, caught.value.values["files"]) == ("errors.only_pickle", "pytorch_model.bin")


def test_no_weights_at_all_are_refused_otherwise() -> None:
    with pytest.raises(UnsafeWeights) as caught:
        checkpoint.check_weights("tea/x", ["config.json", "model.gguf"])
    assert (caught.value.key, caught.value.values) == ("errors.no_weights", {"model": "tea/x"})


@pytest.mark.parametrize(
    ("config", "task"),
    [
        ({"model_type": "bert", "architectures": ["BertForSequenceClassification"]}, "text-classification"),
        ({"model_type": "gpt2", "architectures": ["GPT2LMHeadModel"]}, "text-generation"),
        ({"model_type": "qwen2", "architectures": ["Qwen2ForCausalLM"]}, "text-generation"),
        ({"model_type": "vit", "architectures": ["ViTForImageClassification"]}, "image-classification"),
        ({"model_type": "timm_wrapper", "architecture": "resnet18", "num_classes": 10}, "image-classification"),
        ({"architecture": "resnet18", "num_classes": 10}, "image-classification"),
        ({"model_type": "bert", "architectures": ["BertModel"]}, None),
        ({"model_type": "bert", "architectures": ["BertForMaskedLM"]}, None),
        ({}, None),
    ],
)
def test_the_head_tells_the_task(config: dict, task: str | None) -> None:
    assert checkpoint.task_of(config) == task
    if task:
        checkpoint.check_task("tea/x", config, task)


def test_another_head_is_refused_by_its_name() -> None:
    with pytest.raises(WrongTask) as caught:
        checkpoint.check_task("tea/x", {"model_type": "bert", "architectures": ["BertForMaskedLM"]}, "text-generation")
    assert caught.value.values == {"model": "tea/x", "head": "BertForMaskedLM", "wanted": "text-generation"}


@pytest.mark.parametrize("kind", ["gongfu", None])
def test_code_of_its_own_is_refused(kind: str | None) -> None:
    config = {"model_type": kind, "auto_map": {"AutoModel": "x.Y"}, "architectures": ["YForCausalLM"]}
    with pytest.raises(UnsafeWeights) as caught:
        checkpoint.check_task("tea/x", config, "text-generation")
    assert caught.value.key == "errors.own_code"


def test_an_unknown_architecture_is_refused_by_its_name() -> None:
    config = {"model_type": "gongfu", "architectures": ["GongfuForCausalLM"]}
    with pytest.raises(UnknownModel) as caught:
        checkpoint.check_task("tea/x", config, "text-generation")
    assert caught.value.values == {"model": "tea/x", "kind": "gongfu"}


def test_parameters_are_counted_from_the_headers_of_all_shards(tmp_path: Path) -> None:
    import torch
    from safetensors.torch import save_file

    save_file({"a": torch.zeros(3, 4), "b": torch.zeros(5)}, tmp_path / "model-00001-of-00002.safetensors")
    save_file(
        {"c": torch.zeros(2, dtype=torch.float16)}, tmp_path / "model-00002-of-00002.safetensors", {"format": "pt"}
    )
    assert checkpoint.parameters(tmp_path) == 12 + 5 + 2


@pytest.mark.parametrize(
    "body", [b"", b"short", b"\xff" * 8, b"\x02" + b"\0" * 7 + b"[]", b"\x07" + b"\0" * 7 + b'{"a":1}']
)
def test_weights_without_a_header_are_refused_by_the_name_of_the_file(tmp_path: Path, body: bytes) -> None:
    (tmp_path / "model.safetensors").write_bytes(body)
    with pytest.raises(SourceFailed) as caught:
        checkpoint.parameters(tmp_path, "tea/x")
    assert caught.value.values == {"model": "tea/x", "reason": "model.safetensors"}


@pytest.mark.parametrize("text", ["", "[]", "{", "\udcff"])
def test_a_config_that_is_no_object_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "config.json").write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(SourceFailed):
        checkpoint.read_config(tmp_path, "tea/x")


def test_a_config_is_read_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps({"标签": 1}), encoding="utf-8")
    assert checkpoint.read_config(tmp_path) == {"标签": 1}
