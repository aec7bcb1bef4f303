"""How a finding of the doctor is said: what was found, what it does to training, its rows, its repair.

Plain sentences: whoever puts one into HTML escapes it. Knows no page.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from demos.i18n import LANGUAGES, Strings
from models.finetune.findings import Finding


class FindingWords:
    def __init__(self, strings: Strings) -> None:
        self._say = strings.text

    def found(self, finding: Finding, lang: str) -> str:
        return self._worded(finding.key, finding, lang)

    def effect(self, finding: Finding, lang: str) -> str:
        """What it does to training."""
        return self._worded(finding.effect_key, finding, lang)

    def repair(self, finding: Finding, lang: str) -> str:
        """What its repair does; "" where it has none."""
        return self._worded(finding.repair_key, finding, lang) if finding.repair else ""

    def rows(self, finding: Finding, lang: str) -> str:
        """The first rows as a spreadsheet numbers them; "" where the whole file is meant."""
        if not finding.rows:
            return ""
        named = ("、" if lang == "zh" else ", ").join(_spans(finding.rows))
        if finding.count > len(finding.rows):
            return self._say("finetune.data.rows_of", lang, rows=named, count=f"{finding.count:,}")
        return self._say("finetune.data.rows" if finding.count > 1 else "finetune.data.row", lang, rows=named)

    def as_json(self, finding: Finding) -> dict[str, Any]:
        """For programs: with every sentence in both languages."""
        plain = {"kind": finding.kind, "severity": finding.severity, "repair": finding.repair or None}
        plain |= {"count": finding.count, "rows": list(finding.rows), "values": dict(finding.values)}
        return plain | {
            name: {lang: say(finding, lang) for lang in LANGUAGES}
            for name, say in (("found", self.found), ("effect", self.effect), ("repair_does", self.repair))
        }

    def _worded(self, key: str, finding: Finding, lang: str) -> str:
        grouped = {name: f"{value:,}" if isinstance(value, int) else value for name, value in finding.values.items()}
        return self._say(key, lang, **grouped)


def _spans(rows: Iterable[int]) -> list[str]:
    """2, 5–9: neighbours in one."""
    spans: list[tuple[int, int]] = []
    for row in rows:
        if spans and spans[-1][1] == row - 1:
            spans[-1] = (spans[-1][0], row)
        else:
            spans.append((row, row))
    return [f"{first}" if first == last else f"{first}–{last}" for first, last in spans]
