"""A visitor reads one sentence in their language; the log gets the trace."""

from __future__ import annotations

import logging

import gradio as gr
import pytest

from demos.errors import Reporter
from demos.i18n import Strings
from models.errors import BadInput

STRINGS = Strings(
    {
        "errors.text": {"zh": "太长：{length}", "en": "too long: {length}"},
        "errors.internal": {"zh": "出错了", "en": "something broke"},
    }
)


def refuse(lang):
    raise BadInput("errors.text", length="<b>9</b>")


def stream_and_break(lang):
    yield 1
    raise RuntimeError("secret detail")


@pytest.mark.parametrize(
    ("lang", "sentence"), [("zh", "太长：&lt;b&gt;9&lt;/b&gt;"), ("en", "too long: &lt;b&gt;9&lt;/b&gt;")]
)
def test_an_error_is_said_in_the_visitors_language_and_escaped(lang, sentence):
    with pytest.raises(gr.Error) as said:
        Reporter(STRINGS).said(refuse)(lang)
    assert said.value.message == sentence


def test_what_nobody_foresaw_is_logged_with_its_trace_and_not_shown(caplog):
    stream = Reporter(STRINGS).said(stream_and_break)("en")
    assert next(stream) == 1
    with caplog.at_level(logging.ERROR), pytest.raises(gr.Error) as said:
        next(stream)
    assert said.value.message == "something broke"
    assert "secret detail" in caplog.text
