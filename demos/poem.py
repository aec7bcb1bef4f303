"""Writing a poem: its form, title and acrostic in; the poem, a couplet a line, and what it keeps of form and rhyme, out.

Knows the forms from models.verse and how a poem looks; nothing of how one is written.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import gradio as gr

from demos import poem_verse
from demos.i18n import DEFAULT, Strings
from demos.streaming import AT_ONCE, QUEUED, Desk, allow_stop, connect_stop, seed_note, stop_button
from models import verse
from models.verse import CI, CIPAI, FORMS, FormReport, PoemRequest
from models.verse_forms import Form, Tune


@dataclass(frozen=True)
class Shown:
    """What the page remembers of a poem. `text` as far as it is written."""

    request: PoemRequest
    text: str
    seed: int
    finished: bool = False


@dataclass(frozen=True)
class PoemParts:
    form: gr.Radio
    title: gr.Textbox
    tune: gr.Dropdown
    acrostic: gr.Textbox
    run: gr.Button
    stop: gr.Button
    examples: gr.Dataset
    paper: gr.HTML


class Handlers:
    """What the events call: plain values in, component values out."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def write(
        self,
        form: str,
        title: str,
        tune: str,
        acrostic: str,
        model: str,
        lang: str,
        progress: Callable[..., Any] = gr.Progress(),
        *sampling: float,
    ) -> Iterator[tuple[Shown, str]]:
        """The poem so far as data and drawn; the last one with its form checked."""
        options = self._desk.sampling.options(*sampling)
        request = PoemRequest(form, tune) if form == CI else PoemRequest(form, title or "", acrostic or "")
        shown = Shown(request, "", options.seed)
        for text in self._desk.read(self._desk.runner.poem(request, model, options), model, lang, progress):
            shown = replace(shown, text=text)
            yield shown, self.draw(shown, lang)
        shown = replace(shown, finished=True)
        yield shown, self.draw(shown, lang)

    def draw(self, shown: Shown | None, lang: str) -> str:
        return render(shown, self._desk, lang)


def build(desk: Desk, examples: list[dict[str, str]]) -> PoemParts:
    """Lays it out and connects it. Call it inside its gr.Tab."""
    handlers = Handlers(desk)
    parts = _lay_out(desk, handlers, examples)
    poem_verse.build(desk, _connect(desk, handlers, parts, examples))
    return parts


def _lay_out(desk: Desk, handlers: Handlers, examples: list[dict[str, str]]) -> PoemParts:
    ui, first = desk.ui, examples[0]

    def forms(lang: str) -> list[tuple[str, str]]:
        return [(ui.strings.text(f"poem.form.{form}", lang), form) for form in (*FORMS, CI)]

    with gr.Row(equal_height=False):
        with gr.Column(scale=4, min_width=300):
            form = ui.make(
                gr.Radio, {"label": "poem.form", "choices": forms}, value=first["form"], elem_id="tea-poem-form"
            )
            title = ui.make(
                gr.Textbox,
                {"label": "poem.title", "placeholder": "poem.title_hint"},
                value=first["title"],
                max_length=verse.LONGEST_TITLE,
                elem_id="tea-poem-title",
            )
            tune = ui.make(
                gr.Dropdown,
                {"label": "poem.tune"},
                choices=list(CIPAI),
                value=CIPAI[0],
                visible=False,
                elem_id="tea-poem-tune",
            )
            acrostic = ui.make(
                gr.Textbox,
                {"label": "poem.acrostic", "info": "poem.acrostic_info", "placeholder": "poem.acrostic_hint"},
                value=first["acrostic"],
                max_length=verse.ACROSTIC_LENGTHS[1],
                elem_id="tea-poem-acrostic",
            )
            with gr.Row(elem_classes="tea-buttons"):
                run = ui.make(gr.Button, {"value": "poem.write"}, variant="primary", scale=2, elem_id="tea-poem-run")
                stop = stop_button(desk, "poem")
        with gr.Column(scale=6, min_width=300):
            paper = gr.HTML(handlers.draw(None, DEFAULT), elem_id="tea-poem-result", elem_classes="tea-paper-box")
    samples = ui.make(
        gr.Dataset,
        {
            "label": "common.examples",
            "sample_labels": lambda lang: [_sample_label(e, ui.strings, lang) for e in examples],
        },
        components=[gr.Textbox(render=False)],
        samples=[[example["title"] or example["acrostic"]] for example in examples],
        type="index",
        elem_id="tea-poem-examples",
        elem_classes="tea-examples",
    )
    return PoemParts(form, title, tune, acrostic, run, stop, samples, paper)


def _sample_label(example: dict[str, str], strings: Strings, lang: str) -> str:
    head = strings.text("poem.sample_acrostic", lang, words=example["acrostic"]) if example["acrostic"] else ""
    return f"{example['form']} · {example['title'] or head}"


def _connect(desk: Desk, handlers: Handlers, parts: PoemParts, examples: list[dict[str, str]]) -> gr.State:
    """Gives the State of the poem's text as it stood when its writing had ended or was stopped."""
    shown, written = gr.State(None), gr.State("")
    fields = [parts.form, parts.title, parts.tune, parts.acrostic]
    asked = {
        "fn": desk.reporter.said(handlers.write),
        "inputs": [*fields, desk.picker, desk.ui.lang, *desk.sampling.inputs],
        "outputs": [shown, parts.paper],
        "show_progress_on": parts.paper,
        **desk.work,
    }

    def fill(index: int) -> list[dict[str, Any]]:
        example = examples[index]
        is_ci = example["form"] == CI
        title, tune = ("", example["title"]) if is_ci else (example["title"], CIPAI[0])
        update = _visible(is_ci)
        values = (title, tune, example["acrostic"])
        return [gr.update(value=example["form"]), *({**u, "value": v} for u, v in zip(update, values, strict=True))]

    begins = [parts.run.click, parts.title.submit, parts.acrostic.submit]
    allow_stop(parts.stop, [*begins, parts.examples.click])
    by_hand = gr.on(begins, **asked)
    by_example = parts.examples.click(fill, parts.examples, fields, **AT_ONCE).then(**asked)
    connect_stop(parts.stop, [by_hand, by_example])
    for run in (by_hand, by_example):
        run.then(lambda ended: ended.text if ended else "", shown, written, **QUEUED)
    parts.form.input(lambda form: _visible(form == CI), parts.form, fields[1:], **AT_ONCE)
    desk.ui.lang.change(handlers.draw, [shown, desk.ui.lang], parts.paper, **AT_ONCE)
    return written


def _visible(is_ci: bool) -> list[dict[str, Any]]:
    """Updates of title, tune and acrostic: a ci has the name of a tune and nothing else."""
    return [gr.update(visible=not is_ci), gr.update(visible=is_ci), gr.update(visible=not is_ci)]


def render(shown: Shown | None, desk: Desk, lang: str) -> str:
    """The poem on its paper, and one quiet line under it."""
    strings = desk.ui.strings
    if shown is None:
        return f'<div class="tea-poem-empty">{strings.text("poem.nothing_yet", lang)}</div>'
    title = f"<h4>{html.escape(shown.request.title)}</h4>" if shown.request.title else ""
    ended = shown.text if shown.finished else re.sub(f"[^{verse.STOPS}]*$", "", shown.text)
    report = verse.check(shown.request.shape, ended, shown.request.acrostic)
    lines = "".join(_paragraphs(shown.text, (*report.rhyme.kept, *report.rhyme.joined)))
    if shown.finished and not lines:
        lines = f'<p class="tea-muted">{strings.text("generation.nothing_written", lang)}</p>'
    kind = "tea-poem tea-ci" if shown.request.form == CI else "tea-poem"
    checked = _form_notes(shown.request, report, strings, lang) if shown.finished else []
    notes = [*checked, html.escape(seed_note(desk, shown.seed, lang))]
    return f'<div class="{kind}" lang="zh">{title}{lines}</div><div class="tea-quiet-line">{" · ".join(notes)}</div>'


def _paragraphs(text: str, rhyming: Sequence[int]) -> Iterator[str]:
    """A paragraph for each line of the text; the ends of the poem's lines `rhyming`, counted from 0, are marked."""
    number, stanza = 0, ""
    for row in text.splitlines():
        words = []
        for line, stop in re.findall(f"([^{verse.STOPS}]*)([{verse.STOPS}]?)", row):
            if not line:
                continue
            end = html.escape(line[-1])
            marked = f'<em class="tea-rhyme">{end}</em>' if stop and number in rhyming else end
            words.append(f"{html.escape(line[:-1])}{marked}{stop}")
            number += 1
        if words:
            yield f"<p{stanza}>{''.join(words)}</p>"
        stanza = "" if words else ' class="tea-stanza"'


def _form_notes(request: PoemRequest, report: FormReport, strings: Strings, lang: str) -> list[str]:
    """What the check found: what is kept of lines and rhyme in one note, what is not in one each, then the acrostic."""
    found = [_lines_found(request.shape, report, strings, lang), *_rhyme_found(request.shape, report, strings, lang)]
    kept = " · ".join(words for words, good in found if good)
    notes = [_mark(kept, True)] if kept else []
    notes += [_mark(words, False) for words, good in found if not good]
    if request.acrostic:
        key = "poem.acrostic_kept" if report.acrostic_kept else "poem.acrostic_lost"
        notes.append(_mark(strings.text(key, lang, words=html.escape(request.acrostic)), report.acrostic_kept))
    return notes


def _lines_found(shape: Form | Tune, report: FormReport, strings: Strings, lang: str) -> tuple[str, bool]:
    good = not report.wrong_lines and report.stops_right
    ending = "kept" if good else "broken" if report.wrong_lines else "stops_broken"
    wrong = _numbers(report.wrong_lines)
    if isinstance(shape, Tune):
        return strings.text(f"poem.tune_{ending}", lang, tune=shape.name, wrong=wrong), good
    return strings.text(f"poem.form_{ending}", lang, lines=shape.lines, length=shape.length, wrong=wrong), good


def _rhyme_found(shape: Form | Tune, report: FormReport, strings: Strings, lang: str) -> list[tuple[str, bool]]:
    """Nothing where the form asks for no rhyme."""
    rhyme = report.rhyme
    if not rhyme.asked:
        return []
    if not rhyme.holds:
        return [(strings.text("poem.rhyme_broken", lang, wrong=_numbers(rhyme.wrong)), False)]
    key = "poem.rhyme_kept_ci" if isinstance(shape, Tune) else "poem.rhyme_kept"
    return [(strings.text(key, lang, groups="、".join(dict.fromkeys(rhyme.groups))), True)]


def _numbers(lines: Sequence[int]) -> str:
    return "、".join(str(line + 1) for line in lines)


def _mark(words: str, good: bool) -> str:
    return f'<span class="{"tea-kept" if good else "tea-broken"}">{words} {"✓" if good else "✗"}</span>'
