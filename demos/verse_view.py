"""How the view «verse» draws: every character of a poem over the sign of its tone, and what a line keeps and breaks.

Pure functions of plain data and a language; what a visitor wrote is escaped here. Knows no event.
"""

from __future__ import annotations

import html
from collections.abc import Iterator

from demos.i18n import Strings
from models.tone_pattern import FAULTS, LineTones
from models.verse_reading import PoemReading, ReadLine

_SIGNS = {"平": "is-level", "仄": "is-oblique", "平仄": "is-either", "": "is-unknown"}


class VerseView:
    def __init__(self, strings: Strings) -> None:
        self._strings = strings

    def draw(self, reading: PoemReading | None, lang: str) -> str:
        if reading is None:
            return f'<div class="tea-empty">{self._say("nothing", lang)}</div>'
        broken = {joint.line: joint.kind for joint in reading.pattern.joints} if reading.pattern else {}
        rows = "".join(self._row(number, reading, broken.get(number - 1), lang) for number in range(len(reading.lines)))
        said = "".join(f"<li>{sentence}</li>" for sentence in self._summary(reading, lang))
        return f'<div class="tea-verse"><ul>{said}</ul><div class="tea-verse-lines" lang="zh">{rows}</div>{self._legend(lang)}</div>'

    def _summary(self, reading: PoemReading, lang: str) -> Iterator[str]:
        if not reading.form:
            yield self._mark(self._say("no_form", lang, count=len(reading.lines)), False)
            return
        good = not reading.missing and all(line.has_length for line in reading.lines)
        key = "form_kept" if good else "form_broken"
        yield self._mark(self._say(key, lang, form=reading.form, missing=reading.missing), good)
        if asked := [line for line in reading.lines if line.rhymes is not None]:
            good = all(line.rhymes for line in asked)
            groups = "、".join(dict.fromkeys(reading.groups))
            yield self._mark(self._say("rhyme_kept" if good else "rhyme_broken", lang, groups=groups), good)
        yield self._tones(reading, lang)

    def _tones(self, reading: PoemReading, lang: str) -> str:
        pattern = reading.pattern
        if pattern is None:
            key = "no_tones_old" if reading.is_regulated else "no_tones_tune"
            return f'<span class="tea-muted">{self._say(key, lang)}</span>'
        begins = self._say("begins_level" if pattern.begins == "平" else "begins_oblique", lang)
        first = self._say("first_rhymes" if pattern.first_rhymes else "first_free", lang)
        key = "tones_kept" if pattern.holds else "tones_broken"
        faults = sum(note in FAULTS for line in pattern.lines for note in line.notes)
        said = self._say(
            key, lang, begins=begins, first=first, places=pattern.broken, joints=len(pattern.joints), faults=faults
        )
        return self._mark(said, pattern.holds)

    def _row(self, number: int, reading: PoemReading, joint: str | None, lang: str) -> str:
        line = reading.lines[number]
        tones = reading.pattern.lines[number] if reading.pattern else None
        characters = "".join(self._character(place, line, tones, lang) for place in range(len(line.text)))
        notes = "".join(f"<span>{note}</span>" for note in self._notes(line, tones, joint, lang))
        return f'<div class="tea-verse-line"><p>{characters}</p><div>{notes}</div></div>'

    def _character(self, place: int, line: ReadLine, tones: LineTones | None, lang: str) -> str:
        tone = line.tones[place]
        found = tones.places[place] if tones else None
        kinds = [_SIGNS[tone]]
        kinds += ["is-broken"] if found and found.is_broken else []
        kinds += ["is-rhyme"] if place == len(line.text) - 1 and line.rhymes else []
        title = self._say("title", lang, tone=tone or "?")
        if found and found.expected:
            title += self._say("title_asked", lang, tone=found.expected)
        return f'<span class="{" ".join(kinds)}" title="{title}"><b>{html.escape(line.text[place])}</b><i></i></span>'

    def _notes(self, line: ReadLine, tones: LineTones | None, joint: str | None, lang: str) -> Iterator[str]:
        if not line.has_length:
            key = "length_broken" if line.asked else "length_extra"
            yield self._mark(self._say(key, lang, asked=line.asked, length=len(line.text)), False)
        if line.rhymes is not None:
            yield self._mark(self._say("rhymes", lang, group=line.rhyme or "?"), line.rhymes)
        if joint:
            yield self._mark(self._say(joint, lang), False)
        for note in tones.notes if tones else ():
            yield self._mark(self._say(note, lang), note not in FAULTS)

    def _legend(self, lang: str) -> str:
        signs = "".join(
            f'<span class="{_SIGNS[tone]}"><i></i>{self._say(key, lang)}</span>'
            for tone, key in (("平", "level"), ("仄", "oblique"), ("平仄", "either"))
        )
        return (
            f'<p class="tea-verse-legend">{signs}<span class="is-broken"><i></i>{self._say("broken", lang)}</span></p>'
        )

    def _mark(self, words: str, good: bool) -> str:
        return f'<span class="{"tea-kept" if good else "tea-broken"}">{words} {"✓" if good else "✗"}</span>'

    def _say(self, key: str, lang: str, **values: object) -> str:
        return self._strings.text(f"verse.{key}", lang, **values)
