"""The forms of Chinese verse: how many lines, how long, where they stop and where they rhyme.

The four regulated forms and the tunes of ci, each as a pattern of lines. Knows no prompt and no model.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from models.ci_tunes import TUNES
from models.rhyme_books import Book, cilin, pingshui

CIPAI = tuple(TUNES)  # the most frequent tune first
_LINE = re.compile("([0-9]+)([A-Za-z=]?)([，。、])")


@dataclass(frozen=True)
class Line:
    length: int  # characters, without the stop
    stop: str
    rhyme: str = ""  # a letter that the lines of one rhyme share; empty where none is asked for
    level: bool | None = None  # the tone of its end: level, oblique, or either
    may_join: bool = False  # ends in an oblique tone, or in a level one and then with the rhyme
    repeats: bool = False  # the line before, character by character


@dataclass(frozen=True)
class Form:
    """A regulated form: `lines` lines of `length` characters, ended by ， and 。 in turn and by 。 at the last.

    The lines that end a sentence rhyme: the even ones, and the last of an odd number. So may the first; the other odd
    ones end in an oblique tone.
    """

    name: str
    lines: int
    length: int

    def stop(self, line: int) -> str:
        return "。" if line % 2 or line == self.lines - 1 else "，"

    @property
    def pattern(self) -> tuple[Line, ...]:
        return tuple(self._line(number, self.stop(number)) for number in range(self.lines))

    def _line(self, number: int, stop: str) -> Line:
        if stop == "。" and self.lines > 2:  # a couplet has nothing to rhyme with
            return Line(self.length, stop, "A")
        return Line(self.length, stop, level=False if number and stop == "，" else None, may_join=number == 0)

    @property
    def book(self) -> Book:
        return pingshui()


@dataclass(frozen=True)
class Tune:
    """The pattern that a ci follows."""

    name: str
    pattern: tuple[Line, ...]
    first_stanza: int  # lines before the second stanza; all of them where there is none

    @property
    def book(self) -> Book:
        return cilin()


FORMS = {form.name: form for form in (Form("五绝", 4, 5), Form("七绝", 4, 7), Form("五律", 8, 5), Form("七律", 8, 7))}


@cache
def tune(name: str) -> Tune:
    """The tune of a name in CIPAI."""
    stanzas = [[_line(*found) for found in _LINE.findall(stanza)] for stanza in TUNES[name].split("/")]
    return Tune(name, tuple(line for stanza in stanzas for line in stanza), len(stanzas[0]))


def _line(length: str, mark: str, stop: str) -> Line:
    rhyme = mark.upper().strip("=")
    return Line(int(length), stop, rhyme, level=mark.isupper() if rhyme else None, repeats=mark == "=")
