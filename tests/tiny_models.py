"""Writes tiny random checkpoints as transformers would: config, safetensors, a fast tokenizer or an image processor.

Their answers mean nothing; their shapes, files and code paths are those of real models.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from models.loading import import_libraries

HAN = (
    "今天气真好茶很香不喜欢这家店的服务难吃差评推荐大山水月风花雪夜春秋人心一二三四五"
    "六七八九十是我你他她它们了在有个上下来去说看见云江南北东西无何处，。！？、"
)
LATIN = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 .,!?'-\n"
CHAT_TEMPLATE = (
    "{% for message in messages %}{{ message['role'] }}: {{ message['content'] }}\n{% endfor %}"
    "{% if add_generation_prompt %}assistant: {% endif %}"
)


def write_bert(
    folder: Path,
    *,
    labels: tuple[str, ...] = ("negative", "positive"),
    vocabulary: int = 0,
    width: int = 32,
    layers: int = 2,
    dtype: Any = None,
    max_shard_size: str = "5GB",
) -> Path:
    """A BERT with a classification head. vocabulary: rows of the embedding, to make a file as large as a test needs."""
    import_libraries()
    import torch
    from transformers import BertConfig, BertForSequenceClassification

    tokenizer = _character_tokenizer(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"], frame=("[CLS]", "[SEP]"))
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=max(vocabulary, len(tokenizer)),
        hidden_size=width,
        num_hidden_layers=layers,
        num_attention_heads=2,
        intermediate_size=2 * width,
        max_position_embeddings=64,
        id2label=dict(enumerate(labels)),
        label2id={label: index for index, label in enumerate(labels)},
    )
    BertForSequenceClassification(config).to(dtype).save_pretrained(folder, max_shard_size=max_shard_size)
    tokenizer.save_pretrained(folder)
    return folder


def write_gpt2(
    folder: Path, *, width: int = 32, layers: int = 2, positions: int = 256, vocabulary: int = 0, chat: bool = True
) -> Path:
    """A GPT-2 whose texts end only at max_new_tokens: all else is random, but <|end|> is never likely."""
    import_libraries()
    import torch
    from transformers import GPT2Config, GPT2LMHeadModel

    tokenizer = _character_tokenizer(["<|pad|>", "<|unk|>", "<|end|>"])
    tokenizer.pad_token, tokenizer.unk_token, tokenizer.eos_token = "<|pad|>", "<|unk|>", "<|end|>"
    tokenizer.chat_template = CHAT_TEMPLATE if chat else None
    torch.manual_seed(0)
    config = GPT2Config(
        vocab_size=max(vocabulary, len(tokenizer)),
        n_positions=positions,
        n_embd=width,
        n_layer=layers,
        n_head=2,
        bos_token_id=tokenizer.eos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    model = GPT2LMHeadModel(config)
    with torch.no_grad():
        model.transformer.ln_f.bias[0] = 10  # no normalized feature reaches that far below zero
        model.transformer.wte.weight[tokenizer.eos_token_id, 0] = -2
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def write_vit(folder: Path, *, labels: tuple[str, ...] = ("cat", "dog", "teapot")) -> Path:
    """A ViT for 32 px pictures with its image processor."""
    import_libraries()
    import torch
    from transformers import ViTConfig, ViTForImageClassification, ViTImageProcessor

    torch.manual_seed(0)
    config = ViTConfig(
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        image_size=32,
        patch_size=8,
        id2label=dict(enumerate(labels)),
        label2id={label: index for index, label in enumerate(labels)},
    )
    ViTForImageClassification(config).save_pretrained(folder)
    ViTImageProcessor(size={"height": 32, "width": 32}).save_pretrained(folder)
    return folder


def _character_tokenizer(specials: list[str], frame: tuple[str, str] | None = None):
    """A fast tokenizer with one token a character. frame: specials set before and after each text."""
    from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    unknown = specials[1]
    vocabulary = {token: index for index, token in enumerate([*specials, *dict.fromkeys(HAN + LATIN)])}
    backend = Tokenizer(models.WordLevel(vocabulary, unk_token=unknown))
    backend.pre_tokenizer = pre_tokenizers.Split(Regex(r"[\s\S]"), "isolated")
    backend.decoder = decoders.Fuse()
    if frame:
        first, last = frame
        backend.post_processor = processors.TemplateProcessing(
            single=f"{first} $A {last}",
            pair=f"{first} $A {last} $B {last}",
            special_tokens=[(first, vocabulary[first]), (last, vocabulary[last])],
        )
    names = {
        "[PAD]": "pad_token",
        "[UNK]": "unk_token",
        "[CLS]": "cls_token",
        "[SEP]": "sep_token",
        "[MASK]": "mask_token",
    }
    known = {names[token]: token for token in specials if token in names}
    return PreTrainedTokenizerFast(tokenizer_object=backend, model_max_length=256, **known)
