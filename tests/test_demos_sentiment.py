"""The Sentiment tab with a runner and an explainer that compute nothing: what is drawn, what is escaped, what is kept."""

from __future__ import annotations

import csv
import html
import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import SimpleNamespace

import gradio as gr
import pandas as pd
import pytest

from demos import sentiment, sentiment_batch, sentiment_words
from demos.errors import Reporter
from demos.i18n import LANGUAGES, Localizer, Strings
from demos.sentiment_batch_view import SHOWN_ROWS, BatchView, overview
from demos.sentiment_view import Answer, SentimentView, percent
from demos.sentiment_words_view import WordsView
from demos.waiting import Waiter
from models import batch
from models.batch import BatchProgress, BatchResult
from models.catalog import Catalog
from models.deletion import Deletion
from models.errors import BadInput
from models.explain_text import Completeness, TextExplanation, WordWeight
from models.progress import Progress
from models.sentiment import Prediction, Sentiment, Window
from models.settings import Settings


class FakeRunner:
    """Positive in so far as a text holds 好. Remembers how many texts came at once."""

    def __init__(self) -> None:
        self.pieces: list[int] = []

    def classify(self, text: str, model: str = "") -> Sentiment:
        if not text.strip():
            raise BadInput("errors.empty_text")
        score = 0.9 if "好" in text else 0.2
        return found(positive=score, negative=1 - score)

    def classify_batch(self, texts: Sequence[str], model: str = "") -> list[Sentiment]:
        self.pieces.append(len(texts))
        return [self.classify(text, model) for text in texts]


class FakeExplainer:
    """Explains every character alike, in two steps. Remembers how many steps were taken."""

    def __init__(self) -> None:
        self.taken = 0

    def steps(self, text: str, model: str = "") -> Iterator[Progress | TextExplanation]:
        for step in range(2):
            self.taken += 1
            yield Progress(step, 2)
        yield explanation_of(tuple(WordWeight(char, 0.5, 0.4, True) for char in text))


def explanation_of(words: tuple[WordWeight, ...], rest: str = "", **more: object) -> TextExplanation:
    values = {"completeness": Completeness(4.31, 4.35), "agreement": 0.9, "deletion": None}
    return TextExplanation("positive", (), words, rest, **values | more)


def found(windows: int = 1, **scores: float) -> Sentiment:
    predictions = tuple(sorted((Prediction(*pair) for pair in scores.items()), key=lambda one: -one.score))
    return Sentiment(predictions, tuple(Window(f"<i>{number}</i>", 100, predictions) for number in range(windows)))


@pytest.fixture(scope="module")
def strings() -> Strings:
    return Strings.load()


@pytest.fixture
def view(strings: Strings) -> SentimentView:
    return SentimentView(strings)


@pytest.fixture
def waiter(strings: Strings) -> Waiter:
    return Waiter(SimpleNamespace(waiting_for=lambda model: None), strings)


@pytest.fixture
def handlers(waiter: Waiter, view: SentimentView) -> sentiment.Handlers:
    return sentiment.Handlers(waiter, FakeRunner(), Catalog(), view, sentiment.load_examples())


@pytest.fixture
def why(waiter: Waiter, strings: Strings) -> sentiment_words.Handlers:
    return sentiment_words.Handlers(waiter, FakeExplainer(), Catalog(), WordsView(strings))


@pytest.fixture
def judge(waiter: Waiter, strings: Strings, settings: Settings) -> sentiment_batch.Handlers:
    return sentiment_batch.Handlers(waiter, FakeRunner(), settings, Catalog(), BatchView(strings))


def result_of(texts: Sequence[str], settings: Settings) -> BatchResult:
    return list(batch.classify_steps(FakeRunner(), texts, "", settings))[-1]


def read(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.reader(file))


def silent(*_: object, **__: object) -> None:
    """Progress that nobody looks at."""


def test_a_sure_answer_is_a_sentence_in_either_language(view):
    answer = Answer("好", "sentiment-zh", "sentiment", found(positive=0.973, negative=0.027))
    assert "模型认为这是正面的，把握 97%。" in view.answer(answer, "zh")
    assert "positive, 97% sure" in view.answer(answer, "en")


def test_below_the_bound_the_page_says_that_it_is_not_sure(view):
    answer = Answer("好", "sentiment-zh", "sentiment", found(positive=0.69, negative=0.31))
    assert "拿不准" in view.answer(answer, "zh")
    assert "Not sure" in view.answer(answer, "en")


def test_positive_stands_above_negative_whichever_wins(view):
    answer = Answer("差", "sentiment-zh", "sentiment", found(positive=0.1, negative=0.9))
    drawn = view.answer(answer, "zh")
    assert drawn.index(">正面<") < drawn.index(">负面<")


def test_labels_of_another_model_are_its_own_and_escaped(view):
    answer = Answer("好", "run:1", None, found(**{"<b>茶叶</b>": 0.8, "点心": 0.2}))
    drawn = view.answer(answer, "zh")
    assert "&lt;b&gt;茶叶&lt;/b&gt;" in drawn
    assert "<b>茶叶" not in drawn


def test_of_many_classes_the_best_ten_are_drawn_and_the_rest_counted(view):
    answer = Answer("好", "run:1", None, found(**{f"c{number}": (14 - number) / 105 for number in range(14)}))
    drawn = view.answer(answer, "en")
    assert drawn.count('class="tea-bar ') == 10
    assert "4 more classes" in drawn


def test_a_long_text_shows_each_of_its_windows(view):
    drawn = view.answer(Answer("长", "sentiment-zh", "sentiment", found(windows=3, positive=0.8, negative=0.2)), "zh")
    assert "分 3 段读完" in drawn
    assert drawn.count("<li>") == 3
    assert "&lt;i&gt;2&lt;/i&gt;" in drawn


def test_a_text_of_one_window_shows_no_strip(view):
    drawn = view.answer(Answer("短", "sentiment-zh", "sentiment", found(positive=0.8, negative=0.2)), "zh")
    assert "tea-strip" not in drawn


@pytest.mark.parametrize(
    ("score", "shown"), [(0.97312, "97.3%"), (0.99999, ">99.9%"), (0.00001, "<0.1%"), (1.0, "100.0%"), (0.0, "0.0%")]
)
def test_no_probability_is_rounded_to_certainty(score, shown):
    assert percent(score) == shown


def test_words_are_coloured_by_sign_and_escaped(why):
    explanation = explanation_of((WordWeight("<好>", 2.0, 1.0, True), WordWeight("差", -1.0, 0.5, True)))
    drawn = why.view.reasons(explanation, "sentiment", "zh")
    assert "&lt;好&gt;" in drawn
    assert "<好>" not in drawn
    assert 'title="+2.00" style="background:color-mix(in srgb, var(--tea-accent) 62%' in drawn
    assert 'title="-1.00" style="background:color-mix(in srgb, var(--tea-warm) 31%' in drawn
    assert "支持“正面”" in drawn


def test_what_the_words_add_up_to_stands_beside_them(why):
    drawn = why.view.reasons(explanation_of((WordWeight("好", 4.31, 1.0, True),)), "sentiment", "en")
    assert "add up to +4.31 of +4.35" in drawn


def test_what_was_not_explained_is_said(why):
    explanation = explanation_of((WordWeight("好", 1.0, 1.0, True),), rest="字" * 400)
    assert "只解释了开头" in why.view.reasons(explanation, "sentiment", "zh")


@pytest.mark.parametrize(
    ("top", "random", "sentence"),
    [
        (0.2, 0.9, "确实靠 好"),
        (0.8, 0.88, "有份量"),
        (0.97, 0.97, "散在全文"),
        (0.8, 0.8, "不可靠"),
        (0.99, 0.9, "不可靠"),
    ],
)
def test_the_check_says_what_follows_from_it(why, top, random, sentence):
    explanation = explanation_of((WordWeight("好", 1.0, 1.0, True),), deletion=Deletion(0.98, top, random, ("好",), 12))
    assert sentence in why.view.reasons(explanation, "sentiment", "zh")


def test_the_text_that_was_answered_is_the_one_explained(handlers, why):
    answer, _ = handlers.classify("很好", "sentiment-zh", "zh", silent)
    *waits, (explained, drawn) = why.explain(answer, "写到一半", "emotion-zh", "zh", silent)
    assert len(waits) == 2
    assert "".join(word.text for word in explained.explanation.words) == "很好"
    assert explained.labels == "sentiment"
    assert "tea-heat" in drawn


def test_before_any_answer_the_text_in_the_box_is_explained(why):
    *_, (explained, _) = why.explain(None, "真好", "sentiment-zh", "zh", silent)
    assert "".join(word.text for word in explained.explanation.words) == "真好"
    (explained, drawn), *_ = why.explain(None, " ", "sentiment-zh", "zh", silent)
    assert explained is None
    assert "写一段文字" in drawn


def test_a_closed_explanation_takes_no_further_step(waiter, strings):
    explainer = FakeExplainer()
    why = sentiment_words.Handlers(waiter, explainer, Catalog(), WordsView(strings))
    steps = why.explain(None, "真好", "sentiment-zh", "zh", silent)
    next(steps)
    steps.close()
    assert explainer.taken == 1


def test_another_language_redraws_what_is_shown(handlers):
    answer, _ = handlers.classify("很好", "sentiment-zh", "zh", silent)
    example = handlers.examples[0]
    drawn, note = handlers.redraw(answer, example.text, "en")
    assert "positive" in drawn
    assert "正面" not in drawn
    assert note == f'<p class="tea-note">{html.escape(example.note["en"])}</p>'


def test_a_text_of_ones_own_has_no_note(handlers):
    assert handlers.note("自己写的", "zh") == ""


def test_examples_have_a_note_in_both_languages():
    examples = sentiment.load_examples()
    assert len(examples) >= 6
    assert all(example.text and set(example.note) >= set(LANGUAGES) for example in examples)


def test_rows_keep_the_order_of_the_input_and_empty_cells_their_places(settings):
    result = result_of(["差", "", "很好很好", "  ", "好"], settings)
    assert [row.label for row in result.rows] == ["negative", "", "positive", "", "positive"]
    assert [row.text for row in result.rows] == ["差", "", "很好很好", "  ", "好"]


def test_the_csv_has_the_promised_columns_and_a_byte_order_mark(settings, tmp_path):
    path = batch.write_csv(result_of(["很好", "", "差"], settings), tmp_path)
    assert path.read_bytes().startswith(b"\xef\xbb\xbf")
    assert read(path) == [
        ["text", "label", "score", "negative", "positive"],
        ["很好", "positive", "0.900000", "0.100000", "0.900000"],
        ["", "", "", "", ""],
        ["差", "negative", "0.800000", "0.800000", "0.200000"],
    ]


def test_commas_quotes_and_line_breaks_survive_the_csv(settings, tmp_path):
    texts = ['茶,好喝,说"好"\n下次还来', "差"]
    assert [row[0] for row in read(batch.write_csv(result_of(texts, settings), tmp_path))[1:]] == texts


@pytest.mark.parametrize("text", ["=1+1", "=HYPERLINK(1)", "+cmd|' /C calc'!A0", "@SUM(A1)", "\t=1", "-SUM(1)"])
def test_a_cell_that_a_spreadsheet_would_run_gets_an_apostrophe(text, settings, tmp_path):
    assert read(batch.write_csv(result_of([text], settings), tmp_path))[1][0] == f"'{text}"


@pytest.mark.parametrize("text", ["@小明 好吃", "-1 分，不能再多", "+1", "茶=水", "- 房间很好"])
def test_a_plain_text_stays_as_it_is(text, settings, tmp_path):
    assert read(batch.write_csv(result_of([text], settings), tmp_path))[1][0] == text


def test_progress_comes_after_every_piece_and_ends_at_all_texts(settings):
    runner = FakeRunner()
    *steps, result = batch.classify_steps(runner, ["好"] * 70, "", settings)
    assert runner.pieces == [32, 32, 6]
    assert [step.done for step in steps] == [32, 64, 70]
    assert steps[0].seconds_left is None
    assert steps[-1].seconds_left == 0
    assert len(result.rows) == 70


def test_long_texts_come_in_smaller_pieces(settings):
    runner = FakeRunner()
    list(batch.classify_steps(runner, ["好" * 5000] * 3, "", settings))
    assert runner.pieces == [1, 1, 1]


def test_closing_the_steps_stops_the_work(settings):
    runner = FakeRunner()
    steps = batch.classify_steps(runner, ["好"] * 70, "", settings)
    next(steps)
    steps.close()
    assert runner.pieces == [32]


def test_too_many_rows_are_refused_with_the_bound():
    with pytest.raises(BadInput) as refused:
        result_of(["好"] * 4, Settings(max_batch_rows=3))
    assert refused.value.values == {"rows": 4, "limit": 3}


def test_a_text_that_is_too_long_is_named_by_its_row():
    with pytest.raises(BadInput) as refused:
        result_of(["好", "好" * 11], Settings(max_characters=10))
    assert refused.value.values == {"row": 2, "length": 11, "limit": 10}


def test_nothing_but_empty_texts_is_refused(settings):
    with pytest.raises(BadInput) as refused:
        result_of(["", "  "], settings)
    assert refused.value.key == "errors.no_texts"


def test_a_column_that_is_not_there_is_refused_with_those_that_are():
    frame = pd.DataFrame({"review": ["好"], "stars": ["5"]})
    with pytest.raises(BadInput) as refused:
        batch.column_texts(frame, "text")
    assert refused.value.values == {"column": "text", "valid": "review, stars"}


def test_the_text_column_of_a_file_is_guessed(settings, tmp_path):
    path = tmp_path / "reviews.csv"
    path.write_text("id,评论\n1,茶很好\n2,太差了\n", encoding="utf-8-sig")
    result = batch.classify_file(FakeRunner(), path, "", "", settings)
    assert [row.text for row in result.rows] == ["茶很好", "太差了"]


def test_the_summary_counts_every_class_and_is_json(settings):
    summary = json.loads(json.dumps(result_of(["好", "好", ""], settings).summary))
    assert summary.pop("seconds") >= 0
    assert summary == {
        "model": "sentiment-zh",
        "rows": 3,
        "empty": 1,
        "counts": {"negative": 0, "positive": 2},
        "uncertain": 0,
        "in_windows": 0,
    }


def test_an_old_csv_is_swept_away_by_the_next(settings, tmp_path):
    result = result_of(["好"], settings)
    old = batch.write_csv(result, tmp_path)
    os.utime(old.parent, (0, 0))
    new = batch.write_csv(result, tmp_path)
    assert new.is_file()
    assert not old.exists()


def test_the_page_remembers_only_what_it_shows(settings):
    shown = overview(result_of(["<b>好</b>" + "长" * 100] * 150, settings), "sentiment")
    assert len(shown.rows) == SHOWN_ROWS
    assert all(len(row.text) < 70 for row in shown.rows)
    assert sum(shown.bins) == 150


def test_the_drawn_batch_is_escaped_and_says_how_many_rows_it_hides(strings, settings):
    shown = overview(result_of(["<b>好</b>"] * 150, settings), "sentiment")
    drawn = BatchView(strings).result(shown, "zh")
    assert "&lt;b&gt;好" in drawn
    assert "<b>好" not in drawn
    assert "前 100 条" in drawn
    assert "150" in drawn


def test_pasted_lines_become_a_table_and_a_file(judge):
    *_, (status, stop, shown, drawn, download) = judge.judge_lines("很好\n\n太差\n", "sentiment-zh", "zh", silent)
    assert "看完了" in status
    assert stop["interactive"] is False
    assert shown.summary["rows"] == 2
    assert "正面" in drawn
    assert len(read(Path(download["value"]))) == 3


def test_while_it_runs_the_page_counts_and_can_be_stopped(judge):
    status, stop, *kept = next(judge.judge_lines("好\n" * 70, "sentiment-zh", "zh", silent))
    assert "32 / 70" in status
    assert stop["interactive"] is True
    assert all(value == gr.skip() for value in kept)


def test_a_refused_batch_leaves_the_last_result_and_stops_counting(judge):
    steps = judge.judge_lines("", "sentiment-zh", "zh", silent)
    status, stop, *kept = next(steps)
    assert "最多 2,000 条" in status
    assert stop["interactive"] is False
    assert all(value == gr.skip() for value in kept)
    with pytest.raises(BadInput):
        next(steps)


def test_the_example_file_answers(judge):
    *_, (_, _, shown, _, _) = judge.judge_file(judge.example_file(), None, "sentiment-zh", "zh", silent)
    assert shown.summary["rows"] == 40


def test_opening_a_file_offers_its_columns(judge, tmp_path):
    path = tmp_path / "reviews.csv"
    path.write_text("id,评论\n1,茶很好喝\n2,太差了\n", encoding="utf-8")
    update = judge.open_file(str(path), "zh")
    assert (update["choices"], update["value"]) == (["id", "评论"], "评论")
    assert judge.open_file(None, "zh")["interactive"] is False


def test_the_tab_hands_out_what_others_need(waiter, strings, settings):
    with gr.Blocks(analytics_enabled=False) as page:
        ui = Localizer(strings)
        tab = sentiment.build(ui, waiter, Reporter(strings), FakeRunner(), FakeExplainer(), None, settings, Catalog())
    assert (tab.picker.value, tab.run.variant) == ("sentiment-zh", "primary")
    assert tab.text.value
    assert all(event.api_visibility == "private" for event in page.fns.values())


@pytest.mark.parametrize("step", [BatchProgress(1, 2, None), BatchProgress(1, 2, 65.0)])
def test_progress_is_said_in_both_languages(step, strings):
    view = BatchView(strings)
    assert all("1" in view.progress(step, lang) and "2" in view.progress(step, lang) for lang in LANGUAGES)
    assert "1:05" in view.progress(BatchProgress(1, 2, 65.0), "zh")
