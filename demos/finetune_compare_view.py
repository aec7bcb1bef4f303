"""How runs are drawn side by side: a table of what differs and what came of it, and their curves over each other.

Pure functions of a comparison and a language. Each run has a letter and a colour. Everything that a visitor wrote is
escaped here.
"""

from __future__ import annotations

import html
import time
from collections.abc import Callable, Iterator

from demos.curves import Curve, Point, chart, smoothed
from demos.i18n import Strings
from models.finetune.comparison import Compared, Comparison
from models.finetune.run import Run
from models.spec import MB

_LETTERS = "ABCD"
_SHARES = ("accuracy", "macro_f1")


class CompareView:
    def __init__(self, strings: Strings) -> None:
        self._say = strings.text

    def name(self, run: Run, lang: str) -> str:
        """A run in a list of one's own: when it was asked for, from what, and how it stands."""
        said = [_when(run), _base(run), self._say(f"finetune.compare.state.{run.state}", lang)]
        if run.metrics and run.metrics.accuracy is not None:
            said.append(f"{run.metrics.accuracy:.1%}")
        return " · ".join(said)

    def comparison(self, found: Comparison, lang: str) -> str:
        verdict = f'<p class="tea-notice">{self._say(f"finetune.compare.{_verdict(found)}", lang)}</p>'
        charts = "".join([self._losses(found, lang), self._scores(found, lang)])
        table = f'<div class="tea-compare-scroll"><table class="tea-table">{self._table(found, lang)}</table></div>'
        return f'<div class="tea-compare">{verdict}{table}<div class="tea-curves">{charts}</div></div>'

    def _table(self, found: Comparison, lang: str) -> str:
        letters = _LETTERS[: len(found.runs)]
        head = "".join(
            f'<th class="is-run-{place}"><i></i>{letter}</th>' for place, letter in enumerate(letters, start=1)
        )
        rows = [_row(name, [cell(one) for one in found.runs]) for name, cell in self._facts(found, lang)]
        rows += [
            _row(f"<code>{html.escape(name)}</code>", [html.escape(_shown(value)) for value in values])
            for name, values in found.different.items()
        ]
        return f"<tr><th></th>{head}</tr>{''.join(rows)}"

    def _facts(self, found: Comparison, lang: str) -> Iterator[tuple[str, Callable[[Compared], str]]]:
        """What stands in the table whether it differs or not: (name, a run's cell)."""
        yield self._say("finetune.compare.when", lang), lambda one: _when(one.run)
        yield self._say("finetune.compare.base", lang), lambda one: html.escape(_base(one.run))
        for name in ("accuracy", "macro_f1", "perplexity"):
            if any(name in one.scores for one in found.runs):
                yield self._say(f"finetune.compare.{name}", lang), lambda one, name=name: _score(one, name)
        yield self._say("finetune.compare.seconds", lang), lambda one: f"{one.run.seconds:,.0f}"
        yield "MB", lambda one: f"{one.size_bytes / MB:,.1f}" if one.size_bytes else "–"

    def _losses(self, found: Comparison, lang: str) -> str:
        title = self._say("finetune.compare.loss_curve", lang)
        return _chart(title, found, lambda run: smoothed([(loss.step, loss.loss) for loss in run.losses]))

    def _scores(self, found: Comparison, lang: str) -> str:
        name = "macro_f1" if any("macro_f1" in one.scores for one in found.runs) else "perplexity"

        def points(run: Run) -> list[Point]:
            return [
                (scored.step, getattr(scored, name)) for scored in run.validation if getattr(scored, name) is not None
            ]

        title = self._say("finetune.compare.score_curve", lang, score=self._say(f"finetune.compare.{name}", lang))
        return _chart(title, found, points, percent=name in _SHARES, dots=True)


def _row(name: str, cells: list[str]) -> str:
    return f"<tr><th>{name}</th>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>"


def _chart(
    title: str, found: Comparison, points: Callable[[Run], list[Point]], *, percent: bool = False, dots: bool = False
) -> str:
    """One curve a run."""
    curves = [
        Curve(letter, points(one.run), f"is-run-{place}", dots)
        for place, (letter, one) in enumerate(zip(_LETTERS, found.runs, strict=False), start=1)
    ]
    return chart(title, curves, last_step=max(one.run.steps for one in found.runs), percent=percent)


def _verdict(found: Comparison) -> str:
    """Whether one of them can be called better: the key of the sentence."""
    if not found.same_rows:
        return "other_rows"
    known = sorted((one.intervals["macro_f1"] for one in found.runs if one.intervals), key=lambda known: -known.value)
    if len(known) < len(found.runs):
        return "no_intervals"
    return "no_clear" if known[0].low <= known[1].high else "clear"


def _score(one: Compared, name: str) -> str:
    """The score with its interval, where the run has been evaluated."""
    if name not in one.scores:
        return "–"
    if name not in _SHARES:
        return f"{one.scores[name]:,.2f}"
    interval = one.intervals.get(name)
    around = f"<small>{interval.low:.0%}–{interval.high:.0%}</small>" if interval else ""
    return f"<b>{one.scores[name]:.1%}</b>{around}"


def _when(run: Run) -> str:
    return time.strftime("%m-%d %H:%M", time.localtime(run.queued_at))


def _base(run: Run) -> str:
    """The base in a few words: no key of another run, no folder of the server."""
    base = run.request.base_model
    if base.startswith("run:"):
        return f"{base[:8]}…"
    return base.rstrip("/").rpartition("/")[2] if base.startswith("/") else base


def _shown(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
