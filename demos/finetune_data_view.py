"""How the Fine-tune tab draws a table: counts, what is wrong with it, a bar for each class, the first rows. Knows no event."""

from __future__ import annotations

import html
from collections.abc import Sequence

from demos.finding_words import FindingWords
from demos.finetune_steps import clip
from demos.i18n import Strings
from models.finetune.dataset import DatasetReport
from models.finetune.findings import PROBLEM, Finding
from models.finetune.repair import Repaired

_MOST_BARS = 12
_CLIPPED = 120  # characters of a text in the preview
_NAME_CLIPPED = 40


class DataView:
    def __init__(self, strings: Strings, words: FindingWords) -> None:
        self._say = strings.text
        self._words = words

    def dataset(self, report: DatasetReport | None, lang: str) -> str:
        """Counts, the findings, a bar for each class, the first rows."""
        if report is None:
            return f'<div class="tea-empty">{self._say("finetune.no_data", lang)}</div>'
        parts = (self._counts, self._file, self._findings, self._bars, self._preview)
        return f'<div class="tea-dataset">{"".join(part(report, lang) for part in parts)}</div>'

    def repaired(self, done: Repaired, lang: str) -> str:
        """One sentence on what a repair did."""
        if not done.mended:
            return f'<p class="tea-notice">{self._say("finetune.data.nothing_repaired", lang)}</p>'
        counts = {"before": f"{done.rows_before:,}", "after": f"{done.rows:,}"}
        sentence = self._say("finetune.data.repaired", lang, repairs=len(done.mended), **counts)
        return f'<p class="tea-notice is-done">{sentence}</p>'

    def no_answer(self, lang: str) -> str:
        """The choice of no second column."""
        return self._say("finetune.writer.no_answer", lang)

    def column(self, name: str, task: str, lang: str) -> str:
        """What a chooser of columns is called: texts and labels, or of a writer questions and answers. Plain."""
        return self._say(f"finetune.data.{name}_column.{task}", lang)

    def choice(self, finding: Finding, lang: str) -> str:
        """A repair to tick, with how many rows it concerns. Plain."""
        repair = self._words.repair(finding, lang)
        return f"{repair} ({finding.count:,})" if finding.count else repair

    def _counts(self, report: DatasetReport, lang: str) -> str:
        lengths = report.characters
        said = [self._say("finetune.rows", lang, used=f"{report.used:,}", rows=f"{report.rows:,}")]
        if report.label_counts:
            said.append(self._say("finetune.classes", lang, classes=len(report.label_counts)))
        said.append(self._say("finetune.lengths", lang, median=lengths.median, longest=f"{lengths.longest:,}"))
        left_out = {"empty": report.empty, "duplicates": report.duplicates, "conflicts": report.conflicts}
        muted = self._say("finetune.left_out", lang, **left_out) if any(left_out.values()) else ""
        return f'<p class="tea-facts">{"".join(f"<span>{part}</span>" for part in said)}</p>' + (
            f'<p class="tea-muted">{muted}</p>' if muted else ""
        )

    def _file(self, report: DatasetReport, lang: str) -> str:
        """How the file was read."""
        header = self._say(f"finetune.data.{'has_header' if report.has_header else 'without_header'}", lang)
        delimiter = {"\t": "Tab", "": self._say("finetune.data.one_column", lang)}.get(report.delimiter)
        values = {"encoding": report.encoding, "delimiter": delimiter or html.escape(report.delimiter)}
        return f'<p class="tea-muted tea-file">{self._say("finetune.data.facts", lang, header=header, **values)}</p>'

    def _findings(self, report: DatasetReport, lang: str) -> str:
        if not report.findings:
            return f'<p class="tea-notice is-done">{self._say("finetune.data.healthy", lang)}</p>'
        repairable = sum(bool(finding.repair) for finding in report.findings)
        title = self._say("finetune.data.found", lang, findings=len(report.findings), repairable=repairable)
        drawn = "".join(self._finding(finding, lang) for finding in report.findings)
        return f'<h4>{title}</h4><div class="tea-findings">{drawn}</div>'

    def _finding(self, finding: Finding, lang: str) -> str:
        """What was found in the line that one sees; its effect, rows and repair under it, open where it stops training."""
        words = self._words
        tag = self._say(f"finetune.data.severity.{finding.severity}", lang)
        lines = [words.effect(finding, lang), words.rows(finding, lang)]
        if finding.repair:
            lines.append(self._say("finetune.data.repair_is", lang, repair=words.repair(finding, lang)))
        under = "".join(f"<p>{html.escape(line)}</p>" for line in lines if line)
        is_open = " open" if finding.severity == PROBLEM else ""
        summary = f"<summary><span>{html.escape(words.found(finding, lang))}</span><i>{tag}</i></summary>"
        return f'<details class="tea-finding is-{finding.severity}"{is_open}>{summary}{under}</details>'

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
        """The first rows with all columns, so that one sees which of them is which."""
        used = {report.text_column: "is-text", report.label_column: "is-label"}
        kinds = [used.get(column, "is-other") for column in report.columns]
        names = [html.escape(clip(column, _NAME_CLIPPED)) for column in report.columns]
        head = "".join(f'<th class="{kind}">{name}</th>' for kind, name in zip(kinds, names, strict=True))
        rows = "".join(f"<tr>{_cells(row, kinds)}</tr>" for row in report.first_rows)
        title = self._say("finetune.preview", lang)
        table = f'<div class="tea-wide"><table class="tea-table"><tr>{head}</tr>{rows}</table></div>'
        return f'<details class="tea-preview" open><summary>{title}</summary>{table}</details>'


def _cells(row: Sequence[str], kinds: Sequence[str]) -> str:
    cells = zip(row, kinds, strict=True)
    return "".join(f'<td class="{kind}">{html.escape(clip(cell, _CLIPPED))}</td>' for cell, kind in cells)
