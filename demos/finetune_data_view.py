"""How the Fine-tune tab draws a table: counts, what to know, a bar for each class, the first rows. Knows no event."""

from __future__ import annotations

import html

from demos.finetune_steps import clip, notice
from demos.i18n import Strings
from models.finetune.dataset import DatasetReport

_MOST_BARS = 12
_CLIPPED = 120  # characters of a text in the preview


class DataView:
    def __init__(self, strings: Strings) -> None:
        self._strings = strings
        self._say = strings.text

    def dataset(self, report: DatasetReport | None, lang: str) -> str:
        """Counts, a bar for each class, what to know, the first rows."""
        if report is None:
            return f'<div class="tea-empty">{self._say("finetune.no_data", lang)}</div>'
        problems = "".join(notice(self._strings, problem, "is-problem", lang) for problem in report.problems)
        warnings = "".join(notice(self._strings, warning, "is-warning", lang) for warning in report.warnings)
        parts = [self._counts(report, lang), problems, warnings, self._bars(report, lang), self._preview(report, lang)]
        return f'<div class="tea-dataset">{"".join(parts)}</div>'

    def _counts(self, report: DatasetReport, lang: str) -> str:
        lengths = report.characters
        said = [
            self._say("finetune.rows", lang, used=f"{report.used:,}", rows=f"{report.rows:,}"),
            self._say("finetune.classes", lang, classes=len(report.label_counts)),
            self._say("finetune.lengths", lang, median=lengths.median, longest=f"{lengths.longest:,}"),
        ]
        left_out = {"empty": report.empty, "duplicates": report.duplicates, "conflicts": report.conflicts}
        muted = self._say("finetune.left_out", lang, **left_out) if any(left_out.values()) else ""
        return f'<p class="tea-facts">{"".join(f"<span>{part}</span>" for part in said)}</p>' + (
            f'<p class="tea-muted">{muted}</p>' if muted else ""
        )

    def _bars(self, report: DatasetReport, lang: str) -> str:
        if not report.label_counts:
            return ""
        most = max(report.label_counts.values())
        rows = "".join(
            f'<div class="tea-bar tea-first"><span class="tea-bar-name">{html.escape(clip(label, 40))}</span>'
            f'<span class="tea-bar-track"><i style="width:{count / most:.1%}"></i></span>'
            f'<span class="tea-bar-number">{count:,}</span></div>'
            for label, count in list(report.label_counts.items())[:_MOST_BARS]
        )
        hidden = len(report.label_counts) - _MOST_BARS
        more = (
            f'<p class="tea-muted">{self._say("finetune.more_classes", lang, classes=hidden)}</p>' if hidden > 0 else ""
        )
        return f'<h4>{self._say("finetune.label_chart", lang)}</h4><div class="tea-bars">{rows}{more}</div>'

    def _preview(self, report: DatasetReport, lang: str) -> str:
        rows = "".join(
            f"<tr><td>{html.escape(clip(text, _CLIPPED))}</td><td>{html.escape(clip(label, 40))}</td></tr>"
            for text, label in report.preview
        )
        head = f"<tr><th>{self._say('finetune.text', lang)}</th><th>{self._say('finetune.label', lang)}</th></tr>"
        title = self._say("finetune.preview", lang)
        return f'<details class="tea-preview"><summary>{title}</summary><table class="tea-table">{head}{rows}</table></details>'
