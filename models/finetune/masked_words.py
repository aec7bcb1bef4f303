"""Words that fit into the place of others, from a model that has learnt to fill masks. Knows no training.

Asked of the base model of a run, before it is fine-tuned: its checkpoint must still have its head for masks, as those of
BERT, MacBERT and XLM-R on the Hub do. Of the bundled models none has one.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from models.activity import Activity
from models.errors import BadInput
from models.finetune.request import CHOICES
from models.loading import import_libraries
from models.settings import Settings
from models.sources import Sources
from models.spec import ModelSpec

_CANDIDATES = 8  # of the likeliest tokens one is drawn
_LONGEST = 510  # tokens that are read


class MaskedWords:
    """Replaces words by what the model expects there: an augment.Fill."""

    def __init__(self, model: Any, tokenizer: Any) -> None:
        self._model, self._tokenizer = model.eval(), tokenizer
        self._unfit = set(tokenizer.all_special_ids)

    def __call__(self, words: Sequence[str], places: Sequence[int], draw: random.Random) -> list[str]:
        """Of a word of several tokens the first is filled in first, and the next one knows it."""
        pieces = [self._tokenizer(word, add_special_tokens=False)["input_ids"] for word in words]
        before = [list(ids) for ids in pieces]
        for place in places:
            pieces[place] = [self._tokenizer.mask_token_id] * len(pieces[place])
        for depth in range(max(len(pieces[place]) for place in places)):
            due = [place for place in places if depth < len(pieces[place])]
            scores = self._scores(pieces)
            for place in due:
                at = 1 + sum(map(len, pieces[:place])) + depth
                if at < len(scores):
                    pieces[place][depth] = self._drawn(scores[at], before[place][depth], draw)
        filled = list(words)
        for place in places:
            if self._tokenizer.mask_token_id not in pieces[place]:
                filled[place] = self._tokenizer.decode(pieces[place]).replace(" ", "")
        return filled

    def _scores(self, pieces: Sequence[Sequence[int]]) -> torch.Tensor:
        """Logits, (tokens with both specials, vocabulary)."""
        tokens = [token for piece in pieces for token in piece][:_LONGEST]
        ids = [self._tokenizer.cls_token_id, *tokens, self._tokenizer.sep_token_id]
        with torch.inference_mode():
            return self._model(torch.tensor([ids])).logits[0, :-1].float()

    def _drawn(self, scores: torch.Tensor, old: int, draw: random.Random) -> int:
        """A likely token that is a word and not the old one."""
        likely = scores.topk(4 * _CANDIDATES)
        fit = [
            (token, score)
            for token, score in zip(likely.indices.tolist(), likely.values.softmax(0).tolist(), strict=True)
            if token != old and token not in self._unfit and self._is_word(token)
        ][:_CANDIDATES]
        return draw.choices([token for token, _ in fit], [score for _, score in fit])[0] if fit else old

    def _is_word(self, token: int) -> bool:
        return self._tokenizer.decode([token]).strip().isalnum()


def load(spec: ModelSpec, settings: Settings) -> MaskedWords:
    """Of the base model. BadInput where it has no head for masks."""
    import_libraries(settings.threads)
    return MaskedWords(*_with_head(spec, Sources(settings, Activity()).fetch(spec)))


def _with_head(spec: ModelSpec, folder: Path) -> tuple[Any, Any]:
    import transformers

    options = {"trust_remote_code": False, "local_files_only": True}
    config = transformers.AutoConfig.from_pretrained(folder, **options)
    if type(config) in transformers.AutoModelForMaskedLM._model_mapping:
        model, found = transformers.AutoModelForMaskedLM.from_pretrained(
            folder, config=config, dtype=torch.float32, use_safetensors=True, output_loading_info=True, **options
        )
        tokenizer = transformers.AutoTokenizer.from_pretrained(folder, **options)
        if not found["missing_keys"] and tokenizer.mask_token_id is not None:
            return model, tokenizer
    valid = ", ".join(kind for kind in CHOICES["augment"] if kind != "mask")
    raise BadInput("errors.no_masked_words", model=spec.shown_name, valid=valid)
