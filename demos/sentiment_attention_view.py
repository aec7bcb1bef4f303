"""How the view "attention" draws: lines from a token to those it looks at, the whole matrix, and one row worked out.

Inline SVG; pure functions of plain data and a language. Everything a visitor or a model wrote is escaped. Knows no event.
"""

from __future__ import annotations

import html
from typing import TYPE_CHECKING

import numpy as np

from demos.i18n import Strings

if TYPE_CHECKING:
    from models.attention import Attention, Vectors

_ROW, _LEFT, _GAP, _RIGHT = 22, 72, 100, 106  # px of the lines: between tokens, columns, and what is between these
_CELL, _MARGIN = 16, 84  # px of the matrix
_SHOWN_FROM = 0.01  # weights below are not drawn
_WORKED = 4  # keys whose numbers are worked out
_NUMBERS = 3  # of a vector that are written out
_LONGEST = 6  # characters of a token in a picture


class AttentionView:
    def __init__(self, strings: Strings) -> None:
        self._strings = strings

    def head_choices(self, heads: int, lang: str) -> list[tuple[str, int]]:
        return [(self._say("mean", lang), 0), *((str(head), head) for head in range(1, heads + 1))]

    def token_choices(self, found: Attention) -> list[tuple[str, int]]:
        return [(f"{place + 1} · {token}", place) for place, token in enumerate(found.tokens)]

    def nothing(self, lang: str) -> str:
        return f'<p class="tea-muted">{self._say("nothing", lang)}</p>'

    def drawn(self, found: Attention, head: int, token: int, lang: str) -> str:
        """head: counted from 1; 0 is the mean of all. token: the place of the one that looks."""
        head, token = min(head or 0, found.heads), min(token or 0, len(found.tokens) - 1)
        weights = found.weights.astype(np.float32)
        chosen = weights[head - 1] if head else weights.mean(axis=0)
        cut = f'<p class="tea-muted">{self._say("cut", lang, count=len(found.tokens))}</p>' if found.is_cut else ""
        figures = "".join(
            f'<figure class="tea-attention-{name}"><figcaption>{self._say(name, lang)}</figcaption>'
            f'<div class="tea-sideways">{picture}</div></figure>'
            for name, picture in (
                ("lines", _lines(found.tokens, chosen, token)),
                ("matrix", _matrix(found.tokens, chosen, token)),
            )
        )
        return f'{cut}<div class="tea-attention">{figures}</div>{self._worked(found, head, token, chosen[token], lang)}'

    def _say(self, key: str, lang: str, **values: object) -> str:
        return self._strings.text(f"sentiment_attention.{key}", lang, **values)

    def _worked(self, found: Attention, head: int, token: int, weights: np.ndarray, lang: str) -> str:
        """Query, key and value where one looks at them, with the numbers of the chosen token."""
        asking = html.escape(found.tokens[token].strip() or "␣")
        title = f"<h4>{self._say('worked', lang, token=asking)}</h4>"
        if found.vectors is None:
            return f"{title}<p>{self._say('no_vectors', lang)}</p>"
        if not head:
            return f"{title}<p>{self._say('choose_head', lang)}</p>"
        vectors = found.vectors
        heaviest = [int(place) for place in np.argsort(-weights, kind="stable")[:_WORKED]]
        first = heaviest[0]
        values = {
            "token": asking,
            "other": html.escape(found.tokens[first].strip() or "␣"),
            "d": vectors.queries.shape[-1],
            "root": f"{np.sqrt(vectors.queries.shape[-1]):.2f}",
        }
        steps = (
            f"<li>{self._say('step_query', lang, **values)}{self._product(vectors, head - 1, token, first)}</li>"
            f"<li>{self._say('step_softmax', lang, **values)}"
            f"{self._table(found, vectors.scores[head - 1, token], weights, heaviest, lang)}</li>"
            f"<li>{self._say('step_value', lang, **values)}{self._sum(found, vectors.values[head - 1], weights, heaviest)}</li>"
        )
        return f'<div class="tea-worked">{title}<ol>{steps}</ol></div>'

    def _product(self, vectors: Vectors, head: int, token: int, key: int) -> str:
        query, other = vectors.queries[head, token].astype(float), vectors.keys[head, key].astype(float)
        terms = " + ".join(f"({a:.2f} × {b:.2f})" for a, b in zip(query[:_NUMBERS], other[:_NUMBERS], strict=True))
        total, root = float(query @ other), float(np.sqrt(len(query)))
        return f'<p class="tea-formula">q·k = {terms} + … = {total:.2f}<br>{total:.2f} / {root:.2f} = {total / root:.2f}</p>'

    def _table(self, found: Attention, scores: np.ndarray, weights: np.ndarray, places: list[int], lang: str) -> str:
        raised = np.exp(scores - scores.max())
        rows = "".join(
            f"<tr><td>{html.escape(found.tokens[place].strip() or '␣')}</td>"
            f'<td class="tea-number">{scores[place]:.2f}</td><td class="tea-number">{raised[place]:.3f}</td>'
            f'<td class="tea-number">{weights[place]:.1%}</td></tr>'
            for place in places
        )
        others = [place for place in range(len(weights)) if place not in places]
        if others:
            rows += (
                f'<tr class="tea-muted"><td>{self._say("others", lang, count=len(others))}</td><td></td>'
                f'<td class="tea-number">{raised[others].sum():.3f}</td>'
                f'<td class="tea-number">{weights[others].sum():.1%}</td></tr>'
            )
        rows += f'<tr><td>Σ</td><td></td><td class="tea-number">{raised.sum():.3f}</td><td class="tea-number">100%</td></tr>'
        heads = "".join(
            f'<th class="{kind}">{name}</th>'
            for name, kind in (
                (self._say("looked_at", lang), ""),
                ("q·k/√d", "tea-number"),
                (self._say("raised", lang), "tea-number"),
                (self._say("weight", lang), "tea-number"),
            )
        )
        return f'<table class="tea-table tea-strongest"><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>'

    def _sum(self, found: Attention, values: np.ndarray, weights: np.ndarray, places: list[int]) -> str:
        terms = " + ".join(
            f"{weights[place]:.2f} × v({html.escape(found.tokens[place].strip() or '␣')})" for place in places
        )
        first = "<br>".join(
            f"v({html.escape(found.tokens[place].strip() or '␣')}) = {_vector(values[place])}" for place in places[:2]
        )
        output = weights @ values.astype(np.float32)
        return f'<p class="tea-formula">{first}<br>{terms} + … = {_vector(output)}</p>'


def _vector(numbers: np.ndarray) -> str:
    return f"({', '.join(f'{number:.2f}' for number in numbers[:_NUMBERS])}, …)"


def _short(token: str) -> str:
    shown = token.strip() or "␣"
    return html.escape(shown if len(shown) <= _LONGEST else f"{shown[: _LONGEST - 1]}…")


def _lines(tokens: tuple[str, ...], weights: np.ndarray, chosen: int) -> str:
    """Left who looks, right who is looked at; the lines of the chosen token stand out."""
    width, height = _LEFT + _GAP + _RIGHT, _ROW * len(tokens) + 6
    left, right = _LEFT, _LEFT + _GAP
    parts = []
    for place, row in enumerate(weights):
        for other, weight in enumerate(row):
            bound = _SHOWN_FROM if place == chosen else 0.1
            if weight < bound:
                continue
            kind = ' class="is-chosen"' if place == chosen else ""
            opacity = max(float(weight) ** 0.5, 0.2) if place == chosen else 0.35 * float(weight)
            parts.append(
                f'<line{kind} x1="{left}" y1="{_middle(place)}" x2="{right}" y2="{_middle(other)}" '
                f'stroke-width="{0.5 + 7 * weight:.1f}" opacity="{min(opacity, 0.9):.2f}">'
                f"<title>{html.escape(tokens[place])} → {html.escape(tokens[other])} {weight:.1%}</title></line>"
            )
    for place, token in enumerate(tokens):
        kind = ' class="is-chosen"' if place == chosen else ""
        parts.append(
            f'<text{kind} data-token="{place}" x="{left - 8}" y="{_middle(place) + 5}" text-anchor="end">{_short(token)}</text>'
        )
        share = weights[chosen, place]
        number = f" {share:.0%}" if share >= 0.05 else ""
        parts.append(f'<text x="{right + 8}" y="{_middle(place) + 5}">{_short(token)}<tspan>{number}</tspan></text>')
    return f'<svg viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img">{"".join(parts)}</svg>'


def _matrix(tokens: tuple[str, ...], weights: np.ndarray, chosen: int) -> str:
    """A row for each token that looks, a column for each that is looked at."""
    side = _MARGIN + _CELL * len(tokens) + 2
    parts = [
        f'<rect class="is-row" x="{_MARGIN}" y="{_MARGIN + _CELL * chosen}" width="{_CELL * len(tokens)}" height="{_CELL}"/>'
    ]
    for place, row in enumerate(weights):
        top = _MARGIN + _CELL * place
        kind = ' class="is-chosen"' if place == chosen else ""
        parts.append(
            f'<text{kind} data-token="{place}" x="{_MARGIN - 5}" y="{top + 12}" text-anchor="end">{_short(tokens[place])}</text>'
        )
        left = _MARGIN + _CELL * place + 12
        parts.append(f'<text transform="translate({left} {_MARGIN - 5}) rotate(-90)">{_short(tokens[place])}</text>')
        for other, weight in enumerate(row):
            if weight >= _SHOWN_FROM:
                parts.append(
                    f'<rect data-token="{place}" x="{_MARGIN + _CELL * other}" y="{top}" width="{_CELL - 1}" height="{_CELL - 1}" '
                    f'opacity="{min(float(weight) ** 0.6, 1):.2f}"><title>{html.escape(tokens[place])} → '
                    f"{html.escape(tokens[other])} {weight:.1%}</title></rect>"
                )
    return f'<svg viewBox="0 0 {side} {side}" width="{side}" height="{side}" role="img">{"".join(parts)}</svg>'


def _middle(place: int) -> int:
    return _ROW * place + _ROW // 2 + 3
