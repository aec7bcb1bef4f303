"""The view «where» with an explainer that computes nothing: what is asked of it, and what is drawn."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from PIL import Image

from demos.errors import Reporter
from demos.i18n import Strings
from demos.vision_view import Answer
from demos.vision_where import Handlers
from demos.vision_where_view import Figure, Seen, WhereView, remembered
from models.errors import BadInput
from models.explain import PictureExplanation
from models.masking import Trust
from models.progress import Progress

STRINGS = Strings.load()
NASTY = "<img src=x onerror=alert(1)>"
ANSWER = Answer("vit-cifar10", "cifar10", (("cat", 0.62), ("dog", 0.3), ("ship", 0.004)), 0.01)


class Waiter:
    """Tells nothing of the wait."""

    def follow(self, steps, model: str, lang: str, progress) -> Iterator:
        for step in steps:
            yield None if isinstance(step, Progress) else step


@dataclass
class Explainer:
    """Answers with the network's own method, after one step; refuses a method in `broken`."""

    own: str = "attention"
    broken: tuple[str, ...] = ()
    asked: list[tuple[str, str, str]] = field(default_factory=list)

    def steps(self, picture, model: str = "", label: str = "", method: str = "", **options) -> Iterator:
        self.asked.append((model, label, method))
        if method in self.broken:
            raise BadInput("errors.no_heat_method", method=method, valid="occlusion")
        yield Progress(1, 2)
        yield PictureExplanation(label, 0.62, picture, method or self.own, Trust(0.62, 0.1, 0.5))


@pytest.fixture
def view() -> WhereView:
    return WhereView(STRINGS, Reporter(STRINGS).sentence)


@pytest.fixture
def picture(tmp_path: Path) -> str:
    Image.new("RGB", (80, 60), "orange").save(tmp_path / "cat.png")
    return str(tmp_path / "cat.png")


def handlers(view: WhereView, explainer: Explainer) -> Handlers:
    return Handlers(Waiter(), explainer, view, max_pixels=10_000)


def test_a_transformer_gets_the_map_of_its_class_and_beside_it_the_rollout(view: WhereView, picture: str) -> None:
    explainer = Explainer()
    *_, (seen, chosen, drawn) = handlers(view, explainer).where(picture, ANSWER, None, None, "", "zh")
    assert explainer.asked == [("vit-cifar10", "cat", ""), ("vit-cifar10", "cat", "rollout")]
    assert [figure.method for figure in seen.figures] == ["attention", "rollout"]
    assert chosen["value"] == "cat"
    assert [label for _, label in chosen["choices"]] == ["cat", "dog", "ship"]
    assert chosen["choices"][0][0].startswith("猫")
    assert drawn.count("<figure") == 2
    assert drawn.count('src="data:image/jpeg;base64,') == 2


def test_a_convolutional_network_gets_one_map(view: WhereView, picture: str) -> None:
    explainer = Explainer(own="gradcam")
    *_, (seen, _, drawn) = handlers(view, explainer).where(picture, ANSWER, None, None, "", "en")
    assert [figure.method for figure in seen.figures] == ["gradcam"]
    assert "Selvaraju" in drawn


def test_it_can_be_stopped_between_two_steps(view: WhereView, picture: str) -> None:
    steps = handlers(view, Explainer()).where(picture, ANSWER, None, None, "", "en")
    assert all(set(value) == {"__type__"} for value in next(steps))
    steps.close()


def test_a_chosen_class_is_kept_for_the_same_answer_and_given_up_for_another(view: WhereView, picture: str) -> None:
    seen = Seen(ANSWER, "cat")
    assert remembered(seen, ANSWER, "dog") == "dog"
    assert remembered(seen, ANSWER, "teapot") == "cat"
    other = Answer("vit-cifar10", "cifar10", (("ship", 0.9), ("dog", 0.1)), 0.01)
    assert remembered(seen, other, "dog") == "ship"
    assert remembered(None, ANSWER, "dog") == "cat"


def test_without_an_answer_nothing_is_asked(view: WhereView, picture: str) -> None:
    explainer = Explainer()
    refused = Answer("nosuch", error=BadInput("errors.no_picture"))
    for path, answer in ((None, ANSWER), (picture, None), (picture, refused)):
        (only,) = handlers(view, explainer).where(path, answer, None, None, "", "en")
        assert only[0] is None
        assert "press Look" in only[2]
    assert explainer.asked == []


def test_what_cannot_be_explained_is_said_in_the_column(view: WhereView, picture: str) -> None:
    explainer = Explainer(broken=("occlusion",))
    *_, (seen, _, drawn) = handlers(view, explainer).where(picture, ANSWER, None, None, "occlusion", "en")
    assert seen.figures == ()
    assert "“occlusion” cannot be used" in drawn


@pytest.mark.parametrize(
    ("hottest", "by_chance", "verdict"),
    [(0.1, 0.5, "holds"), (0.5, 0.52, "hardly"), (0.6, 0.4, "fails"), (0.7, 0.9, "hardly")],
)
def test_a_map_is_believed_only_where_it_beats_chance(
    view: WhereView, hottest: float, by_chance: float, verdict: str
) -> None:
    figure = Figure("gradcam", "data:,", 0.62, hottest, by_chance)
    assert figure.verdict == verdict
    for lang in ("zh", "en"):
        drawn = view.seen(Seen(ANSWER, "cat", (figure,)), lang)
        assert STRINGS.text(f"where.trust.{verdict}", lang) in drawn
        assert f"width:{100 * hottest:.2f}%" in drawn


def test_what_is_shown_can_be_redrawn_in_the_other_language(view: WhereView) -> None:
    seen = Seen(ANSWER, "dog", (Figure("rollout", "data:,", 0.3, 0.1, 0.2),))
    for lang, name in (("zh", "狗"), ("en", "dog")):
        chosen, drawn = handlers(view, Explainer()).redraw(seen, lang)
        assert chosen["value"] == "dog"
        assert chosen["choices"][1][0].startswith(name)
        assert f"“{name}”" in drawn


def test_what_a_model_calls_its_classes_is_escaped(view: WhereView) -> None:
    answer = Answer(NASTY, None, ((NASTY, 1.0),), 0.0)
    figure = Figure("gradcam", "data:,", 1.0, 0.1, 0.9)
    refused = Seen(answer, NASTY, error=BadInput("errors.no_heat_method", method=NASTY, valid="a"))
    assert NASTY not in view.seen(Seen(answer, NASTY, (figure,)), "en")
    assert NASTY not in view.seen(refused, "zh")
