"""Loading: files become a model that answers, from safetensors only, with the size it really has."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from models import checkpoint
from models.activity import Activity
from models.catalog import Catalog
from models.errors import SourceFailed, UnsafeWeights
from models.loading import LoadedModel, Loader, import_libraries
from models.settings import Settings
from models.sources import Sources


@pytest.fixture
def load(settings: Settings):
    return loading(settings)


def loading(settings: Settings) -> Callable[[Path, str], LoadedModel]:
    """Loads a folder for a task, as the library does."""
    activity = Activity()
    sources = Sources(settings, activity)
    loader, catalog = Loader(settings, sources, activity), Catalog()
    return lambda folder, task: loader(sources.measured(catalog.find(str(folder), task)))


def test_a_classifier_is_loaded_with_its_labels(load, tiny_bert: Path) -> None:
    loaded = load(tiny_bert, "text-classification")
    ids = loaded.processor("今天真好", return_tensors="pt")
    assert loaded.labels == ["negative", "positive"]
    assert loaded.model(**ids).logits.shape == (1, 2)


def test_a_generator_is_loaded_and_its_characters_survive_the_tokenizer(load, tiny_gpt2: Path) -> None:
    loaded = load(tiny_gpt2, "text-generation")
    ids = loaded.processor("茶很香 ok")["input_ids"]
    assert loaded.processor.decode(ids) == "茶很香 ok"
    assert loaded.processor.chat_template


def test_an_image_classifier_is_loaded_with_its_processor(load, tiny_vit: Path) -> None:
    from PIL import Image

    loaded = load(tiny_vit, "image-classification")
    pixels = loaded.processor(Image.new("RGB", (50, 40)), return_tensors="pt")["pixel_values"]
    assert pixels.shape == (1, 3, 32, 32)
    assert loaded.model(pixel_values=pixels).logits.shape == (1, 3)


def test_half_precision_on_disk_is_single_in_memory_and_measured_so(load, tiny_bert: Path, tmp_path: Path) -> None:
    from transformers import AutoModelForSequenceClassification

    half = AutoModelForSequenceClassification.from_pretrained(tiny_bert, dtype=torch.float16)
    half.save_pretrained(tmp_path)
    for name in ("tokenizer.json", "tokenizer_config.json"):
        (tmp_path / name).write_bytes((tiny_bert / name).read_bytes())
    loaded = load(tmp_path, "text-classification")
    assert {parameter.dtype for parameter in loaded.model.parameters()} == {torch.float32}
    assert loaded.size_bytes >= 4 * half.num_parameters()


@pytest.mark.parametrize(("dtype", "width"), [("float32", 4), ("bfloat16", 2)])
def test_the_memory_reserved_is_that_of_the_number_format(
    settings: Settings, tiny_bert: Path, dtype: str, width: int
) -> None:
    loaded = loading(replace(settings, dtype=dtype))(tiny_bert, "text-classification")
    assert loaded.spec.dtype == dtype
    assert loaded.model.dtype == getattr(torch, dtype)
    assert loaded.spec.size_bytes == width * loaded.model.num_parameters()
    buffers = sum(buffer.nbytes for buffer in loaded.model.buffers())
    assert loaded.size_bytes == loaded.spec.size_bytes + buffers


def test_what_is_fine_tuned_from_is_in_single_precision_whatever_the_host_asks_for(
    settings: Settings, tiny_bert: Path
) -> None:
    sources = Sources(replace(settings, dtype="bfloat16"), Activity())
    spec = sources.measured(replace(Catalog().find(str(tiny_bert), "text-classification"), is_base=True))
    assert (spec.dtype, spec.size_bytes) == ("float32", 4 * checkpoint.parameters(tiny_bert))


def test_a_spec_is_measured_once(settings: Settings, tiny_bert: Path) -> None:
    sources = Sources(replace(settings, dtype="bfloat16"), Activity())
    spec = sources.measured(Catalog().find(str(tiny_bert), "text-classification"))
    assert sources.measured(spec) == spec


def test_our_own_architecture_is_known_once_the_libraries_are(load) -> None:
    import_libraries()
    config = {"model_type": "cifar_resnet", "architectures": ["CifarResNetForImageClassification"]}
    checkpoint.check_task("tea/ours", config, "image-classification")


def test_a_loaded_model_is_ready_to_answer_and_not_to_learn(load, tiny_bert: Path) -> None:
    model = load(tiny_bert, "text-classification").model
    assert not model.training
    assert not any(parameter.requires_grad for parameter in model.parameters())


def test_weights_that_are_shared_count_once(load, tiny_gpt2: Path) -> None:
    loaded = load(tiny_gpt2, "text-generation")
    assert loaded.model.lm_head.weight is loaded.model.transformer.wte.weight
    buffers = sum(buffer.nbytes for buffer in loaded.model.buffers())
    assert loaded.size_bytes == 4 * loaded.model.num_parameters() + buffers


def test_closing_lets_go_of_the_weights(load, tiny_bert: Path) -> None:
    import weakref

    loaded = load(tiny_bert, "text-classification")
    model = weakref.ref(loaded.model)
    loaded.close()
    assert model() is None


def test_a_folder_of_the_wrong_shape_is_one_readable_error(load, tiny_bert: Path, tmp_path: Path) -> None:
    for path in tiny_bert.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    config = (tmp_path / "config.json").read_text().replace('"hidden_size": 32', '"hidden_size": 31')
    (tmp_path / "config.json").write_text(config)
    with pytest.raises(SourceFailed) as caught:
        load(tmp_path, "text-classification")
    assert caught.value.key == "errors.broken_checkpoint"
    assert caught.value.values["model"] == str(tmp_path)


def test_a_pickle_named_like_a_checkpoint_is_never_opened(load, tiny_bert: Path, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_bytes((tiny_bert / "config.json").read_bytes())
    (tmp_path / "pytorch_model.bin").write_bytes(b"cos\nabort\n(tR.")  # would end this process
    with pytest.raises(UnsafeWeights):
        load(tmp_path, "text-classification")


def test_the_steps_of_a_load_are_told(settings: Settings, tiny_bert: Path) -> None:
    told: list[str] = []

    class Board(Activity):
        def step(self, name: str, key: str, total: int = 0):
            told.append(key)
            return super().step(name, key, total)

    activity = Board()
    Loader(settings, Sources(settings, activity), activity)(Catalog().find(str(tiny_bert), "text-classification"))
    assert told == ["activity.importing", "activity.loading"]
    assert activity.of(str(tiny_bert)) is None
