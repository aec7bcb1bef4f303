"""How «decoding» and «surprise» are drawn: escaped, in both languages, with sentences that the figures bear out."""

from __future__ import annotations

from dataclasses import replace

import pytest

from demos.decoding_view import DecodingView
from demos.i18n import Strings
from demos.surprise_view import Measured, SurpriseView
from models.decoding import WAYS, Comparison, Decoded
from models.perplexity import Expectation, Reading, ReadToken

STRINGS = Strings.load()
TEXTS = tuple(
    Decoded(way, "<i>茶", 60, 0.5 + number / 20, 0.7, 0.6 if way == "beam" else 0.0, 0.1 * number, 0.2)
    for number, way in enumerate(WAYS)
)


@pytest.mark.parametrize(("lang", "most"), [("zh", "重复最多的是<b>束搜索"), ("en", "<b>Beam search</b> repeated")])
def test_the_sentences_name_the_ways_that_the_figures_name(lang, most) -> None:
    drawn = DecodingView(STRINGS).draw(Comparison("<b>", 3, TEXTS), lang)
    assert most in drawn
    assert "<i>" not in drawn
    assert drawn.count("<section") == len(WAYS)


def test_where_nothing_was_repeated_or_all_is_short_the_sentences_say_that() -> None:
    view = DecodingView(STRINGS)
    calm = tuple(replace(text, repetition=0.0) for text in TEXTS)
    assert "same four tokens twice" in view.draw(Comparison("a", 3, calm), "en")
    short = tuple(replace(text, tokens=3) for text in TEXTS)
    assert "too short" in view.draw(Comparison("a", 3, short), "en")


def test_the_ways_that_are_still_to_come_keep_their_places() -> None:
    drawn = DecodingView(STRINGS).writing("a", TEXTS[:2], "<b>", "en")
    assert drawn.count("<section") == len(WAYS)
    assert "&lt;b&gt;" in drawn
    assert drawn.count("waiting") == 3


def test_the_greatest_surprise_is_listed_first_with_what_was_expected_instead() -> None:
    expected = (Expectation("<水>", 0.5),)
    tokens = (
        ReadToken("<", None, None, ()),
        ReadToken("茶", 2.0, 0.25, expected),
        ReadToken("&", 9.0, 2**-9, expected),
    )
    reading = Reading(tokens, 12.0, 5.5, 2, 512, True)
    drawn = SurpriseView(STRINGS).draw(Measured(reading, "run:<x>"), "en")
    assert drawn.index("<li><b>&amp;</b>") < drawn.index("<li><b>茶</b>")
    assert "&lt;水&gt;" in drawn
    assert "run:<x>" not in drawn
    assert "512 tokens" in drawn
