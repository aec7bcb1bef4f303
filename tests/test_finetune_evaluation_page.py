"""Step 4 of the Fine-tune tab without a browser: what it draws of an evaluation, and what its events give."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from demos.finetune_evaluation import EvaluationHandlers, Stamp
from demos.finetune_evaluation_rows import A_PAGE, MOST_DOUBTS, RowsView
from demos.finetune_evaluation_view import EvaluationView
from demos.i18n import LANGUAGES, Strings
from models.errors import BadInput
from models.finetune.bootstrap import Estimate
from models.finetune.doubtful import DoubtfulRow
from models.finetune.evaluation import Contender, Evaluation, Verdict
from models.finetune.mistakes import JudgedRow
from models.finetune.request import FinetuneRequest
from models.finetune.run import Run
from models.sentiment import Prediction, Sentiment

RUN = Run("abc", "finished", FinetuneRequest("data.csv"), queued_at=1.0, has_model=True)


def contender(name: str, score: float) -> Contender:
    estimate = Estimate(score, score - 0.1, min(1.0, score + 0.1))
    return Contender(name, estimate, estimate, learned_from=160, seconds=2.0, size_bytes=3 << 20)


def judged(number: int, label: str, predicted: str, before: str) -> JudgedRow:
    return JudgedRow(number, f"第{number}行<img>", label, predicted, 0.5 + number / 100, before, 0.6)


ROWS = (
    *(judged(number, "好<b>", "差", "差") for number in range(13)),
    *(judged(number, "差", "差", "好<b>") for number in range(13, 30)),
    judged(30, "差", "好<b>", "差"),
)
DOUBTS = tuple(DoubtfulRow(number, f"第{number}行", "好<b>", "差", 0.9, 0.1) for number in range(40))
FOUND = Evaluation(
    classes=("好<b>", "差"),
    contenders=tuple(contender(name, score) for name, score in (("majority", 0.4), ("ngrams", 0.6), ("frozen", 0.7))),
    verdict=Verdict("frozen", macro_f1=Estimate(0.15, 0.05, 0.25), accuracy=Estimate(0.1, 0.0, 0.2)),
    before="frozen",
    rows=ROWS,
    doubtful=DOUBTS,
    examined=100,
    examples=200,
    seconds=3.0,
)
FOUND = replace(FOUND, contenders=(*FOUND.contenders, contender("finetuned", 0.85)))


class FakeEvaluations:
    """One evaluation, or none until it is computed; remembers what was to be corrected."""

    def __init__(self, found: Evaluation | None) -> None:
        self.found = found
        self.chosen: dict[int, str] = {}

    def find(self, run_id: str) -> Evaluation | None:
        return self.found

    def computed(self, run_id: str) -> Evaluation:
        self.found = self.found or FOUND
        return self.found

    def corrected(self, run_id: str, chosen: dict[int, str]) -> Path:
        self.chosen = chosen
        return Path("data-corrected.csv")

    def rows_csv(self, run_id: str, change: str) -> Path:
        return Path(f"{change}.csv")


class FakeRunner:
    def classify(self, text: str, model: str = "") -> Sentiment:
        return Sentiment((Prediction(f"<i>{model}", 0.75), Prediction(text, 0.25)), ())


@pytest.fixture
def make_handlers():
    def make(found: Evaluation | None = FOUND) -> EvaluationHandlers:
        strings = Strings.load()
        return EvaluationHandlers(FakeEvaluations(found), FakeRunner(), EvaluationView(strings), RowsView(strings))

    return make


@pytest.fixture
def view() -> EvaluationView:
    return EvaluationView(Strings.load())


@pytest.mark.parametrize("lang", LANGUAGES)
def test_everything_is_drawn_in_both_languages_with_labels_escaped(view, lang):
    drawn = view.whole(FOUND, lang)
    assert "{" not in drawn
    assert "好<b>" not in drawn
    assert "好&lt;b&gt;" in drawn
    assert drawn.count("tea-forest-line") == 4
    assert '<td style="--share:100%">13</td>' in drawn, "all rows of the first class are taken for the second"
    assert "<circle" in drawn


@pytest.mark.parametrize(
    ("gain", "zh", "en"),
    [
        (Estimate(0.15, 0.05, 0.25), "值得：", "Worth it"),
        (Estimate(0.05, -0.05, 0.15), "没有明显的提高", "No clear gain"),
        (Estimate(-0.15, -0.25, -0.05), "不值得", "Not worth it"),
    ],
)
def test_the_verdict_is_one_sentence_that_names_gain_and_interval(view, gain, zh, en):
    found = replace(FOUND, verdict=Verdict("frozen", macro_f1=gain, accuracy=gain))
    assert zh in view.verdict(found, "zh")
    sentence = view.verdict(found, "en")
    assert en in sentence
    assert f"{100 * gain.low:.1f}" in sentence
    assert "85.0%" in sentence
    assert "70.0%" in sentence


def test_a_difference_of_nothing_has_no_sign(view):
    nothing = Estimate(-0.00001, -0.18, 0.2)
    found = replace(FOUND, verdict=Verdict("frozen", macro_f1=nothing, accuracy=nothing))
    assert "0.0" in view.verdict(found, "en")
    assert "-0.0" not in view.verdict(found, "en")


def test_few_held_out_rows_are_said_to_be_few(view):
    assert "Only 31 rows" in view.verdict(FOUND, "en")
    assert "Only" not in view.verdict(replace(FOUND, rows=ROWS * 2), "en")


def test_an_overconfident_model_is_called_so(view):
    sure = replace(FOUND, rows=tuple(replace(row, confidence=0.99) for row in ROWS))
    assert "overconfident" in view.whole(sure, "en")


def test_a_contender_that_learned_from_fewer_rows_is_named(view):
    assert "To save time" not in view.whole(FOUND, "en")
    less = tuple(replace(one, learned_from=50) if one.name == "frozen" else one for one in FOUND.contenders)
    assert "learned from 50 of the 160" in view.whole(replace(FOUND, contenders=less), "en")


def test_a_poll_changes_the_stamp_only_when_there_is_something_else_to_see(make_handlers):
    handlers = make_handlers()
    assert handlers.stamp(RUN) == handlers.stamp(RUN)
    assert handlers.stamp(RUN).kind == "found"
    comparing = replace(RUN, state="running", phase="comparing", comparing="finetune.evaluation.doing.frozen")
    assert handlers.stamp(replace(comparing, compared=0.2)) != handlers.stamp(replace(comparing, compared=0.4))


@pytest.mark.parametrize(
    ("run", "kind"),
    [
        (None, "nothing"),
        (replace(RUN, state="running", has_model=False), "nothing"),
        (replace(RUN, state="running", phase="comparing"), "doing"),
        (replace(RUN, state="failed", has_model=False), "nothing"),
        (replace(RUN, state="stopped"), "missing"),
        (replace(RUN, request=FinetuneRequest("data.csv", task="text-generation")), "nothing"),
    ],
)
@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_state_of_a_run_without_an_evaluation_fills_the_same_components(make_handlers, run, kind, lang):
    handlers = make_handlers(None)
    stamp = handlers.stamp(run)
    assert stamp.kind == kind
    drawn = handlers.draw(stamp, lang)
    assert len(drawn) == len(make_handlers().draw(Stamp("found", "abc"), lang))
    assert drawn[0]["visible"] is (kind != "nothing")
    assert drawn[2]["visible"] is (kind == "missing")


def test_a_missing_evaluation_is_computed_on_a_click_and_then_drawn(make_handlers):
    handlers = make_handlers(None)
    (waiting, _), (_, stamp) = handlers.compute("abc", "en")
    assert "please wait" in waiting
    assert "tea-worth-verdict" in handlers.draw(stamp, "en")[1]


def test_rows_are_turned_by_the_page_and_never_beyond_the_last(make_handlers):
    handlers = make_handlers()
    first, page, file = handlers.turn("abc", "mistakes", 0, "zh")
    assert first.count("<tr>") == A_PAGE + 1
    assert (page, file["value"]) == (0, "mistakes.csv")
    assert first.index("第12行") < first.index("第11行")
    last, page, _ = handlers.turn("abc", "mistakes", 7, "zh")
    assert page == 1
    assert last.count("<tr>") == 14 - A_PAGE + 1
    assert handlers.turn("abc", "mistakes", -1, "zh")[1] == 0


def test_rows_are_filtered_by_what_the_training_did_to_them_and_their_texts_escaped(make_handlers):
    handlers = make_handlers()
    mended, _, file = handlers.turn("abc", "mended", 0, "zh")
    assert "第29行&lt;img&gt;" in mended
    assert "<img" not in mended
    assert file["value"] == "mended.csv"
    broken, _, _ = handlers.turn("abc", "broken", 0, "zh")
    assert "第30行" in broken
    choices = handlers.draw(handlers.stamp(RUN), "en")[5]["choices"]
    assert [label for label, _ in choices] == ["All mistakes (14)", "Mended (17)", "Broken (1)", "Still wrong (13)"]


def test_a_filter_without_rows_says_so_and_offers_no_file(make_handlers):
    drawn, _, file = make_handlers(replace(FOUND, rows=ROWS[13:30])).turn("abc", "broken", 0, "en")
    assert "no such rows" in drawn
    assert not file["visible"]


def test_ticked_rows_are_corrected_into_the_file_of_step_one(make_handlers):
    handlers = make_handlers()
    file, download, sentence = handlers.correct("abc", [3, 5], "en")
    assert file == download["value"] == "data-corrected.csv"
    assert "2 rows corrected" in sentence
    assert handlers._evaluations.chosen == {3: "差", 5: "差"}


def test_correcting_nothing_is_refused(make_handlers):
    with pytest.raises(BadInput) as refused:
        make_handlers().correct("abc", [], "zh")
    assert refused.value.key == "errors.no_row_ticked"


def test_tick_all_ticks_what_is_listed_and_no_more(make_handlers):
    handlers = make_handlers()
    listed = [row for _, row in handlers.draw(handlers.stamp(RUN), "zh")[10]["choices"]]
    assert handlers.tick_all("abc", "zh") == listed
    assert len(listed) == MOST_DOUBTS


def test_a_sentence_is_answered_by_the_runs_own_model(make_handlers):
    drawn = make_handlers().try_sentence("abc", "茶<b>很香", "zh")
    assert "&lt;i&gt;run:abc" in drawn
    assert "茶&lt;b&gt;很香" in drawn
    assert "75.0%" in drawn
