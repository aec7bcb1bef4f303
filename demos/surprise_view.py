"""How the view «surprise» draws what a model made of a text, as HTML. Pure; everything a visitor wrote is escaped."""

from __future__ import annotations

import html
from dataclasses import dataclass

from demos.i18n import Strings
from demos.tokens_view import percent, quoted
from models.perplexity import Reading, ReadToken

_STRONGEST = 60  # per cent of colour; the ink stays readable on it
_MOST_BITS = 12  # from here on the colour grows no stronger
_LISTED = 6


@dataclass(frozen=True)
class Measured:
    """What the page remembers of the view."""

    reading: Reading
    model: str


class SurpriseView:
    def __init__(self, strings: Strings) -> None:
        self._strings = strings

    def draw(self, measured: Measured | None, lang: str) -> str:
        if measured is None:
            return ""
        reading = measured.reading
        text = "".join(self._token(token, lang) for token in reading.tokens)
        legend = (
            f'<p class="tea-tokens-legend"><span>{self._say("expected", lang)}</span><i></i>'
            f"<span>{self._say('unexpected', lang, bits=_MOST_BITS)}</span></p>"
        )
        return (
            f'<div class="tea-surprise">{self._head(measured, lang)}<p class="tea-surprise-text">{text}</p>{legend}'
            f"{self._most(reading, lang)}</div>"
        )

    def _head(self, measured: Measured, lang: str) -> str:
        reading = measured.reading
        means = self._say("perplexity_means", lang, count=_count(reading.perplexity))
        facts = [
            self._say("bits", lang, bits=f"{reading.bits_per_character:.2f}"),
            self._say("counted", lang, count=f"{reading.counted:,}"),
            html.escape(measured.model),
        ]
        longer = self._say("longer", lang, window=f"{reading.window:,}") if reading.is_longer else ""
        notes = f'<p class="tea-surprise-note">{longer}</p>' if longer else ""
        return (
            f'<p class="tea-surprise-head"><b>{self._say("perplexity", lang)} {_count(reading.perplexity)}</b>'
            f'<span>{means}</span></p><p class="tea-surprise-note">{" · ".join(facts)}</p>{notes}'
        )

    def _token(self, token: ReadToken, lang: str) -> str:
        shown = html.escape(token.text)
        if token.bits is None:
            return f'<span class="is-first" title="{self._say("first", lang)}">{shown}</span>'
        share = round(_STRONGEST * min(token.bits, _MOST_BITS) / _MOST_BITS)
        style = f"background:color-mix(in srgb, var(--tea-warm) {share}%, transparent)"
        return f'<span title="{self._facts(token, lang)}" style="{style}">{shown}</span>'

    def _most(self, reading: Reading, lang: str) -> str:
        counted = [(token.bits, -place, token) for place, token in enumerate(reading.tokens) if token.bits is not None]
        rows = "".join(
            f"<li><b>{quoted(token.text)}</b><span>{self._facts(token, lang)}</span>"
            f"<span>{self._say('instead', lang)} {self._instead(token)}</span></li>"
            for _, _, token in sorted(counted, key=lambda one: one[:2], reverse=True)[:_LISTED]
        )
        return f'<p class="tea-surprise-note">{self._say("most", lang)}</p><ol class="tea-surprise-most">{rows}</ol>'

    def _instead(self, token: ReadToken) -> str:
        return "".join(f"<i><b>{quoted(one.text)}</b> {percent(one.probability)}</i>" for one in token.expected)

    def _facts(self, token: ReadToken, lang: str) -> str:
        return self._say("token", lang, bits=f"{token.bits:.1f}", percent=percent(token.probability))

    def _say(self, key: str, lang: str, **values: object) -> str:
        return self._strings.text(f"surprise.{key}", lang, **values)


def _count(perplexity: float) -> str:
    return f"{perplexity:,.1f}" if perplexity < 100 else f"{perplexity:,.0f}"
