"""Whether it was worth it to teach a writer: perplexity and answers on held-out rows, of the base and of the writer.

Nothing that is scored was trained on. Of held-out questions, those whose answer stands in a trained row too (asked in
other words there) are scored apart from those whose answer is new: only the first can be answered by what was taught.
"""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from models.finetune.encodings import LOST
from models.finetune.run_folder import RunFolder, write_whole

if TYPE_CHECKING:
    from models.finetune.language_modelling import LanguageModelling
    from models.finetune.objective import Scores
    from models.finetune.split import Split
    from models.finetune.writing_data import Writings
    from models.finetune.writing_tokens import Speller
    from models.loading import LoadedModel

FILE = "writing.json"
SAMPLES = 3
MOST_ASKED = 20
_ASKING_SECONDS = 60.0  # a large model answers fewer
_OPENING = 12  # characters of a plain text that are given to be continued
_ANSWER_TOKENS = 200  # of a longer answer no more is asked for
_MORE = 20  # tokens that an answer may have beyond the table's, before it is broken off
_BATCH = 32


@dataclass(frozen=True)
class Sample:
    """A held-out row: what was asked, what the table answers, and what both models say, each its likeliest words."""

    asked: str
    given: str
    before: str
    after: str


@dataclass(frozen=True)
class WritingScores:
    rows: int  # held-out
    perplexity_before: float  # of the base
    perplexity: float  # of the writer
    known_rows: int = 0  # held-out questions whose answer was trained on, under another question
    known_perplexity_before: float | None = None
    known_perplexity: float | None = None
    new_perplexity_before: float | None = None
    new_perplexity: float | None = None
    asked: int = 0  # held-out questions that the writer was asked, those with a known answer first
    matched: int = 0  # of those, answered as the table does, word for word
    samples: tuple[Sample, ...] = ()


@dataclass(frozen=True)
class Before:
    perplexity: float
    known: float | None
    new: float | None
    said: tuple[str, ...]


class Trial:
    """One model on the held-out rows, asked before it is trained and again after."""

    def __init__(
        self,
        loaded: LoadedModel,
        speller: Speller,
        writings: Writings,
        halves: Split,
        objective: LanguageModelling,
        padding: int,
    ) -> None:
        self._loaded, self._speller, self._writings = loaded, speller, writings
        self._objective, self._padding = objective, padding
        taught = {writings.answers[row] for row in halves.train} if writings.has_questions else set()
        self._held_out = halves.held_out
        self._known = [row for row in halves.held_out if writings.answers[row] in taught]
        self._new = [row for row in halves.held_out if writings.answers[row] not in taught]
        self._asked = [*self._known, *self._new][:MOST_ASKED]
        self._before: Before | None = None

    def before(self) -> Before:
        """Asks the base; what it says is kept for `after`."""
        perplexity = self._perplexity(self._held_out)
        self._before = Before(
            perplexity, self._perplexity(self._known), self._perplexity(self._new), self._said(SAMPLES)
        )
        return self._before

    def after(self, scores: Scores, most: int) -> WritingScores:
        """Asks the same of the trained model, at most so many questions. scores: those on all held-out rows."""
        before, said = self._before, self._said(most)
        given = [self._given(row) for row in self._asked[: len(said)]]
        return WritingScores(
            rows=len(self._held_out),
            perplexity_before=before.perplexity,
            perplexity=scores["perplexity"],
            known_rows=len(self._known),
            known_perplexity_before=before.known,
            known_perplexity=self._perplexity(self._known),
            new_perplexity_before=before.new,
            new_perplexity=self._perplexity(self._new),
            asked=len(said) if self._writings.has_questions else 0,
            matched=sum(answer == words for (_, answer), words in zip(given, said, strict=True)),
            samples=tuple(Sample(*pair, *words) for pair, *words in zip(given, before.said, said, strict=False)),
        )

    def _perplexity(self, rows: Sequence[int]) -> float | None:
        """None where there is no row, or none with room for its answer."""
        from models.finetune.writing_tokens import collate

        items = self._speller.encode(self._writings, rows)
        if not items:
            return None
        device = self._loaded.model.device
        batches = (collate(items[start : start + _BATCH], self._padding) for start in range(0, len(items), _BATCH))
        self._loaded.model.eval()
        moved = ({name: tensor.to(device) for name, tensor in batch.items()} for batch in batches)
        return self._objective.scores(self._loaded.model, moved)["perplexity"]

    def _said(self, most: int) -> tuple[str, ...]:
        """Answers to the first questions, and at least to one."""
        said, ends = [], time.monotonic() + _ASKING_SECONDS
        for row in self._asked[:most]:
            said.append(self._answer(*self._given(row)))
            if time.monotonic() > ends:
                break
        return tuple(said)

    def _given(self, row: int) -> tuple[str, str]:
        """What the model is given, and how the table goes on."""
        text = self._writings.answers[row]
        if self._writings.has_questions:
            return self._writings.questions[row], text
        opening = min(_OPENING, max(1, len(text) // 2))
        return text[:opening], text[opening:]

    def _answer(self, asked: str, given: str) -> str:
        """The likeliest words, as the tabs would have them at temperature 0."""
        from models.sampling import GenerationOptions, sample

        tokens = len(self._loaded.processor.encode(given, add_special_tokens=False)) + _MORE
        options = GenerationOptions(min(tokens, _ANSWER_TOKENS), temperature=0, repetition_penalty=1.0)
        spell = self._speller.question if self._writings.has_questions else self._speller.opening
        ids = spell(asked)
        self._loaded.model.eval()
        written = list(sample(self._loaded, ids, options))
        # Bytes that are no character are left out, as the chat leaves them out.
        return self._loaded.processor.decode(written, skip_special_tokens=True).replace(LOST, "").strip()


def write(folder: RunFolder, scores: WritingScores) -> None:
    write_whole(folder.path / FILE, json.dumps(asdict(scores), ensure_ascii=False))


def read(folder: RunFolder) -> WritingScores | None:
    """None for a run that has not ended yet, and for one that teaches no writer."""
    path = folder.path / FILE
    if not path.is_file():
        return None
    values: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return WritingScores(**values | {"samples": tuple(Sample(**sample) for sample in values["samples"])})
