"""How the view «decoding» draws one beginning continued in several ways, as HTML. Pure; what a model wrote is escaped."""

from __future__ import annotations

import html
from collections.abc import Sequence

from demos.i18n import Strings
from demos.tokens_view import percent
from models.decoding import BEAMS, WAYS, Comparison, Decoded

_FIGURES = ("distinct_1", "distinct_2", "repetition", "mean_probability")
_ENOUGH = 12  # tokens of a text whose figures are spoken of


class DecodingView:
    def __init__(self, strings: Strings) -> None:
        self._strings = strings

    def draw(self, comparison: Comparison | None, lang: str) -> str:
        if comparison is None:
            return ""
        return self._page(
            comparison.prompt,
            [self._card(text, lang) for text in comparison.texts],
            f'<p class="tea-decoding-says">{self._says(comparison.texts, lang)}</p>'
            f'<p class="tea-muted">{self._say("seed", lang, seed=comparison.seed)}</p>',
            lang,
        )

    def writing(self, prompt: str, texts: Sequence[Decoded], growing: str, lang: str) -> str:
        """As far as the texts are written: the ways that are still to come keep their places."""
        cards = [self._card(text, lang) for text in texts]
        for way in list(WAYS)[len(texts) :]:
            is_growing = len(cards) == len(texts)
            waiting = f'<span class="tea-muted">{self._say("waiting", lang)}</span>'
            words = html.escape(growing) if is_growing else waiting
            cards.append(self._framed(way, words, self._figures(None, lang), lang))
        return self._page(prompt, cards, "", lang)

    def _page(self, prompt: str, cards: Sequence[str], foot: str, lang: str) -> str:
        given = self._say("prompt", lang, prompt=html.escape(prompt))
        return (
            f'<div class="tea-decoding"><p class="tea-given">{given}</p>'
            f'<div class="tea-decoding-ways">{"".join(cards)}</div>{foot}</div>'
        )

    def _card(self, text: Decoded, lang: str) -> str:
        empty = f'<span class="tea-muted">{self._say("empty", lang)}</span>'
        return self._framed(text.way, html.escape(text.written) or empty, self._figures(text, lang), lang)

    def _framed(self, way: str, words: str, figures: str, lang: str) -> str:
        chosen = WAYS[way]
        how = self._say(
            f"how.{way}",
            lang,
            beams=BEAMS,
            k=chosen.get("top_k", 0),
            p=f"{100 * chosen.get('top_p', 1):.0f} %",
            temperature=chosen.get("temperature", 1),
        )
        return (
            f'<section data-way="{way}"><h5>{self._say(f"way.{way}", lang)}<small>{how}</small></h5>'
            f"<p>{words}</p>{figures}</section>"
        )

    def _figures(self, text: Decoded | None, lang: str) -> str:
        rows = [(name, percent(getattr(text, name)) if text else "") for name in _FIGURES]
        rows.append(("tokens", str(text.tokens) if text else ""))
        rows.append(("seconds", f"{text.seconds:.1f}" if text else ""))
        cells = "".join(f"<div><dt>{self._say(name, lang)}</dt><dd>{value or '–'}</dd></div>" for name, value in rows)
        return f"<dl>{cells}</dl>"

    def _says(self, texts: Sequence[Decoded], lang: str) -> str:
        """What the figures of these very texts show."""
        long = [text for text in texts if text.tokens >= _ENOUGH]
        if len(long) < 2:
            return self._say("says_short", lang)
        most = max(long, key=lambda text: text.repetition)
        sure = max(long, key=lambda text: text.mean_probability)
        bold = min(long, key=lambda text: text.mean_probability)
        varied = max(long, key=lambda text: text.distinct_1)
        repeats = self._say("says_no_repeats", lang)
        if most.repetition > 0:
            repeats = self._say("says_repeats", lang, way=self._name(most, lang), percent=percent(most.repetition))
        return (
            repeats
            + self._join(lang)
            + self._say(
                "says_sure",
                lang,
                sure=self._name(sure, lang),
                high=percent(sure.mean_probability),
                bold=self._name(bold, lang),
                low=percent(bold.mean_probability),
                varied=self._name(varied, lang),
            )
        )

    def _join(self, lang: str) -> str:
        return " " if lang == "en" else ""

    def _name(self, text: Decoded, lang: str) -> str:
        return f"<b>{self._say(f'way.{text.way}', lang)}</b>"

    def _say(self, key: str, lang: str, **values: object) -> str:
        return self._strings.text(f"decoding.{key}", lang, **values)
