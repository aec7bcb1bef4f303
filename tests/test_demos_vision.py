"""The Vision tab with a runner and an explainer that compute nothing: what is asked of them, and what is drawn."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace

import gradio as gr
import pytest
from PIL import Image

from demos import vision
from demos.errors import Reporter
from demos.i18n import Localizer, Strings
from demos.picture_file import PictureFile
from demos.vision_view import Answer, Credit, VisionView, data_uri, percent, read_credits, shrunk
from models.catalog import Catalog
from models.errors import BadInput, UnknownModel
from models.sentiment import Prediction
from models.settings import Settings
from models.vision import Answer as ModelAnswer

STRINGS = Strings.load()
MODELS = vision.SHOWN_MODELS


class Waiter:
    def run(self, work, model: str, lang: str, progress):
        return work()


@dataclass
class Runner:
    """Says tabby to everything, and refuses the models in `broken`."""

    broken: tuple[str, ...] = ()
    asked: list[str] = field(default_factory=list)

    def answer(self, picture: Image.Image, model: str = "") -> ModelAnswer:
        self.asked.append(model)
        if model in self.broken:
            raise UnknownModel("errors.unknown_name", model=model, valid="vit-cifar10")
        label = "cat" if "cifar10" in model else "tabby"
        return ModelAnswer((Prediction(label, 0.62), Prediction("dog", 0.004)), 0.042)


@pytest.fixture
def view() -> VisionView:
    return VisionView(STRINGS, Reporter(STRINGS).sentence, [Credit("cat.jpg", "A <b>", "CC0")])


@pytest.fixture
def picture(tmp_path: Path) -> str:
    Image.new("RGB", (80, 60), "orange").save(tmp_path / "cat.png")
    return str(tmp_path / "cat.png")


def handlers(view: VisionView, runner: Runner | None = None) -> vision.Handlers:
    return vision.Handlers(Waiter(), runner or Runner(), Catalog(), view, max_pixels=10_000)


def test_three_models_answer_the_same_picture_one_after_the_other(view: VisionView, picture: str) -> None:
    runner = Runner()
    steps = list(handlers(view, runner).look(picture, *MODELS, "zh"))
    assert runner.asked == list(MODELS)
    assert len(steps) == 3
    large, left, right, *panels = steps[-1][:6]
    assert [answer.model for answer in (large, left, right)] == list(MODELS)
    assert "虎斑猫" in panels[0]
    assert "tabby" in panels[0]
    assert "62 %" in panels[0]
    assert "42 ms" in panels[0]
    assert all("猫" in panel for panel in panels[1:])


def test_a_model_that_cannot_answer_says_so_in_its_panel_and_the_others_answer(view: VisionView, picture: str) -> None:
    runner = Runner(broken=("nosuch",))
    *_, last = handlers(view, runner).look(picture, MODELS[0], "nosuch", MODELS[2], "en")
    assert "There is no model called “nosuch”" in last[4]
    assert "tabby" in last[3]
    assert "cat" in last[5]


def test_no_picture_empties_the_panels_and_asks_no_model(view: VisionView) -> None:
    runner = Runner()
    (only,) = handlers(view, runner).look(None, *MODELS, "en")
    assert runner.asked == []
    assert only[:3] == (None, None, None)
    assert "press Look" in only[3]


def test_a_file_that_is_no_picture_or_has_too_many_pixels_is_refused(view: VisionView, tmp_path: Path) -> None:
    (tmp_path / "no.png").write_text("tea")
    Image.new("1", (200, 200)).save(tmp_path / "big.png")
    for name in ("no.png", "big.png"):
        with pytest.raises(BadInput):
            list(handlers(view).look(str(tmp_path / name), *MODELS, "zh"))


def test_the_component_hands_over_a_file_that_is_no_picture_unread(tmp_path: Path) -> None:
    (tmp_path / "no.png").write_text("tea")
    payload = SimpleNamespace(path=str(tmp_path / "no.png"), url=None, orig_name="no.png")
    component = PictureFile(type="filepath", render=False)
    assert component.preprocess(payload) == str(tmp_path / "no.png")
    assert component.preprocess(None) is None
    assert component.get_block_name() == "image"
    assert component.get_config()["sources"] == ["upload", "webcam", "clipboard"]  # the page cannot draw it without


def test_another_model_in_one_picker_answers_alone(view: VisionView, picture: str) -> None:
    runner = Runner()
    answer, panel = handlers(view, runner).look_again(picture, "vit-cifar10", "en")
    assert runner.asked == ["vit-cifar10"]
    assert answer.labels == "cifar10"
    assert "cat" in panel


def test_what_is_shown_can_be_redrawn_in_the_other_language(view: VisionView) -> None:
    answer = Answer("vit-cifar10", "cifar10", (("cat", 0.3), ("dog", 0.2)), 0.01)
    refused = Answer("nosuch", error=UnknownModel("errors.unknown_name", model="nosuch", valid="a"))
    for lang, name, doubt in (("zh", "猫", "不太确定"), ("en", "cat", "not sure")):
        large, left, right, small = handlers(view).redraw(answer, refused, None, "data:,", lang)
        assert f'tea-look-best">{name}<span>{doubt}' in large
        assert "nosuch" in left
        assert STRINGS.text("vision.nothing_yet", lang) in right
        assert name in small


def test_names_of_the_hub_are_translated_by_their_first_word_and_unknown_ones_kept(view: VisionView) -> None:
    drawn = view.answer(Answer("a/b", None, (("tabby, tabby cat", 0.5), ("LABEL_7", 0.4))), "zh")
    assert "虎斑猫 · <small>tabby</small>" in drawn
    assert "<span>LABEL_7</span>" in drawn


def test_what_models_and_files_say_is_escaped(view: VisionView) -> None:
    nasty = "<img src=x onerror=alert(1)>"
    drawn = [
        view.answer(Answer(nasty, None, ((nasty, 1.0),)), "en"),
        view.answer(Answer(nasty, error=UnknownModel("errors.unknown_name", model=nasty, valid="a")), "en"),
        view.credits("en"),
    ]
    assert all(nasty not in text for text in drawn)
    assert "A &lt;b&gt;" in drawn[-1]


@pytest.mark.parametrize(
    ("score", "shown"), [(0.62, "62 %"), (0.004, "&lt;1 %"), (0.999, "&gt;99 %"), (0.0, "0 %"), (1.0, "100 %")]
)
def test_a_percentage_is_never_rounded_to_certainty(score: float, shown: str) -> None:
    assert percent(score) == shown


def test_pictures_for_the_page_are_small_and_leave_the_original_alone() -> None:
    image = Image.new("RGB", (1600, 900))
    assert len(data_uri(image)) < 20_000
    assert shrunk(image).startswith("data:image/png;base64,")
    assert image.size == (1600, 900)


def test_every_example_picture_has_a_credit() -> None:
    assert vision.examples()
    assert {Path(path).name for path in vision.examples()} == {credit.file for credit in read_credits()}


def test_a_folder_without_pictures_gives_no_examples_and_no_credits(tmp_path: Path) -> None:
    assert vision.examples(tmp_path) == []
    assert read_credits(tmp_path) == []


def test_the_tab_keeps_its_events_private_and_begins_with_a_picture() -> None:
    with gr.Blocks() as blocks:
        ui = Localizer(STRINGS)
        settings = Settings(home=Path("/nowhere"))
        tab = vision.build(ui, Waiter(), Reporter(STRINGS), Runner(), object(), object(), object(), settings, Catalog())
    assert tab.picture.value["path"].endswith(".jpg")
    assert [picker.value for picker in tab.pickers] == list(MODELS)
    assert {function.api_visibility for function in blocks.fns.values()} == {"private"}
    for lang in ("zh", "en"):
        assert len(ui.updates(lang)) == len(ui.components)


def test_a_view_that_is_opened_looks_at_a_picture_that_nobody_looked_at_yet(view: VisionView, picture: str) -> None:
    runner = Runner()
    *_, last = handlers(view, runner).look_unless_answered(None, picture, *MODELS, "en")
    assert runner.asked == list(MODELS)
    assert list(handlers(view, runner).look_unless_answered(last[0], picture, *MODELS, "en")) == []
    assert list(handlers(view, runner).look_unless_answered(None, None, *MODELS, "en")) == []
    assert runner.asked == list(MODELS)
