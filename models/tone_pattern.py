"""The tones of regulated verse: which pattern a poem follows, and where it breaks it.

Tang verse sets level tones (平) against oblique ones (仄): the even places of a line decide, the odd ones are nearly free
(一三五不论，二四六分明); the two lines of a couplet oppose each other (对), and a couplet begins as the one before it ended
(粘). Rules after 王力《汉语诗律学》 (1958). A character's tones come from models.rhyme, so they are those of 广韵 and not of
Mandarin. Knows no model.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from models.rhyme import readings, rhymes
from models.rhyme_books import level_rhymes

LEVEL, OBLIQUE = "平", "仄"
FAULTS = ("three_level", "three_oblique", "lone_level")
LICENCES = ("turned", "rescued")
_OTHER = {LEVEL: OBLIQUE, OBLIQUE: LEVEL}


@dataclass(frozen=True)
class Place:
    """A character of a line."""

    character: str
    tones: str  # 平, 仄, 平仄 where it is read either way; empty where it is unknown
    expected: str  # 平 or 仄; empty where it is free
    is_broken: bool


@dataclass(frozen=True)
class LineTones:
    places: tuple[Place, ...]
    notes: tuple[str, ...] = ()  # of FAULTS and LICENCES

    @property
    def holds(self) -> bool:
        return not any(place.is_broken for place in self.places) and not set(self.notes) & set(FAULTS)


@dataclass(frozen=True)
class Joint:
    """Two neighbouring lines, counted from 0, whose second characters should oppose or follow each other and do not."""

    line: int  # the first of the two
    kind: str  # "opposed" (对) or "followed" (粘)


@dataclass(frozen=True)
class TonePattern:
    begins: str  # the tone of the first line's second character: 平起 or 仄起
    first_rhymes: bool
    lines: tuple[LineTones, ...]
    joints: tuple[Joint, ...]  # those that are broken

    @property
    def broken(self) -> int:
        """Characters out of place."""
        return sum(place.is_broken for line in self.lines for place in line.places)

    @property
    def holds(self) -> bool:
        return not self.joints and all(line.holds for line in self.lines)


def fit(lines: Sequence[str]) -> TonePattern | None:
    """The pattern that lines of five or seven characters, all of one length, break least.

    Each couplet is held against the beginning that suits it; where that is not the one the couplet before asks for, the
    joint between them is broken. None where the rhyme is oblique: such a poem is in the old style (古体), which has no
    pattern.
    """
    if not _is_regulated(lines):
        return None
    couplets = [lines[number : number + 2] for number in range(0, len(lines), 2)]
    first, *others = couplets
    tried = [(begins, is_rhyme, _couplet(first, begins, is_rhyme)) for begins in _OTHER for is_rhyme in (False, True)]
    does_rhyme = rhymes(lines[0][-1], lines[1][-1])
    begins, first_rhymes, held = min(tried, key=lambda one: (_broken(one[2]), one[1] != does_rhyme))
    found, joints, now = list(held), [], begins
    for number, couplet in enumerate(others, start=1):
        asked = _OTHER[now]  # the couplet before ended with the other tone, and this one follows its end
        now = min((asked, now), key=lambda tone: (_broken(_couplet(couplet, tone, False)), tone != asked))
        if now != asked:
            joints.append(Joint(2 * number - 1, "followed"))
        found += _couplet(couplet, now, False)
    return TonePattern(begins, first_rhymes, tuple(found), tuple(sorted([*joints, *_unopposed(lines)], key=_place)))


def tones_of(character: str) -> str:
    """平, 仄 or 平仄; empty where the character is unknown."""
    found = {rhyme in level_rhymes() for rhyme in readings(character)}
    return "".join(tone for tone, is_level in ((LEVEL, True), (OBLIQUE, False)) if is_level in found)


def _is_regulated(lines: Sequence[str]) -> bool:
    ends = [tones_of(line[-1]) for line in lines[1::2]]
    is_even = len({len(line) for line in lines}) == 1 and len(lines[0]) in (5, 7)
    return len(lines) >= 2 and is_even and ends.count(OBLIQUE) * 2 <= len(ends)


def _couplet(lines: Sequence[str], begins: str, first_rhymes: bool) -> list[LineTones]:
    """Two lines whose second characters oppose each other; the second ends level, the first only where it rhymes."""
    found = []
    for line, second, end in zip(
        lines, (begins, _OTHER[begins]), (LEVEL if first_rhymes else OBLIQUE, LEVEL), strict=False
    ):
        found.append(_line(line, _expected(len(line), second, end)))
    return _rescued(found)


def _broken(lines: Sequence[LineTones]) -> int:
    return sum(place.is_broken for line in lines for place in line.places)


def _place(joint: Joint) -> int:
    return joint.line


def _expected(length: int, second: str, end: str) -> list[str]:
    """The tone of each place of a line, written out: 仄仄平平仄."""
    core = second if length == 5 else _OTHER[second]  # the second place of the line's last five
    other = _OTHER[core]
    five = [core, core, core if end == other else other, other, end] if core != end else [core, core, other, other, end]
    return [*[second] * (length - 5), *five]


def _line(line: str, asked: Sequence[str]) -> LineTones:
    found = [tones_of(character) for character in line]
    strict = [number % 2 == 1 or number == len(line) - 1 for number in range(len(line))]
    notes = []
    if _is_turned(found, asked):
        notes.append("turned")
        strict[-2] = False
    places = tuple(
        Place(character, tone, want if must else "", must and bool(tone) and want not in tone)
        for character, tone, want, must in zip(line, found, asked, strict, strict=True)
    )
    return LineTones(places, (*notes, *_faults(found, asked)))


def _is_turned(found: Sequence[str], asked: Sequence[str]) -> bool:
    """平平仄平仄 for 平平平仄仄: a licence that poets used like the pattern itself."""
    return list(asked[-5:]) == [LEVEL, LEVEL, LEVEL, OBLIQUE, OBLIQUE] and found[-3:] == [OBLIQUE, LEVEL, OBLIQUE]


def _faults(found: Sequence[str], asked: Sequence[str]) -> Iterator[str]:
    if found[-3:] == [LEVEL] * 3:
        yield "three_level"
    if found[-3:] == [OBLIQUE] * 3:
        yield "three_oblique"
    is_lone = list(asked[-5:]) == [LEVEL, LEVEL, OBLIQUE, OBLIQUE, LEVEL]
    if is_lone and (found[-5], found[-3]) == (OBLIQUE, OBLIQUE):
        yield "lone_level"


def _rescued(couplet: list[LineTones]) -> list[LineTones]:
    """仄仄平仄仄 is set right by 平平平仄平 in the line that answers it: what was broken there counts as kept."""
    if len(couplet) < 2:
        return couplet
    first, second = couplet
    place = first.places[-2]
    if not (place.is_broken and place.expected == LEVEL and second.places[-3].tones == LEVEL):
        return couplet
    places = (*first.places[:-2], replace(place, is_broken=False), first.places[-1])
    notes = tuple(note for note in first.notes if note != "three_oblique")
    return [LineTones(places, (*notes, "rescued")), second]


def _unopposed(lines: Sequence[str]) -> Iterator[Joint]:
    """Couplets whose second characters have one tone; only where both have one reading."""
    for number in range(0, len(lines) - 1, 2):
        pair = {tones_of(lines[number][1]), tones_of(lines[number + 1][1])}
        if pair in ({LEVEL}, {OBLIQUE}):
            yield Joint(number, "opposed")
