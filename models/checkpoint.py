"""What the files of a model say about it before anything is loaded: its task, its size, whether it is safe.

Reads config.json and the headers of safetensors and never opens a pickle; asks transformers only which kinds it knows.
"""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Iterable, Mapping
from pathlib import Path

from models.errors import BadInput, SourceFailed, UnknownModel, UnsafeWeights, WrongTask
from models.spec import FLOAT32_BYTES, MB, ModelSpec, Task

LARGEST_HEADER = 100 * 1024 * 1024  # bytes; the bound that safetensors itself sets
# What a checkpoint may consist of. Weights are safetensors only; .model is a SentencePiece vocabulary.
ALLOWED_SUFFIXES = (".safetensors", ".json", ".txt", ".model", ".jinja")
_PICKLES = (".bin", ".pt", ".pth", ".ckpt", ".pkl", ".h5", ".msgpack")
_HEADS: tuple[tuple[str, Task], ...] = (
    ("ForSequenceClassification", "text-classification"),
    ("ForCausalLM", "text-generation"),
    ("LMHeadModel", "text-generation"),
    ("ForImageClassification", "image-classification"),
)


def wanted_files(names: Iterable[str]) -> list[str]:
    """Of a repository's files, those a model is loaded from: top level only, no pickles, no other frameworks."""
    return sorted(name for name in names if "/" not in name and name.endswith(ALLOWED_SUFFIXES))


def check_weights(model: str, names: Iterable[str]) -> None:
    """UnsafeWeights where there are no safetensors; the sentence says which pickles there are instead."""
    names = list(names)
    if any(name.endswith(".safetensors") for name in names):
        return
    pickles = [name for name in names if name.endswith(_PICKLES)]
    if pickles:
        raise UnsafeWeights("errors.only_pickle", model=model, files=", ".join(pickles[:3]))
    raise UnsafeWeights("errors.no_weights", model=model)


def check_listing(model: str, sizes: Mapping[str, int], max_download: int) -> None:
    """Refuses a repository by the names and sizes (bytes) of its files, before any of them is fetched."""
    check_weights(model, [name for name in sizes if "/" not in name])
    if "config.json" not in sizes:
        raise UnknownModel("errors.no_config", model=model)
    size = sum(sizes[name] for name in wanted_files(sizes))
    if size > max_download:
        limit = max_download // MB
        raise BadInput("errors.download_too_large", model=model, size=size // MB, limit=limit)


def check_folder(spec: ModelSpec, folder: Path) -> None:
    """check_task by the config.json of a folder."""
    check_task(spec.name, read_config(folder, spec.name), spec.task, bare_will_do=spec.is_base)


def check_task(model: str, config: dict, wanted: Task, *, bare_will_do: bool = False) -> None:
    """WrongTask, by the name of the head, where it does something else; UnsafeWeights where it brings its own code.

    bare_will_do: an encoder without a head for any of our tasks passes too, as a base to fine-tune.
    """
    kind = config.get("model_type")
    if kind and not _is_known(kind):
        if "auto_map" in config:
            raise UnsafeWeights("errors.own_code", model=model)
        raise UnknownModel("errors.unknown_architecture", model=model, kind=kind)
    if "auto_map" in config and not kind:
        raise UnsafeWeights("errors.own_code", model=model)
    found = task_of(config)
    if found != wanted and not (bare_will_do and found is None):
        head = ", ".join(config.get("architectures") or []) or kind or "?"
        raise WrongTask("errors.wrong_head", model=model, head=head, wanted=wanted)


def _is_known(kind: str) -> bool:
    """Whether transformers has the code for a model_type, or was told of ours (loading.import_libraries does)."""
    from transformers.models.auto.configuration_auto import CONFIG_MAPPING

    return kind in CONFIG_MAPPING


def task_of(config: dict) -> Task | None:
    """The task of a config.json by its head, None for a bare encoder or a head that the app has no tab for."""
    heads = config.get("architectures") or []
    for head in heads:
        for ending, task in _HEADS:
            if head.endswith(ending):
                return task
    is_timm = "architecture" in config and "num_classes" in config
    return "image-classification" if is_timm or config.get("model_type") == "timm_wrapper" else None


def read_config(folder: Path, model: str = "") -> dict:
    """config.json as it is. SourceFailed, by the name of the model, where it is not an object in JSON."""
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        config = None
    if not isinstance(config, dict):
        raise SourceFailed("errors.broken_checkpoint", model=model or folder.name, reason="config.json")
    return config


def parameters(folder: Path, model: str = "") -> int:
    """Parameters in all safetensors of a folder, by their headers: 8 bytes of length, then JSON with the shapes."""
    return sum(_parameters_of(path, model or folder.name) for path in folder.glob("*.safetensors"))


def float32_size(folder: Path, model: str = "") -> int:
    """Bytes that the parameters of a folder take in single precision."""
    return parameters(folder, model) * FLOAT32_BYTES


def _parameters_of(path: Path, model: str) -> int:
    try:
        with path.open("rb") as file:
            (length,) = struct.unpack("<Q", file.read(8))
            header = json.loads(file.read(min(length, LARGEST_HEADER)))
        return sum(math.prod(tensor["shape"]) for name, tensor in header.items() if name != "__metadata__")
    except (OSError, ValueError, struct.error, AttributeError, KeyError, TypeError):
        raise SourceFailed("errors.broken_checkpoint", model=model, reason=path.name) from None
