"""The view «album» of the Vision tab: several pictures, judged by the tab's models, in a grid and as a csv.

The work begins with a button and can be stopped; folding the view stops it too. Knows the reader by what it returns,
never how it computes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

import gradio as gr

from demos import opening
from demos.errors import Reporter
from demos.i18n import DEFAULT, Localizer
from demos.picture_file import PictureFiles
from demos.vision_album_view import AlbumView, ShownAlbum, shown
from demos.waiting import Waiter
from models.album import Album, Judging, Photo, write_csv
from models.catalog import Catalog
from models.settings import Settings
from models.vision import TASK

_AT_ONCE = {"queue": False, "show_progress": "hidden", "api_visibility": "private"}
_END = object()


class Reader(Protocol):
    def steps(self, photos: Sequence[Photo], models: Sequence[str] = ()) -> Iterator[Judging | Album]: ...


def build(
    ui: Localizer,
    waiter: Waiter,
    reporter: Reporter,
    reader: Reader,
    settings: Settings,
    catalog: Catalog,
    pickers: Sequence[gr.Dropdown],
    examples: Sequence[str],
) -> None:
    """Lays the view out and connects it. pickers: whose models judge. examples: paths of the bundled pictures."""
    view = AlbumView(ui.strings, reporter.sentence)
    handlers = Handlers(waiter, reader, catalog, view, reporter, settings, examples)
    with opening.view(ui, "album") as opened:
        parts = _lay_out(ui, view, settings.max_pictures)
    _connect(ui, reporter, handlers, parts, opened, pickers, settings)


class Handlers:
    """What the events call: plain values in, component values out."""

    def __init__(
        self,
        waiter: Waiter,
        reader: Reader,
        catalog: Catalog,
        view: AlbumView,
        reporter: Reporter,
        settings: Settings,
        examples: Sequence[str] = (),
    ) -> None:
        self._waiter, self._reader, self._catalog = waiter, reader, catalog
        self._view, self._reporter, self._settings, self._examples = view, reporter, settings, examples

    def judge(
        self,
        photos: list[Photo],
        large: str,
        left: str,
        right: str,
        lang: str,
        progress: Callable[..., Any] = gr.Progress(),
    ) -> Iterator[tuple]:
        """What is remembered, the status, the grid, the Stop button and the csv, after every step of the work."""
        models = (large, left, right)
        steps = self._reader.steps(photos, models)
        model = large
        try:
            while (step := self._waiter.run(lambda: next(steps, _END), model, lang, progress)) is not _END:
                if isinstance(step, Judging):
                    model = step.model
                    yield self._under_way(step, lang)
                else:
                    yield self._finished(step, lang)
        except Exception:  # the toast says what was wrong; the status must not go on counting
            yield None, *self.redraw(None, lang), gr.update(interactive=False), gr.skip()
            raise
        finally:
            steps.close()

    def judge_examples(
        self, large: str, left: str, right: str, lang: str, progress: Callable[..., Any] = gr.Progress()
    ) -> Iterator[tuple]:
        photos = [Photo(Path(path).name, path) for path in self._examples]
        yield from self.judge(photos, large, left, right, lang, progress)

    def stopped(self, album: ShownAlbum | None, lang: str) -> tuple[ShownAlbum | None, str, dict[str, Any]]:
        """After the work was cancelled, or long after it was done."""
        if album is not None:
            album = replace(album, is_stopped=not album.is_finished)
        return album, self._view.status(album, lang), gr.update(interactive=False)

    def redraw(self, album: ShownAlbum | None, lang: str) -> tuple[str, str]:
        """The status and the grid."""
        return self._view.status(album, lang), self._view.grid(album, lang)

    def _under_way(self, step: Judging, lang: str) -> tuple:
        album = self._shown(step.album, step.done, step.total)
        return album, *self.redraw(album, lang), gr.update(interactive=True), gr.update(interactive=False)

    def _finished(self, found: Album, lang: str) -> tuple:
        album = self._shown(found, 1, 1)
        path = write_csv(found, lambda error: self._reporter.sentence(error, lang), self._settings.uploads)
        ready = gr.update(value=str(path), interactive=True)
        return album, *self.redraw(album, lang), gr.update(interactive=False), ready

    def _shown(self, album: Album, done: int, total: int) -> ShownAlbum:
        labels = [None if model.error else self._catalog.find(model.name, TASK).labels for model in album.models]
        return shown(album, labels, done, total)


@dataclass(frozen=True)
class _Parts:
    files: PictureFiles
    judge: gr.Button
    examples: gr.Button
    status: gr.HTML
    stop: gr.Button
    grid: gr.HTML
    download: gr.DownloadButton


def _lay_out(ui: Localizer, view: AlbumView, limit: int) -> _Parts:
    files = ui.make(
        PictureFiles,
        {"label": lambda lang: ui.strings.text("album.files", lang, limit=limit)},
        file_count="multiple",
        file_types=["image"],
        height=140,
        elem_id="tea-album-files",
    )
    with gr.Row():
        judge = ui.make(
            gr.Button, {"value": "album.judge"}, variant="primary", min_width=140, elem_id="tea-album-judge"
        )
        examples = ui.make(gr.Button, {"value": "album.examples"}, min_width=140, elem_id="tea-album-examples")
    with gr.Row(equal_height=False, elem_classes="tea-status-row"):
        status = gr.HTML(view.status(None, DEFAULT), elem_id="tea-album-status", elem_classes="tea-status-box")
        stop = ui.make(
            gr.Button,
            {"value": "common.stop"},
            interactive=False,
            size="sm",
            scale=0,
            min_width=90,
            elem_id="tea-album-stop",
        )
    grid = gr.HTML("", elem_id="tea-album-grid", elem_classes="tea-album-box")
    words = {"label": "album.download"}
    download = ui.make(gr.DownloadButton, words, interactive=False, size="sm", elem_id="tea-album-download")
    return _Parts(files, judge, examples, status, stop, grid, download)


def _connect(
    ui: Localizer,
    reporter: Reporter,
    handlers: Handlers,
    parts: _Parts,
    opened: opening.View,
    pickers: Sequence[gr.Dropdown],
    settings: Settings,
) -> None:
    album = gr.State(None)
    job = {
        "outputs": [album, parts.status, parts.grid, parts.stop, parts.download],
        "show_progress_on": parts.status,
        "concurrency_limit": settings.concurrency,
        "concurrency_id": "vision",
        "api_visibility": "private",
        "trigger_mode": "multiple",  # a cancelled one does not end for the page
    }
    jobs = [
        parts.judge.click(reporter.said(handlers.judge), [parts.files, *pickers, ui.lang], **job),
        parts.examples.click(reporter.said(handlers.judge_examples), [*pickers, ui.lang], **job),
    ]
    opening.stop_when_folded(opened, jobs)
    gr.on(
        [parts.stop.click, opened.box.collapse],
        handlers.stopped,
        [album, ui.lang],
        [album, parts.status, parts.stop],
        cancels=jobs,
        **_AT_ONCE,
    )
    ui.lang.change(handlers.redraw, [album, ui.lang], [parts.status, parts.grid], **_AT_ONCE)
