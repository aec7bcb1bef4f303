"""How the Fine-tune tab draws rows of an evaluation: mistakes and changes by the page, doubtful labels to tick.

Texts and labels are people's words, so they are escaped in HTML; a choice to tick is plain text. Knows no event.
"""

from __future__ import annotations

import html

from demos.finetune_steps import clip
from demos.i18n import Strings
from demos.sentiment_view import bar, percent, tone
from models.finetune.evaluation import Evaluation
from models.finetune.mistakes import MISTAKES, JudgedRow
from models.sentiment import Sentiment

A_PAGE = 10  # rows
MOST_DOUBTS = 30  # that are listed to tick
CHANGES = (MISTAKES, "mended", "broken", "still_wrong")
_LONGEST_TEXT, _LONGEST_LABEL = 160, 20
_MOST_BARS = 8


class RowsView:
    def __init__(self, strings: Strings) -> None:
        self._say = strings.text

    def choices(self, found: Evaluation, lang: str) -> list[tuple[str, str]]:
        """What the rows can be filtered by, with counts."""
        return [
            (self._say(f"finetune.evaluation.change.{change}", lang, count=f"{len(found.changed(change)):,}"), change)
            for change in CHANGES
        ]

    def before(self, found: Evaluation, lang: str) -> str:
        """What «before» means here, with the three counts."""
        counts = {change: f"{len(found.changed(change)):,}" for change in CHANGES[1:]}
        title = self._say("finetune.evaluation.rows_title", lang)
        sentence = self._say(f"finetune.evaluation.before.{found.before}", lang, **counts)
        return f'<h4>{title}</h4><p class="tea-small">{sentence}</p>'

    def rows(self, rows: list[JudgedRow], page: int, lang: str) -> str:
        """A page of rows. `page` counts from 0."""
        if not rows:
            return f'<div class="tea-empty">{self._say("finetune.evaluation.no_rows", lang)}</div>'
        shown = rows[page * A_PAGE : (page + 1) * A_PAGE]
        names = ("text", "label", "before", "after")
        head = "".join(f"<th>{self._say(f'finetune.evaluation.column.{name}', lang)}</th>" for name in names)
        first = page * A_PAGE + 1
        values = {"first": f"{first:,}", "last": f"{first + len(shown) - 1:,}", "total": f"{len(rows):,}"}
        where = f'<p class="tea-muted tea-small">{self._say("finetune.evaluation.page", lang, **values)}</p>'
        body = "".join(map(_row, shown))
        return f'<table class="tea-table tea-judged"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{where}'

    def doubtful(self, found: Evaluation, lang: str) -> str:
        """The sentence above the rows to tick."""
        examined, rows = f"{found.examined:,}", f"{found.examples:,}"
        key = "doubtful" if found.doubtful else "doubtful_none"
        said = [self._say(f"finetune.evaluation.{key}", lang, examined=examined, count=len(found.doubtful))]
        if found.examined < found.examples:
            said.append(self._say("finetune.evaluation.doubtful_part", lang, examined=examined, rows=rows))
        if len(found.doubtful) > MOST_DOUBTS:
            said.append(self._say("finetune.evaluation.doubtful_more", lang, shown=MOST_DOUBTS))
        title = self._say("finetune.evaluation.doubtful_title", lang)
        return f'<h4>{title}</h4><p class="tea-small">{("" if lang == "zh" else " ").join(said)}</p>'

    def doubts(self, found: Evaluation, lang: str) -> list[tuple[str, int]]:
        """What can be ticked: (plain words, row)."""
        return [
            (
                self._say(
                    "finetune.evaluation.doubt",
                    lang,
                    text=clip(doubt.text, _LONGEST_TEXT),
                    label=clip(doubt.label, _LONGEST_LABEL),
                    suggested=clip(doubt.suggested, _LONGEST_LABEL),
                    percent=f"{doubt.confidence:.0%}",
                ),
                doubt.row,
            )
            for doubt in found.doubtful[:MOST_DOUBTS]
        ]

    def corrected(self, count: int, lang: str) -> str:
        """After a correction."""
        return f'<p class="tea-notice">{self._say("finetune.evaluation.corrected", lang, count=count)}</p>'

    def tried(self, answer: Sentiment | None) -> str:
        """Bars of the classes for a sentence that was tried."""
        if answer is None:
            return ""
        best = answer.best.label
        bars = [
            bar(one.label, one.score, percent(one.score), f"{one.score:.4f}", tone(one.label, best))
            for one in answer.predictions[:_MOST_BARS]
        ]
        return f'<div class="tea-bars">{"".join(bars)}</div>'


def last_page(rows: list[JudgedRow]) -> int:
    return max(0, (len(rows) - 1) // A_PAGE)


def _row(row: JudgedRow) -> str:
    return (
        f'<tr><td title="{html.escape(row.text[:1000])}">{html.escape(clip(row.text, _LONGEST_TEXT))}</td>'
        f"<td>{html.escape(clip(row.label, _LONGEST_LABEL))}</td>"
        f"<td>{_answer(row.before, row.label, row.before_confidence)}</td>"
        f"<td>{_answer(row.predicted, row.label, row.confidence)}</td></tr>"
    )


def _answer(said: str, label: str, confidence: float) -> str:
    kind = "tea-good" if said == label else "tea-bad"
    return f'<b class="{kind}">{html.escape(clip(said, _LONGEST_LABEL))}</b> <small>{percent(confidence, 0)}</small>'
