"""The views «decoding» and «surprise» in Chromium, in both languages."""

from __future__ import annotations

import re
import time
from contextlib import closing

import pytest
from gradio_client import Client
from pickers import type_model
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


@pytest.mark.parametrize("way", ["greedy", "beam"])
def test_a_comparison_that_is_folded_away_in_the_middle_gives_its_model_back(visit, server, way):
    page = visit("?tab=generation", lang="en")
    type_model(page, "generation", "tea/deep-gpt2")
    page.get_by_role("tab", name="Continue").click()
    with closing(Client(server, verbose=False)) as client:
        page.locator("#tea-view-decoding > button").click()
        growing = page.locator(f"#tea-decoding [data-way={way}] > p")
        expect(growing).not_to_have_text(re.compile("^waiting"), timeout=60_000)
        assert _leases(client) == 1
        page.locator("#tea-view-decoding > button").click()
        ends = time.monotonic() + 3
        while _leases(client):
            assert time.monotonic() < ends


def _leases(client: Client) -> int:
    entries = client.predict(api_name="/models")["cache"]
    return next((entry["leases"] for entry in entries if entry["name"] == "tea/deep-gpt2"), 0)
