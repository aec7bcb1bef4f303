"""What every stream of text on the page shares: its collaborators, its pace, its Stop button and its seed.

Stopping is Gradio's own cancelling of an event: it closes the handler's generator, which closes the runner's, which
gives the lease back. So every generator here closes what it reads from, and none waits between two updates longer than
a token takes. Knows no poem and no chat.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import gradio as gr

from demos.errors import Reporter
from demos.i18n import Localizer
from demos.sampling import SamplingControls
from demos.waiting import Waiter
from models.decoding import DecodingComparer
from models.generation import GenerationRunner
from models.perplexity import PerplexityReader
from models.settings import Settings
from models.tracing import Tracer

AT_ONCE = {"queue": False, "show_progress": "hidden", "api_visibility": "private"}
# For a quick handler that may refuse: without the queue Gradio 6.31 keeps a gr.Error from the page.
QUEUED = {**AT_ONCE, "queue": True, "concurrency_limit": None}
_PAUSE = 1 / 15  # seconds between two updates: more a second costs the browser and shows nothing


def paced(texts: Iterator[str], pause: float = _PAUSE, clock: Callable[[], float] = time.monotonic) -> Iterator[str]:
    """The first text at once, then at most one a `pause`, and always the last. Closing it closes `texts`."""
    shown_at, late = float("-inf"), None
    with closing(texts):
        for text in texts:
            late = text
            if clock() - shown_at >= pause:
                yield text
                shown_at, late = clock(), None
        if late is not None:
            yield late


@dataclass(frozen=True)
class Explainers:
    """What computes for the views of text generation."""

    tracer: Tracer
    decodings: DecodingComparer
    perplexity: PerplexityReader


@dataclass(frozen=True)
class Desk:
    """What the tabs of text generation work with."""

    ui: Localizer
    waiter: Waiter
    reporter: Reporter
    runner: GenerationRunner
    settings: Settings
    picker: gr.Dropdown
    sampling: SamplingControls
    explainers: Explainers

    @property
    def work(self) -> dict[str, Any]:
        """Properties of an event that generates."""
        return {
            "concurrency_limit": self.settings.concurrency,
            "concurrency_id": "generation",
            "api_visibility": "private",
            "show_progress": "full",
        }

    def read(self, texts: Iterator[str], model: str, lang: str, progress: Callable[..., Any]) -> Iterator[str]:
        """Texts for the page: the wait for the first one told, the others paced."""
        return paced(self.waiter.stream(texts, model, lang, progress))


def stop_button(desk: Desk, name: str) -> gr.Button:
    return desk.ui.make(
        gr.Button, {"value": "common.stop"}, interactive=False, min_width=80, elem_id=f"tea-{name}-stop"
    )


def allow_stop(stop: gr.Button, begins: Sequence[Callable[..., Any]], others: Sequence[gr.Button] = ()) -> None:
    """The button works from now on, `others` do not. begins: the listeners with which a run begins.

    Call it before they are given their run: the browser takes up a click's events one after the other.
    """
    gr.on(begins, None, None, [stop, *others], js=_interactive(True, *[False] * len(others)), **AT_ONCE)


def connect_stop(
    stop: gr.Button, runs: Sequence[Any], *, refusals: Sequence[Any] = (), others: Sequence[gr.Button] = ()
) -> None:
    """The button cancels `runs`, and works no longer when one has ended; `others` work again.

    refusals: earlier steps whose failure keeps a run from beginning.
    """
    idle = {"fn": None, "outputs": [stop, *others], "js": _interactive(False, *[True] * len(others)), **AT_ONCE}
    for run in runs:
        run.then(**idle)  # also after a cancel, but in Gradio 6.31 not after an error
    for step in (*runs, *refusals):
        step.failure(**idle)
    stop.click(None, None, None, cancels=runs, **AT_ONCE)


def _interactive(*values: bool) -> str:
    """JavaScript that gives as many updates, so that a button changes without asking the server."""
    updates = [{"__type__": "update", "interactive": value} for value in values]
    return f"() => ({json.dumps(updates)})"


def seed_note(desk: Desk, seed: int | None, lang: str) -> str:
    """The quiet words with the seed that was used, so that it can be typed in again."""
    return "" if seed is None else desk.ui.strings.text("generation.seed_used", lang, seed=seed)
