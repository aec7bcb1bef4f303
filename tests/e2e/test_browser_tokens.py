"""The view «tokens» in Chromium: alternatives of a token, branches from them, in both languages."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser
FIRST = {"zh": "原文", "en": "the text itself"}


def written(page) -> str:
    return page.locator("#tea-tokens .tea-tokens-text").inner_text()


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_click_on_what_might_have_been_writes_a_branch_and_one_on_the_text_goes_back(visit, lang):
    page = visit("?tab=generation", lang=lang)
    page.locator(".tea-sampling > button").click()
    page.locator("#tea-seed input").fill("5")
    page.locator("#tea-seed input").press("Tab")
    page.locator("#tea-generation-continue-button").click()
    page.locator("#tea-view-tokens > button").click()
    tokens = page.locator("#tea-tokens [data-token]")
    expect(tokens.nth(4)).to_be_visible()
    expect(page.locator("#tea-tokens .tea-alternatives")).to_be_visible()  # one stands open already
    before = written(page)
    kept = "".join(tokens.nth(number).inner_text() for number in range(3))
    tokens.nth(3).click()
    expect(tokens.nth(3)).to_have_class(re.compile("is-chosen"))
    other = page.locator("#tea-tokens [data-id]").first
    name = other.inner_text()
    other.click()
    expect(page.locator("#tea-tokens .tea-branches li")).to_have_count(2)
    assert f"{kept}{name}" in written(page)
    page.locator("#tea-tokens [data-branch='0']").click()
    expect(page.locator("#tea-tokens .tea-branches .is-here")).to_have_text(FIRST[lang])
    assert written(page) == before


def test_the_view_shows_the_text_that_was_written_and_follows_the_next_one(visit):
    page = visit("?tab=generation&lang=zh")
    page.get_by_role("tab", name="续写").click()
    page.locator("#tea-continue-prompt textarea").fill("小猫坐在窗台上，")
    page.locator("#tea-continue-run").click()
    expect(page.locator("#tea-continue-stop")).to_be_enabled()
    expect(page.locator("#tea-continue-stop")).to_be_disabled()
    page.locator("#tea-view-tokens > button").click()
    expect(page.locator("#tea-tokens .tea-given")).to_have_text("小猫坐在窗台上，")
    result = page.locator("#tea-continue-result .tea-prose").inner_text()
    assert written(page).replace("⏎", "").replace("\n", "") == result.replace("\n", "")
    page.locator("#tea-continue-prompt textarea").fill("春天来了，")
    page.locator("#tea-continue-run").click()
    expect(page.locator("#tea-tokens .tea-given")).to_have_text("春天来了，")


def test_the_alternatives_are_reworded_with_the_page(visit):
    page = visit("?tab=generation&view=tokens", lang="zh")
    expect(page.locator("#tea-tokens .tea-alternatives")).to_contain_text("模型给它")
    page.get_by_label("English").click()
    expect(page.locator("#tea-tokens .tea-alternatives")).to_contain_text("the model gave it")
