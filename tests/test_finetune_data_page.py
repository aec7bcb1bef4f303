"""Step 1 of the Fine-tune tab without a browser: a table read, what is wrong with it drawn, its repair put in its place."""

from __future__ import annotations

from pathlib import Path

import pytest
from broken_tables import Broken, broken_tables, encoded, good_rows, hopeless_tables
from gradio.utils import deep_hash

from demos.finding_words import FindingWords
from demos.finetune_data import EXAMPLES, DataHandlers
from demos.finetune_data_view import DataView
from demos.finetune_steps import steps
from demos.i18n import LANGUAGES, Strings
from models.finetune import dataset
from models.finetune.findings import Finding
from models.finetune.request import CLASSIFY, WRITE

STRINGS = Strings.load()


@pytest.fixture
def data(settings) -> DataHandlers:
    return DataHandlers(settings, DataView(STRINGS, FindingWords(STRINGS)))


@pytest.fixture
def broken(tmp_path: Path) -> str:
    """A table with an unquoted comma, an empty row, letters that are lost, and labels spelt in two ways."""
    rows = [
        *good_rows(),
        ["", "好评"],
        ["茶锟斤拷香", "好评"],
        *[[f"{text}！", "好评 "] for text, _ in good_rows()[:2]],
    ]
    path = tmp_path / "mine.csv"
    path.write_bytes(encoded(rows) + "茶不错, 就是贵,好评\n".encode())
    return str(path)


def test_an_example_is_read_and_its_columns_chosen(data):
    report, drawn, text, label, box, _, said, original, *_ = data.open_file(str(EXAMPLES["tea"]), CLASSIFY, "zh")
    assert report.used == 180
    assert (text["value"], label["value"]) == ("review", "label")
    assert report.is_ready
    assert "好评" in drawn
    assert 'class="is-on"><i>2</i>' in steps(STRINGS, report, None, "zh")
    assert (said, original) == ("", None)
    assert not box["visible"]


def test_columns_that_cannot_be_trained_on_are_drawn_with_their_problem(data):
    report, drawn, *_ = data.choose_columns(str(EXAMPLES["tea"]), "label", "review", CLASSIFY, "en")
    assert not report.is_ready
    assert "is-problem" in drawn
    assert [problem.key for problem in report.problems] == ["errors.id_labels"]


def test_the_page_sees_that_another_table_came(data, broken):
    reports = [data.open_file(file, CLASSIFY, "zh")[0] for file in (str(EXAMPLES["tea"]), broken)]
    assert len({deep_hash(report) for report in reports}) == 2


def test_the_repairs_that_lose_nothing_are_ticked_beforehand(data, broken):
    *_, choices, _, _, _, _ = data.open_file(broken, CLASSIFY, "zh")
    offered = {kind for _, kind in choices["choices"]}
    assert {"ragged_rows", "empty", "lost_characters", "label_variants"} <= offered
    assert "lost_characters" not in choices["value"]
    assert {"ragged_rows", "empty", "label_variants"} <= set(choices["value"])


def test_a_repaired_table_comes_into_use_and_ones_own_can_be_taken_back(data, broken):
    chosen = data.open_file(broken, CLASSIFY, "zh")[5]["value"]
    outputs = data.repair(broken, None, "review", "label", CLASSIFY, chosen, "zh")
    path, report, drawn, *_, said, original, download, back = outputs
    assert path != broken
    assert report.is_ready
    assert "锟斤拷" in drawn
    assert "原来的文件没有动" in said
    assert (original, download["value"], download["visible"], back["visible"]) == (broken, path, True, True)
    again = data.repair(path, original, "review", "label", CLASSIFY, ["lost_characters"], "zh")
    assert again[-3] == broken
    restored, report, *_ = data.restore(broken, CLASSIFY, "zh")
    assert restored == broken
    assert not report.is_ready


def test_with_nothing_ticked_only_what_reading_mends_is_mended(data, broken):
    _, report, *_ = data.repair(broken, None, "review", "label", CLASSIFY, [], "en")
    assert {"empty", "label_variants"} <= {finding.kind for finding in report.findings}
    assert "ragged_rows" not in {finding.kind for finding in report.findings}


def test_for_a_writer_the_columns_are_called_questions_and_answers(data, tmp_path):
    path = tmp_path / "desk.csv"
    path.write_bytes(encoded([[f"{text}吗？", f"是的，{text}"] for text, _ in good_rows()], ("question", "answer")))
    report, _, text, label, *_ = data.open_file(str(path), WRITE, "en")
    assert (text["value"], label["value"]) == ("question", "answer")
    assert "answers" in label["label"]
    assert report.is_ready


def test_another_language_keeps_what_was_ticked(data, broken):
    report = data.open_file(broken, CLASSIFY, "zh")[0]
    drawn, text, _, choices = data.redraw(report, ["empty"], CLASSIFY, "en")
    assert choices["value"] == ["empty"]
    assert "drop the rows without a text or a label (1)" in [shown for shown, _ in choices["choices"]]
    assert text["label"] == "Column of texts"
    assert "Stops training" in drawn


@pytest.mark.parametrize("table", [*broken_tables(), *hopeless_tables()], ids=lambda table: table.name)
def test_every_finding_is_drawn_in_both_languages(data, tmp_path, settings, table: Broken):
    report = dataset.inspect(table.write(tmp_path), label_column=table.label_column, settings=settings)
    for lang in LANGUAGES:
        drawn = data.view.dataset(report, lang)
        assert "tea-finding is-" in drawn
        assert "{" not in drawn


def test_a_dataset_is_drawn_with_everything_of_the_visitors_escaped(data, tmp_path, settings):
    path = tmp_path / "data.csv"
    path.write_text("text,<u>label\n<img src=x>茶,<i>\n水, <i>\n酒,b\n醋,b\n<img src=x>茶,b\n", encoding="utf-8")
    drawn = data.view.dataset(dataset.inspect(path, label_column="<u>label", settings=settings), "zh")
    assert not {tag for tag in ("<img", "<u>", "<i>b", "<i></") if tag in drawn}
    assert "&lt;img src=x&gt;茶" in drawn
    assert "is-warning" in drawn


@pytest.mark.parametrize(
    ("rows", "count", "said"),
    [((3,), 1, "Row 3"), ((3, 4, 5, 9), 4, "Rows 3–5, 9"), ((3, 9), 40, "Rows 3, 9… 40 in all"), ((), 0, "")],
)
def test_rows_are_named_briefly(rows, count, said):
    assert FindingWords(STRINGS).rows(Finding("empty", "note", "safe", count, rows), "en") == said
