"""The Vision tab: one picture, three models that say what it is, and below them the views that look closer.

Knows the runner by what it returns, never how it computes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import gradio as gr
from PIL import Image

from demos import vision_album, vision_disturb, vision_where
from demos.errors import Reporter
from demos.i18n import DEFAULT, Localizer
from demos.model_picker import model_picker
from demos.picture_file import PictureFile
from demos.vision_view import PICTURES, Answer, VisionView, read_credits, shrunk
from demos.waiting import Waiter
from models.catalog import Catalog
from models.errors import TeahouseError
from models.outlook import begins_with_download
from models.settings import Settings
from models.vision import TASK, open_picture

if TYPE_CHECKING:
    from models.vision import Answer as ModelAnswer

SHOWN_MODELS = ("efficientnet-lite0", "resnet-cifar10", "vit-cifar10")  # the large one, then left and right
_AT_ONCE = {"queue": False, "show_progress": "hidden", "api_visibility": "private"}


class Runner(Protocol):
    def answer(self, picture: Image.Image, model: str = "") -> ModelAnswer: ...


@dataclass(frozen=True)
class VisionTab:
    """What other parts of the page reach for."""

    picture: gr.Image
    look: gr.Button
    pickers: tuple[gr.Dropdown, ...]  # the large model's, left, right
    panels: tuple[gr.HTML, ...]  # the answers, in the same order


def build(
    ui: Localizer,
    waiter: Waiter,
    reporter: Reporter,
    runner: Runner,
    explainer: vision_where.PictureExplainer,
    disturber: vision_disturb.PictureDisturber,
    album: vision_album.Reader,
    settings: Settings,
    catalog: Catalog,
) -> VisionTab:
    """Lays the tab out and connects it. Call it inside its gr.Tab."""
    view = VisionView(ui.strings, reporter.sentence, read_credits())
    downloads = partial(begins_with_download, catalog, settings, TASK)
    handlers = Handlers(waiter, runner, catalog, view, settings.max_pixels, downloads)
    gr.set_static_paths([PICTURES])  # served from where they lie, whatever folder the app was started in
    parts = _lay_out(ui, view, partial(model_picker, ui, catalog, settings, TASK), examples())
    answers, looks = _connect(ui, reporter, handlers, parts, settings)
    where = vision_where.build(ui, waiter, reporter, explainer, settings, parts.picture, answers)
    # A link may open the view before anything was answered, and it explains answers.
    where.box.expand(reporter.said(handlers.look_unless_answered), [answers[0], *looks.pop("inputs")], **looks)
    vision_disturb.build(ui, waiter, reporter, runner, disturber, settings, catalog, parts.picture, parts.pickers)
    vision_album.build(ui, waiter, reporter, album, settings, catalog, parts.pickers, examples())
    return VisionTab(parts.picture, parts.look, parts.pickers, parts.panels)


def examples(folder: Path = PICTURES) -> list[str]:
    """Paths of the bundled pictures; the first one is loaded when the page opens."""
    return [str(path) for path in sorted(folder.glob("*.jpg"))]


class Handlers:
    """What the events call: plain values in, component values out."""

    def __init__(
        self,
        waiter: Waiter,
        runner: Runner,
        catalog: Catalog,
        view: VisionView,
        max_pixels: int,
        downloads: Callable[[str], bool] = lambda model: False,
    ) -> None:
        self._waiter, self._runner, self._catalog = waiter, runner, catalog
        self._view, self._max_pixels, self._downloads = view, max_pixels, downloads

    def look(
        self,
        picture: str | None,
        large: str,
        left: str,
        right: str,
        lang: str,
        progress: Callable[..., Any] = gr.Progress(),
    ) -> Iterator[tuple]:
        """Three answers and their panels, filled one after the other; the small picture."""
        if picture is None:
            yield self._shown([None] * 3, "", lang)
            return
        image = open_picture(picture, self._max_pixels)
        small, answers = shrunk(image), [gr.skip()] * 3
        for place, model in enumerate((large, left, right)):
            answers[place] = self._answer(image, model, lang, progress)
            yield self._shown(answers, small, lang)

    def look_unless_answered(
        self,
        answered: Answer | None,
        picture: str | None,
        large: str,
        left: str,
        right: str,
        lang: str,
        progress: Callable[..., Any] = gr.Progress(),
    ) -> Iterator[tuple]:
        """What `look` does, where no picture has been looked at yet."""
        if answered is None and picture is not None:
            yield from self.look(picture, large, left, right, lang, progress)

    def look_again(
        self, picture: str | None, model: str, lang: str, progress: Callable[..., Any] = gr.Progress()
    ) -> tuple[Answer | None, str]:
        """One model's answer, for a picture that the others have answered.

        A model that has to be downloaded first waits for Look: its card has just told how much that is.
        """
        answer = None
        if picture is not None and not self._downloads(model):
            answer = self._answer(open_picture(picture, self._max_pixels), model, lang, progress)
        return answer, self._view.answer(answer, lang)

    def redraw(
        self,
        large: Answer | None,
        left: Answer | None,
        right: Answer | None,
        small: str,
        lang: str,
    ) -> tuple[str, ...]:
        """What is shown, in another language."""
        panels = [self._view.answer(answer, lang) for answer in (large, left, right)]
        return (*panels, self._view.small(small, lang))

    def _shown(self, answers: list, small: str, lang: str) -> tuple:
        panels = [self._view.answer(one, lang) if one is None or isinstance(one, Answer) else one for one in answers]
        return (*answers, *panels, small, self._view.small(small, lang))

    def _answer(self, image: Image.Image, model: str, lang: str, progress: Callable[..., Any]) -> Answer:
        """A model that cannot answer says so in its own panel: the others still do."""
        try:
            labels = self._catalog.find(model, TASK).labels
            found = self._waiter.run(lambda: self._runner.answer(image, model), model, lang, progress)
        except TeahouseError as error:
            return Answer(model, error=error)
        predictions = tuple((one.label, one.score) for one in found.predictions)
        return Answer(model, labels, predictions, found.seconds)


@dataclass(frozen=True)
class _Parts:
    picture: gr.Image
    look: gr.Button
    gallery: gr.Dataset
    pickers: tuple[gr.Dropdown, ...]
    panels: tuple[gr.HTML, ...]
    small: gr.HTML


def _lay_out(
    ui: Localizer, view: VisionView, make_picker: Callable[[str, str], gr.Dropdown], pictures: list[str]
) -> _Parts:
    large_name, left_name, right_name = SHOWN_MODELS
    with gr.Row(equal_height=False):
        with gr.Column(scale=1, min_width=300):
            picture = _picture(ui, pictures)
            look = ui.make(gr.Button, {"value": "vision.look"}, variant="primary", elem_id="tea-vision-look")
        with gr.Column(scale=1, min_width=300):
            large = make_picker(large_name, "vision.large"), _answer_box(view, "large")
    gallery = _gallery(ui, pictures)
    ui.make(gr.HTML, {"value": view.credits}, elem_classes="tea-credits-box")
    small = gr.HTML(view.small("", DEFAULT), elem_id="tea-vision-small", elem_classes="tea-small-box")
    with gr.Row(equal_height=False, elem_classes="tea-pair"):
        with gr.Column(scale=1, min_width=280):
            left = make_picker(left_name, "vision.left"), _answer_box(view, "left")
        with gr.Column(scale=1, min_width=280):
            right = make_picker(right_name, "vision.right"), _answer_box(view, "right")
    pickers, panels = zip(large, left, right, strict=True)
    return _Parts(picture, look, gallery, pickers, panels, small)


def _picture(ui: Localizer, pictures: list[str]) -> gr.Image:
    return ui.make(
        PictureFile,
        {"label": "vision.picture", "placeholder": "vision.drop"},
        value=pictures[0] if pictures else None,
        type="filepath",
        sources=["upload", "webcam", "clipboard"],
        webcam_options=gr.WebcamOptions(mirror=False),
        buttons=["fullscreen"],
        height=320,
        elem_id="tea-vision-picture",
    )


def _answer_box(view: VisionView, place: str) -> gr.HTML:
    return gr.HTML(view.answer(None, DEFAULT), elem_id=f"tea-vision-{place}", elem_classes="tea-look-box")


def _gallery(ui: Localizer, pictures: list[str]) -> gr.Dataset:
    return ui.make(
        gr.Dataset,
        {"label": "common.examples"},
        components=[gr.Image(render=False)],
        samples=[[path] for path in pictures],
        samples_per_page=24,
        type="index",
        visible=bool(pictures),
        elem_id="tea-vision-examples",
        elem_classes="tea-pictures",
    )


def _connect(
    ui: Localizer, reporter: Reporter, handlers: Handlers, parts: _Parts, settings: Settings
) -> tuple[list[gr.State], dict[str, Any]]:
    """The states that hold the answers, in the order of the pickers; the properties of an event that looks."""
    answers, small = [gr.State(None) for _ in parts.panels], gr.State("")
    work = {"concurrency_limit": settings.concurrency, "concurrency_id": "vision", "api_visibility": "private"}
    looks = {
        "inputs": [parts.picture, *parts.pickers, ui.lang],
        "outputs": [*answers, *parts.panels, small, parts.small],
        "show_progress_on": list(parts.panels),
        **work,
    }
    asked = [parts.picture.change, parts.look.click]
    gr.on(asked, reporter.said(handlers.look), trigger_mode="always_last", **looks)
    for picker, answer, panel in zip(parts.pickers, answers, parts.panels, strict=True):
        picker.input(
            reporter.said(handlers.look_again),
            [parts.picture, picker, ui.lang],
            [answer, panel],
            show_progress_on=panel,
            **work,
        )
    ui.lang.change(handlers.redraw, [*answers, small, ui.lang], [*parts.panels, parts.small], **_AT_ONCE)
    pictures = examples()
    parts.gallery.click(lambda index: pictures[index], parts.gallery, parts.picture, **_AT_ONCE)
    return answers, looks
