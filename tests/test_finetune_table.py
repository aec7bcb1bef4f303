"""Files as visitors bring them are read cell by cell: encodings, dialects, broken lines that spoil nothing after them."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import pytest

from models.errors import BadInput
from models.finetune import delimiters, encodings, records
from models.finetune.records import Dialect
from models.finetune.table import Table, open_table, read_table

TRADITIONAL = "評論,標籤\n茶很香，環境也安靜，下次還來,好\n等了一個小時，服務態度很差,差\n"
SIMPLIFIED = "评论,标签\n茶很香，下次还来,好\n等了一个小时,差\n"


@pytest.fixture
def opened(tmp_path: Path, settings):
    """The table of a file's bytes or text."""

    def read(content: bytes | str, suffix: str = ".csv") -> Table:
        path = tmp_path / f"data{suffix}"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return open_table(path, settings)

    return read


@pytest.mark.parametrize(
    ("text", "encoding", "called"),
    [
        (SIMPLIFIED, "utf-8", "UTF-8"),
        (SIMPLIFIED, "utf-8-sig", "UTF-8"),
        (SIMPLIFIED, "gbk", "GB18030"),
        (TRADITIONAL, "gb18030", "GB18030"),
        (TRADITIONAL, "big5", "Big5"),
        (SIMPLIFIED, "utf-16", "UTF-16"),
        (SIMPLIFIED, "utf-16-le", "UTF-16"),
        (SIMPLIFIED, "utf-16-be", "UTF-16"),
        ("text,label\nGood tea,good\nCold tea,bad\n", "utf-16-le", "UTF-16"),
        ("text,label\nThé très bon,good\nCafé amer,bad\n", "cp1252", "Windows-1252"),
        ("text,label\nお茶がおいしい,good\n接客が悪い,bad\n", "shift_jis", "Shift_JIS"),
    ],
)
def test_an_encoding_is_told_by_its_bytes(text, encoding, called):
    assert encodings.decode(text.encode(encoding), "a.csv") == encodings.Decoded(text, called)


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_a_few_broken_bytes_cost_a_few_characters_and_not_the_file(encoding):
    found = encodings.decode((SIMPLIFIED * 20).encode(encoding) + b"\xff,x\n", "a.csv")
    assert encodings.LOST in found.text
    assert found.text.startswith(SIMPLIFIED)


@pytest.mark.parametrize("raw", [b"PK\x03\x04zip", b"%PDF-1.7", b"\x00\x01\x02\x03" * 99])
def test_what_is_no_text_is_refused(raw):
    with pytest.raises(BadInput) as refused:
        encodings.decode(raw, "a.csv")
    assert refused.value.key in ("errors.not_a_table", "errors.file_encoding")


@pytest.mark.parametrize(
    ("text", "dialect"),
    [
        ("a,b\n1,2\n", Dialect(",")),
        ("a\tb\n1, x\t2\n", Dialect("\t")),
        ("评论，标签\n好茶，好\n坏茶，差\n", Dialect("，")),
        ("评论,标签\n好茶，真的，好,好\n坏茶，哎，哎,差\n", Dialect(",")),
        ("text\nhello, world\nhi\nwell, well, well\n", Dialect("")),
        ("a,b\n'say, hi',1\n'say ho',2\n'x, y',1\n", Dialect(",", "'")),
        ('a,b\n"say \\"hi\\", please",1\n"say \\"ho\\"",2\n"x",1\n', Dialect(",", '"', "\\")),
    ],
)
def test_the_dialect_is_the_one_that_cuts_every_line_alike(text, dialect):
    assert delimiters.find(text, ".csv") == dialect


@pytest.mark.parametrize(
    ("text", "cells"),
    [
        ('"第一行\n第二行, 还有",a\n"他说""好""",b\n', [["第一行\n第二行, 还有", "a"], ['他说"好"', "b"]]),
        ('a, "b, c"\n5" pipe,d\n', [["a", "b, c"], ['5" pipe', "d"]]),
        ('"never closed,2\n3,"ok"\n', [['"never closed', "2"], ["3", "ok"]]),
        (
            'x,y\n"open,1\n2,3\n4,5\n6,7"\n8,9\n',
            [["x", "y"], ['"open', "1"], ["2", "3"], ["4", "5"], ["6", '7"'], ["8", "9"]],
        ),
    ],
)
def test_a_quotation_mark_holds_its_own_cell_together_and_no_other(text, cells):
    assert [record.cells for record in records.split(text, Dialect(","))] == cells


def test_many_open_quotation_marks_take_no_longer_than_any_table():
    started = time.process_time()
    found = list(records.split('"never closed,1\n' * 20_000, Dialect(",")))
    assert sum(record.is_open for record in found) == 20_000
    assert time.process_time() - started < 3


def test_rows_keep_the_numbers_of_the_file(opened):
    table = opened('标题\ntext,label\n\n"一\n二",好\ntext,label\n三,差\n')
    assert table.rows == (4, 6)
    assert table.faults == {"title_rows": (1,), "repeated_header": (5,)}


def test_columns_without_a_name_are_numbered_repeated_ones_told_apart_and_empty_ones_dropped(opened):
    table = opened(",text,label,label,\n0,一 二,x,y,\n1,三 四,x,z,\n")
    assert list(table.frame.columns) == ["1", "text", "label", "label_2"]
    assert table.header == ("", "text", "label", "label")


def test_surplus_cells_go_back_into_the_text_where_it_stands(opened):
    table = opened("label,review\n好,茶很香也不贵下次还来\n差,点心, 又冷, 又硬\n好,环境安静\n")
    assert table.frame["review"][1] == "点心, 又冷, 又硬"
    assert table.faults["ragged_rows"] == (3,)


def test_a_first_row_that_is_a_sentence_is_no_header(opened):
    assert not opened("茶很香，下次还来。,好\n点心冷了,差\n").has_header
    assert opened("评论,标签\n茶很香，下次还来。,好\n").has_header


@pytest.mark.parametrize(
    ("bound", "value", "key"),
    [("max_rows", 1, "errors.too_many_rows"), ("max_columns", 1, "errors.too_many_columns")],
)
def test_beyond_a_bound_the_refusal_names_it(tmp_path, settings, bound, value, key):
    path = tmp_path / "data.csv"
    path.write_text(SIMPLIFIED, encoding="utf-8")
    with pytest.raises(BadInput) as refused:
        read_table(path, replace(settings, **{bound: value}))
    assert (refused.value.key, refused.value.values["limit"]) == (key, value)
