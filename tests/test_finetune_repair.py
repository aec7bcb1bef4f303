"""A repaired table has nothing left of what it was repaired for, keeps all else, and trains."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pandas as pd
import pytest
from broken_tables import HEADER, Broken, broken_tables, encoded, good_rows, mangled

from models.errors import BadInput, TeahouseError
from models.finetune import dataset
from models.finetune.repair import Mended, repair

BEARABLE = ("uneven", "long", "few_rows", "markup")  # training goes on with them; they have no repair


def named(table: Broken) -> str:
    return table.name


def kinds(report: dataset.DatasetReport) -> set[str]:
    return {finding.kind for finding in report.findings}


@pytest.fixture
def mend(tmp_path: Path, settings):
    """Repairs rows, given as bytes, and gives the result with the new frame."""

    def mended(raw: bytes, *asked: str, label_column: str = ""):
        path = tmp_path / "data.csv"
        path.write_bytes(raw)
        done = repair(path, tmp_path / "out" / "data.csv", "", label_column, asked or None, settings=settings)
        assert path.read_bytes() == raw
        return done, pd.read_csv(done.path, dtype=str, keep_default_na=False, encoding="utf-8-sig")

    return mended


@pytest.mark.parametrize("table", [table for table in broken_tables() if table.kind not in BEARABLE], ids=named)
def test_a_repaired_table_has_nothing_of_that_left_and_is_ready(tmp_path, settings, table):
    path = table.write(tmp_path)
    done = repair(path, tmp_path / "repaired.csv", "", table.label_column, [table.kind], settings=settings)
    assert table.kind in {mended.kind for mended in done.mended}
    report = dataset.inspect(done.path, done.text_column, done.label_column, settings=settings)
    assert table.kind not in kinds(report)
    assert report.is_ready
    assert report.encoding == "UTF-8"
    assert done.path.read_bytes().startswith(b"\xef\xbb\xbf")


@pytest.mark.parametrize("table", broken_tables(), ids=named)
def test_one_click_leaves_no_finding_that_could_safely_be_repaired(tmp_path, settings, table):
    path = table.write(tmp_path)
    done = repair(path, tmp_path / "repaired.csv", "", table.label_column, settings=settings)
    report = dataset.inspect(done.path, done.text_column, done.label_column, settings=settings)
    assert [finding.kind for finding in report.findings if finding.repair == "safe"] == []


@pytest.mark.parametrize("seed", range(40))
def test_whatever_was_done_to_a_table_it_is_repaired_or_refused_in_words(tmp_path, settings, seed):
    tables = [table for table in broken_tables() if table.name != "endless"]
    path = tmp_path / "data.csv"
    path.write_bytes(mangled(tables[seed % len(tables)].raw, seed))
    with contextlib.suppress(TeahouseError):
        done = repair(path, tmp_path / "repaired.csv", settings=settings)
        report = dataset.inspect(done.path, done.text_column, done.label_column, settings=settings)
        assert [finding.kind for finding in report.findings if finding.repair == "safe"] == []


def test_a_good_table_is_left_as_it_is(mend):
    done, frame = mend(encoded(good_rows()))
    assert done.mended == ()
    assert frame.to_numpy().tolist() == good_rows()


def test_an_unquoted_comma_is_joined_to_its_text_and_a_row_that_makes_no_sense_is_dropped(mend):
    raw = encoded(good_rows()) + "茶不错, 点心也好,好评\n全是, 文字, 没有标签\n".encode()
    done, frame = mend(raw)
    assert frame.iloc[-1].tolist() == ["茶不错, 点心也好", "好评"]
    assert (done.rows_before, done.rows) == (66, 65)


def test_the_most_frequent_spelling_is_written_and_ids_keep_their_noughts(mend):
    rows = [[text, f" {label}" if index % 5 == 0 else label] for index, (text, label) in enumerate(good_rows())]
    done, frame = mend(encoded([[*row, f"00{index}"] for index, row in enumerate(rows)], (*HEADER, "no")))
    assert set(frame["label"]) == {"好评", "差评"}
    assert frame["no"][7] == "007"
    assert Mended("label_variants", 13) in done.mended


def test_of_contradicting_rows_the_majority_stays_and_a_draw_goes(mend):
    first, second = good_rows()[0], good_rows()[1]
    other = {"好评": "差评", "差评": "好评"}
    added = [[first[0], other[first[1]]], first, [second[0], other[second[1]]]]
    _, frame = mend(encoded([*good_rows(), *added]))
    assert frame[frame["review"] == first[0]]["label"].tolist() == [first[1]]
    assert second[0] not in set(frame["review"])


def test_garbled_texts_can_be_read_again(mend):
    garbled = ["这家店的茶很香".encode().decode("latin-1"), "茶馆的点心又冷又硬".encode().decode("gb18030", "replace")]
    _, frame = mend(encoded([*good_rows(), *[[text, "好评"] for text in garbled]]), "mojibake")
    assert frame["review"].iloc[-2] == "这家店的茶很香"


def test_numbers_become_three_classes_of_about_as_many_rows(mend):
    scores = [[text, f"{1 + index * 0.07:.2f}"] for index, (text, _) in enumerate(good_rows())]
    done, frame = mend(encoded(scores, ("review", "score")), "number_labels", label_column="score")
    assert frame["score"].nunique() == 3
    assert frame["score"].value_counts().min() >= 20
    assert done.label_column == "score"


def test_instead_of_an_id_the_column_of_labels_is_taken_and_none_is_lost(mend):
    rows = [[text, label, f"{index:05d}"] for index, (text, label) in enumerate(good_rows())]
    done, frame = mend(encoded(rows, (*HEADER, "id")), "id_labels", label_column="id")
    assert done.label_column == "label"
    assert list(frame.columns) == [*HEADER, "id"]


def test_a_repair_that_takes_rows_with_content_is_done_only_when_asked_for(mend):
    lost = [*good_rows(), ["茶锟斤拷香，下次还来", "好评"]]
    assert mend(encoded(lost))[0].rows == 65
    assert mend(encoded(lost), "lost_characters")[0].rows == 64


def test_a_table_without_names_gets_them(mend):
    done, frame = mend(encoded(good_rows(), ()))
    assert (done.text_column, done.label_column, list(frame.columns)) == ("text", "label", ["text", "label"])


def test_a_repair_that_does_not_exist_is_refused_with_those_that_do(mend):
    with pytest.raises(BadInput) as refused:
        mend(encoded(good_rows()), "everything")
    assert refused.value.key == "errors.unknown_repair"
    assert "duplicates" in refused.value.values["valid"]
    with pytest.raises(BadInput) as refused:
        mend(encoded(good_rows()), "uneven")
    assert refused.value.values["repair"] == "uneven"


def test_a_repair_that_would_leave_nothing_is_refused(mend):
    with pytest.raises(BadInput) as refused:
        mend(encoded([["茶锟斤拷", "好"], ["水锟斤拷", "差"]]), "lost_characters")
    assert refused.value.key == "errors.nothing_left"
