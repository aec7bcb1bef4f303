"""A view that can be opened: folded away it costs nothing, opened it computes, closed in the middle it stops.

A view is an accordion with its lesson card at the foot. Its computing is one event, begun when it is opened and again
when what it follows has changed while it is open; folding it cancels the event, which closes the handler's generator.
Knows nothing of what is computed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import gradio as gr
from gradio.events import Dependency

from demos.i18n import Localizer
from demos.lessons import LESSONS, lesson_card

# Through the queue: only then does another State's listener hear of the change.
_QUIET = {"show_progress": "hidden", "api_visibility": "private", "concurrency_limit": None}
_KEEP_IN_URL = "() => window.teaView('{name}', {is_open})"


@dataclass(frozen=True)
class View:
    name: str
    box: gr.Accordion
    is_open: gr.State  # for this visitor


@contextmanager
def view(ui: Localizer, name: str) -> Iterator[View]:
    """The accordion of a lesson's view, folded; what is made within the block stands in it, above its card."""
    words = {"label": f"view.{name}"}
    with ui.make(gr.Accordion, words, open=False, elem_id=f"tea-view-{name}", elem_classes="tea-view") as box:
        yield View(name, box, gr.State(False))
        lesson_card(ui, name)


def connect(
    opened: View,
    handler: Callable[..., Any],
    inputs: Sequence[Any],
    outputs: Sequence[Any],
    *,
    follows: Sequence[Callable[..., Any]] = (),
    **work: Any,
) -> Dependency:
    """handler(*inputs) -> outputs when the view is opened, and while it is open after each of the listeners `follows`.

    handler: a generator that yields between the steps of its work, so that it can be stopped between them.
    work: further properties of its event. Returns that event.
    """
    asked = gr.State(0)
    # Several at once: a cancelled one does not end for the page, and the next would wait for it.
    computing = asked.change(handler, [*inputs], [*outputs], trigger_mode="multiple", **work)
    opened.box.expand(lambda count: (True, count + 1), asked, [opened.is_open, asked], **_QUIET)
    opened.box.collapse(lambda: False, None, opened.is_open, cancels=[computing], **_QUIET)
    _keep_in_address(opened)
    if follows:
        given_up = gr.on([*follows], None, None, None, cancels=[computing], queue=False, api_visibility="private")
        given_up.then(lambda is_open, count: count + 1 if is_open else count, [opened.is_open, asked], asked, **_QUIET)
    return computing


def stop_when_folded(opened: View, works: Sequence[Dependency]) -> None:
    """For a view whose work is begun within it: folding it cancels these events."""
    # Gradio 6.31 folds a view that the address has just opened, unless expanding it goes through the queue.
    opened.box.expand(lambda: True, None, opened.is_open, **_QUIET)
    opened.box.collapse(lambda: False, None, opened.is_open, cancels=[*works], **_QUIET)
    _keep_in_address(opened)


def _keep_in_address(opened: View) -> None:
    for listener, is_open in ((opened.box.expand, "true"), (opened.box.collapse, "false")):
        js = _KEEP_IN_URL.format(name=LESSONS[opened.name].name, is_open=is_open)
        listener(None, js=js, queue=False, show_progress="hidden", api_visibility="private")
