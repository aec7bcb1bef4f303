"""Small line charts as inline SVG: a curve or two over training steps. Draws numbers; knows no training."""

from __future__ import annotations

import html
import math
from collections.abc import Sequence
from dataclasses import dataclass

Point = tuple[float, float]
_WIDTH, _HEIGHT = 320, 150
_LEFT, _RIGHT, _TOP, _BOTTOM = 40, 8, 8, 20


@dataclass(frozen=True)
class Curve:
    name: str
    points: Sequence[Point]
    kind: str  # a CSS class: is-main, is-faint, is-second, is-limit
    dots: bool = False


def chart(title: str, curves: Sequence[Curve], *, last_step: int, percent: bool = False) -> str:
    """A figure with its legend. x runs from 0 to last_step, y from 0; percent: y is a share and ends at 100 %."""
    highest = 1.0 if percent else _nice(max((y for curve in curves for _, y in curve.points), default=1.0))
    frame = _Frame(max(last_step, 1), highest)
    drawn = "".join(frame.grid(percent)) + "".join(frame.curve(curve) for curve in curves)
    legend = "".join(
        f'<span class="{curve.kind}"><i></i>{html.escape(curve.name)}</span>'
        for curve in curves
        if curve.points and curve.name
    )
    label = html.escape(_spoken(title, curves, percent))
    return (
        f'<figure class="tea-curve"><figcaption><b>{html.escape(title)}</b>{legend}</figcaption>'
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{label}">{drawn}</svg></figure>'
    )


class _Frame:
    """Places numbers in the picture."""

    def __init__(self, last_step: int, highest: float) -> None:
        self._last_step, self._highest = last_step, highest

    def grid(self, percent: bool) -> list[str]:
        """Three lines across with their values, and the first and last step below."""
        lines = []
        for share in (0.0, 0.5, 1.0):
            value = share * self._highest
            y = self._y(value)
            said = f"{value:.0%}" if percent else _short(value)
            lines.append(f'<line x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y}" y2="{y}"/>')
            lines.append(f'<text x="{_LEFT - 5}" y="{y + 3}" text-anchor="end">{said}</text>')
        lines.append(f'<text x="{_LEFT}" y="{_HEIGHT - 5}">0</text>')
        lines.append(f'<text x="{_WIDTH - _RIGHT}" y="{_HEIGHT - 5}" text-anchor="end">{self._last_step:,}</text>')
        return lines

    def curve(self, curve: Curve) -> str:
        places = [(self._x(x), self._y(y)) for x, y in curve.points]
        if not places:
            return ""
        path = " ".join(f"{x},{y}" for x, y in places)
        dots = "".join(f'<circle cx="{x}" cy="{y}" r="2.5"/>' for x, y in places) if curve.dots else ""
        return f'<g class="{curve.kind}"><polyline points="{path}"/>{dots}</g>'

    def _x(self, step: float) -> float:
        return round(_LEFT + (_WIDTH - _LEFT - _RIGHT) * step / self._last_step, 1)

    def _y(self, value: float) -> float:
        share = min(max(value / self._highest, 0.0), 1.0)
        return round(_HEIGHT - _BOTTOM - (_HEIGHT - _TOP - _BOTTOM) * share, 1)


def smoothed(points: Sequence[Point], weight: float = 0.8) -> list[Point]:
    """The running mean: the loss of one batch says more about the batch than about the model."""
    mean, seen, out = 0.0, 0.0, []
    for x, y in points:
        mean, seen = weight * mean + (1 - weight) * y, weight * seen + (1 - weight)
        out.append((x, mean / seen))
    return out


def _nice(highest: float) -> float:
    """A round number at or above the highest value."""
    if highest <= 0:
        return 1.0
    magnitude = 10 ** math.floor(math.log10(highest))
    return next(step * magnitude for step in (1, 1.5, 2, 3, 4, 6, 8, 10) if step * magnitude >= highest * 0.9999)


def _short(value: float) -> str:
    """Three digits; a learning rate as people write it, 1.5e-4."""
    if not 0 < value < 0.01:
        return f"{value:.3g}"
    digits, exponent = f"{value:.2e}".split("e")
    return f"{float(digits):g}e{int(exponent)}"


def _spoken(title: str, curves: Sequence[Curve], percent: bool) -> str:
    """The chart for those who hear it: each curve's last value."""
    last = [(curve.name, curve.points[-1][1]) for curve in curves if curve.points]
    return f"{title}: " + ", ".join(
        f"{name} {value:.0%}" if percent else f"{name} {_short(value)}".strip() for name, value in last
    )
