"""Three of the visitor's own rows, before and after augmentation, as a training would see them. Trains nothing."""

from __future__ import annotations

import random
from dataclasses import dataclass

from models.finetune import dataset
from models.finetune.augment import Augmenter
from models.finetune.request import FinetuneRequest
from models.settings import Settings
from models.spec import ModelSpec

ROWS = 3


@dataclass(frozen=True)
class ChangedRow:
    text: str
    label: str
    changed: str  # the same as text where it is too short to be changed


def preview(request: FinetuneRequest, base: ModelSpec, settings: Settings) -> tuple[ChangedRow, ...]:
    """Of different classes where there are several, chosen by the seed. BadInput where the base cannot fill words in."""
    examples = dataset.read_examples(request.file, request.text_column, request.label_column, settings)
    augmenter = _augmenter(request, base, settings)
    return tuple(
        ChangedRow(examples.texts[row], examples.labels[row], augmenter.example(examples.texts[row], row))
        for row in _chosen(examples.labels, request.seed)
    )


def _augmenter(request: FinetuneRequest, base: ModelSpec, settings: Settings) -> Augmenter:
    fill = None
    if request.augment == "mask":
        from models.finetune import masked_words  # imports torch

        fill = masked_words.load(base, settings)
    return Augmenter(request.augment, request.augment_share, request.seed, fill)


def _chosen(labels: tuple[str, ...], seed: int) -> list[int]:
    rows = random.Random(seed).sample(range(len(labels)), len(labels))
    first = {labels[row]: row for row in reversed(rows)}
    unlike = list(first.values())[:ROWS]
    return sorted([*unlike, *(row for row in rows if row not in unlike)][:ROWS])
