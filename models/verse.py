"""A poem that is asked for, how gpt-zh is asked for it, and what a text keeps of its form.

Knows the prompt format of gpt-zh and nothing of how a model is loaded or sampled.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import zip_longest

from models.errors import BadInput
from models.rhyme import RhymeReport, check_rhyme
from models.verse_forms import CIPAI, FORMS, Form, Line, Tune, tune

CI = "词"
LONGEST_TITLE = 12  # characters; gpt-zh has seen no longer ones
ACROSTIC_LENGTHS = (2, 8)  # shortest and longest
HAN = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_ALL_HAN = re.compile(f"[{HAN}]+")
STOPS = "，。？！；、"


@dataclass(frozen=True)
class PoemRequest:
    """A poem that is asked for. BadInput where it cannot be written.

    form: a key of FORMS, or 词, whose title is the name of a tune in CIPAI.
    title: at most LONGEST_TITLE characters; empty for an untitled poem.
    acrostic: 2 to 8 Chinese characters, one at the head of each line; it sets the number of lines.
    """

    form: str
    title: str = ""
    acrostic: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "title", self.title.strip())
        object.__setattr__(self, "acrostic", self.acrostic.strip())
        if self.form == CI:
            self._check_tune()
        elif self.form not in FORMS:
            raise BadInput("errors.unknown_form", form=self.form, valid="、".join((*FORMS, CI)))
        else:
            self._check_title()
            self._check_acrostic()

    @property
    def shape(self) -> Form | Tune:
        """What the poem's lines must be: its tune, or its form with a line for each character of an acrostic."""
        if self.form == CI:
            return tune(self.title)
        form = FORMS[self.form]
        return replace(form, lines=len(self.acrostic)) if self.acrostic else form

    def _check_tune(self) -> None:
        if self.title not in CIPAI:
            raise BadInput("errors.unknown_cipai", title=self.title, valid="、".join(CIPAI))
        if self.acrostic:
            raise BadInput("errors.acrostic_needs_form", form=self.form, valid="、".join(FORMS))

    def _check_title(self) -> None:
        if len(self.title) > LONGEST_TITLE:
            raise BadInput("errors.title_too_long", length=len(self.title), limit=LONGEST_TITLE)
        if "<|" in self.title or "\n" in self.title:
            raise BadInput("errors.bad_title", title=self.title)

    def _check_acrostic(self) -> None:
        low, high = ACROSTIC_LENGTHS
        if not self.acrostic:
            return
        if not _ALL_HAN.fullmatch(self.acrostic):
            raise BadInput("errors.acrostic_not_chinese", acrostic=self.acrostic, low=low, high=high)
        if not low <= len(self.acrostic) <= high:
            raise BadInput("errors.acrostic_length", length=len(self.acrostic), low=low, high=high)


def prompt(request: PoemRequest) -> str:
    """The request in gpt-zh's format: <|七绝|><|题|>江雪<|正文|>."""
    form = _nearest_form(request.shape) if isinstance(request.shape, Form) else request.form
    return f"<|{form}|>{f'<|题|>{request.title}' if request.title else ''}<|正文|>"


def _nearest_form(shape: Form) -> str:
    """The quatrain or octave with the shape's lines: the model knows no other number of lines."""
    lines = 4 if shape.lines <= 4 else 8
    return next(form.name for form in FORMS.values() if (form.lines, form.length) == (lines, shape.length))


def layout(text: str, shape: Form | Tune | None = None) -> str:
    """One couplet (of a ci: one sentence) a line, for showing; an empty line before a tune's second stanza."""
    if isinstance(shape, Tune) and shape.first_stanza < len(shape.pattern):
        first = sum(line.length + len(line.stop) for line in shape.pattern[: shape.first_stanza])
        if text[first:]:
            return f"{layout(text[:first])}\n\n{layout(text[first:])}"
    return re.sub(r"([。？！])(?=.)", r"\1\n", text)


@dataclass(frozen=True)
class FormReport:
    """What a text keeps of what was asked."""

    lines: tuple[str, ...]  # without their stops
    wrong_lines: tuple[int, ...]  # counted from 0; a line too many or missing counts as wrong
    stops_right: bool
    acrostic_kept: bool  # True where none was asked for
    rhyme: RhymeReport

    @property
    def holds(self) -> bool:
        """Whether lines, stops and acrostic are right; the rhyme has its own report."""
        return not self.wrong_lines and self.stops_right and self.acrostic_kept


def check(shape: Form | Tune, text: str, acrostic: str = "") -> FormReport:
    """Holds a text, laid out or not, against a form or a tune; with an acrostic, `shape` is the request's."""
    parts = re.split(f"([{STOPS}])", re.sub(r"\s", "", text))
    lines, stops = tuple(filter(None, parts[::2])), parts[1::2]
    return FormReport(
        lines=lines,
        wrong_lines=tuple(_wrong_lines(shape, lines)),
        stops_right=stops == [line.stop for line in shape.pattern] and not parts[-1],
        acrostic_kept=not acrostic or "".join(line[0] for line in lines) == acrostic,
        rhyme=check_rhyme(shape, lines),
    )


def _wrong_lines(shape: Form | Tune, lines: tuple[str, ...]) -> Iterator[int]:
    for number, (asked, line) in enumerate(zip_longest(shape.pattern, lines)):
        if asked is None or line is None or not _fits(asked, line, before=lines[number - 1]):
            yield number


def _fits(asked: Line, line: str, before: str) -> bool:
    return len(line) == asked.length and bool(_ALL_HAN.fullmatch(line)) and (not asked.repeats or line == before)
