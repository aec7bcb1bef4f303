"""The quiet lines under a model picker: what the model is good at, where it comes from, what its first answer will cost.

Draws what the catalog and the outlook know; asks nobody and loads nothing. Names are typed by people, so all is escaped.
"""

from __future__ import annotations

import html
from collections.abc import Iterator

from demos.i18n import Strings, in_language
from models.catalog import Catalog
from models.errors import TeahouseError, WrongTask
from models.outlook import Outlook, outlook, training_outlook
from models.settings import Settings
from models.spec import MB, ModelSpec, Task

_MILLION = 1_000_000


class ModelCards:
    """Cards of the models of one catalog, on a machine with these settings."""

    def __init__(self, catalog: Catalog, settings: Settings, strings: Strings) -> None:
        self._catalog, self._settings, self._strings = catalog, settings, strings

    def answering(self, name: str | None, task: Task, lang: str) -> str:
        """The card, as HTML, of a typed or chosen name that is asked to answer."""
        try:
            spec = self._catalog.find_answering(name or "", task)
        except TeahouseError as error:
            return self._refused(error, lang)
        return self._drawn(spec, outlook(spec, self._settings), lang)

    def training(self, name: str | None, lang: str) -> str:
        """The card of a name that is asked to be fine-tuned from: a classifier, an encoder, or a model that writes."""
        try:
            spec = self._base(name or "")
        except TeahouseError as error:
            return self._refused(error, lang)
        return self._drawn(spec, training_outlook(spec, self._settings), lang, trains=True)

    def _base(self, name: str) -> ModelSpec:
        try:
            return self._catalog.find(name, "text-classification")
        except WrongTask:
            return self._catalog.find(name, "text-generation")

    def _refused(self, error: TeahouseError, lang: str) -> str:
        return _card("", "", [self._say(error.key, lang, **error.values)])

    def _drawn(self, spec: ModelSpec, cost: Outlook, lang: str, *, trains: bool = False) -> str:
        facts = [*self._facts(spec, lang), *self._costs(spec, cost, lang, trains)]
        return _card(in_language(spec.good_at, lang), " · ".join(facts), list(self._warnings(spec, cost, lang, trains)))

    def _facts(self, spec: ModelSpec, lang: str) -> Iterator[str]:
        if spec.languages:
            yield self._languages(spec, lang)
        if spec.parameters:
            yield self._say("common.card.parameters", lang, millions=_millions(spec.parameters))
        if spec.licence:
            yield self._say("common.card.licence", lang, licence=spec.licence)
        elif spec.parameters:
            yield self._say("common.card.no_licence", lang)
        if who := in_language(spec.made_by, lang):
            yield who

    def _languages(self, spec: ModelSpec, lang: str) -> str:
        """What it reads; of pictures, in what its classes are named."""
        names = [self._say(f"common.card.language.{code}", lang) for code in spec.languages]
        languages = ("、" if lang == "zh" else ", ").join(names)
        is_vision = spec.task == "image-classification"
        return self._say("common.card.classes_in", lang, languages=languages) if is_vision else languages

    def _costs(self, spec: ModelSpec, cost: Outlook, lang: str, trains: bool) -> Iterator[str]:
        if spec.weights != "pickle" or cost.is_downloaded:  # what is refused is not downloaded
            yield self._files(spec, cost, lang)
        if cost.memory and cost.fits:
            key = "training" if trains else "memory"
            yield self._say(f"common.card.{key}", lang, memory=_megabytes(cost.memory))

    def _files(self, spec: ModelSpec, cost: Outlook, lang: str) -> str:
        if spec.origin != "hub":
            return self._say(f"common.card.{spec.origin}", lang, wheel=spec.wheel)
        if cost.is_downloaded:
            return self._say("common.card.downloaded", lang)
        if cost.download is None:
            return self._say("common.card.ask_hub", lang)
        return self._say("common.card.download", lang, size=_megabytes(cost.download))

    def _warnings(self, spec: ModelSpec, cost: Outlook, lang: str, trains: bool) -> Iterator[str]:
        if cost.fits is False and trains:
            yield self._say(
                "common.card.too_large_to_train", lang, limit=self._settings.max_train_parameters // _MILLION
            )
        elif cost.fits is False:
            sizes = {"memory": _megabytes(cost.memory or 0), "limit": _megabytes(cost.limit)}
            yield self._say("common.card.too_large", lang, **sizes)
        if spec.weights != "safetensors" and not cost.is_downloaded:
            yield self._say(f"common.card.{spec.weights}", lang)

    def _say(self, key: str, lang: str, **values: object) -> str:
        return self._strings.text(key, lang, **values)


def _card(praise: str, facts: str, warnings: list[str]) -> str:
    lines = [
        ("tea-card-praise", praise),
        ("tea-card-facts", facts),
        *(("tea-card-warning", warning) for warning in warnings),
    ]
    shown = "".join(f'<p class="{kind}">{html.escape(line)}</p>' for kind, line in lines if line)
    return f'<div class="tea-card">{shown}</div>'


def _millions(count: int) -> str:
    """Three figures or so: 4.7, 26.6, 103."""
    millions = count / _MILLION
    return f"{millions:,.1f}" if millions < 100 else f"{millions:,.0f}"


def _megabytes(size: int) -> str:
    return f"{size / MB:,.0f}"
