"""How the Fine-tune tab draws a run while it trains and after: progress, curves, scores, as HTML. Knows no event."""

from __future__ import annotations

import html
import time
from collections.abc import Iterable

from demos.curves import Curve, chart, smoothed
from demos.finetune_steps import notice
from demos.i18n import Strings
from models.finetune.run import Metrics, Run

_SOON = 3 * 24 * 3600  # seconds before a run is deleted: from here on it is a warning


class ProgressView:
    def __init__(self, strings: Strings) -> None:
        self._strings = strings
        self._say = strings.text

    def run(self, run: Run | None, lang: str) -> str:
        """The line of progress, the curves, and the scores once there are some."""
        if run is None:
            return f'<div class="tea-empty">{self._say("finetune.idle", lang)}</div>'
        parts = [self._progress(run, lang)]
        if run.error:
            parts.append(notice(self._strings, run.error, "is-problem", lang))
        if run.notice:
            parts.append(notice(self._strings, run.notice, "is-warning", lang))
        if run.metrics and run.metrics.accuracy is not None:
            parts.append(self._scores(run, run.metrics, lang))
        if run.losses:
            parts.append(self._curves(run, lang))
        parts.append(self._keeping(run, lang))
        return f'<div class="tea-run">{"".join(parts)}</div>'

    def said(self, run: Run, lang: str) -> str:
        """One line on where a run is."""
        if run.state == "queued":
            return self._queued(run, lang)
        if run.state == "running":
            values = {"step": f"{run.step:,}", "steps": f"{run.steps:,}"}
            if run.downloaded:
                values |= {"done": run.downloaded[0] >> 20, "total": run.downloaded[1] >> 20}
            if run.phase == "comparing" and run.compared:
                return self._say("finetune.progress.comparing", lang, share=f"{run.compared:.0%}")
            return self._say(f"finetune.phase.{run.phase or 'loading'}", lang, **values)
        state = "stopped_early" if run.state == "stopped" and not run.step else run.state
        time = self.duration(run.seconds, lang)
        return self._say(f"finetune.state.{state}", lang, step=run.step, steps=run.steps, time=time)

    def duration(self, seconds: float, lang: str) -> str:
        if seconds < 90:
            return self._say("finetune.seconds", lang, count=max(1, round(seconds)))
        return self._say("finetune.minutes", lang, count=round(seconds / 60))

    def _queued(self, run: Run, lang: str) -> str:
        if not run.ahead:
            return self._say("finetune.state.starting", lang)
        place = self._say("finetune.state.queued", lang, ahead=run.ahead)
        if run.wait_seconds is None:
            return place
        return place + self._say("finetune.progress.wait", lang, time=self.duration(run.wait_seconds, lang))

    def _progress(self, run: Run, lang: str) -> str:
        share = 1.0 if run.state == "finished" else run.step / run.steps if run.steps else 0.0
        busy = " is-busy" if run.is_under_way and run.phase != "training" else ""
        beside = "".join(f'<span class="tea-muted">{part}</span>' for part in self._pace(run, lang))
        return (
            f'<p class="tea-state is-{run.state}"><b aria-live="polite">{self.said(run, lang)}</b>{beside}</p>'
            f'<div class="tea-meter{busy}"><i style="width:{share:.1%}"></i></div>'
        )

    def _pace(self, run: Run, lang: str) -> Iterable[str]:
        """What goes with a training: how fast it is, how long it will take; of an ended one, which step was kept."""
        if run.phase == "training" and run.rows_per_second:
            yield self._say("finetune.progress.pace", lang, rows=f"{run.rows_per_second:,.3g}")
        if run.phase == "training" and run.seconds_left is not None:
            yield self._say("finetune.left", lang, time=self.duration(run.seconds_left, lang))
        if run.best_step and run.metrics:
            yield self._say("finetune.progress.best", lang, step=f"{run.best_step:,}")

    def _curves(self, run: Run, lang: str) -> str:
        raw = [(loss.step, loss.loss) for loss in run.losses]
        validation = [(scored.step, scored.loss) for scored in run.validation]
        losses = [
            Curve("", raw, "is-faint"),
            Curve(self._say("finetune.train_loss", lang), smoothed(raw), "is-main"),
            Curve(self._say("finetune.validation_loss", lang), validation, "is-second", True),
        ]
        rate = Curve("", [(loss.step, loss.learning_rate) for loss in run.losses], "is-main")
        charts = [
            chart(self._say("finetune.loss_curve", lang), losses, last_step=run.steps),
            self._score_curve(run, lang),
            chart(self._say("finetune.progress.rate_curve", lang), [rate], last_step=run.steps),
        ]
        return f'<div class="tea-curves">{"".join(charts)}</div>'

    def _score_curve(self, run: Run, lang: str) -> str:
        """Accuracy and macro-F1 over what guessing would score; of a writer, how much the next word surprises it."""
        if any(scored.perplexity is not None for scored in run.validation):
            points = [(scored.step, scored.perplexity) for scored in run.validation if scored.perplexity is not None]
            title = self._say("finetune.progress.perplexity_curve", lang)
            return chart(title, [Curve("", points, "is-main", True)], last_step=run.steps)
        curves = [Curve(self._say("finetune.baseline", lang), _level(run.baseline, run.steps), "is-limit")]
        for name, kind in (("macro_f1", "is-second"), ("accuracy", "is-main")):
            points = [
                (scored.step, getattr(scored, name)) for scored in run.validation if getattr(scored, name) is not None
            ]
            curves.append(Curve(self._say(f"finetune.{name}", lang), points, kind, True))
        return chart(self._say("finetune.progress.score_curve", lang), curves, last_step=run.steps, percent=True)

    def _keeping(self, run: Run, lang: str) -> str:
        """How to come back to the run, and until when."""
        link = f"?tab=finetune&amp;run={html.escape(run.run_id)}"
        words = self._say("finetune.progress.link", lang)
        lines = [
            self._say("finetune.run_id", lang, run=html.escape(run.run_id)),
            f'<a href="{link}" target="_blank" rel="noopener">{words}</a>',
        ]
        kept = ""
        if run.expires_at is not None:
            day = time.strftime("%Y-%m-%d", time.localtime(run.expires_at))
            is_soon = run.expires_at - time.time() < _SOON
            kind = "tea-notice is-warning" if is_soon else "tea-muted tea-key"
            kept = f'<p class="{kind}">{self._say("finetune.progress.expires", lang, day=day)}</p>'
        return f'<p class="tea-muted tea-key">{" · ".join(lines)}</p>{kept}'

    def _scores(self, run: Run, metrics: Metrics, lang: str) -> str:
        cells = "".join(
            f"<div><b>{value:.1%}</b><span>{self._say(f'finetune.{name}', lang)}</span></div>"
            for name, value in (("accuracy", metrics.accuracy), ("macro_f1", metrics.macro_f1))
            if value is not None
        )
        margin = max(1, round(100 * metrics.margin))
        note = self._say("finetune.on_rows", lang, rows=f"{metrics.rows:,}", margin=margin)
        warned = ""
        if metrics.accuracy <= run.baseline:
            sentence = self._say("finetune.below_baseline", lang, baseline=f"{run.baseline:.0%}")
            warned = f'<p class="tea-notice is-warning">{sentence}</p>'
        return f'<div class="tea-scores">{cells}<p class="tea-muted">{note}</p></div>{warned}'


def _level(height: float, steps: int) -> list[tuple[float, float]]:
    return [(0, height), (steps, height)] if height else []
