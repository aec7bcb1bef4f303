"""A poem read for its form: which one it is, the length, rhyme and tones of each line, kept or broken.

A pasted poem is brought into the spelling of models.verse first: its own stops, or the ends of its rows where it has none.
Computes no model.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from models.errors import BadInput
from models.rhyme import RhymeReport, check_rhyme, rhyme_groups
from models.tone_pattern import TonePattern, fit, tones_of
from models.verse import HAN
from models.verse_forms import CIPAI, FORMS, Form, Line, Tune, tune

LONGEST = 400  # characters; the longest tune has 116
_FORMS = "、".join(FORMS)
_STOPS = str.maketrans(",.!?;:：", "，。！？；，，")
_ROW = re.compile("[，。？！；、\\n]+")
_ALL_HAN = re.compile(f"[{HAN}]+")


@dataclass(frozen=True)
class ReadLine:
    text: str  # without its stop
    asked: int | None  # characters that the form asks for; None where the form has no such line, or is not known
    rhyme: str  # the groups in which its end rhymes: "尤"; empty where it need not rhyme and does not
    rhymes: bool | None  # with the others; None where it need not and does not
    tones: tuple[str, ...]  # 平, 仄, 平仄 or "" (unknown), one a character

    @property
    def has_length(self) -> bool:
        return self.asked in (None, len(self.text))


@dataclass(frozen=True)
class PoemReading:
    form: str  # of FORMS or of CIPAI; empty where none fits
    lines: tuple[ReadLine, ...]
    missing: int  # lines that the form has and the poem has not
    groups: tuple[str, ...]  # a name for each rhyme of the poem, in order
    pattern: TonePattern | None  # of regulated verse; None for a tune, an unknown form and the old style

    @property
    def is_regulated(self) -> bool:
        return self.form in FORMS

    @property
    def holds(self) -> bool:
        """Lines and rhymes; the tones have a report of their own."""
        return not self.missing and all(line.has_length and line.rhymes is not False for line in self.lines)


def read(poem: str, form: str = "") -> PoemReading:
    """form: a key of FORMS or a tune of CIPAI; empty: the one whose lines have these lengths.

    BadInput where the poem is empty, too long or not in Chinese characters, and where the form does not exist.
    """
    lines = _lines(poem)
    name = (form or "").strip() or _guessed(lines)
    shape = _shape(name)
    if shape is None:
        read_lines = tuple(ReadLine(line, None, "", None, _tones(line)) for line in lines)
        return PoemReading("", read_lines, 0, (), None)
    report = check_rhyme(shape, lines)
    asked: list[Line | None] = [*shape.pattern, *[None] * len(lines)]
    found = tuple(
        _read_line(line, want, shape, number, report)
        for number, (line, want) in enumerate(zip(lines, asked, strict=False))
    )
    fits = isinstance(shape, Form) and all(len(line) == shape.length for line in lines)
    missing = max(len(shape.pattern) - len(lines), 0)
    return PoemReading(name, found, missing, report.groups, fit(lines) if fits else None)


def _read_line(line: str, want: Line | None, shape: Form | Tune, number: int, report: RhymeReport) -> ReadLine:
    if want is None:
        return ReadLine(line, 0, "", None, _tones(line))
    if not want.rhyme and number not in report.joined:
        return ReadLine(line, want.length, "", None, _tones(line))
    groups = "、".join(sorted(rhyme_groups(line[-1], shape.book, level=want.level)))
    return ReadLine(line, want.length, groups, number not in report.wrong, _tones(line))


def _tones(line: str) -> tuple[str, ...]:
    return tuple(map(tones_of, line))


def _lines(poem: str) -> list[str]:
    text = (poem or "").strip().translate(_STOPS)
    if not text:
        raise BadInput("errors.empty_text")
    if len(text) > LONGEST:
        raise BadInput("errors.text_too_long", length=len(text), limit=LONGEST)
    lines = [re.sub(r"\s", "", line) for line in _ROW.split(text)]
    lines = [line for line in lines if line]
    for line in lines:
        if not _ALL_HAN.fullmatch(line):
            raise BadInput("errors.not_verse", line=line[:20])
    if not lines:
        raise BadInput("errors.empty_text")
    return lines


def _guessed(lines: list[str]) -> str:
    lengths = [len(line) for line in lines]
    for name, form in FORMS.items():
        if lengths == [form.length] * form.lines:
            return name
    return next((name for name in CIPAI if lengths == [line.length for line in tune(name).pattern]), "")


def _shape(name: str) -> Form | Tune | None:
    if not name:
        return None
    if name in FORMS:
        return FORMS[name]
    if name in CIPAI:
        return tune(name)
    raise BadInput("errors.unknown_form", form=name[:20], valid=f"{_FORMS}、{'、'.join(CIPAI)}")
