"""How the batch draws: how far it is, its counts, a histogram and the first rows, as HTML. Everything foreign is escaped.

Knows no event and no runner; keeps of a result only what it shows, because the page remembers it for every visitor.
"""

from __future__ import annotations

import html
from dataclasses import dataclass
from typing import Any

from demos import i18n
from demos.i18n import Strings
from demos.sentiment_view import bar, percent, tone
from models.batch import BatchProgress, BatchResult, BatchRow
from models.sentiment import certain_from

SHOWN_ROWS = 100
_SHOWN_CHARACTERS = 60
_SHOWN_CLASSES = 10
_BINS = 20


@dataclass(frozen=True)
class ShownRow:
    text: str  # shortened
    label: str
    score: float


@dataclass(frozen=True)
class BatchOverview:
    """What the page remembers of a batch."""

    summary: dict[str, Any]
    labels: str | None  # of ModelSpec: assets/labels/<labels>.json
    rows: tuple[ShownRow, ...]  # the first ones
    axis: str  # the class whose probability the histogram shows; empty: the score of each row's own label
    bins: tuple[int, ...]  # rows by score, from 0 to 1


def overview(result: BatchResult, labels: str | None) -> BatchOverview:
    """With two classes the histogram shows where between them the rows lie, with more how sure the model was."""
    axis = _axis(result.classes)
    judged = [row for row in result.rows if row.label]
    scores = [row.scores[result.classes.index(axis)] if axis else row.score for row in judged]
    bins = [0] * _BINS
    for score in scores:
        bins[min(int(score * _BINS), _BINS - 1)] += 1
    return BatchOverview(result.summary, labels, tuple(map(_shown, result.rows[:SHOWN_ROWS])), axis, tuple(bins))


class BatchView:
    def __init__(self, strings: Strings) -> None:
        self._say = strings.text

    def progress(self, progress: BatchProgress, lang: str) -> str:
        key = "sentiment.batch_progress" if progress.seconds_left is None else "sentiment.batch_progress_left"
        left = _duration(progress.seconds_left or 0)
        sentence = self._say(key, lang, done=progress.done, total=progress.total, left=left)
        share = progress.done / max(progress.total, 1)
        return (
            f'<p class="tea-muted">{sentence}</p><div class="tea-meter"><i style="width:{100 * share:.1f}%"></i></div>'
        )

    def status(self, key: str, lang: str, **values: object) -> str:
        return f'<p class="tea-muted">{self._say(key, lang, **values)}</p>'

    def result(self, shown: BatchOverview | None, lang: str) -> str:
        if shown is None:
            return ""
        names = i18n.labels(shown.labels, lang)
        return (
            f'<div class="tea-batch">{self._sentence(shown, lang)}<div class="tea-charts">{self._counts(shown, names)}'
            f"{self._histogram(shown, names, lang)}</div>{self._table(shown, names, lang)}</div>"
        )

    def _sentence(self, shown: BatchOverview, lang: str) -> str:
        summary = shown.summary
        values = {
            "rows": summary["rows"] - summary["empty"],
            "seconds": f"{summary['seconds']:.1f}",
            "uncertain": summary["uncertain"],
            "bound": f"{certain_from(len(summary['counts'])):.0%}",
            "empty": summary["empty"],
            "long": summary["in_windows"],
        }
        said = [self._say("sentiment.batch_done", lang, **values)]
        for key, count in (("batch_uncertain", "uncertain"), ("batch_empty", "empty"), ("batch_long", "long")):
            if values[count]:
                said.append(self._say(f"sentiment.{key}", lang, **values))
        return f'<p class="tea-long">{("" if lang == "zh" else " ").join(said)}</p>'

    def _counts(self, shown: BatchOverview, names: dict[str, str]) -> str:
        counts = sorted(shown.summary["counts"].items(), key=lambda pair: -pair[1])
        total = sum(shown.summary["counts"].values())
        bars = [
            bar(names.get(label, label), count / total, str(count), percent(count / total), tone(label, counts[0][0]))
            for label, count in counts[:_SHOWN_CLASSES]
        ]
        return f'<div class="tea-bars">{"".join(bars)}</div>'

    def _histogram(self, shown: BatchOverview, names: dict[str, str], lang: str) -> str:
        axis = html.escape(names.get(shown.axis, shown.axis))
        caption = (
            self._say("sentiment.histogram_axis", lang, label=axis) if axis else self._say("sentiment.histogram", lang)
        )
        columns = "".join(_column(index, count, max(shown.bins)) for index, count in enumerate(shown.bins))
        return (
            f'<figure class="tea-histogram"><div class="{"tea-between" if axis else ""}">{columns}</div>'
            f"<p><span>0%</span><span>{caption}</span><span>100%</span></p></figure>"
        )

    def _table(self, shown: BatchOverview, names: dict[str, str], lang: str) -> str:
        heads = [self._say(f"sentiment.{key}", lang) for key in ("row", "row_text", "label", "score")]
        head = "".join(f"<th>{name}</th>" for name in heads)
        rows = "".join(
            self._row(number, row, names.get(row.label, row.label), lang)
            for number, row in enumerate(shown.rows, start=1)
        )
        total = shown.summary["rows"]
        more = self.status("sentiment.first_rows", lang, shown=SHOWN_ROWS, total=total) if total > SHOWN_ROWS else ""
        return (
            f'<div class="tea-scroll"><table class="tea-table"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>'
            f"</div>{more}"
        )

    def _row(self, number: int, row: ShownRow, name: str, lang: str) -> str:
        if not row.label:
            empty = self._say("sentiment.empty_cell", lang)
            return f'<tr class="tea-muted"><td>{number}</td><td>{empty}</td><td></td><td></td></tr>'
        mark = f'<b class="tea-{tone(row.label, "")}">{html.escape(name)}</b>'
        return (
            f"<tr><td>{number}</td><td>{html.escape(row.text)}</td><td>{mark}</td>"
            f'<td class="tea-number">{percent(row.score)}</td></tr>'
        )


def _axis(classes: tuple[str, ...]) -> str:
    if len(classes) != 2:
        return ""
    return next((label for label in classes if tone(label, "") == "good"), classes[1])


def _shown(row: BatchRow) -> ShownRow:
    text = " ".join(row.text.split())
    short = text if len(text) <= _SHOWN_CHARACTERS else text[:_SHOWN_CHARACTERS] + "…"
    return ShownRow(short, row.label, row.score)


def _column(index: int, count: int, highest: int) -> str:
    height = 100 * count / max(highest, 1)
    bounds = f"{index / _BINS:.0%}–{(index + 1) / _BINS:.0%}"
    return f'<i title="{bounds}：{count}" style="height:{height:.1f}%"></i>'


def _duration(seconds: float) -> str:
    """1:05; what is left is an estimate, so never less than a second."""
    minutes, rest = divmod(max(round(seconds), 1), 60)
    return f"{minutes}:{rest:02d}"
