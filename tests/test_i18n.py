"""Both languages are whole, and each visitor gets theirs."""

from __future__ import annotations

import ast
import json
import re
import string
from pathlib import Path

import gradio as gr
import pytest

from demos.i18n import LANGUAGES, Localizer, Strings, preferred
from demos.page import asked_language

ROOT = Path(__file__).resolve().parents[1]
TABLE = {
    key: words
    for path in sorted((ROOT / "assets" / "strings").glob("*.json"))
    for key, words in json.loads(path.read_text("utf-8")).items()
}
AREAS = {path.stem for path in (ROOT / "assets" / "strings").glob("*.json")} | {"activity", "panel"}


def _placeholders(sentence: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name is not None}


@pytest.mark.parametrize("key", sorted(TABLE))
def test_a_string_stands_in_both_languages_with_the_same_placeholders(key):
    words = TABLE[key]
    assert set(words) == set(LANGUAGES)
    assert all(words.values())
    assert _placeholders(words["zh"]) == _placeholders(words["en"])


# Hints show what to type, and the bundled models read Chinese.
@pytest.mark.parametrize("key", sorted(key for key in TABLE if not key.endswith("_hint")))
def test_an_english_string_is_not_left_in_chinese(key):
    assert not re.search(r"[\u4e00-\u9fff]{6,}", TABLE[key]["en"])


def test_every_key_that_the_page_names_is_in_the_table():
    named = set()
    for path in (ROOT / "demos").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                area, dot, rest = node.value.partition(".")
                if dot and area in AREAS and re.fullmatch(r"[a-z0-9_.]+", rest) and rest != "json":
                    named.add(node.value)
    assert named
    for name in named:  # a name that ends open is completed when the page is built
        assert any(key.startswith(name) for key in TABLE) if name.endswith((".", "_")) else name in TABLE, name


def test_a_file_of_strings_repeats_no_key_of_another():
    keys = [key for path in (ROOT / "assets" / "strings").glob("*.json") for key in json.loads(path.read_text("utf-8"))]
    assert len(keys) == len(set(keys))


@pytest.mark.parametrize(
    ("header", "lang"),
    [
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh"),
        ("zh-Hans-HK", "zh"),
        ("en-GB,en;q=0.9", "en"),
        ("fr-FR,zh;q=0.5", "zh"),
        ("fr-FR", "en"),
        ("", "zh"),
        (None, "zh"),
    ],
)
def test_the_browser_says_which_language_it_reads(header, lang):
    assert preferred(header) == lang


def test_a_link_outweighs_a_former_choice_and_that_the_browser():
    assert asked_language("en", "zh", "zh-CN") == "en"
    assert asked_language(None, "zh", "en-US") == "zh"
    assert asked_language("klingon", None, "en-US") == "en"


def test_a_change_of_language_rewords_every_component():
    with gr.Blocks():
        ui = Localizer(Strings({"a.label": {"zh": "文字", "en": "Text"}}))
        ui.make(gr.Textbox, {"label": "a.label", "placeholder": lambda lang: lang}, lines=2)
    (update,) = ui.updates("en")
    assert (update["label"], update["placeholder"]) == ("Text", "en")
    assert ui.components[0].label == "文字"
