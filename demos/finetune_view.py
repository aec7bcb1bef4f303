"""How the Fine-tune tab draws: the four steps, a dataset, a run while it trains and after, as HTML.

Pure functions of plain data and a language. Everything that a visitor wrote is escaped here. Knows no event.
"""

from __future__ import annotations

import html
from collections.abc import Mapping

from demos.curves import Curve, chart, smoothed
from demos.i18n import Strings
from models.finetune.dataset import DatasetReport, Notice
from models.finetune.run import Metrics, Run

STEPS = ("load", "prepare", "train", "evaluate")
_STEP_OF_PHASE = {"": 1, "loading": 1, "downloading": 1, "preparing": 1, "training": 2, "evaluating": 3, "saving": 3}
_MOST_BARS = 12
_CLIPPED = 120  # characters of a text in the preview


class FinetuneView:
    def __init__(self, strings: Strings) -> None:
        self._strings = strings
        self._say = strings.text

    def steps(self, report: DatasetReport | None, run: Run | None, lang: str) -> str:
        """Load, prepare, train, evaluate: which are done, which one is on."""
        current = _current_step(report, run)
        items = []
        for index, step in enumerate(STEPS):
            kind = "is-done" if index < current else "is-on" if index == current else ""
            items.append(f'<li class="{kind}"><i>{index + 1}</i>{self._say(f"finetune.step.{step}", lang)}</li>')
        return f'<ol class="tea-steps">{"".join(items)}</ol>'

    def dataset(self, report: DatasetReport | None, lang: str) -> str:
        """Counts, a bar for each class, what to know, the first rows."""
        if report is None:
            return f'<div class="tea-empty">{self._say("finetune.no_data", lang)}</div>'
        problems = "".join(self._notice(problem, "is-problem", lang) for problem in report.problems)
        warnings = "".join(self._notice(warning, "is-warning", lang) for warning in report.warnings)
        parts = [self._counts(report, lang), problems, warnings, self._bars(report, lang), self._preview(report, lang)]
        return f'<div class="tea-dataset">{"".join(parts)}</div>'

    def run(self, run: Run | None, lang: str) -> str:
        """The line of progress, the curves, and the scores once there are some."""
        if run is None:
            return f'<div class="tea-empty">{self._say("finetune.idle", lang)}</div>'
        parts = [self._progress(run, lang)]
        if run.error:
            parts.append(self._notice(run.error, "is-problem", lang))
        if run.notice:
            parts.append(self._notice(run.notice, "is-warning", lang))
        if run.metrics:
            parts.append(self._scores(run, run.metrics, lang))
        if run.losses:
            parts.append(self._curves(run, lang))
        if run.metrics:
            parts.append(self._confusion(run, run.metrics, lang))
        parts.append(
            f'<p class="tea-muted tea-key">{self._say("finetune.run_id", lang, run=html.escape(run.run_id))}</p>'
        )
        return f'<div class="tea-run">{"".join(parts)}</div>'

    def said(self, run: Run, lang: str) -> str:
        """One line on where a run is."""
        if run.state == "queued":
            return self._say("finetune.state.queued" if run.ahead else "finetune.state.starting", lang, ahead=run.ahead)
        if run.state == "running":
            values = {"step": f"{run.step:,}", "steps": f"{run.steps:,}"}
            if run.downloaded:
                values |= {"done": run.downloaded[0] >> 20, "total": run.downloaded[1] >> 20}
            return self._say(f"finetune.phase.{run.phase or 'loading'}", lang, **values)
        state = "stopped_early" if run.state == "stopped" and not run.step else run.state
        time = self.duration(run.seconds, lang)
        return self._say(f"finetune.state.{state}", lang, step=run.step, steps=run.steps, time=time)

    def duration(self, seconds: float, lang: str) -> str:
        if seconds < 90:
            return self._say("finetune.seconds", lang, count=max(1, round(seconds)))
        return self._say("finetune.minutes", lang, count=round(seconds / 60))

    def _progress(self, run: Run, lang: str) -> str:
        left = ""
        if run.seconds_left is not None and run.state == "running":
            time = self.duration(run.seconds_left, lang)
            left = f'<span class="tea-muted">{self._say("finetune.left", lang, time=time)}</span>'
        share = 1.0 if run.state == "finished" else run.step / run.steps if run.steps else 0.0
        busy = " is-busy" if run.is_under_way and run.phase != "training" else ""
        return (
            f'<p class="tea-state is-{run.state}" aria-live="polite"><b>{self.said(run, lang)}</b>{left}</p>'
            f'<div class="tea-meter{busy}"><i style="width:{share:.1%}"></i></div>'
        )

    def _curves(self, run: Run, lang: str) -> str:
        raw = [(loss.step, loss.loss) for loss in run.losses]
        losses = [
            Curve("", raw, "is-faint"),
            Curve(self._say("finetune.train_loss", lang), smoothed(raw), "is-main"),
            Curve(
                self._say("finetune.held_out_loss", lang), [(s.step, s.loss) for s in run.held_out], "is-second", True
            ),
        ]
        scores = [Curve(self._say("finetune.baseline", lang), _level(run.baseline, run.steps), "is-limit")]
        accuracy = [(scored.step, scored.accuracy) for scored in run.held_out]
        scores.append(Curve(self._say("finetune.accuracy", lang), accuracy, "is-main", True))
        left = chart(self._say("finetune.loss_curve", lang), losses, last_step=run.steps)
        right = chart(self._say("finetune.accuracy_curve", lang), scores, last_step=run.steps, percent=True)
        return f'<div class="tea-curves">{left}{right}</div>'

    def _scores(self, run: Run, metrics: Metrics, lang: str) -> str:
        cells = "".join(
            f"<div><b>{value:.1%}</b><span>{self._say(f'finetune.{name}', lang)}</span></div>"
            for name, value in (("accuracy", metrics.accuracy), ("macro_f1", metrics.macro_f1))
        )
        margin = max(1, round(100 * metrics.margin))
        note = self._say("finetune.on_rows", lang, rows=f"{metrics.rows:,}", margin=margin)
        warned = ""
        if metrics.accuracy <= run.baseline:
            sentence = self._say("finetune.below_baseline", lang, baseline=f"{run.baseline:.0%}")
            warned = f'<p class="tea-notice is-warning">{sentence}</p>'
        return f'<div class="tea-scores">{cells}<p class="tea-muted">{note}</p></div>{warned}'

    def _confusion(self, run: Run, metrics: Metrics, lang: str) -> str:
        names = [html.escape(_clip(name, 12)) for name in run.classes]
        head = "".join(f"<th>{name}</th>" for name in names)
        rows = "".join(
            f"<tr><th>{name}</th>{_shaded(row)}</tr>" for name, row in zip(names, metrics.confusion, strict=True)
        )
        caption = self._say("finetune.confusion", lang)
        corner = self._say("finetune.true", lang)
        return (
            f'<figure class="tea-confusion"><figcaption>{caption}</figcaption><div>'
            f"<table><tr><td>{corner}</td>{head}</tr>{rows}</table></div></figure>"
        )

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
            f'<div class="tea-bar tea-first"><span class="tea-bar-name">{html.escape(_clip(label, 40))}</span>'
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
            f"<tr><td>{html.escape(_clip(text, _CLIPPED))}</td><td>{html.escape(_clip(label, 40))}</td></tr>"
            for text, label in report.preview
        )
        head = f"<tr><th>{self._say('finetune.text', lang)}</th><th>{self._say('finetune.label', lang)}</th></tr>"
        title = self._say("finetune.preview", lang)
        return f'<details class="tea-preview"><summary>{title}</summary><table class="tea-table">{head}{rows}</table></details>'

    def _notice(self, notice: Notice, kind: str, lang: str) -> str:
        known = notice.key if self._strings.knows(notice.key) else "errors.internal"
        sentence = html.escape(self._say(known, lang, **_grouped(notice.values)))
        return f'<p class="tea-notice {kind}">{sentence}</p>'


def _current_step(report: DatasetReport | None, run: Run | None) -> int:
    if run is None:
        return 0 if report is None or not report.is_ready else 1
    if run.state == "finished":
        return len(STEPS)
    return _STEP_OF_PHASE[run.phase] if run.state == "running" else 2 if run.step else 1


def _level(height: float, steps: int) -> list[tuple[float, float]]:
    return [(0, height), (steps, height)] if height else []


def _shaded(row: tuple[int, ...]) -> str:
    """Cells of a true class, the darker the larger their share of it."""
    total = max(1, sum(row))
    return "".join(f'<td style="--share:{round(100 * count / total)}%">{count or ""}</td>' for count in row)


def _clip(text: str, length: int) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= length else f"{flat[: length - 1]}…"


def _grouped(values: Mapping[str, object]) -> dict[str, object]:
    return {name: f"{value:,}" if isinstance(value, int) else value for name, value in values.items()}
