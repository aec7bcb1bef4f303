"""How the view «where» draws: heat pictures with their method, the check of each as bars and one sentence.

Pure functions of plain data and a language; what a model wrote is escaped here. Knows no event and no explainer.
"""

from __future__ import annotations

import html
from collections.abc import Callable
from dataclasses import dataclass

from demos.i18n import Strings
from demos.lessons import ATTENTION_ATTRIBUTION, GRAD_CAM, OCCLUSION, ROLLOUT
from demos.vision_view import Answer, both_names, chinese_names, percent
from models.errors import TeahouseError

PAPERS = {"gradcam": GRAD_CAM, "attention": ATTENTION_ATTRIBUTION, "rollout": ROLLOUT, "occlusion": OCCLUSION}
_HARDLY = 0.05  # of probability: a difference to chance that is too small to believe in


@dataclass(frozen=True)
class Figure:
    """One heat picture, and what is left of the class (0 to 1) without its hottest fifth and without a random one."""

    method: str
    picture: str  # data URI
    whole: float
    without_hottest: float
    without_random: float

    @property
    def verdict(self) -> str:
        gain = self.without_random - self.without_hottest
        if gain > _HARDLY and self.without_hottest < self.whole:
            return "holds"
        return "fails" if gain < -_HARDLY else "hardly"


@dataclass(frozen=True)
class Seen:
    """What the page remembers of one model's explanation, or of its refusal."""

    answer: Answer
    label: str  # that is explained
    figures: tuple[Figure, ...] = ()
    error: TeahouseError | None = None


class WhereView:
    """sentence: an error and a language -> what the visitor reads."""

    def __init__(self, strings: Strings, sentence: Callable[[Exception, str], str]) -> None:
        self._strings = strings
        self._sentence = sentence

    def choices(self, answer: Answer | None, lang: str) -> list[tuple[str, str]]:
        """(shown, the model's own label) for the classes that can be asked for."""
        if answer is None:
            return []
        chinese = chinese_names(answer.labels)
        return [(f"{both_names(label, chinese, lang)[0]} · {score:.1%}", label) for label, score in answer.predictions]

    def seen(self, seen: Seen | None, lang: str) -> str:
        """A model's heat pictures one under the other."""
        if seen is None:
            return f'<p class="tea-heats-empty">{self._say("empty", lang)}</p>'
        if seen.error is not None:
            return f'<p class="tea-look-error">{html.escape(self._sentence(seen.error, lang))}</p>'
        label = html.escape(both_names(seen.label, chinese_names(seen.answer.labels), lang)[0])
        figures = "".join(self._figure(figure, seen.answer.model, label, lang) for figure in seen.figures)
        return f'<div class="tea-heats">{figures}</div>'

    def legend(self, lang: str) -> str:
        return f'<p class="tea-heats-legend"><i></i><span>{self._say("legend", lang)}</span></p>'

    def _figure(self, figure: Figure, model: str, label: str, lang: str) -> str:
        """label: already escaped."""
        paper, model = PAPERS[figure.method], html.escape(model)
        method = self._say(f"method.{figure.method}", lang)
        cited = f'<a href="{paper.url}" target="_blank" rel="noopener">{html.escape(paper.cited)}</a>'
        alt = self._say("heat_alt", lang, model=model, label=label)
        return (
            f'<figure data-method="{figure.method}"><img src="{figure.picture}" alt="{alt}">'
            f"<figcaption><b>{method}</b> <span>{cited}</span></figcaption>{self._check(figure, label, lang)}</figure>"
        )

    def _check(self, figure: Figure, label: str, lang: str) -> str:
        """Three bars, and in one sentence what they come to."""
        parts = (
            ("whole", figure.whole),
            ("without_random", figure.without_random),
            ("without_hottest", figure.without_hottest),
        )
        rows = "".join(
            f'<li class="is-{part}" title="{score:.4f}"><span>{self._say(part, lang)}</span>'
            f'<i><u style="width:{100 * score:.2f}%"></u></i><b>{percent(score)}</b></li>'
            for part, score in parts
        )
        verdict = self._say(f"trust.{figure.verdict}", lang, label=label)
        return (
            f'<div class="tea-trust is-{figure.verdict}"><p>{self._say("trust_of", lang, label=label)}</p><ol>{rows}</ol>'
            f"<p>{verdict}</p></div>"
        )

    def _say(self, key: str, lang: str, **values: object) -> str:
        return self._strings.text(f"where.{key}", lang, **values)


def remembered(seen: Seen | None, answer: Answer, chosen: str | None) -> str:
    """The class to explain: the one that was chosen for this very answer, or else the likeliest."""
    labels = [label for label, _ in answer.predictions]
    return chosen if seen is not None and seen.answer == answer and chosen in labels else labels[0]
