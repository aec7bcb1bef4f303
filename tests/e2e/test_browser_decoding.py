"""The views «decoding» and «surprise» in Chromium, in both languages."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser


@pytest.mark.parametrize(("lang", "beam"), [("zh", "束搜索"), ("en", "Beam search")])
def test_six_ways_stand_side_by_side_and_are_reworded_with_the_page(visit, lang, beam):
    page = visit("?view=decoding", lang=lang)
    says = page.locator("#tea-decoding .tea-decoding-says")
    expect(says).to_be_visible(timeout=60_000)
    expect(page.locator("#tea-decoding section")).to_have_count(6)
    expect(page.locator("#tea-decoding [data-way=beam] h5")).to_contain_text(beam)
    written = page.locator("#tea-decoding [data-way=hot] > p").inner_text()
    page.get_by_label("English" if lang == "zh" else "中文").click()
    expect(page.locator("#tea-decoding [data-way=beam] h5")).not_to_contain_text(beam)
    assert page.locator("#tea-decoding [data-way=hot] > p").inner_text() == written


@pytest.mark.parametrize(("lang", "word"), [("zh", "困惑度"), ("en", "perplexity")])
def test_a_poem_is_measured_when_the_view_opens_and_its_shuffled_words_at_a_click(visit, lang, word):
    page = visit("?view=surprise", lang=lang)
    head = page.locator("#tea-surprise .tea-surprise-head b")
    expect(head).to_contain_text(word, timeout=60_000)
    first = head.inner_text()
    text = page.locator("#tea-surprise .tea-surprise-text")
    expect(text).to_have_text("床前明月光，疑是地上霜。举头望明月，低头思故乡。")
    page.locator("#tea-surprise-examples button, #tea-surprise-examples td").nth(1).click()
    expect(text).to_contain_text("霜光地举")
    assert head.inner_text() != first


def test_what_was_written_above_is_measured(visit):
    page = visit("?view=surprise", lang="zh")
    expect(page.locator("#tea-surprise-take")).to_be_disabled()
    page.locator("#tea-continue-run").click()
    expect(page.locator("#tea-surprise-take")).to_be_enabled(timeout=60_000)
    page.locator("#tea-surprise-take").click()
    expect(page.locator("#tea-surprise .tea-surprise-text")).to_contain_text("茶馆里只剩下一盏灯")
