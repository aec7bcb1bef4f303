"""A base model -> a classifier with a fresh head for the classes at hand -> an ordinary transformers folder.

Knows nothing of training. What it writes is loaded by AutoModelForSequenceClassification, by others too.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import nn

from models.activity import Activity
from models.errors import BadInput, WrongTask
from models.loading import Loader
from models.settings import Settings
from models.sources import Sources
from models.spec import ModelSpec

_HEAD_SPREAD = 0.02  # standard deviation of the new head's weights, as BERT draws its own


class Classifier:
    """A model in single precision with its tokenizer, ready to train."""

    def __init__(self, model: Any, tokenizer: Any) -> None:
        self.model, self.tokenizer = model, tokenizer

    def encode(self, texts: Sequence[str], max_length: int) -> list[list[int]]:
        """Token ids with specials, cut at max_length."""
        longest = min(max_length, getattr(self.model.config, "max_position_embeddings", max_length))
        return self.tokenizer(list(texts), truncation=True, max_length=longest)["input_ids"]

    def pad(self, ids: Sequence[list[int]]) -> dict[str, torch.Tensor]:
        """input_ids and attention_mask, (rows, longest)."""
        return dict(self.tokenizer.pad({"input_ids": list(ids)}, return_tensors="pt"))

    def round_weights(self) -> None:
        """To what half precision can hold: scores taken after it are those of the saved model."""
        with torch.no_grad():
            for parameter in self.model.parameters():
                parameter.copy_(parameter.half().float())

    def save(self, folder: Path) -> None:
        """Writes the folder whole or not at all, in half precision."""
        part = folder.with_name(f"{folder.name}.part")
        shutil.rmtree(part, ignore_errors=True)
        weights = {name: _halved(tensor) for name, tensor in self.model.state_dict().items()}
        self.model.save_pretrained(part, state_dict=weights)
        self.tokenizer.save_pretrained(part)
        shutil.rmtree(folder, ignore_errors=True)
        part.rename(folder)


def load_base(spec: ModelSpec, classes: Sequence[str], settings: Settings, activity: Activity, seed: int) -> Classifier:
    """The base from wherever it comes from, with a head for `classes`. A TeahouseError says what is wrong with it."""
    sources = Sources(settings, activity)
    spec = sources.measured(replace(spec, is_base=True))
    if spec.size_bytes > 4 * settings.max_train_parameters:
        millions, limit = round(spec.size_bytes / 4e6), settings.max_train_parameters // 1_000_000
        raise BadInput("errors.base_too_large", model=spec.shown_name, millions=millions, limit=limit)
    loaded = Loader(settings, sources, activity)(spec)
    if loaded.processor.pad_token is None:
        raise BadInput("errors.base_without_padding", model=spec.shown_name)
    torch.manual_seed(seed)
    model = loaded.model.requires_grad_(True)
    _put_head(model, spec.shown_name, len(classes))
    model.config.id2label = dict(enumerate(classes))
    model.config.label2id = {label: index for index, label in enumerate(classes)}
    model.config.problem_type = "single_label_classification"
    return Classifier(model, loaded.processor)


def _put_head(model: Any, name: str, classes: int) -> None:
    """Replaces the last linear layer, the one that gives the logits."""
    heads = [
        path
        for path, module in model.named_modules()
        if isinstance(module, nn.Linear) and module.out_features == model.config.num_labels
    ]
    if not heads or heads[-1].startswith(f"{model.base_model_prefix}."):
        raise WrongTask("errors.wrong_head", model=name, head=type(model).__name__, wanted="text-classification")
    parent, _, child = heads[-1].rpartition(".")
    old = model.get_submodule(heads[-1])
    head = nn.Linear(old.in_features, classes, bias=old.bias is not None)
    nn.init.normal_(head.weight, std=_HEAD_SPREAD)
    if head.bias is not None:
        nn.init.zeros_(head.bias)
    setattr(model.get_submodule(parent) if parent else model, child, head)
    model.num_labels = classes


def _halved(tensor: torch.Tensor) -> torch.Tensor:
    return tensor.half() if tensor.is_floating_point() else tensor
