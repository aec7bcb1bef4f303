"""How the view "pairs" draws: one line on how many answers came as expected, and a table of before and after.

Pure functions of plain data and a language; everything a visitor or a model wrote is escaped. Knows no event.
"""

from __future__ import annotations

import html
from collections.abc import Mapping

from demos import i18n
from demos.i18n import Strings
from demos.sentiment_view import percent, tone
from models.pair_check import Outcome, PairCheck


class PairsView:
    def __init__(self, strings: Strings) -> None:
        self._strings = strings

    def drawn(self, found: PairCheck | None, labels: str | None, lang: str) -> str:
        if found is None:
            return f'<p class="tea-muted">{self._say("nothing", lang)}</p>'
        names = i18n.labels(labels, lang)
        if not found.outcomes:
            return f"<p>{self._say('no_rule', lang)}</p>"
        heads = "".join(f"<th>{self._say(key, lang)}</th>" for key in ("change", "sentence", "expected", "answer"))
        rows = "".join(self._row(outcome, found, names, lang) for outcome in found.outcomes)
        return (
            f'<div class="tea-pairs"><p class="tea-pairs-count">{self._count(found, lang)}</p>'
            f'<table class="tea-table"><thead><tr>{heads}</tr></thead><tbody>{self._first(found, names, lang)}{rows}</tbody>'
            f"</table>{self._missing(found, lang)}</div>"
        )

    def too_long(self, limit: int, lang: str) -> str:
        return f'<p class="tea-muted">{self._say("too_long", lang, limit=limit)}</p>'

    def _say(self, key: str, lang: str, **values: object) -> str:
        return self._strings.text(f"sentiment_pairs.{key}", lang, **values)

    def _count(self, found: PairCheck, lang: str) -> str:
        key = "failed" if found.failed else "all_good"
        return self._say(key, lang, total=len(found.outcomes), failed=found.failed)

    def _first(self, found: PairCheck, names: Mapping[str, str], lang: str) -> str:
        """The sentence as it came."""
        return (
            f'<tr class="tea-pairs-first"><td>{self._say("original", lang)}</td><td>{html.escape(found.text)}</td><td></td>'
            f"<td>{self._label(found.label, found.score, names)}</td></tr>"
        )

    def _row(self, outcome: Outcome, found: PairCheck, names: Mapping[str, str], lang: str) -> str:
        sentence = "".join(
            f"<mark>{html.escape(piece)}</mark>" if is_changed else html.escape(piece)
            for piece, is_changed in outcome.variant.pieces
        )
        side = html.escape(names.get(found.label, found.label))
        moved = self._say("moved", lang, label=side, before=percent(found.kept), after=percent(outcome.kept))
        verdict = self._say("as_expected" if outcome.as_expected else "not_expected", lang)
        mark = f'<b class="tea-pairs-mark" title="{verdict}">{"✓" if outcome.as_expected else "✗"} {verdict}</b>'
        kind = "" if outcome.as_expected else ' class="is-wrong"'
        return (
            f"<tr{kind}><td>{self._say(f'rule_{outcome.variant.rule}', lang)}</td><td>{sentence}</td>"
            f"<td>{self._say(f'expect_{outcome.variant.expectation}', lang)}</td>"
            f'<td>{self._label(outcome.label, outcome.score, names)}<span class="tea-muted">{moved}</span>{mark}</td></tr>'
        )

    def _label(self, label: str, score: float, names: Mapping[str, str]) -> str:
        return f'<b class="tea-{tone(label, "")}">{html.escape(names.get(label, label))}</b> {percent(score)} '

    def _missing(self, found: PairCheck, lang: str) -> str:
        if not found.missing:
            return ""
        listed = ("、" if lang == "zh" else ", ").join(self._say(f"rule_{rule}", lang) for rule in found.missing)
        return f'<p class="tea-muted">{self._say("missing", lang, rules=listed)}</p>'
