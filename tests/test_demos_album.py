"""The view «album» with a reader that computes nothing: what is asked of it, what is drawn, what is remembered."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import gradio as gr
import pytest
from gradio.data_classes import FileData, ListFiles
from PIL import Image

from demos import vision_album
from demos.errors import Reporter
from demos.i18n import LANGUAGES, Localizer, Strings
from demos.picture_file import PictureFiles
from demos.vision import SHOWN_MODELS
from demos.vision_album import Handlers
from demos.vision_album_view import AlbumView, shown
from models.album import Album, AlbumModel, AlbumRow, Judging, Photo
from models.catalog import Catalog
from models.errors import BadInput, UnknownModel
from models.sentiment import Prediction
from models.settings import Settings

STRINGS = Strings.load()
NASTY = "<img src=x onerror=alert(1)>"
TEN = frozenset({"cat", "dog"})


def an_album(name: str = "cat.jpg", label: str = "tabby") -> Album:
    large, left, right = SHOWN_MODELS
    models = (AlbumModel(large, frozenset({label})), AlbumModel(left, TEN), AlbumModel(right, TEN))
    answers = (Prediction(label, 0.62), Prediction("cat", 0.9), Prediction("dog", 0.4))
    unreadable = AlbumRow("broken.png", (None,) * 3, error=BadInput("errors.not_a_picture", valid="JPEG"))
    return Album(models, (AlbumRow(name, answers, Image.new("RGB", (40, 30))), unreadable), 1.5)


@dataclass
class Reader:
    asked: list[tuple[list[str], list[str]]] = field(default_factory=list)
    closed: int = 0

    def steps(self, photos, models=()) -> Iterator[Judging | Album]:
        self.asked.append(([photo.name for photo in photos], list(models)))
        if not photos:
            raise BadInput("errors.no_pictures")
        try:
            rows = tuple(AlbumRow(photo.name, (None,) * 3) for photo in photos)
            album = Album(tuple(map(AlbumModel, models)), rows)
            yield Judging(0, 6, album, models[0])
            yield Judging(2, 6, album, models[1])
            yield an_album()
        finally:
            self.closed += 1


class Waiter:
    """Remembers for which model it waited."""

    def __init__(self) -> None:
        self.models: list[str] = []

    def run(self, work, model: str, lang: str, progress):
        self.models.append(model)
        return work()


@pytest.fixture
def view() -> AlbumView:
    return AlbumView(STRINGS, Reporter(STRINGS).sentence)


def handlers(view: AlbumView, reader: Reader, home: Path, waiter: Waiter | None = None) -> Handlers:
    examples = ["/tea/cat.jpg", "/tea/dog.jpg"]
    settings = Settings(home=home)
    return Handlers(waiter or Waiter(), reader, Catalog(), view, Reporter(STRINGS), settings, examples)


def test_the_examples_fill_the_grid_and_end_with_a_summary_and_a_csv(view: AlbumView, tmp_path: Path) -> None:
    reader, waiter = Reader(), Waiter()
    first, _, last = handlers(view, reader, tmp_path, waiter).judge_examples(*SHOWN_MODELS, "en")
    assert reader.asked == [(["cat.jpg", "dog.jpg"], list(SHOWN_MODELS))]
    assert waiter.models[:3] == [SHOWN_MODELS[0], SHOWN_MODELS[0], SHOWN_MODELS[1]]
    assert "0 of 6" in first[1]
    assert first[3]["interactive"]
    assert "Pictures: 1, models: 3" in last[1]
    assert not last[3]["interactive"]
    assert Path(last[4]["value"]).read_text(encoding="utf-8-sig").startswith("file,efficientnet-lite0 label,")
    assert reader.closed == 1


def test_one_closed_in_the_middle_closes_the_work(view: AlbumView, tmp_path: Path) -> None:
    reader = Reader()
    steps = handlers(view, reader, tmp_path).judge_examples(*SHOWN_MODELS, "zh")
    next(steps)
    steps.close()
    assert reader.closed == 1


def test_a_refusal_leaves_no_status_that_goes_on_counting(view: AlbumView, tmp_path: Path) -> None:
    steps = handlers(view, Reader(), tmp_path).judge([], *SHOWN_MODELS, "en")
    assert "Upload some pictures" in next(steps)[1]
    with pytest.raises(BadInput):
        next(steps)


@pytest.mark.parametrize(
    ("lang", "words"), [("zh", ["虎斑猫", "意见不一", "62 %"]), ("en", ["tabby", "disagree", "62 %"])]
)
def test_each_picture_has_its_answers_and_disagreement_is_marked(view: AlbumView, lang: str, words: list[str]) -> None:
    drawn = view.grid(shown(an_album(), ["imagenet", "cifar10", "cifar10"], 6, 6), lang)
    assert all(word in drawn for word in words)
    assert drawn.count('class="is-split"') == 1
    assert drawn.count('class="is-unsure"') == 1
    assert STRINGS.text("errors.not_a_picture", lang, valid="JPEG") in drawn


def test_what_is_shown_can_be_redrawn_and_one_that_was_stopped_says_so(view: AlbumView, tmp_path: Path) -> None:
    handling = handlers(view, Reader(), tmp_path)
    half = shown(Album((AlbumModel("a"),), (AlbumRow("x", (None,)),)), [None], 2, 6)
    for lang, going, stopped in (("zh", "已有 2 个回答", "停下了"), ("en", "2 of 6", "Stopped after 2")):
        assert going in handling.redraw(half, lang)[0]
        assert stopped in handling.redraw(handling.stopped(half, lang)[0], lang)[0]
    done = shown(an_album(), [None] * 3, 6, 6)
    assert "Pictures: 1" in handling.stopped(done, "en")[1]
    assert "Upload some" in handling.stopped(None, "en")[1]


def test_a_model_that_refused_says_why_above_the_grid(view: AlbumView) -> None:
    error = UnknownModel("errors.unknown_name", model=NASTY, valid="a")
    album = Album((AlbumModel(NASTY, error=error), AlbumModel("b", TEN)), (AlbumRow("x", (None, None)),))
    drawn = view.grid(shown(album, [None, None], 1, 2), "en")
    assert "There is no model called" in drawn
    assert NASTY not in drawn


@pytest.mark.parametrize("lang", LANGUAGES)
def test_names_of_files_and_classes_are_escaped(view: AlbumView, lang: str) -> None:
    album = shown(an_album(NASTY, NASTY), [None] * 3, 6, 6)
    assert NASTY not in view.grid(album, lang) + view.status(album, lang)


def test_the_component_hands_over_names_and_paths_unread_in_the_order_of_upload() -> None:
    component = PictureFiles(file_count="multiple", render=False)
    files = [FileData(path="/up/1/a.png", orig_name="=a.png"), FileData(path="/up/2/a.png")]
    assert component.preprocess(ListFiles(root=files)) == [
        Photo("=a.png", "/up/1/a.png"),
        Photo("a.png", "/up/2/a.png"),
    ]
    assert component.preprocess(None) == []
    assert component.get_block_name() == "file"
    assert component.get_config()["file_count"] == "multiple"


def test_the_view_asks_for_nothing_when_the_page_is_built(tmp_path: Path) -> None:
    reader = Reader()
    with gr.Blocks() as blocks:
        pickers = [gr.Dropdown(choices=[name], value=name) for name in SHOWN_MODELS]
        parts = (Localizer(STRINGS), Waiter(), Reporter(STRINGS), reader, Settings(home=tmp_path), Catalog())
        vision_album.build(*parts, pickers, ["/tea/cat.jpg"])
    assert reader.asked == []
    assert {function.api_visibility for function in blocks.fns.values()} == {"private"}
