"""How the view «disturb» draws: the disturbed picture, the models' answers to it, and their sweeps as small charts.

Pure functions of plain data and a language; what a model wrote is escaped here. Knows no event and no model.
"""

from __future__ import annotations

import html
from collections.abc import Callable
from dataclasses import dataclass

from demos.i18n import Strings
from demos.vision_view import both_names, chinese_names, percent
from models.disturb import NONE, Point, Sweep
from models.errors import TeahouseError

_WIDTH, _HEIGHT = 260, 110
_LEFT, _RIGHT, _TOP, _BOTTOM = 34, 8, 8, 18
_DECIMALS = {"rotate": 0, "blur": 3}  # of a strength that is said; 2 for others


@dataclass(frozen=True)
class Column:
    """One model: its answer to the disturbed picture, and its sweep. Empty as far as it has not been asked yet."""

    model: str
    labels: str | None = None  # of ModelSpec: assets/labels/<labels>.json
    label: str = ""
    score: float = 0.0  # 0 to 1
    sweep: Sweep | None = None
    error: TeahouseError | None = None


@dataclass(frozen=True)
class Bent:
    """What the page remembers of the view."""

    picture: str  # data URI
    kind: str  # of models.disturb.KINDS: the slider moved last
    strength: float  # at which it stands
    columns: tuple[Column, ...]


class DisturbView:
    """sentence: an error and a language -> what the visitor reads."""

    def __init__(self, strings: Strings, sentence: Callable[[Exception, str], str]) -> None:
        self._strings = strings
        self._sentence = sentence

    def picture(self, bent: Bent | None, lang: str) -> str:
        if bent is None:
            return f'<div class="tea-disturb-empty">{self._say("nothing", lang)}</div>'
        return (
            f'<figure class="tea-disturb-picture"><img src="{bent.picture}" alt="{self._say("alt", lang)}">'
            f"<figcaption>{self._say('tap', lang)}</figcaption></figure>"
        )

    def columns(self, bent: Bent | None, lang: str) -> str:
        if bent is None:
            return ""
        title = self._say("title", lang, kind=self._say(bent.kind, lang))
        drawn = "".join(f"<section>{self._column(column, bent, lang)}</section>" for column in bent.columns)
        return f'<div class="tea-disturb"><p>{title}</p><div>{drawn}</div></div>'

    def _column(self, column: Column, bent: Bent, lang: str) -> str:
        name = f'<p class="tea-disturb-model">{html.escape(column.model)}</p>'
        if column.error is not None:
            return f'{name}<p class="tea-look-error">{html.escape(self._sentence(column.error, lang))}</p>'
        if not column.label:
            return f'{name}<p class="tea-muted">{self._say("asking", lang)}</p>'
        answer = f"<b>{self._name(column, column.label, lang)}</b> {percent(column.score)}"
        changed = column.sweep is not None and column.label != column.sweep.label
        kind = ' class="is-changed"' if changed else ""
        return f"{name}<p{kind}>{answer}</p>{self._sweep(column, bent, lang)}"

    def _sweep(self, column: Column, bent: Bent, lang: str) -> str:
        sweep = column.sweep
        if sweep is None:
            return f'<p class="tea-muted">{self._say("trying", lang)}</p>'
        before = self._name(column, sweep.label, lang)
        said = [
            self._say(
                f"turn_{bent.kind}",
                lang,
                strength=_number(sweep.kind, turn.strength),
                before=before,
                after=self._name(column, turn.label, lang),
            )
            for turn in sweep.turns
        ] or [self._say("keeps", lang, label=before)]
        label = self._say("axis", lang, label=before)
        sentences = "".join(f"<p>{one}</p>" for one in said)
        return f"<figure><figcaption>{label}</figcaption>{_chart(sweep, bent.strength, label)}</figure>{sentences}"

    def _name(self, column: Column, label: str, lang: str) -> str:
        return html.escape(both_names(label, chinese_names(column.labels), lang)[0])

    def _say(self, key: str, lang: str, **values: object) -> str:
        return self._strings.text(f"disturb.{key}", lang, **values)


def _number(kind: str, strength: float) -> str:
    return f"{strength:.{_DECIMALS.get(kind, 2)}f}"


def _kind(point: Point, sweep: Sweep) -> str:
    return "" if point.label == sweep.label else ' class="is-other"'


def _chart(sweep: Sweep, now: float, label: str) -> str:
    """The probability of the undisturbed answer against the strength: where it is another's, the dots are hollow."""
    strengths = [point.strength for point in sweep.points]
    low, span = strengths[0], strengths[-1] - strengths[0]

    def x(strength: float) -> float:
        share = min(max((abs(strength) if sweep.kind == "rotate" else strength) - low, 0) / span, 1)
        return round(_LEFT + (_WIDTH - _LEFT - _RIGHT) * share, 1)

    def y(share: float) -> float:
        return round(_HEIGHT - _BOTTOM - (_HEIGHT - _TOP - _BOTTOM) * share, 1)

    lines = "".join(
        f'<line x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y(share)}" y2="{y(share)}"/>'
        f'<text x="{_LEFT - 5}" y="{y(share) + 3}" text-anchor="end">{share:.0%}</text>'
        for share in (0, 0.5, 1)
    )
    ends = "".join(
        f'<text x="{x(strength)}" y="{_HEIGHT - 4}" text-anchor="{anchor}">{_number(sweep.kind, strength)}</text>'
        for strength, anchor in ((strengths[0], "start"), (strengths[-1], "end"))
    )
    path = " ".join(f"{x(point.strength)},{y(point.kept)}" for point in sweep.points)
    dots = "".join(
        f'<circle cx="{x(point.strength)}" cy="{y(point.kept)}" r="3"'
        f"{_kind(point, sweep)}><title>{_number(sweep.kind, point.strength)} · "
        f"{html.escape(point.label)} {percent(point.score)}</title></circle>"
        for point in sweep.points
    )
    turns = "".join(
        f'<line class="is-turn" x1="{x(turn.strength)}" x2="{x(turn.strength)}" y1="{_TOP}" y2="{_HEIGHT - _BOTTOM}"/>'
        for turn in sweep.turns
    )
    here = ""
    if now != NONE[sweep.kind]:
        here = f'<line class="is-now" x1="{x(now)}" x2="{x(now)}" y1="{_TOP}" y2="{_HEIGHT - _BOTTOM}"/>'
    return (
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{label}">{lines}{ends}{turns}{here}'
        f'<polyline points="{path}"/>{dots}</svg>'
    )
