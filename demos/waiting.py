"""A wait always shows what is happening: runs work beside the handler and tells its steps through gr.Progress.

The first click after a start may come while torch is still being imported or a model fetched; the activity board knows.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import closing
from typing import Any, TypeVar

from demos.i18n import Strings
from models.library import Library
from models.progress import Progress

Result = TypeVar("Result")
_TICK = 0.2  # seconds between two looks at the board
_END = object()
_DOWNLOADING = "activity.downloading"


class Waiter:
    def __init__(self, library: Library, strings: Strings) -> None:
        self._library = library
        self._strings = strings

    def run(self, work: Callable[[], Result], model: str, lang: str, progress: Callable[..., Any]) -> Result:
        """work(), while what is being done for `model` (a typed name) is told to the visitor."""
        future: Future[Result] = Future()
        threading.Thread(target=_settle, args=(future, work), daemon=True).start()
        while True:
            try:
                return future.result(timeout=_TICK)
            except TimeoutError:
                if future.done():  # work's own TimeoutError, or work that ended just now
                    return future.result()
                self._tell(model, lang, progress)

    def stream(self, pieces: Iterator[Result], model: str, lang: str, progress: Callable[..., Any]) -> Iterator[Result]:
        """The same pieces; the wait for the first one is told."""
        try:
            first = self.run(lambda: next(pieces, _END), model, lang, progress)
            if first is not _END:
                yield first
                yield from pieces
        finally:
            pieces.close()

    def follow(
        self, steps: Iterator[Progress | Result], model: str, lang: str, progress: Callable[..., Any]
    ) -> Iterator[Result | None]:
        """None after every step, whose progress is told, then the result. Closing it stops the work.

        A handler that yields at every None can be cancelled between two steps.
        """
        sentence = self._strings.text("activity.computing", lang)
        with closing(self.stream(steps, model, lang, progress)) as pieces:
            for piece in pieces:
                if isinstance(piece, Progress):
                    progress(piece.done / max(piece.total, 1), desc=sentence)
                    yield None
                else:
                    yield piece

    def _tell(self, model: str, lang: str, progress: Callable[..., Any]) -> None:
        step = self._library.waiting_for(model)
        if step is None:
            return
        sentence = self._strings.text(step.key, lang, model=model)
        if step.total and (step.done or step.key == _DOWNLOADING):  # the size is told before the first bytes are there
            sentence += f" {step.done / 2**20:,.1f} / {step.total / 2**20:,.1f} MB"
        progress(step.fraction or 0.0, desc=sentence)  # Gradio 6.31 shows no words without a number


def _settle(future: Future, work: Callable[[], Any]) -> None:
    try:
        future.set_result(work())
    except BaseException as error:
        future.set_exception(error)
