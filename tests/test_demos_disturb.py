"""The view «disturb» with models that compute nothing: what is asked of them, what is drawn, what is kept."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace

import gradio as gr
import pytest
from PIL import Image

from demos.errors import Reporter
from demos.i18n import Strings
from demos.vision_disturb import Handlers, _reset, _tapped
from demos.vision_disturb_view import Bent, Column, DisturbView
from demos.waiting import Waiter
from models.catalog import Catalog
from models.disturb import KINDS, NONE, Disturbance, Point, Sweep
from models.errors import BadInput, UnknownModel
from models.progress import Progress
from models.sentiment import Prediction
from models.vision import Answer

STRINGS = Strings.load()
MODELS = ("efficientnet-lite0", "resnet-cifar10", "nosuch")
NEUTRAL = tuple(NONE[kind] for kind in KINDS)
SWEEP = Sweep("rotate", "cat", (Point(0, "cat", 0.9, 0.9), Point(90, "cat", 0.6, 0.6), Point(180, "<b>", 0.5, 0.1)))


class Models:
    """A runner and a disturber that remember what they were asked."""

    def __init__(self) -> None:
        self.asked: list[tuple] = []

    def answer(self, picture: Image.Image, model: str = "") -> Answer:
        return Answer((Prediction("cat", 0.62),), 0.01)

    def disturbed(self, picture: str, disturbance: Disturbance) -> Image.Image:
        self.asked.append(("disturbed", disturbance))
        return Image.new("RGB", (40, 30))

    def sweep(self, picture: str, kind: str, model: str, place: tuple[float, float]) -> Iterator[Progress | Sweep]:
        self.asked.append(("sweep", kind, model, place))
        yield Progress(1, 2)
        yield SWEEP


class Known(Catalog):
    """A catalog that has never heard of one name."""

    def find(self, name: str, task: str):
        if name == "nosuch":
            raise UnknownModel("errors.unknown_name", model=name, valid="vit-cifar10")
        return super().find(name, task)


@pytest.fixture
def models() -> Models:
    return Models()


@pytest.fixture
def view() -> DisturbView:
    return DisturbView(STRINGS, Reporter(STRINGS).sentence)


@pytest.fixture
def handlers(models: Models, view: DisturbView) -> Handlers:
    waiter = Waiter(SimpleNamespace(waiting_for=lambda model: None), STRINGS)
    return Handlers(waiter, models, models, Known(), view)


def silent(*_: object, **__: object) -> None:
    """Progress that nobody looks at."""


def bend(handlers: Handlers, picture: str | None = "cat.png", kind: str = "rotate", **strengths: float) -> list[tuple]:
    values = [strengths.get(name, NONE[name]) for name in KINDS]
    return list(handlers.bend(picture, *MODELS, (kind, 3), (0.2, 0.3), "en", silent, *values))


def test_the_picture_is_disturbed_and_every_model_answers_and_is_tried_by_the_slider_that_moved(
    handlers, models
) -> None:
    bent, picture, columns = bend(handlers, rotate=35)[-1]
    assert models.asked[0] == ("disturbed", Disturbance(rotate=35, cover_x=0.2, cover_y=0.3))
    assert models.asked[1:] == [("sweep", "rotate", model, (0.2, 0.3)) for model in MODELS[:2]]
    assert (bent.kind, bent.strength) == ("rotate", 35)
    assert 'src="data:image/' in picture
    assert columns.count("<svg") == 2
    assert "There is no model called “nosuch”" in columns


def test_the_answers_come_before_the_sweeps_and_nothing_is_computed_before_the_pause(handlers, models) -> None:
    values = (NONE[kind] for kind in KINDS)
    steps = handlers.bend("cat.png", *MODELS, ("rotate", 1), (0.5, 0.5), "en", silent, *values)
    next(steps)
    steps.close()
    assert models.asked == []
    drawn = [columns for bent, _, columns in bend(handlers) if isinstance(bent, Bent)]
    assert "62 %" in drawn[0]
    assert "<svg" not in drawn[0]


def test_without_a_picture_nothing_is_asked(handlers, models) -> None:
    bent, picture, columns = bend(handlers, picture=None)[-1]
    assert (bent, columns) == (None, "")
    assert "Give it a picture" in picture
    assert models.asked == []


def test_a_strength_out_of_bounds_is_refused(handlers) -> None:
    with pytest.raises(BadInput, match="noise"):
        bend(handlers, noise=7)


@pytest.mark.parametrize(
    ("lang", "said"), [("zh", "转到 180° 时改了主意：猫 → &lt;b&gt;"), ("en", "at 180°: cat → &lt;b&gt;")]
)
def test_where_a_model_changes_its_mind_is_said_in_either_language_and_escaped(view, lang, said) -> None:
    column = Column("resnet-cifar10", "cifar10", "dog", 0.5, SWEEP)
    drawn = view.columns(Bent("data:,", "rotate", 20.0, (column,)), lang)
    assert said in drawn
    assert "<b>" not in drawn.replace("<b>狗", "").replace("<b>dog", "")
    assert drawn.count('class="is-other"') == drawn.count('class="is-turn"') == drawn.count('class="is-now"') == 1
    assert "is-changed" in drawn


def test_a_model_that_keeps_its_answer_says_so(view) -> None:
    column = Column("resnet-cifar10", "cifar10", "cat", 0.9, Sweep("noise", "cat", SWEEP.points[:2]))
    drawn = view.columns(Bent("data:,", "noise", 0.0, (column,)), "en")
    assert "Says “cat” over the whole range." in drawn
    assert "is-now" not in drawn


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_its_words(view, kind) -> None:
    points = (Point(0, "cat", 1, 1), Point(1, "cat", 1, 1), Point(3, "dog", 1, 0))
    column = Column("vit-cifar10", "cifar10", "cat", 0.9, Sweep(kind, "cat", points))
    assert "cat → dog" in view.columns(Bent("data:,", kind, 0.0, (column,)), "en")


def test_a_tap_puts_the_square_there_and_makes_one_that_can_be_seen() -> None:
    place, moved, size = _tapped(("rotate", 4), 0.0, gr.EventData(None, {"x": 0.25, "y": 7}))
    assert (place, moved) == ((0.25, 1.0), ("cover_size", 5))
    assert size > 0
    assert _tapped(("rotate", 4), 0.4, gr.EventData(None, {"x": "<b>"}))[::2] == ((0.5, 0.5), 0.4)


def test_undoing_sets_every_slider_back() -> None:
    assert _reset(("noise", 1)) == (*NEUTRAL, (0.5, 0.5), ("noise", 2))
