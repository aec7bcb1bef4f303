"""How the view "two_models" draws: both answers side by side, and of a batch how often they agree and where they do not.

Pure functions of plain data and a language; everything a visitor or a model wrote is escaped. Knows no event.
"""

from __future__ import annotations

import html
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from demos import i18n
from demos.i18n import Strings
from demos.sentiment_view import bar, percent, tone
from models.sentiment import Sentiment
from models.two_models import BatchComparison, Compared, ComparedRow
from models.valence import side

SHOWN_ROWS = 50
_MOST_BARS = 8
_SHOWN_CHARACTERS = 80
_COLOURS = {"positive": "good", "negative": "bad", "neither": "other"}
Labels = tuple[str | None, str | None]  # of both ModelSpecs: assets/labels/<labels>.json


@dataclass(frozen=True)
class Seen:
    """What the page remembers of one text."""

    models: tuple[str, str]
    labels: Labels
    found: Compared


@dataclass(frozen=True)
class BatchSeen:
    """What the page remembers of a batch."""

    summary: dict[str, Any]
    labels: Labels
    rows: tuple[ComparedRow, ...]  # the first disagreements, shortened


def kept_rows(found: BatchComparison) -> tuple[ComparedRow, ...]:
    return tuple(found.disagreements[:SHOWN_ROWS])


class TwoView:
    def __init__(self, strings: Strings) -> None:
        self._strings = strings

    def text(self, seen: Seen | None, lang: str) -> str:
        if seen is None:
            return f'<p class="tea-muted">{self._say("nothing", lang)}</p>'
        columns = "".join(
            self._column(name, answer, i18n.labels(labels, lang))
            for name, answer, labels in zip(seen.models, (seen.found.first, seen.found.other), seen.labels, strict=True)
        )
        return f'<p class="tea-two-verdict">{self._verdict(seen, lang)}</p><div class="tea-two">{columns}</div>'

    def batch_title(self, lang: str) -> str:
        return f"<h4>{self._say('batch', lang)}</h4>"

    def batch(self, many: BatchSeen | None, lang: str) -> str:
        if many is None:
            return ""
        summary = many.summary
        if summary["compared_by"] == "none":
            return f"<p>{self._say('batch_none', lang)}</p>"
        names = tuple(i18n.labels(labels, lang) for labels in many.labels)
        share = summary["agreement"]
        said = [self._say("agreement", lang, rows=summary["rows"], share="–" if share is None else percent(share))]
        if summary["no_side"]:
            said.append(self._say("no_sides", lang, count=summary["no_side"]))
        if summary["compared_by"] == "sides":
            said.append(self._say("by_sides", lang))
        counts = "".join(
            bar(self._say(key, lang), summary[key] / max(summary["rows"], 1), str(summary[key]), "", kind)
            for key, kind in (("agree", "good"), ("differ", "bad"), ("no_side", "other"))
            if summary[key] or key != "no_side"
        )
        sentence = ("" if lang == "zh" else " ").join(said)
        return f'<p class="tea-long">{sentence}</p><div class="tea-bars tea-two-counts">{counts}</div>{self._table(many, names, lang)}'

    def _say(self, key: str, lang: str, **values: object) -> str:
        return self._strings.text(f"sentiment_two.{key}", lang, **values)

    def _verdict(self, seen: Seen, lang: str) -> str:
        found = seen.found
        sentence = self._say(f"verdict_{found.verdict}", lang)
        if found.terms != "sides":
            return sentence
        names = [self._say(f"side_{name}", lang) for name in found.names]
        pairs = zip(seen.models, names, found.scores, strict=True)
        listed = ("；" if lang == "zh" else "; ").join(
            f"{html.escape(model)} → {name} {percent(score)}" for model, name, score in pairs
        )
        return f'{sentence}<span class="tea-muted">{self._say("translated", lang, answers=listed)}</span>'

    def _column(self, model: str, answer: Sentiment, names: Mapping[str, str]) -> str:
        best = answer.best.label
        bars = "".join(
            bar(
                names.get(one.label, one.label),
                one.score,
                percent(one.score),
                f"{one.score:.4f}",
                _COLOURS.get(side(one.label) or "") or tone(one.label, best),
            )
            for one in answer.predictions[:_MOST_BARS]
        )
        return f'<section><h4>{html.escape(model)}</h4><div class="tea-bars">{bars}</div></section>'

    def _table(self, many: BatchSeen, names: tuple[Mapping[str, str], ...], lang: str) -> str:
        if not many.rows:
            return f"<p>{self._say('no_differences', lang)}</p>"
        models = [html.escape(many.summary[key]) for key in ("model", "other_model")]
        heads = "".join(
            f"<th>{head}</th>"
            for head in (
                self._strings.text("sentiment.row", lang),
                self._strings.text("sentiment.row_text", lang),
                *models,
            )
        )
        rows = "".join(_row(row, names) for row in many.rows)
        total = many.summary["differ"]
        more = (
            f'<p class="tea-muted">{self._say("first_rows", lang, shown=len(many.rows), total=total)}</p>'
            if total > len(many.rows)
            else ""
        )
        return (
            f"<h4>{self._say('differences', lang)}</h4>"
            f'<div class="tea-batch tea-scroll"><table class="tea-table"><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody>'
            f"</table></div>{more}"
        )


def _row(row: ComparedRow, names: tuple[Mapping[str, str], ...]) -> str:
    text = " ".join(row.text.split())
    short = text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]}…"
    answers = "".join(
        f'<td><b class="tea-{_COLOURS.get(side(label) or "", "other")}">{html.escape(known.get(label, label))}</b> '
        f'<span class="tea-muted">{percent(score)}</span></td>'
        for label, score, known in zip(row.labels, row.label_scores, names, strict=True)
    )
    return f"<tr><td>{row.place + 1}</td><td>{html.escape(short)}</td>{answers}</tr>"
