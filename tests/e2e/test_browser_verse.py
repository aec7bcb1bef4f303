"""The view «verse» in Chromium: the poem that was written, and one that is pasted."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser
PASTED = {"zh": "平起，首句入韵，平仄全合", "en": "begins level"}


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_pasted_poem_is_read_as_one_types(visit, lang):
    page = visit("?view=verse", lang=lang)
    expect(page.locator("#tea-verse .tea-verse-line")).to_have_count(4)
    poem = "秦时明月汉时关，万里长征人未还。但使龙城飞将在，不教胡马度阴山。"
    page.locator("#tea-verse-poem textarea").fill(poem)
    expect(page.locator("#tea-verse")).to_contain_text(PASTED[lang])
    page.locator("#tea-verse-poem textarea").fill(poem.replace("关", "tea"))
    expect(page.get_by_test_id("toast-body")).to_contain_text("tea")


def test_the_poem_that_was_written_comes_into_the_view(visit):
    page = visit("?view=verse&lang=zh")
    expect(page.locator("#tea-verse .tea-verse-line")).to_have_count(4)
    page.locator("#tea-poem-form").get_by_text("七律").click()
    page.locator("#tea-poem-run").click()
    expect(page.locator("#tea-verse .tea-verse-line")).to_have_count(8)
    written = re.sub(r"\s", "", page.locator("#tea-poem-result .tea-poem").inner_text())
    assert written.endswith(re.sub(r"\s", "", page.locator("#tea-verse-poem textarea").input_value()))
    page.get_by_label("English").click()
    expect(page.locator("#tea-verse")).to_contain_text("七律: as many lines")
