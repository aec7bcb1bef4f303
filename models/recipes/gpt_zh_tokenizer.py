"""The tokenizer of gpt-zh: one token a character, bytes for the rest, and named tokens for forms and roles.

A BPE without merges is a character vocabulary; its byte fallback writes any other character as its UTF-8 bytes, so that
decoding gives back every text exactly. Knows nothing of the corpus but its character counts.
"""

from __future__ import annotations

from collections import Counter

from tokenizers import Tokenizer, decoders, models
from transformers import PreTrainedTokenizerFast

END_OF_TEXT = "<|endoftext|>"
FORM_TOKENS = ("<|五绝|>", "<|七绝|>", "<|五律|>", "<|七律|>", "<|词|>", "<|诗|>", "<|文|>")
TITLE, BODY = "<|题|>", "<|正文|>"
ROLE_TOKENS = ("<|system|>", "<|user|>", "<|assistant|>")
END_OF_MESSAGE = "<|end|>"
SPECIAL_TOKENS = (END_OF_TEXT, *FORM_TOKENS, TITLE, BODY, *ROLE_TOKENS, END_OF_MESSAGE)

CHAT_TEMPLATE = (
    "{% for message in messages %}{{ '<|' + message['role'] + '|>' + message['content'] + '<|end|>' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}"
)


def build_tokenizer(counts: Counter[str], *, characters: int, max_length: int) -> PreTrainedTokenizerFast:
    """The `characters` most frequent characters, 256 byte tokens, and the special tokens first."""
    names = [*SPECIAL_TOKENS, *(f"<0x{byte:02X}>" for byte in range(256)), *frequent(counts, characters)]
    backend = Tokenizer(models.BPE(vocab={name: i for i, name in enumerate(names)}, merges=[], byte_fallback=True))
    backend.decoder = decoders.Sequence([decoders.ByteFallback(), decoders.Fuse()])
    backend.add_special_tokens(list(SPECIAL_TOKENS))
    return PreTrainedTokenizerFast(
        tokenizer_object=backend,
        eos_token=END_OF_TEXT,
        bos_token=END_OF_TEXT,
        pad_token=END_OF_TEXT,
        additional_special_tokens=list(SPECIAL_TOKENS[1:]),
        chat_template=CHAT_TEMPLATE,
        model_max_length=max_length,
        padding_side="left",
        clean_up_tokenization_spaces=False,
    )


def frequent(counts: Counter[str], characters: int) -> list[str]:
    """Most frequent first; ties in code point order, so that the vocabulary is the same on every machine."""
    ranked = sorted(counts, key=lambda character: (-counts[character], character))
    return ranked[:characters]
