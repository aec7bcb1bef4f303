"""How the view "words" draws: the text with heat under its words by two methods, the strongest words, the check by deletion.

Pure functions of plain data and a language; everything a visitor or a model wrote is escaped. Knows no event.
"""

from __future__ import annotations

import html
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from demos import i18n
from demos.i18n import Strings
from demos.sentiment_view import bar, percent

if TYPE_CHECKING:
    from models.deletion import Deletion
    from models.explain_text import TextExplanation, WordWeight

_STRONGEST = 62  # per cent of colour behind the heaviest word; the ink stays readable on it
_LISTED = 8  # words with their numbers
_AGREE, _LEAN = 0.7, 0.4  # rank correlations from which the two methods agree, and agree roughly
_NOTICED = 0.02  # of a probability: a fall below it decides nothing
_STEADY = 0.05  # of a probability: what moves less than this hardly depends on the words


class WordsView:
    def __init__(self, strings: Strings) -> None:
        self._strings = strings

    def reasons(self, explanation: TextExplanation | None, labels: str | None, lang: str) -> str:
        if explanation is None:
            return f'<p class="tea-muted">{self._say("nothing", lang)}</p>'
        label = html.escape(i18n.labels(labels, lang).get(explanation.label, explanation.label))
        parts = (
            self._heats(explanation, label, lang),
            self._strongest(explanation.words, lang),
            self._deletion(explanation.deletion, label, lang),
        )
        return f'<div class="tea-why">{"".join(parts)}</div>'

    def _say(self, key: str, lang: str, **values: object) -> str:
        return self._strings.text(f"sentiment_words.{key}", lang, **values)

    def _heats(self, found: TextExplanation, label: str, lang: str) -> str:
        rest = f'<span class="tea-muted">{html.escape(found.rest)}</span>' if found.rest else ""
        said = [self._say("rest", lang)] if found.rest else []
        completeness = self._say(
            "adds_up",
            lang,
            total=f"{found.completeness.total:+.2f}",
            change=f"{found.completeness.change:+.2f}",
        )
        agreement = self._agreement(found.agreement, lang)
        figures = (
            ("gradients", _heat(found.words, lambda word: word.weight) + rest, [completeness]),
            ("occlusion", _heat(found.words, lambda word: word.occlusion) + rest, [agreement]),
        )
        rows = "".join(
            f'<figure class="tea-heat-{name}"><figcaption>{self._say(name, lang)}</figcaption>'
            f'<p class="tea-heat">{drawn}</p><p class="tea-muted">{_joined(notes, lang)}</p></figure>'
            for name, drawn, notes in figures
        )
        legend = (
            f'<div class="tea-legend"><span>{self._say("against", lang, label=label)}</span><i></i>'
            f"<span>{self._say('for', lang, label=label)}</span></div>"
        )
        hint = f'<p class="tea-muted">{_joined([*said, self._say("numbers", lang)], lang)}</p>'
        return f'{legend}<div class="tea-heats-of-text">{rows}</div>{hint}'

    def _agreement(self, correlation: float | None, lang: str) -> str:
        if correlation is None:
            return self._say("agreement_unknown", lang)
        kind = "agree" if correlation >= _AGREE else "lean" if correlation >= _LEAN else "differ"
        return self._say(f"agreement_{kind}", lang, correlation=f"{correlation:.2f}")

    def _strongest(self, words: Sequence[WordWeight], lang: str) -> str:
        """The heaviest words with both numbers: what the colours only hint at, and a phone has no pointer."""
        heaviest = sorted((word for word in words if word.is_word), key=lambda word: -abs(word.weight))[:_LISTED]
        largest = max((abs(word.weight) for word in words), default=0) or 1
        rows = "".join(
            f'<tr><td>{html.escape(word.text.strip())}</td><td class="tea-diverging">{_diverging(word.weight / largest)}</td>'
            f'<td class="tea-number">{word.weight:+.2f}</td><td class="tea-number">{word.occlusion:+.2f}</td></tr>'
            for word in heaviest
        )
        heads = (("word", ""), ("empty", ""), ("column_gradients", "tea-number"), ("column_occlusion", "tea-number"))
        head = "".join(
            f'<th class="{kind}">{"" if key == "empty" else self._say(key, lang)}</th>' for key, kind in heads
        )
        return (
            f"<h4>{self._say('strongest', lang)}</h4>"
            f'<table class="tea-table tea-strongest"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>'
        )

    def _deletion(self, found: Deletion | None, label: str, lang: str) -> str:
        title = f"<h4>{self._say('check', lang)}</h4>"
        if found is None:
            return f'{title}<p class="tea-muted">{self._say("check_too_short", lang)}</p>'
        listed = ("、" if lang == "zh" else ", ").join(word.strip() for word in found.words)
        values = {"count": len(found.words), "words": listed, "draws": found.draws, "label": label}
        rows = "".join(
            bar(self._say(f"check_{name}", lang, **values), score, percent(score), f"{score:.4f}", kind)
            for name, score, kind in (
                ("whole", found.whole, "first"),
                ("top", found.top, "bad"),
                ("random", found.random, "other"),
            )
        )
        verdict = self._say(f"verdict_{_verdict(found)}", lang, **values | {"words": html.escape(listed)})
        return (
            f'{title}<p class="tea-muted">{self._say("check_info", lang, **values)}</p>'
            f'<div class="tea-bars tea-deletion">{rows}</div><p class="tea-check-verdict">{verdict}</p>'
        )


def _verdict(found: Deletion) -> str:
    """What follows from the three bars."""
    by_top, by_chance = found.whole - found.top, found.whole - found.random
    if by_top <= by_chance + _NOTICED:
        return "spread" if max(abs(by_top), abs(by_chance)) < _STEADY else "no_better"
    return "carried" if found.top < 0.5 or by_top >= 2 * max(by_chance, _NOTICED) else "helped"


def _heat(words: Sequence[WordWeight], weight: Callable[[WordWeight], float]) -> str:
    largest = max((abs(weight(word)) for word in words), default=0) or 1
    return "".join(_word(word.text, weight(word), largest) for word in words)


def _word(text: str, weight: float, largest: float) -> str:
    """Celadon under what spoke for the label, vermilion under what spoke against it."""
    colour = "--tea-accent" if weight > 0 else "--tea-warm"
    share = round(_STRONGEST * abs(weight) / largest)
    return (
        f'<span title="{weight:+.2f}" style="background:color-mix(in srgb, var({colour}) {share}%, transparent)">'
        f"{html.escape(text)}</span>"
    )


def _diverging(share: float) -> str:
    """A bar to the right of the middle for what is above 0, to the left for what is below."""
    side, kind = ("left", "good") if share > 0 else ("right", "bad")
    return f'<i class="tea-{kind}" style="{side}:50%;width:{50 * abs(share):.1f}%"></i>'


def _joined(sentences: Sequence[str], lang: str) -> str:
    return ("" if lang == "zh" else " ").join(sentences)
