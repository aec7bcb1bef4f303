"""How the Sentiment tab draws: an answer and its windows, as HTML. Pure functions of plain data and a language.

Everything a visitor or a model wrote is escaped here. Knows no event and no runner.
"""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from demos import i18n
from demos.i18n import Strings
from models.sentiment import Prediction, Sentiment, Window

_MOST_BARS = 10
_OPEN_WINDOWS = 6  # with more, the list of windows starts folded
_GOOD = ("positive", "pos", "正面", "积极", "好评")
_BAD = ("negative", "neg", "负面", "消极", "差评")


@dataclass(frozen=True)
class Answer:
    """What the page remembers of one click."""

    text: str
    model: str
    labels: str | None  # of ModelSpec: assets/labels/<labels>.json
    sentiment: Sentiment


class SentimentView:
    def __init__(self, strings: Strings) -> None:
        self._say = strings.text

    def answer(self, answer: Answer | None, lang: str) -> str:
        """The sentence, the bars and, for a long text, its windows."""
        if answer is None:
            return f'<div class="tea-empty">{self._say("sentiment.nothing_yet", lang)}</div>'
        names = i18n.labels(answer.labels, lang)
        found = answer.sentiment
        parts = [self._verdict(answer, names, lang), self._bars(found.predictions, names, lang)]
        if len(found.windows) > 1:
            parts.append(self._windows(found, names, lang))
        return f'<div class="tea-answer">{"".join(parts)}</div>'

    def note(self, note: Mapping[str, str] | None, lang: str) -> str:
        """What to watch in the example that was clicked."""
        return f'<p class="tea-note">{html.escape(note[lang])}</p>' if note else ""

    def _verdict(self, answer: Answer, names: Mapping[str, str], lang: str) -> str:
        found = answer.sentiment
        label = html.escape(names.get(found.best.label, found.best.label))
        values = {"label": label, "percent": percent(found.best.score, 0)}
        if found.is_certain:
            known = answer.labels == "sentiment"  # adjectives, which a sentence takes as they are
            sentence = self._say("sentiment.verdict_known" if known else "sentiment.verdict", lang, **values)
            return f'<p class="tea-verdict">{sentence}</p>'
        sentence = self._say("sentiment.uncertain", lang, **values)
        return f'<p class="tea-verdict tea-unsure">{sentence}</p>'

    def _bars(self, predictions: Sequence[Prediction], names: Mapping[str, str], lang: str) -> str:
        shown = _in_order(predictions)[:_MOST_BARS]
        best = predictions[0].label
        rows = [
            bar(
                names.get(one.label, one.label),
                one.score,
                percent(one.score),
                f"{one.score:.4f}",
                tone(one.label, best),
            )
            for one in shown
        ]
        if hidden := len(predictions) - len(shown):
            rows.append(f'<p class="tea-muted">{self._say("sentiment.more_classes", lang, count=hidden)}</p>')
        return f'<div class="tea-bars">{"".join(rows)}</div>'

    def _windows(self, found: Sentiment, names: Mapping[str, str], lang: str) -> str:
        windows, best = found.windows, found.best.label
        titles = [
            self._say(
                "sentiment.window",
                lang,
                number=number,
                label=html.escape(names.get(window.predictions[0].label, window.predictions[0].label)),
                percent=percent(window.predictions[0].score),
            )
            for number, window in enumerate(windows, start=1)
        ]
        strip = "".join(_stretch(window, title, best) for window, title in zip(windows, titles, strict=True))
        items = "".join(_item(window, title, best) for window, title in zip(windows, titles, strict=True))
        opened = " open" if len(windows) <= _OPEN_WINDOWS else ""
        return (
            f'<p class="tea-long">{self._say("sentiment.windows", lang, count=len(windows))}</p>'
            f'<div class="tea-strip">{strip}</div>'
            f'<details class="tea-windows"{opened}><summary>{self._say("sentiment.each_window", lang)}</summary>'
            f"<ol>{items}</ol></details>"
        )


def bar(name: str, share: float, number: str, title: str, kind: str) -> str:
    """A named horizontal bar of a share from 0 to 1. `kind` is its colour: good, bad, first or other."""
    return (
        f'<div class="tea-bar tea-{kind}" title="{html.escape(title)}"><span class="tea-bar-name">{html.escape(name)}</span>'
        f'<span class="tea-bar-track"><i style="width:{100 * share:.2f}%"></i></span>'
        f'<span class="tea-bar-number">{html.escape(number)}</span></div>'
    )


def percent(score: float, digits: int = 1) -> str:
    """97.3%, and never a 100% or 0% that is not one."""
    least = 10.0**-digits / 100
    if 1 - least < score < 1:
        return f">{1 - least:.{digits}%}"
    if 0 < score < least:
        return f"<{least:.{digits}%}"
    return f"{score:.{digits}%}"


def tone(label: str, best: str) -> str:
    """The colour of a class: good and bad where its name says so, else whether it is the best."""
    name = label.strip().lower()
    if name in _GOOD or name.startswith("positive"):
        return "good"
    if name in _BAD or name.startswith("negative"):
        return "bad"
    return "first" if label == best else "other"


def _in_order(predictions: Sequence[Prediction]) -> list[Prediction]:
    """Best first; but good above bad where these are all, so that from text to text only the lengths change."""
    tones = {prediction.label: tone(prediction.label, "") for prediction in predictions}
    if sorted(tones.values()) == ["bad", "good"]:
        return sorted(predictions, key=lambda prediction: tones[prediction.label] == "bad")
    return list(predictions)


def _strength(window: Window) -> float:
    """0 where all classes are equally likely, 1 where one is certain."""
    chance = 1 / len(window.predictions)
    return (window.predictions[0].score - chance) / (1 - chance) if chance < 1 else 1.0


def _stretch(window: Window, title: str, best: str) -> str:
    return (
        f'<i class="tea-{tone(window.predictions[0].label, best)}" title="{title}" '
        f'style="flex-grow:{window.tokens};opacity:{0.2 + 0.8 * _strength(window):.2f}"></i>'
    )


def _item(window: Window, title: str, best: str) -> str:
    kind = tone(window.predictions[0].label, best)
    return f'<li><b class="tea-{kind}">{title}</b><span>{html.escape(window.text)}</span></li>'
