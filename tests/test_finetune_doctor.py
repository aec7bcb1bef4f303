"""The doctor names what is wrong with a table: each kind of fault, in both languages, with the rows a spreadsheet shows."""

from __future__ import annotations

import random
import re
import time
from pathlib import Path

import pytest
from broken_tables import Broken, broken_tables, encoded, good_rows, hopeless_tables

from demos.i18n import LANGUAGES, Strings
from models.finetune import dataset
from models.finetune.findings import KINDS, NAMED_ROWS, PROBLEM, Finding
from models.finetune.request import WRITE

EXAMPLES = Path(__file__).resolve().parents[1] / "assets" / "examples"
STRINGS = Strings.load()


def named(table: Broken):
    return table.name


def of_kind(findings: tuple[Finding, ...], kind: str) -> Finding:
    (finding,) = [finding for finding in findings if finding.kind == kind]
    return finding


def sentences(finding: Finding, lang: str) -> list[str]:
    keys = [finding.key, finding.effect_key, finding.repair_key]
    return [STRINGS.text(key, lang, **finding.values) for key in keys if key]


@pytest.mark.parametrize("table", [*broken_tables(), *hopeless_tables()], ids=named)
def test_each_broken_table_is_named_with_its_rows_in_both_languages(tmp_path, settings, table):
    path = table.write(tmp_path)
    report = dataset.inspect(path, label_column=table.label_column, settings=settings)
    finding = of_kind(report.findings, table.kind)
    if table.rows:
        assert (finding.rows, finding.count) == (table.rows, len(table.rows))
    for lang in LANGUAGES:
        assert all(sentence and not re.search(r"[{}]", sentence) for sentence in sentences(finding, lang))
    assert report.is_ready == (finding.severity != PROBLEM)


def test_the_tables_are_broken_in_every_way_there_is():
    assert {table.kind for table in [*broken_tables(), *hopeless_tables()]} == set(KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_says_what_it_does_to_training(kind):
    finding = Finding(kind, KINDS[kind].severity, KINDS[kind].repair)
    assert [
        key for key in (finding.key, finding.effect_key, finding.repair_key) if key and not STRINGS.knows(key)
    ] == []


@pytest.mark.parametrize("name", ["finetune_tea.csv", "finetune_topics.csv"])
def test_in_a_good_table_nothing_is_found_that_would_need_a_repair(settings, name):
    report = dataset.inspect(EXAMPLES / name, settings=settings)
    assert [finding.kind for finding in report.findings if finding.repair == "safe"] == []
    assert report.warnings == report.problems == ()


@pytest.mark.parametrize(
    ("changed", "kind"),
    [
        ("今天喝到一款café里才有的茶，naïve 的味道", "mojibake"),
        ("联通的信号不错，茶也不错", "mojibake"),
        ("一家三口👨‍👩‍👧来喝茶，开心🍵", "invisible"),
        ("价格 < 100 的茶都不错，a > b", "markup"),
        ("掌柜说“这茶好”，我也说“好”", "open_quotes"),
    ],
)
def test_unusual_but_sound_texts_are_left_in_peace(tmp_path, settings, changed, kind):
    path = tmp_path / "data.csv"
    path.write_bytes(encoded([*good_rows(), [changed, "好评"]]))
    assert kind not in {finding.kind for finding in dataset.inspect(path, settings=settings).findings}


def test_labels_that_only_mean_the_same_stay_two(tmp_path, settings):
    path = tmp_path / "data.csv"
    path.write_bytes(encoded([*good_rows(), *[[f"{text}真的", "正面"] for text, _ in good_rows()[:9]]]))
    report = dataset.inspect(path, settings=settings)
    assert "label_variants" not in {finding.kind for finding in report.findings}
    assert set(report.label_counts) == {"好评", "差评", "正面"}


def test_only_the_first_rows_of_a_finding_are_named_and_all_are_counted(tmp_path, settings):
    path = tmp_path / "data.csv"
    path.write_bytes(encoded([*good_rows(), *good_rows()]))
    finding = of_kind(dataset.inspect(path, settings=settings).findings, "duplicates")
    assert finding.count == 64
    assert finding.rows == tuple(range(66, 66 + NAMED_ROWS))


def test_rows_are_numbered_as_a_spreadsheet_shows_them_through_blank_lines_and_line_breaks(tmp_path, settings):
    path = tmp_path / "data.csv"
    path.write_text(
        '标题\n\ntext,label\n"第一行\n第二行",好\n\n,差\n茶凉了,差\n点心好,好\n茶很香,好\n水太烫,差\n', "utf-8"
    )
    report = dataset.inspect(path, settings=settings)
    assert of_kind(report.findings, "title_rows").rows == (1,)
    assert of_kind(report.findings, "empty").rows == (6,)


def test_a_ready_tokenizer_counts_the_tokens_instead_of_a_guess(tmp_path, settings):
    path = tmp_path / "data.csv"
    path.write_bytes(encoded(good_rows()))
    report = dataset.inspect(path, settings=settings, count_tokens=lambda texts: [999] * len(texts), max_length=8)
    assert of_kind(report.findings, "long").values["limit"] == 8


def test_for_a_writer_the_answers_are_no_classes(tmp_path, settings):
    path = tmp_path / "data.csv"
    path.write_bytes(encoded([[f"{text}吗？", f"我觉得{text}"] for text, _ in good_rows()], ("question", "answer")))
    report = dataset.inspect(path, settings=settings, task=WRITE)
    assert (report.text_column, report.label_column) == ("question", "answer")
    assert report.is_ready
    assert not {"id_labels", "too_many_classes", "rare_classes"} & {finding.kind for finding in report.findings}


def test_plain_texts_are_enough_for_a_writer(settings):
    report = dataset.inspect(EXAMPLES / "reviews.csv", settings=settings, task=WRITE)
    assert (report.text_column, report.label_column, report.is_ready) == ("text", "", True)


def test_twenty_thousand_rows_are_examined_in_seconds(tmp_path, settings):
    letters = [letter for text, _ in good_rows() for letter in text]
    drawn = random.Random(0)
    rows = [["".join(drawn.choices(letters, k=drawn.randint(10, 90))), "好" if n % 2 else "差"] for n in range(20_000)]
    path = tmp_path / "data.csv"
    path.write_bytes(encoded(rows))
    started = time.process_time()
    assert dataset.inspect(path, settings=settings).rows == 20_000
    assert time.process_time() - started < 6  # under two on an idle laptop; CI shares its processors
