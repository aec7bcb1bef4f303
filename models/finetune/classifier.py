"""The course of a classifier: labelled texts and a base -> a model with a fresh head -> an ordinary transformers folder.

Knows nothing of the loop. What it writes is loaded by AutoModelForSequenceClassification, by others too.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import nn

from models.activity import Activity
from models.catalog import Catalog
from models.errors import BadInput, WrongTask
from models.finetune import base, class_weights, dataset, masked_words, tuning
from models.finetune.augment import Augmenter
from models.finetune.course import Item, Lesson
from models.finetune.dataset import Examples
from models.finetune.objective import Batch, Classification, Scores
from models.finetune.request import CLASSIFY, FinetuneRequest
from models.finetune.run_folder import RunFolder
from models.finetune.split import split
from models.settings import Settings
from models.spec import ModelSpec

_HEAD_FACTOR = 10.0  # the new head learns this much faster than the encoder
_HEAD_SPREAD = 0.02  # standard deviation of the new head's weights, as BERT draws its own


class ClassifierCourse:
    """Texts with labels -> a classifier of them."""

    def prepare(
        self,
        request: FinetuneRequest,
        settings: Settings,
        activity: Activity,
        catalog: Catalog,
        tell: Callable[[str], None],
    ) -> Lesson:
        examples = dataset.read_examples(request.file, request.text_column, request.label_column, settings)
        halves = split(examples, share=request.held_out_share, seed=request.seed)
        spec = catalog.find(request.base_model, CLASSIFY)
        model, tokenizer = load_base(spec, halves.classes, settings, activity, request.seed)
        tell("preparing")
        tuning.apply(model, request)
        rows = LabelledRows(examples, halves.classes, tokenizer, longest=_longest(model, request.max_length))
        weights = class_weights.weights(rows.classes(halves.train), len(halves.classes), request.class_weights)
        held_out = Counter(examples.labels[index] for index in halves.held_out)
        augmenter = _augmenter(request, spec, settings)
        return Lesson(
            model=model,
            tokenizer=tokenizer,
            rows=len(halves.train),
            train=rows.epochs(halves.train, augmenter),
            validation=rows.items(halves.validation),
            held_out=rows.items(halves.held_out),
            collate=rows.collate,
            objective=Classification(weights, request.label_smoothing),
            split=halves,
            facts={
                "classes": halves.classes,
                "baseline": round(max(held_out.values()) / len(halves.held_out), 4),
                "class_weights": weights,
            },
            is_fixed=augmenter is None,
            head_factor=_HEAD_FACTOR,
        )

    def export(self, folder: RunFolder, lesson: Lesson, scores: Scores, stopped_at: int | None) -> None:
        base.save(lesson.model, lesson.tokenizer, folder.model)


class LabelledRows:
    """Examples as the model takes them: token ids with the index of the class."""

    def __init__(self, examples: Examples, classes: Sequence[str], tokenizer: Any, longest: int) -> None:
        self._examples, self._tokenizer, self._longest = examples, tokenizer, longest
        self._classes = {label: index for index, label in enumerate(classes)}

    def epochs(self, rows: Sequence[int], augmenter: Augmenter | None) -> Callable[[int], list[Item]]:
        """The rows of each epoch: as they stand, or a little different in each."""
        if augmenter is None:
            same = self.items(rows)
            return lambda epoch: same
        return lambda epoch: self.items(rows, lambda text, row: augmenter.changed(text, epoch, row))

    def items(self, rows: Sequence[int], change: Callable[[str, int], str] | None = None) -> list[Item]:
        """Token ids with specials, cut at the longest."""
        texts = [self._examples.texts[row] for row in rows]
        if change is not None:
            texts = [change(text, row) for text, row in zip(texts, rows, strict=True)]
        ids = self._tokenizer(texts, truncation=True, max_length=self._longest)["input_ids"]
        labels = self.classes(rows)
        return [{"input_ids": row, "labels": label} for row, label in zip(ids, labels, strict=True)]

    def classes(self, rows: Sequence[int]) -> list[int]:
        """The index of each row's class."""
        return [self._classes[self._examples.labels[row]] for row in rows]

    def collate(self, items: Sequence[Item]) -> Batch:
        """input_ids and attention_mask, (rows, longest of them), and labels, (rows)."""
        padded = self._tokenizer.pad({"input_ids": [item["input_ids"] for item in items]}, return_tensors="pt")
        return dict(padded) | {"labels": torch.tensor([item["labels"] for item in items])}


def load_base(
    spec: ModelSpec, classes: Sequence[str], settings: Settings, activity: Activity, seed: int
) -> tuple[Any, Any]:
    """Model and tokenizer from wherever they come from, with a head for `classes`, in single precision.

    What the base lacks is drawn by the seed. A TeahouseError says what is wrong with the base.
    """
    loaded = base.load(spec, settings, activity, seed=seed, bare_will_do=True)
    if loaded.processor.pad_token is None:
        raise BadInput("errors.base_without_padding", model=spec.shown_name)
    model = loaded.model
    _put_head(model, spec.shown_name, len(classes))
    model.config.id2label = dict(enumerate(classes))
    model.config.label2id = {label: index for index, label in enumerate(classes)}
    model.config.problem_type = "single_label_classification"
    return model, loaded.processor


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


def _augmenter(request: FinetuneRequest, base: ModelSpec, settings: Settings) -> Augmenter | None:
    if request.augment == "none":
        return None
    fill = masked_words.load(base, settings) if request.augment == "mask" else None
    return Augmenter(request.augment, request.augment_share, request.seed, fill)


def _longest(model: Any, asked: int) -> int:
    """Tokens of a text: no more than the model has positions for."""
    return min(asked, getattr(model.config, "max_position_embeddings", asked))
