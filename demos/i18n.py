"""Both languages: the table of strings, the choice of a visitor's language, and components that can be re-worded.

A component made through `Localizer.make` is remembered with the keys of its words; changing the language gives all of
them their words anew, for this visitor alone. Knows no tab.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import gradio as gr

LANGUAGES = ("zh", "en")
DEFAULT = "zh"
ASSETS = Path(__file__).resolve().parents[1] / "assets"
Words = str | Callable[[str], Any]  # a key, or a function of the language
Component = TypeVar("Component")


class Strings:
    """The table: key -> language -> sentence with {placeholders}."""

    def __init__(self, table: Mapping[str, Mapping[str, str]]) -> None:
        self._table = table

    @classmethod
    def load(cls, folder: Path = ASSETS / "strings") -> Strings:
        table: dict[str, dict[str, str]] = {}
        for path in sorted(folder.glob("*.json")):
            table |= json.loads(path.read_text(encoding="utf-8"))
        return cls(table)

    def text(self, key: str, lang: str, **values: object) -> str:
        """The sentence. KeyError for a key that is not in the table: a test looks for all of them.

        A value that is a models.errors.Phrase, or a list of them, is worded in the same language.
        """
        sentence = self._table[key][lang if lang in LANGUAGES else DEFAULT]
        if not values:
            return sentence
        return sentence.format(**{name: self._worded(value, lang) for name, value in values.items()})

    def knows(self, key: str) -> bool:
        return key in self._table

    def _worded(self, value: object, lang: str) -> object:
        if isinstance(value, list):
            return ("; " if lang == "en" else "；").join(str(self._worded(part, lang)) for part in value)
        if isinstance(value, dict):
            return self.text(value["key"], lang, **value["values"])
        return value


def in_language(pair: tuple[str, str], lang: str) -> str:
    """One of the (zh, en) pairs that the catalog's models are described in."""
    return pair[0] if lang == "zh" else pair[1]


def labels(name: str | None, lang: str) -> dict[str, str]:
    """Class names of assets/labels/<name>.json: the model's own English name -> the name in a language."""
    path = ASSETS / "labels" / f"{name}.json"
    if not name or not path.is_file():
        return {}
    return {entry["en"]: entry[lang] for entry in json.loads(path.read_text(encoding="utf-8"))}


def preferred(accept_language: str | None) -> str:
    """The first of our languages that a browser's Accept-Language header names; en for a browser that names neither."""
    for part in (accept_language or "").split(","):
        code = part.split(";")[0].strip().lower()
        for language in LANGUAGES:
            if code == language or code.startswith(f"{language}-"):
                return language
    return "en" if accept_language else DEFAULT


class Localizer:
    """Makes components in the default language and re-words all of them in another. One for each page."""

    def __init__(self, strings: Strings) -> None:
        self.strings = strings
        self.lang = gr.State(DEFAULT)  # this visitor's language: an input of every handler that says something
        self._worded: list[tuple[Any, dict[str, Words]]] = []

    def make(self, kind: Callable[..., Component], say: Mapping[str, Words], **props: Any) -> Component:
        """kind(**props) with the properties in `say` worded: make(gr.Textbox, {"label": "sentiment.text"}, lines=4)."""
        component = kind(**props, **{prop: self._worded_in(words, DEFAULT) for prop, words in say.items()})
        self._worded.append((component, dict(say)))
        return component

    @property
    def components(self) -> list[Any]:
        """All worded components: the outputs of a change of language."""
        return [component for component, _ in self._worded]

    def updates(self, lang: str) -> list[dict[str, Any]]:
        """An update for each of `components`."""
        return [
            gr.update(**{prop: self._worded_in(words, lang) for prop, words in say.items()}) for _, say in self._worded
        ]

    def _worded_in(self, words: Words, lang: str) -> Any:
        return words(lang) if callable(words) else self.strings.text(words, lang)
