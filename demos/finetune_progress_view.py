"""How the Fine-tune tab draws a run while it trains and after: progress, curves, scores, as HTML. Knows no event."""

from __future__ import annotations

import html

from demos.curves import Curve, chart, smoothed
from demos.finetune_steps import clip, notice
from demos.i18n import Strings
from models.finetune.run import Metrics, Run


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
        names = [html.escape(clip(name, 12)) for name in run.classes]
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


def _level(height: float, steps: int) -> list[tuple[float, float]]:
    return [(0, height), (steps, height)] if height else []


def _shaded(row: tuple[int, ...]) -> str:
    """Cells of a true class, the darker the larger their share of it."""
    total = max(1, sum(row))
    return "".join(f'<td style="--share:{round(100 * count / total)}%">{count or ""}</td>' for count in row)
