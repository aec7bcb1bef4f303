"""A Hub id typed into each picker: downloaded, loaded through the same cache, answered; or refused in a sentence."""

from __future__ import annotations

import re

import pytest
from pickers import type_model
from playwright.sync_api import expect

pytestmark = pytest.mark.browser


def test_a_typed_hub_id_answers_in_the_sentiment_tab_and_stands_in_the_panel(visit):
    page = visit("?tab=sentiment", lang="en")
    type_model(page, "sentiment", "tea/bert")
    page.locator("#tea-sentiment-run").click()
    expect(page.locator("#tea-sentiment-result")).to_contain_text(re.compile(r"\d\s?%"))
    page.get_by_text("Models in memory").click()
    expect(page.locator(".tea-table td", has_text="tea/bert")).to_be_visible()


def test_a_typed_hub_id_writes_in_the_generation_tab(visit):
    page = visit("?tab=generation", lang="en")
    type_model(page, "generation", "tea/gpt2")
    page.get_by_role("tab", name="Continue").click()
    page.locator("#tea-continue-run").click()
    expect(page.locator("#tea-continue-result")).to_contain_text(re.compile("seed"))


def test_a_typed_hub_id_looks_in_the_vision_tab(visit):
    page = visit("?tab=vision", lang="en")
    type_model(page, "vision", "tea/vit")
    expect(page.locator("#tea-vision .tea-card").first).to_contain_text("the Hub is asked")
    expect(page.locator("#tea-vision-large")).to_contain_text("press Look")
    page.locator("#tea-vision-look").click()
    expect(page.locator("#tea-vision-large")).to_contain_text(re.compile("tea/vit"))
    expect(page.locator("#tea-vision-large")).to_contain_text(re.compile(r"\d\s?%"))


def test_a_wrong_name_gets_one_sentence_and_nothing_is_lost(visit):
    page = visit("?tab=sentiment", lang="en")
    text = page.locator("#tea-sentiment-text textarea").input_value()
    names = [
        ("tea/nothing", "tea/nothing"),
        ("tea/gpt2", "tea/gpt2"),
        ("bert-base", "bert-base"),
        ("run:nobody", "run"),
    ]
    for typed, named in names:
        type_model(page, "sentiment", typed)
        page.locator("#tea-sentiment-run").click()
        expect(page.get_by_test_id("toast-body")).to_have_count(1)
        expect(page.get_by_test_id("toast-body")).to_contain_text(named)
        assert page.locator("#tea-sentiment-text textarea").input_value() == text
        page.get_by_test_id("toast-close").click()
        expect(page.get_by_test_id("toast-body")).to_have_count(0)
