"""The course of a writer: questions with answers, or plain texts, and a causal base -> a small assistant of one domain.

Knows nothing of the loop. What it writes is loaded by AutoModelForCausalLM, by others too.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from models.activity import Activity
from models.catalog import Catalog
from models.errors import BadInput
from models.finetune import base, tuning, writing_scores
from models.finetune.course import Item, Lesson
from models.finetune.dataset import Examples
from models.finetune.language_modelling import LanguageModelling
from models.finetune.objective import Scores
from models.finetune.request import WRITE, FinetuneRequest
from models.finetune.run_folder import RunFolder
from models.finetune.split import Split, split
from models.finetune.writing_data import Writings, read_writings
from models.finetune.writing_scores import MOST_ASKED, SAMPLES, Trial
from models.finetune.writing_tokens import PLAIN_TEMPLATE, Speller, collate
from models.loading import LoadedModel
from models.sampling import window
from models.settings import Settings
from models.spelling import end_tokens


class WriterCourse:
    """What the base says of the held-out rows is asked before the training, what the writer says after it."""

    def __init__(self) -> None:
        self._trial: Trial | None = None

    def prepare(
        self,
        request: FinetuneRequest,
        settings: Settings,
        activity: Activity,
        catalog: Catalog,
        tell: Callable[[str], None],
    ) -> Lesson:
        writings = read_writings(request.file, request.text_column, request.label_column, settings)
        halves = split_writings(writings, share=request.held_out_share, seed=request.seed)
        spec = catalog.find(request.base_model, WRITE)
        loaded = base.load(spec, settings, activity, seed=request.seed, bare_will_do=False)
        tell("preparing")
        speller = speller_of(loaded, request.max_length)
        train, validation, held_out = _spelled(speller, writings, halves, request.max_length)
        objective = LanguageModelling(label_smoothing=request.label_smoothing)
        padding = _padding(loaded.processor)
        self._trial = Trial(loaded, speller, writings, halves, objective, padding)
        before = self._trial.before()
        tuning.apply(loaded.model, request)
        return Lesson(
            model=loaded.model,
            tokenizer=loaded.processor,
            rows=len(train),
            train=lambda epoch: train,
            validation=validation,
            held_out=held_out,
            collate=lambda items: collate(items, padding),
            objective=objective,
            split=halves,
            facts={"base_perplexity": round(before.perplexity, 2)},
        )

    def export(self, folder: RunFolder, lesson: Lesson, scores: Scores, stopped_at: int | None) -> None:
        base.save(lesson.model, lesson.tokenizer, folder.model)
        is_whole = stopped_at is None  # who stops a run waits for it
        writing_scores.write(folder, self._trial.after(scores, MOST_ASKED if is_whole else SAMPLES))


def split_writings(writings: Writings, *, share: float, seed: int) -> Split:
    """Rows by their questions, or texts: what is worded almost the same stands on one side. There are no classes."""
    if len(writings) < 2:
        raise BadInput("errors.too_few_writings", rows=len(writings))
    return split(Examples(writings.known_by, ("",) * len(writings)), share=share, seed=seed)


def speller_of(loaded: LoadedModel, max_length: int) -> Speller:
    """For the loaded model, which is taught a plain chat template where it has none."""
    if not loaded.processor.chat_template:
        loaded.processor.chat_template = PLAIN_TEMPLATE
    ends = end_tokens(loaded.model, loaded.processor)
    return Speller(loaded.processor, ends, min(max_length, window(loaded)))


def _spelled(speller: Speller, writings: Writings, halves: Split, limit: int) -> Sequence[Sequence[Item]]:
    """Training, validation and held-out rows, without those whose question alone is longer than the limit."""
    parts = (halves.train, halves.validation, halves.held_out)
    train, validation, held_out = (speller.encode(writings, rows) for rows in parts)
    if not train or not held_out:
        raise BadInput("errors.questions_too_long", limit=limit)
    return train, validation or train, held_out


def _padding(tokenizer: Any) -> int:
    """Of what is padded nothing is read: any token will do."""
    return tokenizer.eos_token_id if tokenizer.pad_token_id is None else tokenizer.pad_token_id
