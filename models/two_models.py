"""Two classifiers on the same texts: in which terms they can be compared, where they agree and where they do not.

With the same classes labels are compared; where all classes of both have a side (models.valence), sides; other classes have
nothing in common. A model that takes no side while the other does neither agrees nor differs. Works through any runner that
classifies. Knows no page.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from models import batch
from models.batch import BatchProgress, BatchResult, BatchRow, BatchRunner
from models.sentiment import Prediction, Sentiment
from models.settings import Settings
from models.valence import side, side_scores, takes_sides

OTHER = "emotion-zh"  # the bundled model that one compares the default with
Terms = Literal["labels", "sides", "none"]
Verdict = Literal["agree", "differ", "no_side", "not_compared"]


@dataclass(frozen=True)
class Compared:
    """Two answers to one text. Names are labels or sides, as the terms say; without common terms each model's own."""

    terms: Terms
    verdict: Verdict
    first: Sentiment
    other: Sentiment
    names: tuple[str, str]
    scores: tuple[float, float]  # of these names


@dataclass(frozen=True)
class ComparedRow:
    place: int  # in the input, from 0
    text: str
    labels: tuple[str, str]
    label_scores: tuple[float, float]
    names: tuple[str, str]  # in common terms
    scores: tuple[float, float]
    verdict: Verdict

    @property
    def confidence(self) -> float:
        """How sure both are: no surer than the less sure one."""
        return min(self.scores)


@dataclass(frozen=True)
class BatchComparison:
    models: tuple[str, str]
    terms: Terms
    rows: tuple[ComparedRow, ...]  # in the order of the input; empty texts are left out
    empty: int
    seconds: float

    @property
    def disagreements(self) -> list[ComparedRow]:
        """The most confident first."""
        return sorted((row for row in self.rows if row.verdict == "differ"), key=lambda row: -row.confidence)

    @property
    def summary(self) -> dict[str, Any]:
        """Ready for JSON. agreement: the share of the rows on which both took a side; null where there is none."""
        counted = Counter(row.verdict for row in self.rows)
        judged = counted["agree"] + counted["differ"]
        return {
            "model": self.models[0],
            "other_model": self.models[1],
            "compared_by": self.terms,
            "rows": len(self.rows),
            "empty": self.empty,
            "agree": counted["agree"],
            "differ": counted["differ"],
            "no_side": counted["no_side"],
            "agreement": round(counted["agree"] / judged, 4) if judged else None,
            "seconds": round(self.seconds, 2),
        }


def compare(runner: BatchRunner, text: str, model: str, other: str) -> Compared:
    """BadInput where the text is empty or too long."""
    (first,) = runner.classify_batch([text], model)
    (second,) = runner.classify_batch([text], other)
    terms = common_terms(*([one.label for one in answer.predictions] for answer in (first, second)))
    named = [_in_terms(answer.predictions, terms) for answer in (first, second)]
    names, scores = zip(*named, strict=True)
    return Compared(terms, _verdict(names, terms), first, second, names, scores)


def compare_steps(
    runner: BatchRunner, texts: Sequence[str], model: str, other: str, settings: Settings
) -> Iterator[BatchProgress | BatchComparison]:
    """A BatchProgress after every piece of the work of both, the comparison at last. Closing the iterator stops the work."""
    results: list[BatchResult] = []
    for number, name in enumerate((model, other)):
        for step in batch.classify_steps(runner, texts, name, settings):
            if isinstance(step, BatchResult):
                results.append(step)
            else:
                left = None if step.seconds_left is None or number == 0 else step.seconds_left
                yield replace(step, done=step.done + number * step.total, total=2 * step.total, seconds_left=left)
    yield _compared(*results)


def common_terms(first: Iterable[str], other: Iterable[str]) -> Terms:
    one, two = set(first), set(other)
    if one == two:
        return "labels"
    return "sides" if takes_sides(one) and takes_sides(two) else "none"


def _in_terms(predictions: Sequence[Prediction], terms: Terms) -> tuple[str, float]:
    """The likeliest label and its score, or the side that it stands on and the probability of that whole side."""
    best = max(predictions, key=lambda one: one.score)
    if terms != "sides" or (taken := side(best.label)) is None:
        return best.label, best.score
    return taken, side_scores(predictions)[taken]


def _verdict(names: Sequence[str], terms: Terms) -> Verdict:
    if terms == "none":
        return "not_compared"
    if names[0] == names[1]:
        return "agree"
    return "no_side" if terms == "sides" and "neither" in names else "differ"


def _compared(first: BatchResult, other: BatchResult) -> BatchComparison:
    terms = common_terms(first.classes, other.classes)
    rows = tuple(
        _row(place, one, two, (first.classes, other.classes), terms)
        for place, (one, two) in enumerate(zip(first.rows, other.rows, strict=True))
        if one.label
    )
    empty = len(first.rows) - len(rows)
    return BatchComparison((first.model, other.model), terms, rows, empty, first.seconds + other.seconds)


def _row(
    place: int, one: BatchRow, two: BatchRow, classes: tuple[Sequence[str], Sequence[str]], terms: Terms
) -> ComparedRow:
    named = [
        _in_terms(list(map(Prediction, labels, row.scores)), terms)
        for row, labels in zip((one, two), classes, strict=True)
    ]
    names, scores = zip(*named, strict=True)
    verdict = _verdict(names, terms)
    return ComparedRow(place, one.text, (one.label, two.label), (one.score, two.score), names, scores, verdict)


def write_csv(found: BatchComparison, folder: Path) -> Path:
    """text, both labels with their scores, both answers in common terms, the verdict; as batch.write_csv writes."""
    header = ["text", "label", "score", "other_label", "other_score", "compared_as", "other_compared_as", "verdict"]
    return batch.write_table(folder, "comparison.csv", header, map(_cells, found.rows))


def _cells(row: ComparedRow) -> list[str]:
    labels = (batch.harmless(label) for label in row.labels)
    scores = (f"{score:.6f}" for score in row.label_scores)
    answers = (cell for pair in zip(labels, scores, strict=True) for cell in pair)
    return [batch.harmless(row.text), *answers, *map(batch.harmless, row.names), row.verdict]
