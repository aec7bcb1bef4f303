"""The characters of models/rhyme_books.py that 广韵 reads in both tones and poets in one.

    python -m models.recipes.rhyme_usage --data DIR --work DIR

In a regulated poem that rhymes in the level tone the even lines end level and the third, fifth and seventh oblique: that
tells in which tone its poet read a character.
"""

from __future__ import annotations

import logging
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from models.recipes import common
from models.recipes.gpt_zh_corpus import regulated
from models.rhyme import readings
from models.rhyme_books import level_rhymes, pingshui

ENOUGH = 20  # line ends, for a character to be judged
RARE = 0.02  # of them, for a tone to count as out of use

logger = logging.getLogger("rhyme-usage")


def main() -> None:
    options = common.parser(__doc__ or "").parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    level, oblique = one_sided(poems(options.data))
    logger.info("level:   %s\noblique: %s", level, oblique)


def poems(data: Path) -> Iterator[str]:
    """Each regulated poem once."""
    bodies = (
        poem.body
        for name in ("tang", "songshi", "famous")
        for poem in regulated(data / "text" / f"poetry_{name}.txt.xz")
    )
    yield from dict.fromkeys(bodies)


def one_sided(bodies: Iterable[str]) -> tuple[str, str]:
    """The characters that end lines in the level tone alone, and in oblique ones alone; the most frequent first."""
    level: Counter[str] = Counter()
    oblique: Counter[str] = Counter()
    for body in bodies:
        ends = [line[-1] for line in re.split("[，。]", body) if line]
        if frozenset.intersection(*map(_level_groups, ends[1::2])):
            level.update(ends[1::2])
            oblique.update(ends[2::2])
    return _alone(level, oblique), _alone(oblique, level)


def _level_groups(character: str) -> frozenset[str]:
    """By the dictionary alone, so that what was found before does not tell what is found."""
    groups = pingshui().groups
    return frozenset(group for rhyme in readings(character) & level_rhymes() for group in groups[rhyme])


def _alone(counts: Counter[str], others: Counter[str]) -> str:
    found = (
        each
        for each, count in counts.items()
        if count + others[each] >= ENOUGH and others[each] <= RARE * (count + others[each]) and _has_both_tones(each)
    )
    return "".join(sorted(found, key=lambda each: (-counts[each], each)))


def _has_both_tones(character: str) -> bool:
    return len({rhyme in level_rhymes() for rhyme in readings(character)}) == 2


if __name__ == "__main__":
    main()
