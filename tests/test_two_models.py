"""Two models on the same texts: in which terms they are compared, what counts as agreement, and what the page shows of it."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace

import gradio as gr
import pytest

from demos import sentiment_two
from demos.i18n import Strings
from demos.sentiment_batch_view import BatchView
from demos.sentiment_two_view import SHOWN_ROWS, TwoView
from demos.waiting import Waiter
from models import two_models
from models.batch import BatchProgress
from models.catalog import Catalog
from models.sentiment import Prediction, Sentiment
from models.two_models import BatchComparison, common_terms, compare, compare_steps

# What each fake model says of a text: the first holder of a word in it decides.
SAYS = {
    "sentiment-zh": {"好": {"positive": 0.9, "negative": 0.1}, "": {"positive": 0.2, "negative": 0.8}},
    "emotion-zh": {
        "很好": {"happiness": 0.4, "like": 0.3, "anger": 0.2, "none": 0.1},
        "好": {"happiness": 0.1, "like": 0.1, "anger": 0.7, "none": 0.1},
        "平": {"happiness": 0.2, "like": 0.25, "anger": 0.25, "none": 0.3},
        "": {"happiness": 0.1, "like": 0.0, "anger": 0.8, "none": 0.1},
    },
    "topics": {"": {"sports": 0.6, "tea": 0.4}},
}


class FakeRunner:
    """Remembers how many texts came at once."""

    def __init__(self) -> None:
        self.pieces: list[int] = []

    def classify_batch(self, texts: Sequence[str], model: str = "") -> list[Sentiment]:
        self.pieces.append(len(texts))
        return [self._answer(text, SAYS[model]) for text in texts]

    def _answer(self, text: str, says: dict[str, dict[str, float]]) -> Sentiment:
        scores = next(scores for word, scores in says.items() if word in text)
        return Sentiment(tuple(sorted(map(Prediction, scores, scores.values()), key=lambda one: -one.score)), ())


def silent(*_: object, **__: object) -> None:
    """Progress that nobody looks at."""


@pytest.fixture
def handlers(settings) -> sentiment_two.Handlers:
    strings = Strings.load()
    waiter = Waiter(SimpleNamespace(waiting_for=lambda model: None), strings)
    return sentiment_two.Handlers(waiter, FakeRunner(), settings, Catalog(), TwoView(strings), BatchView(strings))


@pytest.mark.parametrize(
    ("first", "other", "terms"),
    [
        (("negative", "positive"), ("positive", "negative"), "labels"),
        (("negative", "positive"), ("happiness", "anger", "none"), "sides"),
        (("negative", "positive"), ("1 star", "3 stars", "5 stars"), "sides"),
        (("negative", "positive"), ("sports", "tea"), "none"),
        (("sports", "tea"), ("tea", "sports"), "labels"),
    ],
)
def test_models_are_compared_in_terms_that_both_have(first, other, terms) -> None:
    assert common_terms(first, other) == terms


@pytest.mark.parametrize(
    ("text", "verdict", "names"),
    [
        ("很好", "agree", ("positive", "positive")),
        ("好", "differ", ("positive", "negative")),
        ("平", "no_side", ("negative", "neither")),
    ],
)
def test_an_emotion_stands_on_the_side_of_the_likeliest_one(text, verdict, names) -> None:
    found = compare(FakeRunner(), text, "sentiment-zh", "emotion-zh")
    assert (found.verdict, found.names) == (verdict, names)
    if text == "很好":
        assert found.scores == pytest.approx((0.9, 0.7))  # happiness and like together


def test_classes_with_nothing_in_common_are_shown_and_not_compared(handlers) -> None:
    found = compare(handlers._runner, "好", "sentiment-zh", "topics")
    assert found.verdict == "not_compared"
    *_, many = compare_steps(handlers._runner, ["好"], "sentiment-zh", "topics", handlers.settings)
    assert many.summary["agreement"] is None
    assert "没有共同之处" in handlers.redraw(None, sentiment_two.BatchSeen(many.summary, (None, None), ()), "zh")[2]


def test_a_batch_counts_agreement_and_puts_the_most_confident_difference_first(settings) -> None:
    *steps, found = compare_steps(
        FakeRunner(), ["好", "", "平", "差", "很好", "好"], "sentiment-zh", "emotion-zh", settings
    )
    assert all(isinstance(step, BatchProgress) for step in steps)
    assert (steps[-1].done, steps[-1].total) == (10, 10)
    summary = found.summary
    assert (summary["rows"], summary["empty"], summary["agree"], summary["differ"], summary["no_side"]) == (
        5,
        1,
        2,
        2,
        1,
    )
    assert summary["agreement"] == 0.5
    assert [row.place for row in found.disagreements] == [0, 5]


def test_closing_the_comparison_stops_it(settings) -> None:
    runner = FakeRunner()
    steps = compare_steps(runner, ["好"] * 70, "sentiment-zh", "emotion-zh", settings)
    next(steps)
    steps.close()
    assert runner.pieces == [32]


def test_the_csv_has_both_answers_and_the_verdict_and_runs_no_formula(settings, tmp_path: Path) -> None:
    *_, found = compare_steps(FakeRunner(), ["=1+1", "很好"], "sentiment-zh", "emotion-zh", settings)
    path = two_models.write_csv(found, tmp_path)
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert rows[0]["text"] == "'=1+1"
    assert rows[1] | {"text": "很好", "label": "positive", "other_label": "happiness", "verdict": "agree"} == rows[1]


@pytest.mark.parametrize(("lang", "sentence"), [("zh", "两个模型意见不同"), ("en", "The two models differ")])
def test_both_answers_stand_side_by_side_in_either_language(handlers, lang, sentence) -> None:
    ((seen, drawn),) = handlers.compare(None, "好", "sentiment-zh", "emotion-zh", lang, silent)
    assert sentence in drawn
    assert drawn.count("<section>") == 2
    assert handlers.redraw(seen, None, "en" if lang == "zh" else "zh")[0] != drawn


def test_the_rows_of_a_batch_are_escaped_and_bounded(handlers) -> None:
    *_, (_, stop, many, drawn, download) = handlers.compare_lines(
        "<b>好</b>\n" * (SHOWN_ROWS + 5), "sentiment-zh", "emotion-zh", "en", silent
    )
    assert "<b>好" not in drawn
    assert len(many.rows) == SHOWN_ROWS
    assert f"The first {SHOWN_ROWS} are listed" in drawn
    assert stop["interactive"] is False
    assert Path(download["value"]).is_file()


def test_a_refused_batch_leaves_the_last_result(handlers) -> None:
    steps = handlers.compare_lines("", "sentiment-zh", "emotion-zh", "zh", silent)
    _, stop, *kept = next(steps)
    assert stop["interactive"] is False
    assert all(value == gr.skip() for value in kept)


def test_the_same_model_twice_agrees_with_itself(settings) -> None:
    *_, found = compare_steps(FakeRunner(), ["好", "差"], "sentiment-zh", "sentiment-zh", settings)
    assert isinstance(found, BatchComparison)
    assert found.summary["agreement"] == 1
