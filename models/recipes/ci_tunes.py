"""The tunes of models/ci_tunes.py, found in the texts: each tune's most frequent shape and where it rhymes.

    python -m models.recipes.ci_tunes --data DIR --work DIR

Prints the table, with the share of a tune's ci that have its shape. Where a stanza begins is not in the texts: that is
told here.
"""

from __future__ import annotations

import logging
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

from models.recipes import common
from models.recipes.gpt_zh_corpus import ci
from models.rhyme import rhyme_groups, tones
from models.rhyme_books import cilin

TUNES = 33
AGREEING = 0.6  # of a tune's ci, for two lines to count as rhymed: those that rhyme reach 0.84, others 0.19
# Lines before the second stanza, as in 钦定词谱; 如梦令 has one stanza.
FIRST_STANZA = {
    **{"浣溪沙": 3, "水调歌头": 9, "鹧鸪天": 4, "菩萨蛮": 4, "满江红": 11, "临江仙": 5, "西江月": 4, "减字木兰花": 4},
    **{"沁园春": 13, "念奴娇": 10, "蝶恋花": 5, "点绛唇": 4, "清平乐": 4, "贺新郎": 13, "虞美人": 5, "满庭芳": 11},
    **{"好事近": 4, "水龙吟": 12, "朝中措": 4, "渔家傲": 5, "谒金门": 4, "卜算子": 4, "南乡子": 5, "玉楼春": 4},
    **{"南歌子": 5, "踏莎行": 5, "望江南": 5, "柳梢青": 6, "生查子": 4, "浪淘沙": 5, "鹊桥仙": 6, "蓦山溪": 10},
}

logger = logging.getLogger("ci-tunes")
Shape = tuple[tuple[int, str], ...]  # a line's characters and its stop


def main() -> None:
    options = common.parser(__doc__ or "").parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    for tune, pattern, share in common_tunes(options.data):
        logger.info('    "%s": "%s",  # %.0f %%', tune, pattern, 100 * share)


def common_tunes(data: Path) -> Iterator[tuple[str, str, float]]:
    """The most frequent tunes: name, pattern, and the share of their ci that have its shape."""
    found: dict[str, set[str]] = defaultdict(set)
    counts: Counter[str] = Counter()
    for poem in ci(data / "text" / "poetry_songci.txt.xz"):
        found[poem.title].add(poem.body)
        counts[poem.title] += 1
    for tune, _ in counts.most_common(TUNES):
        yield tune, *pattern(sorted(found[tune]), FIRST_STANZA.get(tune, 0))


def pattern(bodies: Sequence[str], first_stanza: int) -> tuple[str, float]:
    by_shape: dict[Shape, list[list[str]]] = defaultdict(list)
    for body in bodies:
        lines, shape = read(body)
        by_shape[shape].append(lines)
    shape, poems = max(by_shape.items(), key=lambda item: len(item[1]))
    letters = rhymes([[line[-1] for line in lines] for lines in poems])
    for line in range(1, len(shape)):
        if sum(lines[line] == lines[line - 1] for lines in poems) >= AGREEING * len(poems):
            letters[line] = "="
    written = [f"{length}{letter}{stop}" for (length, stop), letter in zip(shape, letters, strict=True)]
    if first_stanza:
        written.insert(first_stanza, "/")
    return "".join(written), len(poems) / len(bodies)


def read(body: str) -> tuple[list[str], Shape]:
    """A ci's lines and its shape. ！ and ？ count as 。 and ； as ，."""
    parts = re.split("([，。、])", body.translate(str.maketrans("！？；", "。。，")))
    lines, stops = parts[:-1:2], parts[1::2]
    return lines, tuple((len(line), stop) for line, stop in zip(lines, stops, strict=True))


def rhymes(ends: Sequence[Sequence[str]]) -> list[str]:
    """The letter of each line's rhyme, "" for a line without. ends: the last characters of one ci after another."""
    level = [_is_level([each[line] for each in ends]) for line in range(len(ends[0]))]
    letters: list[str] = []
    for line in range(len(level)):
        agreeing = [other for other in range(len(level)) if other != line and _agree(ends, level, line, other)]
        before = next((letters[other].upper() for other in agreeing if other < line), "")
        letter = before or (chr(ord("A") + len({each.upper() for each in letters} - {""})) if agreeing else "")
        letters.append(letter if level[line] else letter.lower())
    return letters


def _is_level(ends: Sequence[str]) -> bool:
    read_one_way = Counter(tone for each in ends if len(found := tones(each)) == 1 for tone in found)
    return read_one_way["平"] > read_one_way["仄"]


def _agree(ends: Sequence[Sequence[str]], level: Sequence[bool], line: int, other: int) -> bool:
    """Whether two lines rhyme in most ci, each in its own tone."""
    book = cilin()
    rhymed = (
        rhyme_groups(each[line], book, level=level[line]) & rhyme_groups(each[other], book, level=level[other])
        for each in ends
    )
    return sum(map(bool, rhymed)) >= AGREEING * len(ends)


if __name__ == "__main__":
    main()
