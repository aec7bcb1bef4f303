"""The view «verse»: a poem's form shown line by line. The poem written last stands in its box, and any other may be pasted.

Knows the check by what it returns; no model is asked.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import gradio as gr

from demos import opening
from demos.i18n import DEFAULT, Localizer
from demos.streaming import AT_ONCE, Desk
from demos.verse_view import VerseView
from models.verse_forms import CIPAI, FORMS
from models.verse_reading import LONGEST, PoemReading, read

_FIRST = "白日依山尽，黄河入海流。\n欲穷千里目，更上一层楼。"  # 王之涣《登鹳雀楼》


class Handlers:
    """What the events call: plain values in, component values out."""

    def __init__(self, view: VerseView) -> None:
        self.view = view

    def read(self, poem: str, form: str, lang: str) -> Iterator[tuple[PoemReading, str]]:
        found = read(poem, form)
        yield found, self.view.draw(found, lang)

    def draw(self, found: PoemReading | None, lang: str) -> str:
        return self.view.draw(found, lang)


def build(desk: Desk, written: gr.State) -> None:
    """Lays the view out and connects it. written: the text of the poem that was written last."""
    ui, handlers, found = desk.ui, Handlers(VerseView(desk.ui.strings)), gr.State(None)
    with opening.view(ui, "verse") as view, gr.Row(equal_height=False):
        with gr.Column(scale=2, min_width=260):
            poem, form = _poem(ui), _form(ui)
        with gr.Column(scale=3, min_width=260):
            drawn = gr.HTML(handlers.draw(None, DEFAULT), elem_id="tea-verse", elem_classes="tea-verse-box")
    opening.connect(
        view,
        desk.reporter.said(handlers.read),
        [poem, form, ui.lang],
        [found, drawn],
        follows=[poem.change, form.input],
        show_progress="hidden",
        concurrency_limit=None,
        api_visibility="private",
    )
    written.change(lambda text: (text, "") if text else (gr.skip(), gr.skip()), written, [poem, form], **AT_ONCE)
    ui.lang.change(handlers.draw, [found, ui.lang], drawn, **AT_ONCE)


def _poem(ui: Localizer) -> gr.Textbox:
    words = {"label": "verse.poem", "info": "verse.poem_info"}
    return ui.make(gr.Textbox, words, value=_FIRST, lines=5, max_lines=12, max_length=LONGEST, elem_id="tea-verse-poem")


def _form(ui: Localizer) -> gr.Dropdown:
    def choices(lang: str) -> list[tuple[str, Any]]:
        return [(ui.strings.text("verse.guess", lang), ""), *((name, name) for name in (*FORMS, *CIPAI))]

    words = {"label": "verse.form", "choices": choices}
    return ui.make(gr.Dropdown, words, value="", elem_id="tea-verse-form")
