"""Labels that are one label, spelt in several ways: by blanks, case, full width, or as 1 and 1.0.

Never puts together labels that only mean the same: «好评» and «正面» stay two. Knows no table.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping

from models.finetune.characters import seen

_WHOLE = re.compile(r"([+-]?\d+)\.0+")


def plain(label: str) -> str:
    """What counts of a label: in one width (NFKC) and case, without blanks and unseen characters; 1 for 1.0."""
    folded = "".join(unicodedata.normalize("NFKC", seen(label)).casefold().split())
    whole = _WHOLE.fullmatch(folded)
    return whole[1] if whole else folded


def chosen(labels: Iterable[str]) -> dict[str, str]:
    """For each spelling the one to write: without blanks around it, the most frequent of its kind, the first among equals."""
    counts = Counter(label for label in labels if label.strip())
    trimmed: dict[str, Counter[str]] = {}
    for label, count in counts.items():
        trimmed.setdefault(plain(label), Counter())[" ".join(seen(label).split())] += count
    return {label: trimmed[plain(label)].most_common(1)[0][0] for label in counts}


def variants(labels: Iterable[str]) -> Mapping[str, tuple[str, ...]]:
    """The chosen spelling -> all its spellings as they stand, where there are several."""
    spelt: dict[str, list[str]] = {}
    for label, written in chosen(labels).items():
        spelt.setdefault(written, []).append(label)
    return {written: tuple(found) for written, found in spelt.items() if len(found) > 1}
