"""LoRA adapters on encoder-zh: put onto it, written to a folder, and loaded again as anybody would.

Low-rank adaptation: Hu et al. 2021, https://arxiv.org/abs/2106.09685. It knows no data and no training.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from safetensors.torch import load_file, save_file
from transformers import AutoTokenizer, BertForSequenceClassification, PreTrainedTokenizerBase

BASE = "encoder-zh"
RANK = 16
LINEAR_LAYERS = r".*encoder\.layer\.\d+\..*(query|key|value|dense)"
HEAD = ["pooler"]  # trained whole, for e5 has none of its own; peft adds the classifier by itself


def load_base(folder: Path, labels: Sequence[str]) -> tuple[BertForSequenceClassification, PreTrainedTokenizerBase]:
    """encoder-zh with a fresh classifier for these labels, in single precision."""
    names = {"id2label": dict(enumerate(labels)), "label2id": {label: number for number, label in enumerate(labels)}}
    model = BertForSequenceClassification.from_pretrained(folder, **names, dtype=torch.float32)
    return model, AutoTokenizer.from_pretrained(folder)


def add_adapter(model: BertForSequenceClassification) -> PeftModel:
    """Freezes the base; adds rank-16 updates to every linear layer of the encoder, and a trained head."""
    config = LoraConfig(
        task_type="SEQ_CLS", r=RANK, lora_alpha=2 * RANK, target_modules=LINEAR_LAYERS, modules_to_save=HEAD
    )
    return get_peft_model(model, config)


def resume_adapter(model: BertForSequenceClassification, folder: Path) -> PeftModel:
    """An adapter from a folder, to be trained further."""
    return PeftModel.from_pretrained(model, folder, is_trainable=True)


def save_adapter(model: PeftModel, folder: Path) -> None:
    """adapter_config.json, half-precision adapter weights, and the config that names the labels."""
    model.peft_config["default"].base_model_name_or_path = BASE
    model.save_pretrained(folder, save_embedding_layers=False)
    weights = folder / "adapter_model.safetensors"
    halves = {name: tensor.half().contiguous() for name, tensor in load_file(weights).items()}
    save_file(halves, weights, metadata={"format": "pt"})
    classifier = model.base_model.model
    classifier.config.architectures = [type(classifier).__name__]
    classifier.config.save_pretrained(folder)
    (folder / "README.md").unlink(missing_ok=True)


@torch.no_grad()
def cool(model: PeftModel, temperature: float) -> None:
    """Divides all logits by a temperature, for good: it goes into the classifier's weights."""
    for name, weights in model.named_parameters():
        if "classifier.modules_to_save" in name:
            weights /= temperature


def load_adapter(
    base: Path, folder: Path, labels: Sequence[str]
) -> tuple[BertForSequenceClassification, PreTrainedTokenizerBase]:
    """The finished classifier: base and adapter from disk, merged into plain layers."""
    model, tokenizer = load_base(base, labels)
    return PeftModel.from_pretrained(model, folder).merge_and_unload().eval(), tokenizer
