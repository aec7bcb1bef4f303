"""A model asked about the minimal pairs of a sentence: which answers changed as they should, and which did not.

Knows the runner by what it returns.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from models.errors import BadInput
from models.minimal_pairs import RULES, Sided, Variant, variants
from models.sentiment import Sentiment
from models.valence import side, side_scores, takes_sides

LONGEST = 200  # characters: in a longer text one place decides little
MOVED = 0.01  # of a probability: less is no answer to an edit


class Runner(Protocol):
    def classify_batch(self, texts: Sequence[str], model: str = "") -> list[Sentiment]: ...


@dataclass(frozen=True)
class Outcome:
    """What the model says of a variant."""

    variant: Variant
    label: str
    score: float  # of that label
    kept: float  # the probability of the side (or, for classes without sides, of the label) of the first answer
    as_expected: bool


@dataclass(frozen=True)
class PairCheck:
    text: str
    label: str
    score: float
    kept: float  # as of the outcomes, for the text itself
    outcomes: tuple[Outcome, ...]
    missing: tuple[str, ...]  # rules that found no place in this text

    @property
    def failed(self) -> int:
        return sum(not outcome.as_expected for outcome in self.outcomes)


def check_pairs(runner: Runner, text: str, model: str = "") -> PairCheck:
    """BadInput where the text is empty or longer than LONGEST characters."""
    text = (text or "").strip()
    if len(text) > LONGEST:
        raise BadInput("errors.pairs_too_long", length=len(text), limit=LONGEST)
    (before,) = runner.classify_batch([text], model)
    made = variants(text, _sided(before))
    answers = runner.classify_batch([variant.text for variant in made], model) if made else []
    outcomes = tuple(_outcome(variant, before, answer) for variant, answer in zip(made, answers, strict=True))
    missing = tuple(rule for rule in RULES if rule not in {variant.rule for variant in made})
    return PairCheck(text, before.best.label, before.best.score, _kept(before, before), outcomes, missing)


def _sided(answer: Sentiment) -> Sided | None:
    found = side(answer.best.label)
    return found if found in ("positive", "negative") else None


def _outcome(variant: Variant, before: Sentiment, after: Sentiment) -> Outcome:
    kept = _kept(before, after)
    has_turned = _turned(before, after)
    moved = kept - _kept(before, before)
    as_expected = {
        "flip": has_turned,
        "stay": not has_turned,
        "weaken": has_turned or moved <= -MOVED,
        "strengthen": not has_turned and moved > -MOVED,
    }[variant.expectation]
    return Outcome(variant, after.best.label, after.best.score, kept, as_expected)


def _turned(before: Sentiment, after: Sentiment) -> bool:
    """To another side; from a class of no side to any other class."""
    sides = side(before.best.label), side(after.best.label)
    if None in sides or sides[0] == "neither":
        return before.best.label != after.best.label
    return sides[0] != sides[1]


def _kept(before: Sentiment, after: Sentiment) -> float:
    found = side(before.best.label)
    labels = [one.label for one in before.predictions]
    if found in ("positive", "negative") and takes_sides(labels):
        return side_scores(after.predictions)[found]
    return next(one.score for one in after.predictions if one.label == before.best.label)
