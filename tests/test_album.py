"""Several pictures at once: on small random models and on the bundled ones."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

import pytest
from PIL import Image
from tiny_models import write_vit

from models.album import Album, AlbumModel, AlbumReader, AlbumRow, Judging, Photo, write_csv
from models.errors import BadInput, UnknownModel
from models.progress import finished
from models.sentiment import Prediction
from models.settings import Settings
from models.vision import VisionRunner

EXAMPLES = sorted((Path(__file__).resolve().parents[1] / "assets" / "examples" / "pictures").glob("*.jpg"))


@pytest.fixture
def reader(make_library, engine, settings) -> AlbumReader:
    return AlbumReader(make_library(), engine, settings)


@pytest.fixture
def photos(tmp_path: Path) -> list[Photo]:
    """Six pictures of two names; the third is none."""
    made = []
    for number in range(6):
        path = tmp_path / f"{number}.png"
        Image.effect_noise((40 + number, 30), 10 * number + 5).convert("RGB").save(path)
        made.append(Photo(f"{'cat' if number % 2 else 'dog'}.png", path))
    made[2].path.write_text("tea")
    return made


def rows_of(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.reader(file))


def test_answers_keep_the_order_and_the_names_of_the_files(
    reader, photos, tiny_vit: Path, make_library, engine
) -> None:
    album = finished(reader.steps(photos, [str(tiny_vit)]))
    assert [row.name for row in album.rows] == ["dog.png", "cat.png"] * 3
    alone = VisionRunner(make_library(), engine, Settings())
    for photo, row in zip(photos, album.rows, strict=True):
        if row.error is None:
            best = alone.classify(photo.path, str(tiny_vit))[0]
            assert row.answers[0].label == best.label
            assert row.answers[0].score == pytest.approx(best.score, abs=1e-4)


def test_a_broken_file_says_so_in_its_row_and_the_others_are_judged(reader, photos, tiny_vit: Path) -> None:
    album = finished(reader.steps(photos, [str(tiny_vit)]))
    assert [row.error is not None for row in album.rows] == [False, False, True, False, False, False]
    assert [row.answers[0] is not None for row in album.rows] == [True, True, False, True, True, True]
    assert album.summary["unreadable"] == 1


def test_a_picture_with_too_many_pixels_says_so_in_its_row(
    make_library, engine, photos, tiny_vit: Path, tmp_path
) -> None:
    reader = AlbumReader(make_library(), engine, Settings(home=tmp_path, max_pixels=40 * 30 + 1))
    album = finished(reader.steps(photos[:2], [str(tiny_vit)]))
    assert [row.error and row.error.key for row in album.rows] == [None, "errors.too_many_pixels"]


def test_too_many_pictures_are_refused_with_the_bound_named(reader, photos) -> None:
    with pytest.raises(BadInput) as refused:
        finished(reader.steps(photos * 5, [""]))
    assert refused.value.values == {"count": 30, "limit": 24}
    with pytest.raises(BadInput, match="no_pictures"):
        finished(reader.steps([]))
    with pytest.raises(BadInput, match="too_many_models"):
        finished(reader.steps(photos, list("abcde")))


def test_a_model_that_cannot_answer_leaves_the_others_their_word(reader, photos, tiny_vit: Path) -> None:
    album = finished(reader.steps(photos, ["nosuch", str(tiny_vit)]))
    assert [model.error is not None for model in album.models] == [True, False]
    assert album.rows[0].answers[0] is None
    assert album.rows[0].answers[1] is not None
    assert album.summary["refused"] == ["nosuch"]


def test_where_no_model_can_answer_the_first_ones_error_is_raised(reader, photos) -> None:
    with pytest.raises(UnknownModel):
        finished(reader.steps(photos, ["nosuch"]))


def test_closing_in_the_middle_stops_the_computing_and_gives_the_models_back(
    make_library, engine, settings, photos, tiny_vit: Path, tmp_path: Path
) -> None:
    library, other = make_library(), write_vit(tmp_path / "other")
    steps = AlbumReader(library, engine, settings).steps(photos, [str(tiny_vit), str(other)])
    assert [next(steps).done for _ in range(3)] == [0, 4, 8]
    computed = engine.batches
    steps.close()
    assert engine.batches == computed <= 8
    assert all(entry.leases == 0 for entry in library.cache.entries())
    assert all(library.cache.evict(entry.name) for entry in library.cache.entries())


def test_every_step_tells_how_far_it_is_and_which_model_is_next(reader, photos, tiny_vit: Path) -> None:
    steps = [step for step in reader.steps(photos, ["nosuch", str(tiny_vit)]) if isinstance(step, Judging)]
    assert [(step.done, step.total) for step in steps] == [(0, 12), (4, 12), (8, 12), (10, 12), (12, 12)]
    assert [step.model for step in steps[:3]] == ["nosuch", str(tiny_vit), "nosuch"]
    assert all(answer is None for answer in steps[0].album.rows[5].answers)


def an_album(names: Sequence[str] = ("a.png",), label: str = "cat") -> Album:
    ten = frozenset({"cat", "dog"})
    models = (AlbumModel("left", ten), AlbumModel("right", ten), AlbumModel("large", frozenset({"tabby"})))
    answers = (Prediction(label, 0.9), Prediction("dog", 0.4), Prediction("tabby", 0.6))
    rows = [AlbumRow(name, answers) for name in names]
    agreeing = (Prediction("dog", 0.9), Prediction("dog", 0.9), None)
    return Album(models, (*rows, AlbumRow("b.png", agreeing), AlbumRow("c", (None,) * 3, error=BadInput("no"))), 1.0)


def test_models_of_the_same_classes_are_compared_and_no_others() -> None:
    album = an_album()
    (pair,) = album.agreements
    assert (pair.models, pair.agree, pair.of) == (("left", "right"), 1, 2)
    assert [album.split(row) for row in album.rows] == [True, False, False]
    assert [album.unsure(model) for model in range(3)] == [0, 1, 0]
    assert album.summary["disagreements"] == 1


def test_the_csv_has_a_row_a_picture_with_every_answer_or_the_reason(tmp_path: Path) -> None:
    path = write_csv(an_album(), lambda error: f"why: {error.key}", tmp_path)
    assert path.read_bytes().startswith(b"\xef\xbb\xbf")
    head, first, second, third = rows_of(path)
    assert head[:3] == ["file", "left label", "left score"]
    assert head[-1] == "error"
    assert first == ["a.png", "cat", "0.900000", "dog", "0.400000", "tabby", "0.600000", ""]
    assert second[5:] == ["", "", ""]
    assert third == ["c", *[""] * 6, "why: no"]


def test_duplicate_names_keep_a_row_each(tmp_path: Path) -> None:
    assert [row[0] for row in rows_of(write_csv(an_album(["a.png", "a.png"]), str, tmp_path))][1:3] == ["a.png"] * 2


@pytest.mark.parametrize("nasty", ['=HYPERLINK("http://x.example";"tea").png', "+cmd|' /C calc'!A0", "@SUM(A1).png"])
def test_a_name_that_a_spreadsheet_would_run_is_made_harmless(tmp_path: Path, nasty: str) -> None:
    rows = rows_of(write_csv(an_album([nasty], nasty), str, tmp_path))
    assert rows[1][:2] == [f"'{nasty}"] * 2


@pytest.mark.bundled
def test_the_bundled_models_judge_the_example_pictures(reader) -> None:
    models = ["efficientnet-lite0", "resnet-cifar10", "vit-cifar10"]
    album = finished(reader.steps([Photo(path.name, path) for path in EXAMPLES], models))
    assert [row.name for row in album.rows] == [path.name for path in EXAMPLES]
    cat = album.rows[[path.stem for path in EXAMPLES].index("cat")]
    assert [answer.label for answer in cat.answers][1:] == ["cat", "cat"]
    assert [pair.models for pair in album.agreements] == [("resnet-cifar10", "vit-cifar10")]
