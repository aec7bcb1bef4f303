"""Builds a fast SentencePiece-unigram tokenizer in the manner of XLM-R from pieces and their scores.

It knows neither where the pieces come from nor which model reads the ids.
"""

from __future__ import annotations

from collections.abc import Sequence

from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors
from transformers import PreTrainedTokenizerFast

SPECIALS = ("<s>", "<pad>", "</s>", "<unk>")  # ids 0 to 3; <mask> comes last
MASK = "<mask>"
METASPACE = "▁"
WAVE_DASH, PRIVATE_USE = "～", "\ue000"  # nmt_nfkc keeps the full-width tilde that NFKC folds to "~"


def build_tokenizer(pieces: Sequence[str], scores: Sequence[float]) -> Tokenizer:
    """A tokenizer whose ids are the places in `pieces`, which begin with SPECIALS. Scores are log probabilities."""
    vocabulary = [(piece, float(score)) for piece, score in zip(pieces, scores, strict=True)]
    tokenizer = Tokenizer(models.Unigram(vocabulary, unk_id=SPECIALS.index("<unk>")))
    tokenizer.normalizer = _normalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(METASPACE, prepend_scheme="always")
    tokenizer.decoder = decoders.Metaspace(METASPACE, prepend_scheme="always")
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", pair="<s> $A </s> </s> $B </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    return tokenizer


def as_transformers(tokenizer: Tokenizer, *, max_length: int) -> PreTrainedTokenizerFast:
    """The same tokenizer as AutoTokenizer loads it."""
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        bos_token="<s>",
        cls_token="<s>",
        eos_token="</s>",
        sep_token="</s>",
        unk_token="<unk>",
        pad_token="<pad>",
        mask_token=MASK,
        model_max_length=max_length,
        model_input_names=["input_ids", "attention_mask"],
    )


def _normalizer() -> normalizers.Normalizer:
    """SentencePiece's nmt_nfkc without its table of 300 kB, then single spaces."""
    return normalizers.Sequence(
        [
            normalizers.Nmt(),
            normalizers.Replace(WAVE_DASH, PRIVATE_USE),
            normalizers.NFKC(),
            normalizers.Replace(PRIVATE_USE, WAVE_DASH),
            normalizers.Replace(Regex(" {2,}"), " "),
            normalizers.Strip(),
        ]
    )
