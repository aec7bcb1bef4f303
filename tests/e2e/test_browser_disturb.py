"""The view «disturb» in Chromium: sliders, the square put by hand, and where the models change their minds."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser
TURN = {"zh": "改了主意", "en": "Changes its mind"}


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_turned_picture_is_answered_and_the_turning_point_is_named(visit, lang):
    page = visit("?view=disturb", lang=lang)
    charts = page.locator("#tea-disturb-columns svg")
    expect(charts).to_have_count(3)
    before = page.locator("#tea-disturb-picture img").get_attribute("src")
    slider = page.locator("#tea-disturb-rotate input[type=number]")
    slider.fill("170")
    slider.press("Tab")
    expect(page.locator("#tea-disturb-picture img")).not_to_have_attribute("src", before)
    expect(charts).to_have_count(3)
    expect(page.locator("#tea-disturb-columns .is-now")).to_have_count(3)
    expect(page.locator("#tea-disturb-columns")).to_contain_text(TURN[lang])
    page.locator("#tea-disturb-reset").click()
    expect(page.locator("#tea-disturb-picture img")).to_have_attribute("src", before)
    expect(slider).to_have_value("0")


def test_a_tap_on_the_picture_covers_that_place(visit):
    page = visit("?view=disturb&lang=en", width=360)
    expect(page.locator("#tea-disturb-columns svg")).to_have_count(3)
    before = page.locator("#tea-disturb-picture img").get_attribute("src")
    page.locator("#tea-disturb-picture img").click(position={"x": 60, "y": 60})
    expect(page.locator("#tea-disturb-picture img")).not_to_have_attribute("src", before)
    expect(page.locator("#tea-disturb-columns")).to_contain_text("Cover a square alone")
    expect(page.locator("#tea-disturb-cover-size input[type=number]")).to_have_value(re.compile("0.3"))


def test_the_answers_are_reworded_with_the_page(visit):
    page = visit("?view=disturb&lang=zh")
    expect(page.locator("#tea-disturb-columns svg")).to_have_count(3)
    page.get_by_label("English").click()
    expect(page.locator("#tea-disturb-columns")).to_contain_text("Rotate alone")
