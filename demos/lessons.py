"""The lesson cards: beside each view what it shows, how to read it, what it does not show and where it can mislead.

The cards of all tabs tell one story, and each says which step of it one is looking at: text becomes tokens, tokens
attend to each other, a head decides, training moves the weights. Knows no model.
"""

from __future__ import annotations

import html
from dataclasses import dataclass

import gradio as gr

from demos.i18n import Localizer, Strings

PARTS = ("shows", "read", "silent", "mislead")
# Each step with the view that shows it best: the tab, the tab within it, the view.
STORY = {
    "tokens": "generation/continue/tokens",
    "attention": "sentiment/attention",
    "head": "vision/where",
    "training": "finetune/training",
}


@dataclass(frozen=True)
class Paper:
    """Where a method comes from, as it is cited under a picture."""

    cited: str  # "Sundararajan et al. 2017"
    url: str


@dataclass(frozen=True)
class Lesson:
    """A view's card. Its words are `lesson.<name>.<part>` of the string table, for each of PARTS."""

    name: str
    place: str  # the tab, or the tab and the tab within it: "sentiment", "generation/continue"
    step: str  # of STORY
    papers: tuple[Paper, ...] = ()


INTEGRATED_GRADIENTS = Paper("Sundararajan et al. 2017", "https://arxiv.org/abs/1703.01365")
OCCLUSION = Paper("Zeiler & Fergus 2014", "https://arxiv.org/abs/1311.2901")
ERASURE = Paper("DeYoung et al. 2020", "https://arxiv.org/abs/1911.03429")
TRANSFORMER = Paper("Vaswani et al. 2017", "https://arxiv.org/abs/1706.03762")
NOT_EXPLANATION = Paper("Jain & Wallace 2019", "https://arxiv.org/abs/1902.10186")
CHECKLIST = Paper("Ribeiro et al. 2020", "https://arxiv.org/abs/2005.04118")
CONTRAST_SETS = Paper("Gardner et al. 2020", "https://arxiv.org/abs/2004.02709")
TOP_K = Paper("Fan et al. 2018", "https://arxiv.org/abs/1805.04833")
TOP_P = Paper("Holtzman et al. 2020", "https://arxiv.org/abs/1904.09751")
DISTINCT_N = Paper("Li et al. 2016", "https://arxiv.org/abs/1510.03055")
GRAD_CAM = Paper("Selvaraju et al. 2017", "https://arxiv.org/abs/1610.02391")
ROLLOUT = Paper("Abnar & Zuidema 2020", "https://arxiv.org/abs/2005.00928")
ATTENTION_ATTRIBUTION = Paper("Hao et al. 2021", "https://arxiv.org/abs/2004.11207")
DELETION = Paper("Samek et al. 2017", "https://arxiv.org/abs/1509.06321")
SANITY = Paper("Adebayo et al. 2018", "https://arxiv.org/abs/1810.03292")
CORRUPTIONS = Paper("Hendrycks & Dietterich 2019", "https://arxiv.org/abs/1903.12261")

LESSONS = {
    lesson.name: lesson
    for lesson in (
        Lesson("words", "sentiment", "head", (INTEGRATED_GRADIENTS, OCCLUSION, ERASURE)),
        Lesson("attention", "sentiment", "attention", (TRANSFORMER, NOT_EXPLANATION)),
        Lesson("pairs", "sentiment", "head", (CHECKLIST, CONTRAST_SETS)),
        Lesson("two_models", "sentiment", "training"),
        Lesson("verse", "generation/poem", "tokens"),
        Lesson("tokens", "generation/continue", "tokens", (TOP_K, TOP_P)),
        Lesson("decoding", "generation/continue", "head", (TOP_K, TOP_P, DISTINCT_N)),
        Lesson("surprise", "generation/continue", "tokens"),
        Lesson("where", "vision", "head", (GRAD_CAM, ATTENTION_ATTRIBUTION, ROLLOUT, DELETION, SANITY)),
        Lesson("disturb", "vision", "training", (CORRUPTIONS,)),
        Lesson("album", "vision", "head"),
        Lesson("data", "finetune", "tokens"),
        Lesson("training", "finetune", "training"),
        Lesson("evaluation", "finetune", "head"),
    )
}


def lesson_card(ui: Localizer, name: str, *, alone: bool = False) -> gr.HTML:
    """The card of a lesson, re-worded with the page. alone: outside a view, folded under the lesson's own name."""
    words = {"value": lambda lang: card(ui.strings, LESSONS[name], lang, alone=alone)}
    return ui.make(gr.HTML, words, elem_id=f"tea-lesson-{name}", elem_classes="tea-lesson-box")


def card(strings: Strings, lesson: Lesson, lang: str, *, alone: bool = False) -> str:
    """The four parts, the papers, and the step of the story that this is."""

    def say(key: str) -> str:
        return html.escape(strings.text(key, lang))

    parts = "".join(
        f"<div><dt>{say(f'lesson.{part}')}</dt><dd>{say(f'lesson.{lesson.name}.{part}')}</dd></div>" for part in PARTS
    )
    papers = " · ".join(
        f'<a href="{html.escape(paper.url)}" target="_blank" rel="noopener">{html.escape(paper.cited)}</a>'
        for paper in lesson.papers
    )
    cited = f'<p class="tea-lesson-papers">{say("lesson.papers")} {papers}</p>' if papers else ""
    title, fold = (say(f"view.{lesson.name}"), "") if alone else (say("lesson.title"), " open")
    return (
        f'<details class="tea-lesson"{fold}><summary>{title}</summary><dl>{parts}</dl>{cited}'
        f"{_story(strings, lesson.step, lang)}</details>"
    )


def _story(strings: Strings, current: str, lang: str) -> str:
    """The four steps, this one marked; a click on another goes to the view that shows it."""
    steps = []
    for step, place in STORY.items():
        words = html.escape(strings.text(f"lesson.story.{step}", lang))
        kind = ' class="is-here" aria-current="step"' if step == current else ""
        steps.append(f'<li{kind}><button type="button" data-tea-go="{place}">{words}</button></li>')
    return f'<ol class="tea-story">{"".join(steps)}</ol>'
