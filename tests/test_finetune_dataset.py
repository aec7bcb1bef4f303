"""A table becomes training data: encodings, delimiters, bounds, guessed columns, what is refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from models.errors import BadInput
from models.finetune import dataset
from models.finetune.table import guess_text_column, read_table

EXAMPLES = Path(__file__).resolve().parents[1] / "assets" / "examples"
ROWS = [("茶很香，下次还来", "好"), ("等了一个小时", "差"), ("环境安静，适合聊天", "好"), ("点心又冷又硬", "差")]


def write(folder: Path, text: str, *, name: str = "data.csv", encoding: str = "utf-8") -> Path:
    path = folder / name
    path.write_bytes(text.encode(encoding))
    return path


def table(rows: list[tuple[str, str]] = ROWS, header: str = "评论,标签") -> str:
    return "\n".join([header, *(f"{text.replace(',', '，')},{label}" for text, label in rows)]) + "\n"


@pytest.mark.parametrize(
    ("name", "columns", "labels"),
    [
        ("finetune_tea.csv", ("review", "label"), {"好评": 99, "差评": 81}),
        ("finetune_topics.csv", ("text", "topic"), {"茶叶": 30, "点心": 30, "环境": 30, "服务": 30}),
    ],
)
def test_the_columns_of_the_examples_are_guessed_and_their_labels_counted(name, columns, labels):
    report = dataset.inspect(EXAMPLES / name)
    assert (report.text_column, report.label_column) == columns
    assert dict(report.label_counts) == labels
    assert report.is_ready
    assert report.warnings == ()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "gbk", "utf-16"])
def test_a_file_is_read_in_any_encoding_that_chinese_tables_come_in(tmp_path, settings, encoding):
    frame = read_table(write(tmp_path, table(), encoding=encoding), settings)
    assert list(frame.columns) == ["评论", "标签"]
    assert frame["评论"][0] == "茶很香，下次还来"


@pytest.mark.parametrize("delimiter", [",", "\t", ";", "|"])
def test_the_delimiter_is_found(tmp_path, settings, delimiter):
    frame = read_table(write(tmp_path, table().replace(",", delimiter)), settings)
    assert list(frame.columns) == ["评论", "标签"]
    assert len(frame) == 4


def test_quotes_commas_and_line_breaks_inside_a_cell_stay_in_it(tmp_path, settings):
    frame = read_table(write(tmp_path, 'text,label\n"第一行\n第二行, 还有",a\n"他说""好""",b\n'), settings)
    assert list(frame["text"]) == ["第一行\n第二行, 还有", '他说"好"']


def test_a_txt_is_one_text_a_line_and_a_blank_line_keeps_its_place(tmp_path, settings):
    frame = read_table(write(tmp_path, "茶很香, 真的\n\n点心冷了\n", name="a.txt"), settings)
    assert list(frame["text"]) == ["茶很香, 真的", "", "点心冷了"]


def test_cells_stay_the_text_they_were(tmp_path, settings):
    frame = read_table(write(tmp_path, "text,label\n好茶,007\n坏茶,NA\n,1.50\n"), settings)
    assert list(frame["label"]) == ["007", "NA", "1.50"]
    assert frame["text"][2] == ""


def test_a_first_row_that_is_data_is_not_taken_for_names(tmp_path, settings):
    path = write(tmp_path, table()[len("评论,标签\n") :])
    report = dataset.inspect(path, settings=settings)
    assert report.columns == ("1", "2")
    assert report.rows == 4
    assert "finetune.warn.no_header" in [warning.key for warning in report.warnings]


def test_the_text_is_the_column_of_prose_not_of_ids_links_or_dates(settings):
    frame = pd.DataFrame(
        {
            "id": [f"{number:032x}" for number in range(4)],
            "link": [f"https://example.org/a/very/long/path/{number}" for number in range(4)],
            "date": ["2024-05-01 12:00:00"] * 4,
            "remark": [text for text, _ in ROWS],
            "stars": ["5", "1", "4", "2"],
        }
    )
    assert guess_text_column(frame) == "remark"


def test_the_label_is_the_column_that_repeats_and_a_telling_name_goes_first():
    frame = pd.DataFrame(
        {"text": list("abcdef"), "city": list("xxxyyy"), "rating": list("112233"), "id": list("123456")}
    )
    assert dataset.guess_label_column(frame, "text") == "rating"
    assert dataset.guess_label_column(frame.drop(columns="rating"), "text") == "city"
    assert dataset.guess_label_column(frame[["text", "id"]], "text") == ""


def test_a_chosen_column_is_used_and_an_unknown_one_refused_with_those_there_are(tmp_path, settings):
    path = write(tmp_path, "a,b,c\n好茶,x,1\n坏茶,y,2\n香茶,x,1\n苦茶,y,2\n")
    assert dataset.inspect(path, label_column="c", settings=settings).label_column == "c"
    with pytest.raises(BadInput) as refused:
        dataset.inspect(path, text_column="文本", settings=settings)
    assert refused.value.key == "errors.unknown_column"
    assert refused.value.values == {"column": "文本", "valid": "a, b, c"}


def test_empty_repeated_and_contradicting_rows_are_left_out_and_counted(tmp_path, settings):
    rows = [*ROWS, ("  ", "好"), ("没有标签", ""), ROWS[0], (ROWS[1][0], "好")]
    report = dataset.inspect(write(tmp_path, table(rows)), settings=settings)
    assert (report.rows, report.used) == (8, 4)
    assert (report.empty, report.duplicates, report.conflicts) == (2, 1, 1)
    assert dict(report.label_counts) == {"好": 2, "差": 2}


@pytest.mark.parametrize(
    ("rows", "problem"),
    [
        ([("茶", "好"), ("水", "好"), ("酒", "好")], "errors.one_class"),
        ([("茶", "好"), ("水", "好"), ("酒", "差")], "errors.rare_classes"),
        ([(f"第{n}句", f"类{n % 70}") for n in range(280)], "errors.too_many_classes"),
        ([("茶" * 30_000, "好"), *ROWS], "errors.row_too_long"),
    ],
)
def test_what_cannot_be_trained_on_is_named_as_a_problem(tmp_path, settings, rows, problem):
    report = dataset.inspect(write(tmp_path, table(rows)), settings=settings)
    assert [found.key for found in report.problems] == [problem]
    assert not report.is_ready


def test_a_table_without_labels_says_so(tmp_path, settings):
    report = dataset.inspect(EXAMPLES / "reviews.csv", settings=settings)
    assert [found.key for found in report.problems] == ["errors.no_label_column"]
    assert report.label_counts == {}


def test_uneven_and_small_data_is_warned_of(tmp_path, settings):
    rows = [(f"好茶{n}", "好") for n in range(30)] + [(f"坏茶{n}", "差") for n in range(3)]
    keys = {warning.key for warning in dataset.inspect(write(tmp_path, table(rows)), settings=settings).warnings}
    assert keys == {"finetune.warn.few_rows", "finetune.warn.few_of_a_class", "finetune.warn.uneven"}


@pytest.mark.parametrize(
    ("name", "content", "key"),
    [
        ("data.xlsx", b"PK\x03\x04", "errors.file_kind"),
        ("data.csv", b"PK\x03\x04renamed", "errors.not_a_table"),
        ("data.csv", b"", "errors.file_empty"),
        ("data.csv", b"text,label\n", "errors.file_empty"),
        ("data.csv", b"\xff\xff\xff\xfe\x80", "errors.file_encoding"),
        ("data.csv", b"a,b\n1,2\n1,2,3,4\n", "errors.file_rows"),
        ("data.csv", b'a,b\n"never closed,2\n3,4\n', "errors.file_rows"),
    ],
)
def test_a_bad_file_is_refused_by_name(tmp_path, settings, name, content, key):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(BadInput) as refused:
        read_table(path, settings)
    assert refused.value.key == key
    assert refused.value.values["file"] == name


@pytest.mark.parametrize(
    ("bound", "key"), [("max_upload", "errors.file_too_large"), ("max_rows", "errors.too_many_rows")]
)
def test_what_is_larger_than_the_settings_allow_is_refused(tmp_path, settings, bound, key):
    path = write(tmp_path, table())
    with pytest.raises(BadInput) as refused:
        read_table(path, replace(settings, **{bound: 2}))
    assert refused.value.key == key
    with pytest.raises(BadInput) as refused:
        read_table(path, replace(settings, max_columns=1))
    assert refused.value.key == "errors.too_many_columns"
