"""Files -> LoadedModel in a number format. torch and transformers are imported here and below, at the first load.

Reads safetensors, and GGUF from an installed wheel; runs no code of a model's own. Knows neither the cache nor what a
model is used for.
"""

from __future__ import annotations

import json
import logging
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from models import memory, precision
from models.activity import Activity
from models.errors import SourceFailed, TeahouseError
from models.settings import Settings
from models.sources import Sources
from models.spec import BUNDLED, ModelSpec
from models.torchvision_ops import ensure_torchvision_ops

logger = logging.getLogger(__name__)
GGUF = ".gguf"  # one file with weights, configuration, tokenizer and chat template
_SAFE = {"use_safetensors": True, "trust_remote_code": False, "local_files_only": True}


@dataclass
class LoadedModel:
    """A model ready to answer: a transformers model in evaluation mode, and the processor its inputs go through."""

    spec: ModelSpec
    model: Any
    processor: Any
    size_bytes: int

    @property
    def labels(self) -> list[str]:
        """Class names in the order of the logits."""
        return [self.model.config.id2label[index] for index in range(self.model.config.num_labels)]

    def close(self) -> None:
        self.model = self.processor = None
        memory.release()


class Loader:
    """Loads any spec. Call it like a function: the cache does."""

    def __init__(self, settings: Settings, sources: Sources, activity: Activity) -> None:
        self._settings = settings
        self._sources = sources
        self._activity = activity

    def __call__(self, spec: ModelSpec) -> LoadedModel:
        with self._activity.step(spec.name, "activity.importing"):
            import_libraries(self._settings.threads)
        files = self._sources.fetch(spec)
        with self._activity.step(spec.name, "activity.loading", spec.size_bytes):
            return self._load(spec, files)

    def _load(self, spec: ModelSpec, files: Path) -> LoadedModel:
        dtype = spec.dtype or precision.pick(self._settings.dtype, spec.size_bytes)
        try:
            model = _model(spec.task, files, dtype)
            processor = _processor(spec.task, files)
        except TeahouseError:
            raise
        except Exception as error:
            logger.exception("loading %s", spec.name)
            raise SourceFailed("errors.broken_checkpoint", model=spec.shown_name, reason=_first_line(error)) from error
        return LoadedModel(spec, model, processor, _bytes(model))


def import_libraries(threads: int = 0) -> None:
    """The slow imports, once: torch, torchvision made to fit it, the transformers classes and our own among them."""
    memory.use_one_arena()
    import torch

    if threads:
        torch.set_num_threads(threads)
    ensure_torchvision_ops()
    import transformers

    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    from models import cifar_resnet, cifar_vit

    cifar_resnet.register()
    cifar_vit.register()


def _model(task: str, files: Path, dtype: str):
    import torch
    import transformers

    kind = {
        "text-classification": transformers.AutoModelForSequenceClassification,
        "text-generation": transformers.AutoModelForCausalLM,
        "image-classification": transformers.AutoModelForImageClassification,
    }[task]
    number_format = getattr(torch, dtype)
    if files.suffix == GGUF:
        model = kind.from_pretrained(files.parent, gguf_file=files.name, dtype=number_format, **_SAFE)
    elif (files / "adapter_config.json").is_file():
        # Merged in single precision: a small difference added in half precision would be rounded away.
        model = _adapted(kind, files, {"dtype": torch.float32, **_SAFE}).to(number_format)
    else:
        model = kind.from_pretrained(files, dtype=number_format, **_SAFE)
    return model.eval().requires_grad_(False)


def _adapted(kind, folder: Path, options: dict):
    """A PEFT adapter of ours merged into the bundled base it names: afterwards a model like any other."""
    import peft
    import transformers

    config = transformers.AutoConfig.from_pretrained(folder, local_files_only=True)
    base = kind.from_pretrained(base_folder(folder), config=config, **options)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # peft warns of a head that the adapter brings itself
        return peft.PeftModel.from_pretrained(base, folder).merge_and_unload()


def base_folder(folder: Path) -> Path:
    """The folder of the base model of an adapter: always a bundled one, by its catalog name."""
    name = json.loads((folder / "adapter_config.json").read_text(encoding="utf-8"))["base_model_name_or_path"]
    return BUNDLED / Path(name).name


def _processor(task: str, files: Path):
    import transformers

    options = {"trust_remote_code": False, "local_files_only": True}
    if files.suffix == GGUF:
        return transformers.AutoTokenizer.from_pretrained(files.parent, gguf_file=files.name, **options)
    if task == "image-classification":
        return transformers.AutoImageProcessor.from_pretrained(files, **options)
    has_own = any(files.glob("*token*")) or any(files.glob("vocab*"))
    return transformers.AutoTokenizer.from_pretrained(files if has_own else base_folder(files), **options)


def _bytes(model) -> int:
    tensors = {
        tensor.data_ptr(): tensor for tensor in [*model.parameters(), *model.buffers()]
    }  # tied weights count once
    return sum(tensor.nbytes for tensor in tensors.values())


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
