"""How the Fine-tune tab draws a plan and a preview: numbers, phases, the split in a line, changed words. Knows no event."""

from __future__ import annotations

import difflib
import html
from collections.abc import Sequence
from dataclasses import asdict

import rjieba

from demos.finetune_steps import clip, notice
from demos.i18n import Strings
from models.errors import TeahouseError
from models.finetune.dataset import Notice
from models.finetune.plan import Plan
from models.finetune.preview import ChangedRow
from models.settings import MB

_MOST_WEIGHTS = 6
_CLIPPED = 160  # characters of a text in the preview


class PlanView:
    def __init__(self, strings: Strings) -> None:
        self._strings, self._say = strings, strings.text

    def plan(self, plan: Plan | None, asked: tuple[str, ...], lang: str) -> str:
        """asked: names of the options that were changed to fit the time."""
        if plan is None:
            return ""
        parts = [self._numbers(plan, lang), self._phases(plan, lang), self._lines(plan, asked, lang)]
        return f'<div class="tea-plan">{"".join(parts)}</div>'

    def progress(self, phase: str, share: float, lang: str) -> str:
        known = phase if self._strings.knows(f"finetune.plan.doing.{phase}") else "loading"
        doing = self._say(f"finetune.plan.doing.{known}", lang)
        return (
            f'<div class="tea-plan"><p class="tea-state"><b>{doing}</b></p><div class="tea-meter is-busy"></div></div>'
        )

    def problem(self, error: TeahouseError, lang: str) -> str:
        return notice(self._strings, Notice(error.key, error.values), "is-problem", lang)

    def preview(self, rows: Sequence[ChangedRow] | None, lang: str) -> str:
        """Words that went are struck through, words that came are marked."""
        if not rows:
            return ""
        unchanged = self._say("finetune.plan.unchanged", lang)
        items = "".join(
            f"<li><b>{html.escape(clip(row.label, 20))}</b><p>{_marked(row) if row.changed != row.text else _plain(row)}"
            f"{'' if row.changed != row.text else f' <span class=tea-muted>{unchanged}</span>'}</p></li>"
            for row in rows
        )
        return f'<ul class="tea-changed">{items}</ul>'

    def _numbers(self, plan: Plan, lang: str) -> str:
        cells = {
            "time": self.duration(plan.seconds.total, lang),
            "memory": f"{plan.peak_bytes / MB:,.0f} MB",
            "size": f"{plan.result_bytes / MB:,.0f} MB",
        }
        drawn = "".join(
            f"<div><b>{cell}</b><span>{self._say(f'finetune.plan.{name}', lang)}</span></div>"
            for name, cell in cells.items()
        )
        return f'<div class="tea-plan-numbers">{drawn}</div>'

    def duration(self, seconds: float, lang: str) -> str:
        if seconds < 90:
            return self._say("finetune.plan.seconds", lang, count=max(1, round(seconds)))
        minutes = seconds / 60
        return self._say("finetune.plan.minutes", lang, count=f"{minutes:.1f}" if minutes < 10 else round(minutes))

    def _phases(self, plan: Plan, lang: str) -> str:
        """One bar, cut by phase."""
        phases = {name: seconds for name, seconds in asdict(plan.seconds).items() if seconds >= 0.5}
        total = sum(phases.values()) or 1
        bar = "".join(
            f'<i class="is-{name}" style="width:{seconds / total:.1%}"></i>' for name, seconds in phases.items()
        )
        named = "".join(
            f'<span><i class="is-{name}"></i>{self._say(f"finetune.plan.phase.{name}", lang)} '
            f"{self.duration(seconds, lang)}</span>"
            for name, seconds in phases.items()
        )
        return f'<div class="tea-plan-bar">{bar}</div><p class="tea-plan-key">{named}</p>'

    def _lines(self, plan: Plan, asked: tuple[str, ...], lang: str) -> str:
        numbers = {"train": plan.train_rows, "validation": plan.validation_rows, "held_out": plan.held_out_rows}
        counts = {name: f"{number:,}" for name, number in (numbers | {"steps": plan.steps}).items()}
        lines = [self._say("finetune.plan.split", lang, **counts)]
        if plan.alike_rows:
            key = "finetune.plan.divided" if plan.is_divided else "finetune.plan.alike"
            lines.append(self._say(key, lang, rows=f"{plan.alike_rows:,}"))
        if plan.cut_rows:
            lines.append(
                self._say("finetune.plan.cut", lang, rows=f"{plan.cut_rows:,}", length=plan.request.max_length)
            )
        lines.append(self._weights(plan, lang))
        if asked:
            named = [f"{self._say(f'finetune.options.{name}', lang)} {self._value(plan, name, lang)}" for name in asked]
            lines.insert(0, self._say("finetune.plan.fitted", lang, options=_listed(named, lang)))
        return f'<ul class="tea-plan-lines">{"".join(f"<li>{html.escape(line)}</li>" for line in lines if line)}</ul>'

    def _weights(self, plan: Plan, lang: str) -> str:
        if not plan.class_weights:
            return self._say("finetune.plan.no_weights", lang)
        shown = [f"{clip(label, 20)} ×{weight:.2g}" for label, weight in plan.class_weights[:_MOST_WEIGHTS]]
        more = "…" if len(plan.class_weights) > _MOST_WEIGHTS else ""
        return self._say("finetune.plan.weights", lang, weights=_listed(shown, lang) + more)

    def _value(self, plan: Plan, name: str, lang: str) -> str:
        value = getattr(plan.request, name)
        key = f"finetune.options.{name}.{value}"
        return self._say(key, lang) if self._strings.knows(key) else f"{value:g}"


def _listed(items: Sequence[str], lang: str) -> str:
    return ("、" if lang == "zh" else ", ").join(items)


def _plain(row: ChangedRow) -> str:
    return html.escape(clip(row.text, _CLIPPED))


def _marked(row: ChangedRow) -> str:
    """The difference, word by word."""
    old, new = rjieba.cut(clip(row.text, _CLIPPED)), rjieba.cut(clip(row.changed, _CLIPPED))
    parts = []
    for kind, start, end, first, last in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        gone, come = html.escape("".join(old[start:end])), html.escape("".join(new[first:last]))
        parts.append(
            come if kind == "equal" else f"{f'<del>{gone}</del>' if gone else ''}{f'<ins>{come}</ins>' if come else ''}"
        )
    return "".join(parts)
